import { mkdir, open, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./processes";
import { untilExit } from "./untilExit";

/**
 * Runs `work` while this process alone holds the lock file; waits for another holder.
 * A lock whose holder died is taken over.
 */
export async function withLock<T>(
  file: string,
  options: { readonly waitSeconds: number; readonly onWait: (holder: number) => void },
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const deadline = Date.now() + options.waitSeconds * 1000;
  let told = false;
  while (!(await tryLock(file))) {
    const holder = await holderOf(file);
    if (holder === undefined || !isAlive(holder)) {
      await rm(file, { force: true });
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `waited ${options.waitSeconds} s for process ${holder}, which holds ${file}; ` +
          "end that process, or delete the file if it has nothing to do with this project",
      );
    }
    if (!told) {
      options.onWait(holder);
      told = true;
    }
    await sleep(500);
  }
  return untilExit(file, work);
}

async function tryLock(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    await handle.writeFile(String(process.pid));
    await handle.close();
    // Two that found the same dead holder may both have removed the file: the later one has it.
    await sleep(50);
    return (await readFile(file, "utf8").catch(() => "")) === String(process.pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw error;
  }
}

async function holderOf(file: string): Promise<number | undefined> {
  // The holder creates the file first and writes its number a moment later.
  for (let attempt = 0; attempt < 10; attempt++) {
    const text = await readFile(file, "utf8").catch(() => "");
    const pid = Number.parseInt(text, 10);
    if (Number.isInteger(pid)) {
      return pid;
    }
    await sleep(50);
  }
  return undefined;
}
