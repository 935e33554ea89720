import { createHash } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { ChartReference } from "../upgrade/model";

/**
 * Of the names and contents of all files of a chart in a folder: its version says nothing of what was edited in it. Undefined for a
 * chart that is fetched, of which a version is taken to be one thing, and for a folder that cannot be read, where nothing can be run.
 */
export async function chartFolderDigest({ kind, location }: ChartReference): Promise<string | undefined> {
  if (kind !== "folder") return undefined;
  try {
    const entries = await readdir(location, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => ({ path: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
      .map((file) => ({ ...file, name: relative(location, file.path).split(sep).join("/") }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const whole = createHash("sha256");
    for (const { name, path, isLink } of files) {
      const content = createHash("sha256").update(isLink ? await linked(path) : await readFile(path));
      whole.update(`${JSON.stringify(name)} ${content.digest("hex")}\n`);
    }
    return whole.digest("hex");
  } catch {
    return undefined;
  }
}

/** Helm follows links; one to a folder, or to nothing, is its target's name. */
async function linked(path: string): Promise<Buffer | string> {
  try {
    return await readFile(path);
  } catch {
    return readlink(path);
  }
}
