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
export async function killUpWhen(
  sandbox: Sandbox,
  what: string,
  condition: () => Promise<boolean>,
  { seconds = 120, stackName = "dev" }: { readonly seconds?: number; readonly stackName?: string } = {},
): Promise<string> {
  const [command, args] = tsxCommand(path.join(__dirname, "..", "..", "..", "sandbox", "cli.ts"), [
    "sandbox",
    "up",
    "--sandbox",
    sandbox.name,
    "--stack",
    stackName,
  ]);
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: sandbox.env });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    output += data.toString();
  });
  const ended = once(child, "exit");
  try {
    await until(what, async () => child.exitCode !== null || (await condition()), seconds);
    if (child.exitCode !== null) {
      throw new Error(`up ended (${child.exitCode}) before it could be killed at "${what}":\n${output.slice(-3000)}`);
    }
  } finally {
    if (child.pid !== undefined && child.exitCode === null) {
      // The engine gives its plugins groups of their own.
      killAll(await processTree(child.pid));
    }
    await ended;
  }
  return output;
}
