/**
 * `watchdog.ts SANDBOX_FOLDER`: holds the other end of a pipe of the process that started the sandbox. When that
 * process ends in whatever way, kill -9 included, the sandbox goes with it, unless it is to be kept.
 */

import { once } from "node:events";
import { readState } from "./sandboxState";
import { stopSandboxAt } from "./stopSandbox";

async function main(folder: string): Promise<void> {
  for (const signal of ["SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => undefined);
  }
  process.stdin.resume();
  // Nothing is ever sent; only the end matters.
  await once(process.stdin, "close");
  const state = await readState(folder);
  if (state?.keep !== true) {
    await stopSandboxAt(folder);
  }
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
