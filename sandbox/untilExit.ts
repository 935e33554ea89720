import { rmSync } from "node:fs";

/**
 * Holds files that are of no use once the work is done: removed with it, also when this process is ended in the middle (by Ctrl-C;
 * not by kill -9). What a command writes there is written no more: it has been ended before, see sandbox/run.ts.
 */
export async function untilExit<T>(file: string, work: () => Promise<T>): Promise<T> {
  const remove = () => rmSync(file, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  process.once("exit", remove);
  try {
    return await work();
  } finally {
    process.off("exit", remove);
    remove();
  }
}
