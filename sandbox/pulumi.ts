/**
 * The pulumi of a sandbox, for programs that call one: `up` and `preview` run the project's program inside this process
 * (no language host is needed) on the sandbox's engine and provider; everything else is the Pulumi CLI. Works in the
 * folder of a stack that `openStack` has made.
 */
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { openStack, stackFolder } from "./engine";
import { openSandbox, type Sandbox } from "./sandbox";

const LONGEST_SECONDS = 24 * 3600;

async function main([name = "", command = "", ...args]: readonly string[]): Promise<number> {
  const sandbox = await openSandbox(name);
  if (command !== "up" && command !== "preview") return passOn(sandbox, [command, ...args]);
  const stackName = args[args.indexOf("--stack") + 1];
  if (!args.includes("--stack") || stackName === undefined) throw new Error("say which stack: --stack NAME");
  const { workDir } = stackFolder(sandbox, stackName);
  if (realpathSync(".") !== realpathSync(workDir)) throw new Error(`run it in the folder of the stack: ${workDir}`);

  const canceler = new AbortController();
  process.on("SIGINT", () => canceler.abort());
  const stack = await openStack({ sandbox, stackName, log: (line) => void process.stdout.write(`${line}\n`) });
  try {
    const onOutput = (text: string) => void process.stdout.write(text);
    await stack[command]({ onOutput, signal: canceler.signal, timeoutSeconds: LONGEST_SECONDS });
    return 0;
  } finally {
    stack.close();
  }
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
