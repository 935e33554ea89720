import type { Command } from "commander";
import pc from "picocolors";
import { ClusterError, hasCode } from "../cluster/errors";
import { ConfigError } from "../config/configError";
import { stackFlag, withStackFlag } from "../config/stackFlag";
import { severalLines } from "../upgrade/words/visible";
import { ServiceError } from "../verify/service";
import { lostToNpm } from "./npmOptions";
import { UsageError } from "./pulumi/project";

/** Runs the command line of this process; what goes wrong is told, and is the exit code 1: with a stack trace where it is no refusal. */
export async function runProgram(program: Command, isRefusal = saysItAll): Promise<void> {
  try {
    const lost = lostToNpm(process.env, process.argv.slice(2));
    if (lost !== undefined) throw new UsageError(lost);
    await program.parseAsync();
  } catch (error) {
    const text =
      error instanceof Error ? (isRefusal(error) ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${pc.red("error:")} ${severalLines(withStackFlag(text, stackFlag(process.argv)))}\n`);
    if (process.argv[2] === "plan" && hasCode(error, "unreachable", "timedOut", "noKubeconfig")) {
      process.stderr.write("Where the cluster cannot be reached: plan --offline, from the outputs of the last run.\n");
    }
    process.exitCode = 1;
  }
}

function saysItAll(error: Error): boolean {
  return [UsageError, ConfigError, ClusterError, ServiceError].some((Kind) => error instanceof Kind);
}
