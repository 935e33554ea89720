/** `npm run sandbox -- …`; also what tests start as a process of its own, to kill it in the middle. */
import { runProgram } from "../cli/run";
import { interruptRun, sandboxCommand } from "./command";
import { isRefusal } from "./refusal";

/** npm passes Ctrl-C on as well: within this time (milliseconds) it is the same one. */
const SAME_SIGNAL = 1000;
let signalledAt = Number.NEGATIVE_INFINITY;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    const isSame = performance.now() - signalledAt < SAME_SIGNAL;
    if (isSame) return;
    signalledAt = performance.now();
    // By way of `exit`, so that commands under way end too.
    if (!interruptRun()) process.exit(130);
  });
}

// A sandbox's helpers must not keep the process alive.
void runProgram(sandboxCommand(), isRefusal).then(() => process.exit());
