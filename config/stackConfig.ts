import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig, type RawConfig } from "./parseConfig";
import type { Config } from "./schema";

/**
 * Reads and checks the config of the stack that runs: `milvus:*`, and from `kubernetes:*` what says which cluster.
 *
 * The values come in plain text even when they are encrypted, because the plan depends on them; `valuesAreSecret`
 * says so, and what goes into resources must then be wrapped again.
 *
 * @throws ConfigError
 */
export function readStackConfig(): Config {
  const config = pulumi.runtime.allConfig();
  return parseConfig({ config, secretKeys: secretKeys(Object.keys(config)), readFile: readValuesFile });
}

/** `Config.get` shows keys one by one and only those it is asked for; unknown keys must be found as well. */
function secretKeys(keys: readonly string[]): NonNullable<RawConfig["secretKeys"]> {
  const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };
  // Not part of the public types. Should it go away, everything counts as secret: that hides too much, never too little.
  return isConfigSecret === undefined ? keys : keys.filter((key) => isConfigSecret(key));
}

function readValuesFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    const reason =
      code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new Error(`${reason}; the path is taken from ${process.cwd()}`);
  }
}
