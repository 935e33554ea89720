/**
 * The command line of this repository: that of the package, and `sandbox`. Also what tests start as a process of its own,
 * to kill it in the middle.
 */
import { createRequire } from "node:module";
import type { Command } from "commander";
import { milvusUpgrade } from "../cli/program";
import { runProgram } from "../cli/run";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // By way of `exit`, so that commands under way end too.
  process.once(signal, () => process.exit(130));
}

/** Completion asks for the stacks at every tab, and the sandbox is much to load. */
function more(): Command[] {
  if (process.argv[2] === "stacks") return [];
  const { sandboxCommand } = createRequire(__filename)("./command") as typeof import("./command");
  return [sandboxCommand()];
}

// A sandbox's helpers must not keep the process alive.
void runProgram(milvusUpgrade(more())).then(() => process.exit());
