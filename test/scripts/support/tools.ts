import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { ensureTools } from "../../../sandbox/tools";

export interface TestTools {
  readonly etcd: string;
  readonly metaMigration: string;
}

/**
 * The binaries the script tests need. `ETCD` and `META_MIGRATION_STAND_IN` name them; else the sandbox's own tools are
 * taken, and built when they are not there. A sentence when they cannot be had.
 */
export async function findTools(): Promise<TestTools | string> {
  const { ETCD: etcd, META_MIGRATION_STAND_IN: metaMigration } = process.env;
  try {
    const log = (line: string): void => {
      process.stderr.write(`    ${line}\n`);
    };
    return {
      etcd: etcd ?? (await ensureTools({ only: ["etcd"], log })).etcd,
      metaMigration: metaMigration ?? (await ensureTools({ only: ["meta-migration"], log }))["meta-migration"],
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Absolute path of a program on PATH. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
