import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments, stringify } from "yaml";
import { projectFolder } from "./folders";
import { endProcess, isRunning, killProcess, recordOf } from "./processes";
import { run, tryRun } from "./run";
import type { Tools } from "./tools";

const CLUSTER = "sandbox";
const START_SECONDS = 90;

/** Ports on 127.0.0.1, one for each listener of the control plane. */
export interface ControlPlanePorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly kwok: number;
}

export const CONTROL_PLANE_COMPONENTS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok-controller",
] as const;
export type ControlPlaneComponent = (typeof CONTROL_PLANE_COMPONENTS)[number];

/**
 * etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok as processes of this machine, under kwokctl,
 * everything in one folder and on loopback.
 */
export class ControlPlane {
  constructor(
    private readonly folder: string,
    private readonly tools: Tools,
  ) {}

  /** Of a cluster administrator. */
  get kubeconfig(): string {
    return path.join(this.folder, "kubeconfig");
  }

  /** Starts it and returns once the API server serves; nodes and storage class are there, nodes not yet ready. */
  async start(ports: ControlPlanePorts): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const config = path.join(this.folder, "config.yaml");
    const stages = await readFile(path.join(projectFolder, "sandbox", "stages.yaml"), "utf8");
    await writeFile(config, kwokctlConfig(stages, this.tools, ports));
    await this.kwokctl(["create", "cluster", "--config", config, "--kubeconfig", this.kubeconfig], START_SECONDS);
    await this.waitReady(START_SECONDS);
    // On a busy machine the API server takes longer than the controller manager waits for it, which then ends.
    if (await this.hasEnded()) await this.startComponents();
    await run(this.tools.kubectl, ["--kubeconfig", this.kubeconfig, "apply", "-f", "-"], {
      input: baseObjects(3),
      timeoutSeconds: 60,
    });
  }

  /** Ends a component at once, as a crash would. */
  async stopComponent(name: ControlPlaneComponent): Promise<void> {
    const pidFile = path.join(this.pidFolder, `${name}.pid`);
    const process = recordOf(Number.parseInt(await readFile(pidFile, "utf8"), 10));
    killProcess(process);
    await endProcess(process);
  }

  private async hasEnded(): Promise<boolean> {
    const pids = await Promise.all(
      (await readdir(this.pidFolder)).map((entry) => readFile(path.join(this.pidFolder, entry), "utf8")),
    );
    return pids.some((pid) => !isRunning(recordOf(Number.parseInt(pid, 10))));
  }

  /** Starts whatever has ended; returns once the API server is ready. */
  async startComponents(): Promise<void> {
    for (const entry of await readdir(this.pidFolder)) {
      const pidFile = path.join(this.pidFolder, entry);
      // kwokctl takes a zombie for a running process.
      if (!isRunning(recordOf(Number.parseInt(await readFile(pidFile, "utf8"), 10)))) {
        await rm(pidFile);
      }
    }
    await this.kwokctl(["start", "cluster"], START_SECONDS);
    await this.waitReady(60);
  }

  async waitReady(seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const probe = await tryRun(this.tools.kubectl, ["--kubeconfig", this.kubeconfig, "get", "--raw", "/readyz"], {
        timeoutSeconds: 10,
      });
      if (probe.exitCode === 0) {
        return;
      }
      if (Date.now() > deadline) {
        throw new Error(
          `the sandbox's API server is not ready after ${seconds} s: ${probe.stderr.trim()}; its log: ${this.logs}`,
        );
      }
      await sleep(200);
    }
  }

  /** Folder with a log for each component. */
  get logs(): string {
    return path.join(this.folder, "clusters", CLUSTER, "logs");
  }

  private get pidFolder(): string {
    return path.join(this.folder, "clusters", CLUSTER, "pids");
  }

  private async kwokctl(args: readonly string[], timeoutSeconds: number): Promise<void> {
    await run(this.tools.kwokctl, [...args, "--name", CLUSTER], {
      env: { ...process.env, KWOK_WORKDIR: this.folder, HOME: this.folder },
      timeoutSeconds,
    });
  }
}

/** One kwokctl configuration: the stages as given, and options for binaries, ports and loopback. */
export function kwokctlConfig(stages: string, tools: Tools, ports: ControlPlanePorts): string {
  interface Document {
    readonly kind?: string;
    readonly options?: Record<string, unknown>;
  }
  const documents = parseAllDocuments(stages).map((document) => document.toJS() as Document | null);
  // kwokctl reads only one configuration of a kind.
  const given = documents.find((document) => document?.kind === "KwokctlConfiguration");
  const configuration = {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options: {
      ...given?.options,
      runtime: "binary",
      bindAddress: "127.0.0.1",
      etcdBinary: tools.etcd,
      kubeApiserverBinary: tools["kube-apiserver"],
      kubeControllerManagerBinary: tools["kube-controller-manager"],
      kubeSchedulerBinary: tools["kube-scheduler"],
      kubectlBinary: tools.kubectl,
      kwokControllerBinary: tools.kwok,
      etcdPort: ports.etcd,
      etcdPeerPort: ports.etcdPeer,
      kubeApiserverPort: ports.apiServer,
      kubeControllerManagerPort: ports.controllerManager,
      kubeSchedulerPort: ports.scheduler,
      kwokControllerPort: ports.kwok,
      disableQPSLimits: true,
    },
    // The sandbox's data lives as long as its folder: no reason to wait for the disk.
    componentsPatches: [
      patch("etcd", "unsafe-no-fsync", "true"),
      // Alone, and not to give up when the API server is away for a moment.
      patch("kube-controller-manager", "leader-elect", "false"),
      patch("kube-scheduler", "leader-elect", "false"),
    ],
  };
  const rest = documents.filter((document) => document !== null && document !== given);
  return [configuration, ...rest].map((document) => stringify(document)).join("---\n");
}

/** Without `override`, which would only change an argument that kwokctl gives already. */
function patch(component: ControlPlaneComponent, key: string, value: string) {
  return { name: component, extraArgs: [{ key, value }] };
}

function baseObjects(nodes: number): string {
  const names = Array.from({ length: nodes }, (_, index) => `node-${index}`);
  const capacity = { cpu: "64", memory: "256Gi", pods: "250", "ephemeral-storage": "2Ti" };
  const objects: object[] = names.map((name) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: {
        type: "kwok",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
      },
    },
    status: { allocatable: capacity, capacity },
  }));
  objects.push({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    // The pod runner provisions: a claim becomes a folder.
    provisioner: "milvus-upgrade.sandbox/volume",
    reclaimPolicy: "Retain",
    volumeBindingMode: "Immediate",
  });
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
}
