import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { ARGUMENT_OF, type PlainArguments } from "./arguments";
import { decodeConfig, type RawConfig } from "./parseConfig";

/**
 * Reads and checks the config of the stack that runs: `milvus:*`, and from `kubernetes:*` what says which cluster.
 *
 * The values come in plain text even when they are encrypted, because the plan depends on them; `valuesAreSecret`
 * says so, and what goes into resources must then be wrapped again.
 *
 * @returns the component's arguments
 * @throws ConfigError in the words of the stack config
 */
export function readStackArguments(): PlainArguments {
  const raw = pulumi.runtime.allConfig();
  const { config, keys } = decodeConfig({
    config: raw,
    secretKeys: secretKeys(Object.keys(raw)),
    readFile: readValuesFile,
  });
  const args: Record<string, unknown> = { fromStackConfig: true, valuesAreSecret: config.valuesAreSecret };
  for (const [key, argument] of Object.entries(ARGUMENT_OF)) {
    const value = key === "values" ? config.wanted.values : keys[key as keyof typeof ARGUMENT_OF];
    const [group = "", name] = argument.split(".");
    args[group] = name === undefined ? value : { ...(args[group] as object | undefined), [name]: value };
  }
  return { ...args, ...config.access };
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
