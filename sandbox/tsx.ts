import { createRequire } from "node:module";

/** Command line that runs a TypeScript file of this project with this Node, from any folder. */
export function tsxCommand(script: string, args: readonly string[] = []): [command: string, args: string[]] {
  const register = createRequire(__filename).resolve("tsx/cjs");
  return [process.execPath, ["--require", register, script, ...args]];
}
