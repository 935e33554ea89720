/** A real standalone Milvus in place of the stand-in: a process on the claim's folder, with its ports on loopback. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import type { Pod } from "../../podRunner/apiServer";
import { type ContainerProcess, startProcess } from "../../podRunner/containerProcess";
import { podName, type RunnerContext } from "../../podRunner/context";
import { claimFolder, logFile, makeFolder, podFolder } from "../../podRunner/folders";
import { namespaceData } from "../../podRunner/namespaceData";
import { publishLogs } from "../../podRunner/podLogs";
import { forwardPorts } from "../../podRunner/portForward";
import { reservePorts } from "../../ports";
import type { MilvusServer } from "../server";
import { ensureServer } from "./installServer";
import { portCount, serverFiles } from "./serverConfig";

const TEMPLATE = "config.yaml.template";
const PROBE_MS = 2000;

interface Ports {
  readonly servicePort: number;
  readonly healthPort: number;
}

export class RealServer implements MilvusServer {
  readonly ended: Promise<string | undefined>;
  readonly readyAfterMs = 0;
  readonly #lost = new AbortController();
  readonly lost = this.#lost.signal;

  private constructor(
    private readonly context: RunnerContext,
    private readonly home: string,
    private readonly process: ContainerProcess,
    private readonly ports: Ports,
    signal: AbortSignal,
  ) {
    const exited = process.exited.then((code) => {
      this.#lost.abort();
      return signal.aborted ? undefined : `exit code ${code}: ${lastLine(process.tail())}`;
    });
    this.ended = Promise.race([exited, aborted(signal)]);
  }

  /** @throws NoServer when there is no server of this version here. */
  static async start(
    context: RunnerContext,
    pod: Pod,
    container: string,
    version: string,
    signal: AbortSignal,
  ): Promise<RealServer> {
    const server = await ensureServer(version, (line) => {
      context.log(`pod runner: ${line}`);
      context.events.record(pod, "Normal", "Pulling", line);
    });
    const home = makeFolder(podFolder(context.folder, pod.metadata?.uid ?? ""), "server");
    const data = makeFolder(await dataFolder(context, pod), "milvus");
    const template = await readFile(join(server, "configs", TEMPLATE), "utf8");
    const etcdConfig = join(home, "etcd.yaml");
    const ports = await reservePorts(basename(context.folder), portCount(template));
    const queue = context.milvus().losesQueue ? { queue: makeFolder(home, "rdb_data") } : {};
    const files = serverFiles(template, { data, ports, etcdConfig, ...queue });
    const configs = makeFolder(home, "configs");
    for (const name of await readdir(join(server, "configs"))) {
      if (name !== TEMPLATE) writeFileSync(join(configs, name), readFileSync(join(server, "configs", name)));
    }
    writeFileSync(join(configs, "milvus.yaml"), files.milvus);
    writeFileSync(etcdConfig, files.etcd);
    const log = logFile(context.folder, pod, container);
    makeFolder(dirname(log));
    await publishLogs(context.api, context.folder, pod);
    await forwardPorts(context.api, pod, { 19530: files.servicePort, 9091: files.healthPort });
    const process = startProcess({
      program: join(server, "bin", "milvus"),
      args: ["run", "standalone"],
      env: {
        PATH: "/usr/bin:/bin",
        HOME: home,
        DEPLOY_MODE: "STANDALONE",
        METRICS_PORT: String(files.healthPort),
        MILVUS_RUN_DIR: makeFolder(home, "run"),
        LD_LIBRARY_PATH: join(server, "bin"),
      },
      folder: home,
      logFile: log,
    });
    context.log(
      `pod runner: ${podName(pod)}: Milvus ${version} serves on 127.0.0.1:${files.servicePort}, log in ${log}`,
    );
    return new RealServer(context, home, process, files, signal);
  }

  /** What the kubelet's probe asks; the health endpoint alone is up before the service is. */
  async waitsFor(): Promise<string | undefined> {
    const { healthPort, servicePort } = this.ports;
    try {
      const answer = await fetch(`http://127.0.0.1:${healthPort}/healthz`, { signal: AbortSignal.timeout(PROBE_MS) });
      if (!answer.ok) return `HTTP probe failed with statuscode: ${answer.status}`;
    } catch (error) {
      return `Get "http://127.0.0.1:9091/healthz": ${error instanceof Error ? error.message : String(error)}`;
    }
    return (await listens(servicePort)) ? undefined : "nothing listens on port 19530 yet";
  }

  /** SIGTERM, and SIGKILL when the grace period is over: a server with embedded etcd seldom ends before. */
  async stop(graceMs: number): Promise<void> {
    this.process.signal("SIGTERM");
    const longest = Math.min(graceMs, this.context.milvus().longestGraceMs);
    const timer = setTimeout(() => this.process.signal("SIGKILL"), longest);
    await this.process.exited.catch(() => undefined);
    clearTimeout(timer);
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The claim that the pod mounts; a pod without one keeps its data as long as it lives. */
async function dataFolder(context: RunnerContext, pod: Pod): Promise<string> {
  const namespace = pod.metadata?.namespace ?? "default";
  const mounted = new Set(pod.spec?.containers[0]?.volumeMounts?.map(({ name }) => name));
  const volume = pod.spec?.volumes?.find(
    ({ name, persistentVolumeClaim }) => persistentVolumeClaim && mounted.has(name),
  );
  const claimName = volume?.persistentVolumeClaim?.claimName;
  if (claimName === undefined) return podFolder(context.folder, pod.metadata?.uid ?? "");
  const claim = await namespaceData(context.api, namespace).claim(claimName);
  return claimFolder(context.folder, namespace, claimName, claim?.metadata?.uid ?? "");
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_MS, () => done(false));
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
}
