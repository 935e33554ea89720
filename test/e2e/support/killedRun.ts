import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { killAll, processTree } from "../../../sandbox/processTree";
import type { Sandbox } from "../../../sandbox/sandbox";
import { tsxCommand } from "../../../sandbox/tsx";
import { until } from "./testBed";

/**
 * `pulumi up` in a process of its own, killed (SIGKILL: program, engine, provider and what they started, at once) as
 * soon as the condition holds. Returns what it had printed; throws when it ended before.
 */
export function killUpWhen(
  sandbox: Sandbox,
  what: string,
  condition: () => Promise<boolean>,
  { seconds = 120, stackName = "dev" }: { readonly seconds?: number; readonly stackName?: string } = {},
): Promise<string> {
  const script = path.join(__dirname, "..", "..", "..", "sandbox", "cli.ts");
  const args = ["up", "--sandbox", sandbox.name, "--stack", stackName];
  return endRunWhen(sandbox, { script, args, seconds }, what, condition);
}

export interface Run {
  /** TypeScript file of the process. */
  readonly script: string;
  readonly args: readonly string[];
  /** For the condition to hold. */
  readonly seconds: number;
  /** As Ctrl-C does: asked to stop, and waited for. Default: killed. */
  readonly isInterrupted?: boolean;
}

/** A run in a process of its own, ended as soon as the condition holds. Returns what it printed; throws when it ended before. */
export async function endRunWhen(
  sandbox: Sandbox,
  { script, args, seconds, isInterrupted = false }: Run,
  what: string,
  condition: () => Promise<boolean>,
): Promise<string> {
  const [command, words] = tsxCommand(script, args);
  const child = spawn(command, words, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: sandbox.env });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    output += data.toString();
  });
  const ended = once(child, "exit");
  let holds = false;
  try {
    await until(what, async () => child.exitCode !== null || (await condition()), seconds);
    if (child.exitCode !== null) {
      throw new Error(`up ended (${child.exitCode}) before it could be ended at "${what}":\n${output.slice(-3000)}`);
    }
    holds = true;
  } finally {
    if (child.pid !== undefined && child.exitCode === null) {
      if (isInterrupted && holds) child.kill("SIGINT");
      // The engine gives its plugins groups of their own.
      else killAll(await processTree(child.pid));
    }
    await ended;
  }
  return output;
}
