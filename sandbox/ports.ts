import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { sandboxesFolder } from "./folders";

/** Below the range that systems hand out for outgoing connections, so that none of those can take a port meanwhile. */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;

/**
 * Picks free loopback ports and reserves them for a sandbox: another sandbox that starts at the same moment gets
 * others, also before anything listens. {@link releasePorts} gives them back.
 */
export async function reservePorts(sandboxName: string, count: number): Promise<number[]> {
  const folder = await reservations();
  const ports: number[] = [];
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt > 500) {
      await releasePorts(sandboxName);
      throw new Error(`no ${count} free ports between ${FIRST_PORT} and ${LAST_PORT} on 127.0.0.1`);
    }
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if ((await reserve(path.join(folder, String(port)), sandboxName)) && (await isFree(port))) {
      ports.push(port);
    }
  }
  return ports;
}

export async function releasePorts(sandboxName: string): Promise<void> {
  const folder = await reservations();
  for (const entry of await readdir(folder)) {
    const file = path.join(folder, entry);
    if ((await readFile(file, "utf8").catch(() => "")) === sandboxName) {
      await rm(file, { force: true });
    }
  }
}

async function reservations(): Promise<string> {
  const folder = path.join(sandboxesFolder(), ".ports");
  await mkdir(folder, { recursive: true });
  return folder;
}

async function reserve(file: string, sandboxName: string): Promise<boolean> {
  try {
    await writeFile(file, sandboxName, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw error;
    }
  }
  // Left behind by a sandbox whose folder is gone: free it for the next one who asks.
  const holder = await readFile(file, "utf8").catch(() => "");
  const folderExists = await stat(path.join(sandboxesFolder(), holder)).then(
    () => true,
    () => false,
  );
  if (holder !== "" && !folderExists) {
    await rm(file, { force: true });
  }
  return false;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
