import { homedir } from "node:os";
import path from "node:path";

/** The project's root folder. */
export const projectFolder = path.resolve(__dirname, "..");

/** Where everything outlives a run: `$XDG_CACHE_HOME/milvus-upgrade`, by default `~/.cache/milvus-upgrade`. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return path.join(base === undefined || base === "" ? path.join(homedir(), ".cache") : base, "milvus-upgrade");
}

/** Built tools, one folder for each tool and version. */
export function toolsFolder(): string {
  return path.join(cacheFolder(), "tools");
}

/** Running sandboxes, one folder each; a stopped sandbox has none. */
export function sandboxesFolder(): string {
  return path.join(cacheFolder(), "sandboxes");
}
