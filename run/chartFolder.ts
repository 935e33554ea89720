import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { ChartReference } from "../upgrade/model";

/**
 * Of the names and contents of all files of a chart in a folder: its version says nothing of what was edited in it. Undefined for a
 * chart that is fetched, of which a version is taken to be one thing, and for a folder that cannot be read, where nothing can be run.
 * Hundreds of small files: one after the other they are read in a tenth of the time that promises take.
 */
export function chartFolderDigest({ kind, location }: ChartReference): string | undefined {
  if (kind !== "folder") return undefined;
  try {
    const files = filesIn(location, [realpathSync(location)])
      .map((path) => ({ path, name: relative(location, path).split(sep).join("/") }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const whole = createHash("sha256");
    for (const { name, path } of files) {
      const content = createHash("sha256").update(contentOf(path));
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
function filesIn(folder: string, above: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // Most are, and need no question more.
    if (entry.isFile()) return [path];
    // A link to nothing is a file of its own kind.
    const real = orUndefined(() => realpathSync(path));
    if (real === undefined || above.includes(real) || !statSync(real).isDirectory()) return [path];
    return filesIn(path, [...above, real]);
  });
}

/** Of a link that leads nowhere, or back, where it leads. */
function contentOf(path: string): Buffer | string {
  return orUndefined(() => readFileSync(path)) ?? readlinkSync(path);
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
