import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { kubernetesProvider } from "../../../sandbox/kubernetesProvider";
import { languageHost } from "../../../sandbox/languageHost";
import { killAll, processTree } from "../../../sandbox/processTree";
import { type RunResult, tryRun } from "../../../sandbox/run";
import type { Sandbox } from "../../../sandbox/sandbox";
import { ensureTools } from "../../../sandbox/tools";

/** The `pulumi` command in a project's folder, as a person types it, with language hosts for programs in Node and YAML. */
export interface PulumiCommand {
  run(...args: string[]): Promise<RunResult>;
  /** What it says on both streams; the test fails where it does not end well. */
  passes(...args: string[]): Promise<string>;
  /** What it says on both streams; the test fails where it does end well. */
  fails(...args: string[]): Promise<string>;
  /** Kills it (SIGKILL: engine, language host and their plugins, at once) as soon as the condition holds. */
  killedWhen(condition: () => Promise<boolean>, ...args: string[]): Promise<void>;
  stop(): void;
}

/** @param folder of the project; it gets a folder for the state */
export async function pulumiCommand(sandbox: Sandbox, folder: string): Promise<PulumiCommand> {
  const log = (line: string) => process.stdout.write(`      ${line}\n`);
  const { "pulumi-language-yaml": yaml } = await ensureTools({ log, only: ["pulumi-language-yaml"] });
  mkdirSync(path.join(folder, "state"));
  const provider = await kubernetesProvider(log);
  const host = languageHost(sandbox.tools.pulumi);
  log(`kubernetes provider: ${provider.description}; language host: ${host.kind}`);
  const env = {
    ...sandbox.env,
    ...provider.env,
    ...host.env,
    PATH: [provider.env.PATH, host.env.PATH, path.dirname(yaml), sandbox.variables.PATH]
      .filter(Boolean)
      .join(path.delimiter),
    NO_COLOR: "1",
    PULUMI_HOME: path.join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "sandbox",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const flags = ["--non-interactive", "--color=never"];
  const run = (...args: string[]) =>
    tryRun(sandbox.tools.pulumi, [...args, ...flags], { cwd: folder, env, timeoutSeconds: 600 });
  const said = async (endsWell: boolean, args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect(exitCode === 0, `pulumi ${args.join(" ")}\n${stdout}\n${stderr}`).to.equal(endsWell);
    return `${stdout}\n${stderr}`;
  };
  return {
    run,
    passes: (...args) => said(true, args),
    fails: (...args) => said(false, args),
    async killedWhen(condition, ...args) {
      const child = spawn(sandbox.tools.pulumi, [...args, ...flags], { cwd: folder, env, stdio: "ignore" });
      const ended = once(child, "exit");
      const deadline = Date.now() + 120_000;
      while (!(await condition())) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error("it could not be killed in time");
        await sleep(100);
      }
      if (child.pid !== undefined) killAll(await processTree(child.pid));
      await ended;
    },
    stop() {
      host.stop();
    },
  };
}
