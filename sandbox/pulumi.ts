/**
 * The pulumi of a sandbox, for programs that call one: `up` and `preview` run the project's program inside this process
 * (no language host is needed) on the sandbox's engine and provider; everything else is the Pulumi CLI. Works in a project
 * folder as `openStack` makes it, with the state in `../state`.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { openStack } from "./engine";
import { run } from "./run";
import { openSandbox, type Sandbox } from "./sandbox";

const LONGEST_SECONDS = 24 * 3600;

async function main([name = "", command = "", ...args]: readonly string[]): Promise<number> {
  const sandbox = await openSandbox(name);
  if (command !== "up" && command !== "preview") return passOn(sandbox, [command, ...args]);
  const project = process.cwd();
  const stackName = valuesOf(args, "--stack")[0] ?? (await selectedStack(sandbox));
  const policyPacks = valuesOf(args, "--policy-pack").map((folder) => path.resolve(project, folder));

  const canceler = new AbortController();
  process.on("SIGINT", () => canceler.abort());
  const stack = await openStack({
    sandbox,
    stackName,
    stateFolder: path.dirname(project),
    log: (line) => void process.stdout.write(`${line}\n`),
  });
  const onOutput = (text: string) => void process.stdout.write(text);
  await stack[command]({ onOutput, signal: canceler.signal, timeoutSeconds: LONGEST_SECONDS, policyPacks });
  return 0;
}

function valuesOf(args: readonly string[], flag: string): string[] {
  return args.flatMap((arg, index) => (args[index - 1] === flag ? [arg] : []));
}

async function selectedStack(sandbox: Sandbox): Promise<string> {
  return (await run(sandbox.tools.pulumi, ["stack", "--show-name"], { timeoutSeconds: 60 })).trim();
}

function passOn(sandbox: Sandbox, args: readonly string[]): Promise<number> {
  const env = { ...sandbox.env, PULUMI_CONFIG_PASSPHRASE: "sandbox", PULUMI_SKIP_UPDATE_CHECK: "true" };
  const child = spawn(sandbox.tools.pulumi, args, { stdio: "inherit", env });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`error: ${text}\n`);
    process.exit(255);
  },
);
