/** `npm run sandbox -- …`; also what tests start as a process of its own, to kill it in the middle. */
import { runProgram } from "../cli/run";
import { sandboxCommand } from "./command";
import { isRefusal } from "./refusal";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // By way of `exit`, so that commands under way end too.
  process.once(signal, () => process.exit(130));
}

// A sandbox's helpers must not keep the process alive.
void runProgram(sandboxCommand(), isRefusal).then(() => process.exit());
