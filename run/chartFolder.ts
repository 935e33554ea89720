import { createHash } from "node:crypto";
import { readdir, readFile, readlink, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { ChartReference } from "../upgrade/model";

/**
 * Of the names and contents of all files of a chart in a folder: its version says nothing of what was edited in it. Undefined for a
 * chart that is fetched, of which a version is taken to be one thing, and for a folder that cannot be read, where nothing can be run.
 */
export async function chartFolderDigest({ kind, location }: ChartReference): Promise<string | undefined> {
  if (kind !== "folder") return undefined;
  try {
    const files = (await filesIn(location, [await realpath(location)]))
      .map((path) => ({ path, name: relative(location, path).split(sep).join("/") }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const whole = createHash("sha256");
    for (const { name, path } of files) {
      const content = createHash("sha256").update(await contentOf(path));
      whole.update(`${JSON.stringify(name)} ${content.digest("hex")}\n`);
    }
    return whole.digest("hex");
  } catch {
    return undefined;
  }
}

/**
 * Helm follows links, to folders as well (helm.sh/helm/v3/internal/sympath).
 * @param above real paths of the folders that it is in: a link to one of them has no end
 */
async function filesIn(folder: string, above: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder);
  const found = entries.map(async (name) => {
    const path = join(folder, name);
    // A link to nothing is a file of its own kind.
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined || above.includes(real) || !(await stat(real)).isDirectory()) return [path];
    return filesIn(path, [...above, real]);
  });
  return (await Promise.all(found)).flat();
}

/** Of a link that leads nowhere, or back, where it leads. */
async function contentOf(path: string): Promise<Buffer | string> {
  try {
    return await readFile(path);
  } catch {
    return readlink(path);
  }
}
