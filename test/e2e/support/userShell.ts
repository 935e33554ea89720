import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { projectFolder } from "../../../sandbox/folders";
import { type RunResult, tryRun } from "../../../sandbox/run";
import type { Sandbox } from "../../../sandbox/sandbox";
import { tsxCommand } from "../../../sandbox/tsx";
import { policyHost } from "./policyHost";

/** A shell in a fresh checkout, with pulumi, helm, kubectl and npm on the PATH and the sandbox as its cluster. */
export interface UserShell {
  /** The checkout: what a run writes there stays out of this one. */
  readonly project: string;
  /** URL of the Pulumi state. */
  readonly backend: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a script with bash. */
  run(script: string, env?: NodeJS.ProcessEnv): Promise<RunResult>;
  /** Puts a program of this text before all others on the PATH. */
  program(name: string, text: string): void;
}

/** What of the checkout is made anew for each user. */
const OWN = /^(\.git|Pulumi\..*|dist|charts)$/;
/** The example that is in every checkout. */
const EXAMPLE = "Pulumi.dev.yaml";

export function openUserShell(sandbox: Sandbox): UserShell {
  const home = mkdtempSync(path.join(tmpdir(), "milvus-user-"));
  const project = path.join(home, "project");
  const bin = path.join(home, "bin");
  for (const folder of [project, bin, path.join(home, "state")]) mkdirSync(folder);
  for (const name of readdirSync(projectFolder).filter((it) => !OWN.test(it))) {
    symlinkSync(path.join(projectFolder, name), path.join(project, name));
  }
  copyFileSync(path.join(projectFolder, EXAMPLE), path.join(project, EXAMPLE));
  // Where the login is kept is the only change.
  const settings = parse(readFileSync(path.join(projectFolder, "Pulumi.yaml"), "utf8")) as object;
  const backend = `file://${path.join(home, "state")}`;
  writeFileSync(path.join(project, "Pulumi.yaml"), stringify({ ...settings, backend: { url: backend } }));

  const env: NodeJS.ProcessEnv = {
    ...sandbox.env,
    PATH: `${bin}:${sandbox.env.PATH ?? ""}`,
    NO_COLOR: "1",
    PULUMI_CONFIG_PASSPHRASE: "sandbox",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The stack that is selected is a user's own.
    PULUMI_HOME: path.join(home, ".pulumi"),
  };
  const shell: UserShell = {
    project,
    backend,
    env,
    run: (script, more = {}) =>
      tryRun("bash", ["-eo", "pipefail", "-c", script], {
        cwd: project,
        env: { ...env, ...more },
        timeoutSeconds: 600,
      }),
    program(name, text) {
      writeFileSync(path.join(bin, name), text);
      chmodSync(path.join(bin, name), 0o755);
    },
  };
  const [node, args] = tsxCommand(path.join(projectFolder, "sandbox", "pulumi.ts"), [sandbox.name]);
  const byHand = [node, ...args].map((word) => `'${word}'`).join(" ");
  const { pulumi } = sandbox.tools;
  shell.program(
    "pulumi",
    `#!/bin/sh\ncase "$1" in preview|up) exec ${byHand} "$@" ;; *) exec '${pulumi}' "$@" ;; esac\n`,
  );
  // Comes with the language host, where that can be had.
  const host = policyHost()
    .flat()
    .map((word) => `'${word}'`)
    .join(" ");
  shell.program("pulumi-analyzer-policy-nodejs", `#!/bin/sh\nexec ${host} "$@"\n`);
  // Its packages are here already, by a link that npm ci would empty.
  shell.program("npm", `#!/bin/sh\n[ "$1" = ci ] || PATH="\${PATH#*:}" exec npm "$@"\n`);
  return shell;
}
