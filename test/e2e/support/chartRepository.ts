import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Sandbox } from "../../../sandbox/sandbox";

/** A repository of packed charts over HTTP, as a site has its own. */
export interface ChartRepository {
  readonly url: string;
  /** From now on it asks for this login; undefined: for none, which is the default. */
  login?: { readonly username: string; readonly password: string };
  stop(): void;
}

/** @param charts folder of unpacked charts */
export async function startChartRepository(sandbox: Sandbox, charts: string): Promise<ChartRepository> {
  const folder = mkdtempSync(path.join(tmpdir(), "chart-repository-"));
  const unpacked = readdirSync(charts).map((name) => path.join(charts, name));
  await sandbox.helm(["package", ...unpacked, "--destination", folder]);
  await sandbox.helm(["repo", "index", folder]);
  const server = createServer(({ url = "", headers }, response) => {
    const { username, password } = repository.login ?? {};
    const wanted = username && `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    if (wanted !== undefined && headers.authorization !== wanted) {
      response.writeHead(401).end();
      return;
    }
    response.end(readFileSync(path.join(folder, path.basename(url))));
  });
  const repository: ChartRepository = {
    url: "",
    stop: () => {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(repository, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
