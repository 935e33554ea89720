import { randomUUID } from "node:crypto";
import { mkdir, readFile, readlink, rename, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import {
  type Deployment,
  type EngineEvent,
  LocalWorkspace,
  type OutputMap,
  PulumiCommand,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { withConfig } from "../config/stackFile";
import { HELM_VARIABLE } from "../manifests/helm";
import { projectFolder } from "./folders";
import { type KubernetesProvider, kubernetesProvider } from "./kubernetesProvider";
import { type EngineReport, EventCollector, errors } from "./report";
import type { Sandbox } from "./sandbox";

/** By full key; lists and objects as they are. A secret is encrypted. */
export type StackConfig = Readonly<Record<string, unknown>>;

/** A value to encrypt. */
export class Secret {
  constructor(readonly value: string) {}
}

export interface StackOptions {
  readonly sandbox: Sandbox;
  /** Default `dev`. */
  readonly stackName?: string;
  /** Set over what the stack has already. `kubernetes:kubeconfig` is set to the sandbox's unless given. */
  readonly config?: StackConfig;
  /** State and stack config. Default: a folder of the sandbox for each stack. */
  readonly stateFolder?: string;
  /** Default: the project's own program, index.ts. */
  readonly program?: PulumiFn;
  /** Default: the project's Pulumi.yaml. */
  readonly projectFile?: string;
  /** One line of progress at a time; also says which kubernetes provider is used. */
  readonly log?: (line: string) => void;
}

export interface RunOptions {
  /** The engine's display as it comes. */
  readonly onOutput?: (text: string) => void;
  readonly onEvent?: (event: EngineEvent) => void;
  /** The engine is asked to stop when this has passed. Default 1800. */
  readonly timeoutSeconds?: number;
  /** Asks the engine to stop, as Ctrl-C does. */
  readonly signal?: AbortSignal;
  /** Folders of policy packs that preview and up ask. */
  readonly policyPacks?: readonly string[];
  /** URNs, or patterns of them: `up` does nothing else. */
  readonly target?: readonly string[];
  /** URNs, or patterns of them, that `up` leaves out. */
  readonly exclude?: readonly string[];
}

/** A run that failed; what the engine did until then is in the report. */
export class EngineFailure extends Error {
  /** The errors are in what the engine prints as it goes. */
  readonly isShown: boolean;

  constructor(readonly report: EngineReport) {
    const said = errors(report);
    super(`pulumi ${report.operation} failed:\n${said.length > 0 ? said.join("\n") : withoutEvents(report.output)}`);
    this.name = "EngineFailure";
    this.isShown = said.length > 0;
  }
}

/** An engine that did not get as far as events says why on stderr, among much else; how it ended may be all there is. */
function withoutEvents(output: string): string {
  const [, ...parts] = output.split(/^\s*(?:stderr: )?error: /m);
  const last = parts
    .at(-1)
    ?.split(/\n\s*(?:\n|err\?:)/)[0]
    ?.trim();
  return last !== undefined && last !== "" ? last : output.slice(-3000);
}

/** Opens a stack of the project, new or as it was left, on the real engine with its state in local files. */
export async function openStack(options: StackOptions): Promise<EngineStack> {
  const { sandbox } = options;
  const stackName = options.stackName ?? "dev";
  const { folder, workDir } = stackFolder(sandbox, stackName, options.stateFolder);
  const state = path.join(folder, "state");
  const temporary = path.join(sandbox.folder, "tmp");
  for (const needed of [workDir, state, temporary]) await mkdir(needed, { recursive: true });

  // A program given as a function runs in this process, and asks its environment for Helm.
  process.env[HELM_VARIABLE] ??= sandbox.tools.helm;
  const provider = await kubernetesProvider(options.log);
  options.log?.(`kubernetes provider: ${provider.description}`);
  const projectFile = options.projectFile ?? path.join(projectFolder, "Pulumi.yaml");
  const project = parse(await readFile(projectFile, "utf8")) as { name: string };
  // The engine is handed the program as a function, and would look for its file in the work folder.
  const ours = { ...project, main: undefined, backend: { url: `file://${state}` } };
  await writeChanged(path.join(workDir, "Pulumi.yaml"), stringify(ours));
  const variables = sandbox.variables;
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName, projectName: project.name, program: options.program ?? projectProgram() },
    {
      workDir,
      pulumiCommand: await pulumiCommand(sandbox.tools.pulumi, folder),
      secretsProvider: "passphrase",
      envVars: {
        ...variables,
        ...provider.env,
        PATH: [provider.env.PATH, variables.PATH].join(path.delimiter),
        PULUMI_CONFIG_PASSPHRASE: "sandbox",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_BACKEND_URL: `file://${state}`,
        // The kubernetes plugin leaves a kubeconfig there in each run.
        TMPDIR: temporary,
      },
    },
  );
  const engineStack = new EngineStack(stack, provider);
  await engineStack.setConfig({ "kubernetes:kubeconfig": sandbox.kubeconfig, ...options.config });
  return engineStack;
}

/** Where a stack has its state, and below it the project folder with its config. */
export function stackFolder(
  sandbox: Sandbox,
  stackName: string,
  folder = path.join(sandbox.folder, "stacks", stackName),
): { readonly folder: string; readonly workDir: string } {
  return { folder, workDir: path.join(folder, "project") };
}

/** A stack of the program on a sandbox. */
export class EngineStack {
  constructor(
    private readonly stack: Stack,
    readonly provider: KubernetesProvider,
  ) {}

  get name(): string {
    return this.stack.name;
  }

  /** The project folder, with Pulumi.yaml and the stack's config. */
  get workDir(): string {
    return this.stack.workspace.workDir;
  }

  /** As if the user had edited Pulumi.STACK.yaml; secrets go through the CLI, which encrypts them. */
  async setConfig(config: StackConfig): Promise<void> {
    const entries = Object.entries(config);
    const file = path.join(this.stack.workspace.workDir, `Pulumi.${this.name}.yaml`);
    const text = await readOrEmpty(file);
    const open = entries.filter(([, value]) => !(value instanceof Secret));
    // What somebody has written by hand, with comments, stays as it is.
    const next = withConfig(text, Object.fromEntries(open));
    if (next !== text) await writeFile(file, next);
    for (const [key, value] of entries) {
      if (value instanceof Secret) {
        await this.stack.setConfig(key, { value: value.value, secret: true });
      }
    }
  }

  removeConfig(key: string): Promise<void> {
    return this.stack.removeConfig(key);
  }

  preview(options: RunOptions = {}): Promise<EngineReport> {
    return this.run(
      "preview",
      options,
      async (run) => (await this.stack.preview({ ...run, ...packs(options) })).stdout,
    );
  }

  up(options: RunOptions = {}): Promise<EngineReport> {
    return this.run(
      "up",
      options,
      async (run) =>
        (await this.stack.up({ ...run, ...packs(options), ...chosen(options), suppressProgress: true })).stdout,
    );
  }

  refresh(options: RunOptions = {}): Promise<EngineReport> {
    return this.run("refresh", options, async (run) => (await this.stack.refresh(run)).stdout);
  }

  destroy(options: RunOptions = {}): Promise<EngineReport> {
    return this.run("destroy", options, async (run) => (await this.stack.destroy(run)).stdout);
  }

  /** Of the last `up`; secret ones are marked. */
  outputs(): Promise<OutputMap> {
    return this.stack.outputs();
  }

  exportStack(): Promise<Deployment> {
    return this.stack.exportStack();
  }

  /** As `pulumi stack import`. */
  importStack(state: Deployment): Promise<void> {
    return this.stack.importStack(state);
  }

  /** As `pulumi state unprotect --all`. */
  async unprotect(): Promise<void> {
    const state = await this.stack.exportStack();
    const deployment = state.deployment as { readonly resources?: readonly object[] };
    const resources = (deployment.resources ?? []).map((resource) => ({ ...resource, protect: false }));
    await this.stack.importStack({ ...state, deployment: { ...deployment, resources } });
  }

  /** Takes away the lock that a killed run left behind, as `pulumi cancel` does. */
  cancel(): Promise<void> {
    return this.stack.cancel();
  }

  private async run(
    operation: EngineReport["operation"],
    options: RunOptions,
    work: (run: {
      onOutput: (text: string) => void;
      onEvent: (event: EngineEvent) => void;
      signal: AbortSignal;
      color: "never";
    }) => Promise<string>,
  ): Promise<EngineReport> {
    const started = Date.now();
    const collector = new EventCollector();
    let output = "";
    let failure: unknown;
    try {
      await work({
        onOutput: (text) => {
          output += text;
          options.onOutput?.(text);
        },
        onEvent: (event) => {
          collector.add(event);
          options.onEvent?.(event);
        },
        signal: AbortSignal.any([
          AbortSignal.timeout((options.timeoutSeconds ?? 1800) * 1000),
          ...(options.signal ? [options.signal] : []),
        ]),
        color: "never",
      });
    } catch (error) {
      failure = error;
      output += error instanceof Error ? error.message : String(error);
    }
    const report = collector.report({
      operation,
      succeeded: failure === undefined,
      seconds: (Date.now() - started) / 1000,
      output,
    });
    if (failure !== undefined) {
      throw new EngineFailure(report);
    }
    return report;
  }
}

function packs({ policyPacks = [] }: RunOptions): { readonly policyPacks?: string[] } {
  return policyPacks.length === 0 ? {} : { policyPacks: [...policyPacks] };
}

function chosen({ target, exclude }: RunOptions): { readonly target?: string[]; readonly exclude?: string[] } {
  return { ...(target && { target: [...target] }), ...(exclude && { exclude: [...exclude] }) };
}

/** The same program that `pulumi up` runs; loaded here, so that a program given by the caller needs no index.ts. */
function projectProgram(): PulumiFn {
  return createRequire(__filename)("../index") as PulumiFn;
}

/** The Automation API wants an installation folder; this makes one of a single binary, wherever that is. */
async function pulumiCommand(binary: string, folder: string): Promise<PulumiCommand> {
  const bin = path.join(folder, "pulumi", "bin");
  await mkdir(bin, { recursive: true });
  const link = path.join(bin, "pulumi");
  if ((await readlink(link).catch(() => "")) !== binary) {
    // In one go: several stacks of a project may be opened at the same time.
    const next = `${link}.${randomUUID()}`;
    await symlink(binary, next);
    await rename(next, link);
  }
  return PulumiCommand.get({ root: path.dirname(bin) });
}

/** In one go: somebody may be reading it. */
async function writeChanged(file: string, text: string): Promise<void> {
  if ((await readOrEmpty(file)) === text) return;
  const next = `${file}.${randomUUID()}`;
  await writeFile(next, text);
  await rename(next, file);
}

function readOrEmpty(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
