import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlPlane } from "./controlPlane";
import type { TlsFiles } from "./etcd";
import { cacheFolder } from "./folders";
import { startMetadataEtcd } from "./metadataEtcd";
import { reservePorts } from "./ports";
import { endProcess, isRunning, killProcess, type ProcessRecord, recordOf, spawnDetached } from "./processes";
import { type RunResult, run, tryRun } from "./run";
import { controlPlaneFolder, podRunnerLog, podRunnerReadyFile, pulumiFile } from "./sandboxPaths";
import { listStates, readState, type SandboxState, sandboxFolder, writeState } from "./sandboxState";
import { stopSandboxAt } from "./stopSandbox";
import { ensureTools, type Tools } from "./tools";
import { tsxCommand } from "./tsx";

export interface SandboxOptions {
  /** Default: `sandbox-` and four random characters. */
  readonly name?: string;
  /** Stays up when this process ends. Default false. */
  readonly keep?: boolean;
  /** Names that pods can reach beside those of Services, e.g. `{"etcd.example:2379": "127.0.0.1:41234"}`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Standalone pods run the real Milvus of their version where there is one, instead of the stand-in. Default false. */
  readonly realMilvus?: boolean;
  /** Pods reach the metadata's etcd by TLS alone, with a certificate of their own. Default: in plain text. */
  readonly metadataTls?: TlsFiles;
  /** Default: fetched or built by `ensureTools`. */
  readonly tools?: Tools;
  /** One line of progress at a time. */
  readonly log: (line: string) => void;
}

export interface CommandOptions {
  readonly input?: string;
  /** Default 120. */
  readonly timeoutSeconds?: number;
}

/**
 * Starts a Kubernetes control plane, an etcd for Milvus metadata and the pod runner as processes of this machine.
 * Everything goes away with {@link Sandbox.stop} or with this process, unless `keep` is set.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const name = options.name ?? `sandbox-${randomBytes(2).toString("hex")}`;
  const folder = sandboxFolder(name);
  if (await readState(folder)) {
    throw new Error(`a sandbox named ${name} is there already: npm run sandbox -- stop ${name}, or take another name`);
  }
  const tools = options.tools ?? (await ensureTools({ log: options.log }));
  const started = Date.now();
  await mkdir(folder, { recursive: true });
  // First of all, so that nothing stays behind at whatever moment this process ends.
  const watchdog = startWatchdog(folder);
  const [etcd, etcdPeer, apiServer, controllerManager, scheduler, kwok, metadata, metadataPeer, metadataSecure] =
    (await reservePorts(name, 9)) as [number, number, number, number, number, number, number, number, number];
  const metadataEtcd = `127.0.0.1:${metadata}`;
  const door = options.metadataTls && { ...options.metadataTls, port: metadataSecure };
  const state: SandboxState = {
    name,
    folder,
    createdAt: new Date().toISOString(),
    // Until it is up it goes with this process, kept or not.
    keep: false,
    tools,
    metadataEtcd,
    ...(door && { secureEtcd: `127.0.0.1:${door.port}` }),
    hosts: options.hosts ?? {},
    realMilvus: options.realMilvus ?? false,
    processes: { watchdog },
  };
  await writeState(state);
  writePulumi(name, folder);

  const sandbox = new Sandbox(state);
  try {
    const [metadataProcess] = await Promise.all([
      startMetadataEtcd(tools.etcd, folder, { client: metadata, peer: metadataPeer }, door),
      sandbox.controlPlane.start({ etcd, etcdPeer, apiServer, controllerManager, scheduler, kwok }),
    ]);
    await sandbox.record({ metadataEtcd: metadataProcess });
    await sandbox.startPodRunner();
    if (options.keep === true) await sandbox.keep();
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
  options.log(`sandbox ${name} is up after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return sandbox;
}

/** A sandbox that runs already. */
export async function openSandbox(name: string): Promise<Sandbox> {
  const state = await readState(sandboxFolder(name));
  if (!state) {
    const names = (await listStates()).map((other) => other.name);
    throw new Error(`no sandbox named ${name}; ${names.length === 0 ? "none is up" : `up: ${names.join(", ")}`}`);
  }
  return new Sandbox(state);
}

export async function listSandboxes(): Promise<Sandbox[]> {
  return (await listStates()).map((state) => new Sandbox(state));
}

export class Sandbox {
  readonly controlPlane: ControlPlane;

  constructor(private state: SandboxState) {
    this.controlPlane = new ControlPlane(controlPlaneFolder(state.folder), state.tools);
  }

  get name(): string {
    return this.state.name;
  }

  get folder(): string {
    return this.state.folder;
  }

  get createdAt(): string {
    return this.state.createdAt;
  }

  get tools(): Tools {
    return this.state.tools;
  }

  /** Of a cluster administrator. */
  get kubeconfig(): string {
    return this.controlPlane.kubeconfig;
  }

  /** `host:port` of the etcd with the Milvus metadata. */
  get metadataEtcd(): string {
    return this.state.metadataEtcd;
  }

  /** What commands need to work on this sandbox, without this process's other variables. */
  get variables(): Record<string, string> {
    const folders = [...new Set(Object.values(this.tools).map((tool) => path.dirname(tool)))];
    return {
      KUBECONFIG: this.kubeconfig,
      PATH: [...folders, process.env.PATH ?? ""].join(path.delimiter),
      HELM_CACHE_HOME: path.join(this.folder, "helm", "cache"),
      HELM_CONFIG_HOME: path.join(this.folder, "helm", "config"),
      HELM_DATA_HOME: path.join(this.folder, "helm", "data"),
      PULUMI_HOME: path.join(cacheFolder(), "pulumi"),
      MILVUS_PULUMI: pulumiFile(this.folder),
      MILVUS_HELM: this.tools.helm,
    };
  }

  /** {@link variables} over this process's environment. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.variables };
  }

  /** Runs kubectl as cluster administrator and gives its stdout; throws with what it wrote to stderr. */
  kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(this.tools.kubectl, args, this.commandOptions(options));
  }

  /** As {@link kubectl}, but a bad exit is a result. */
  tryKubectl(args: readonly string[], options: CommandOptions = {}): Promise<RunResult> {
    return tryRun(this.tools.kubectl, args, this.commandOptions(options));
  }

  helm(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(this.tools.helm, args, this.commandOptions(options));
  }

  stopApiServer(): Promise<void> {
    return this.controlPlane.stopComponent("kube-apiserver");
  }

  /** Returns once it serves again. */
  async startApiServer(): Promise<void> {
    // What the scheduler remembers is out of date by then: where a pod has come back on another node, it ends for good.
    await this.controlPlane.stopComponent("kube-scheduler");
    await this.controlPlane.startComponents();
  }

  async restartApiServer(): Promise<void> {
    await this.stopApiServer();
    await this.startApiServer();
  }

  /** Starts the pod runner and returns once it works. */
  async startPodRunner(): Promise<void> {
    const ready = podRunnerReadyFile(this.folder);
    await rm(ready, { force: true });
    const [command, args] = tsxCommand(path.join(__dirname, "podRunnerProcess.ts"), [this.folder]);
    const podRunner = spawnDetached(command, args, { logFile: podRunnerLog(this.folder), env: this.env });
    await this.record({ podRunner });
    const deadline = Date.now() + 30_000;
    while (!existsSync(ready)) {
      if (!isRunning(podRunner) || Date.now() > deadline) {
        const log = await run("tail", ["-n", "20", podRunnerLog(this.folder)], { timeoutSeconds: 10 });
        throw new Error(`the pod runner did not start; the end of its log:\n${log}`);
      }
      await sleep(50);
    }
  }

  /** kill -9, as a node that loses power; its containers go on, as they do with a real kubelet. */
  killPodRunner(): void {
    const { podRunner } = this.state.processes;
    if (podRunner) {
      killProcess(podRunner);
    }
  }

  /** The sandbox stays up when this process ends. */
  async keep(): Promise<void> {
    this.state = { ...this.state, keep: true };
    await writeState(this.state);
  }

  /** Ends every process of the sandbox and removes its folder. Can be called twice. */
  async stop(): Promise<void> {
    await stopSandboxAt(this.folder);
    const { watchdog } = this.state.processes;
    if (watchdog) {
      await endProcess(watchdog);
    }
  }

  /** Remembers processes of this sandbox, so that any other process can end them. */
  async record(processes: SandboxState["processes"]): Promise<void> {
    this.state = { ...this.state, processes: { ...this.state.processes, ...processes } };
    await writeState(this.state);
  }

  private commandOptions(options: CommandOptions) {
    return {
      env: this.env,
      timeoutSeconds: options.timeoutSeconds ?? 120,
      ...(options.input === undefined ? {} : { input: options.input }),
    };
  }
}

/** A program that runs the engine of the sandbox as `pulumi` does; see sandbox/pulumi.ts. */
function writePulumi(name: string, folder: string): void {
  const [command, args] = tsxCommand(path.join(__dirname, "pulumi.ts"), [name]);
  const line = [command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  mkdirSync(path.dirname(pulumiFile(folder)), { recursive: true });
  writeFileSync(pulumiFile(folder), `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
}

function startWatchdog(folder: string): ProcessRecord {
  const [command, args] = tsxCommand(path.join(__dirname, "watchdog.ts"), [folder]);
  const log = openSync(path.join(path.dirname(folder), ".watchdog.log"), "a");
  const child = spawn(command, args, { detached: true, stdio: ["pipe", log, log] });
  child.unref();
  // The pipe must not keep this process alive; that it breaks with this process is all it is for.
  (child.stdin as Socket).unref();
  if (child.pid === undefined) {
    throw new Error("cannot start the sandbox's watchdog");
  }
  return recordOf(child.pid);
}
