import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";

/** A folder in memory where there is one: thousands of small files are written in these tests. */
export function fastFolder(): string {
  try {
    accessSync("/dev/shm", constants.W_OK | constants.X_OK);
    return "/dev/shm";
  } catch {
    return tmpdir();
  }
}
