/**
 * The command line of this repository: that of the package, and `sandbox`. Also what tests start as a process of its own,
 * to kill it in the middle.
 */
import { milvusUpgrade } from "../cli/program";
import { runProgram } from "../cli/run";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // By way of `exit`, so that commands under way end too.
  process.once(signal, () => process.exit(130));
}

async function main(): Promise<void> {
  // Completion asks for the stacks at every tab, and the sandbox is much to load.
  const more = process.argv[2] === "stacks" ? [] : [(await import("./command.js")).sandboxCommand()];
  await runProgram(milvusUpgrade(more));
}

// A sandbox's helpers must not keep the process alive.
void main().then(() => process.exit());
