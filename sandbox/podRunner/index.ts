/**
 * Stands in for the kubelets of the sandbox: runs the containers of Job pods as local processes, lets Milvus pods hold
 * their sessions, and writes the pods' status. kwok handles all other pods (sandbox/stages.yaml).
 */
import { setMaxListeners } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { MilvusPod } from "../milvus/milvusPod";
import { DEFAULT_MILVUS_SETTINGS, type MilvusSettings } from "../milvus/settings";
import { type ApiServer, connectApiServer, type Pod, type Raw } from "./apiServer";
import type { PodWorker, RunnerContext } from "./context";
import { EventRecorder } from "./events";
import { FaultFile } from "./faults";
import { claimFolder, makeFolder } from "./folders";
import type { Tools } from "./images";
import { JobPod } from "./jobPod";
import { markLost } from "./lostPods";
import { NodeImages } from "./nodeImages";
import { removePod } from "./podRemoval";
import { watchPods } from "./podWatch";

export interface PodRunnerOptions {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** The sandbox folder; logs, claims and pods' files go there, and `faults.json` is read from it. */
  readonly folder: string;
  readonly tools: Tools;
  /** `host:port` at which pods reach the etcd that holds Milvus' metadata. */
  readonly metadataEtcd: string;
  /** Names that pods can reach beside the Services', e.g. `{"etcd.example:2379": "127.0.0.1:41234"}`. */
  readonly hosts?: Readonly<Record<string, string>>;
  readonly milvus?: Partial<MilvusSettings>;
  readonly log?: (line: string) => void;
}

export interface PodRunner {
  /** Ends all processes; their pods are marked Failed by the next runner, as after a node's restart. */
  stop(): Promise<void>;
}

const CLAIM_SWEEP_MS = 5000;

/** Resolves once all pods of the cluster are known. */
export async function startPodRunner(options: PodRunnerOptions): Promise<PodRunner> {
  const log = options.log ?? (() => undefined);
  const api = connectApiServer(options.kubeconfig);
  const stopping = new AbortController();
  // Every pod listens, and there is no limit to pods.
  setMaxListeners(0, stopping.signal);
  makeFolder(options.folder);
  rmSync(join(options.folder, "pods"), { recursive: true, force: true });
  const faults = new FaultFile(options.folder);
  const events = new EventRecorder(api, "kubelet");
  const context: RunnerContext = {
    api,
    folder: options.folder,
    tools: options.tools,
    metadataEtcd: options.metadataEtcd,
    hosts: () => ({ ...options.hosts, ...faults.read().hosts }),
    faults,
    milvus: () => ({ ...DEFAULT_MILVUS_SETTINGS, ...options.milvus, ...faults.read().milvusSettings }),
    events,
    images: new NodeImages(api, options.folder, faults, events),
    log,
    signal: stopping.signal,
  };
  const pods = new Pods(context);
  let sweeping: Promise<void> | undefined;
  let watching: Promise<void> | undefined;
  await new Promise<void>((resolve) => {
    watching = watchPods(api, pods, stopping.signal, log, () => {
      resolve();
      sweeping ??= sweepClaims(api, options.folder, stopping.signal);
    });
  });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([watching, sweeping, pods.ended()]);
      api.close();
    },
  };
}

/** Hands each pod that is ours to its worker. */
class Pods {
  readonly #workers = new Map<string, PodWorker>();
  readonly #letGo = new Set<string>();

  constructor(private readonly context: RunnerContext) {}

  seen(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    const worker = this.#workers.get(uid);
    if (worker) {
      worker.update(pod);
      return;
    }
    if (!pod.spec?.nodeName || !(isJobPod(pod) || isMilvusPod(pod))) return;
    const done = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (pod.metadata?.deletionTimestamp !== undefined && done) {
      if (!this.#letGo.has(uid)) void removePod(this.context.api, pod, this.context.signal);
      this.#letGo.add(uid);
      return;
    }
    if (done) return;
    this.#track(uid, startWorker(this.context, pod));
  }

  #track(uid: string, worker: PodWorker): void {
    this.#workers.set(uid, worker);
    void worker.finished.finally(() => this.#workers.delete(uid));
  }

  gone(uid: string): void {
    this.#workers.get(uid)?.kill();
    this.#letGo.delete(uid);
  }

  async ended(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ finished }) => finished));
  }
}

function startWorker(context: RunnerContext, pod: Pod): PodWorker {
  if (isJobPod(pod) && hasStarted(pod)) return markLost(context, pod);
  const worker = isJobPod(pod) ? new JobPod(context, pod) : new MilvusPod(context, pod);
  worker.update(pod);
  return worker;
}

function isMilvusPod(pod: Pod): boolean {
  return pod.metadata?.labels?.["app.kubernetes.io/name"] === "milvus";
}

function isJobPod(pod: Pod): boolean {
  return pod.metadata?.ownerReferences?.some(({ kind, controller }) => kind === "Job" && controller === true) ?? false;
}

/** True when a container of the pod ran already: under a runner that is no more, since this one has no worker for it. */
function hasStarted(pod: Pod): boolean {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.some(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated);
}

/** False when the time was cut short. */
function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, undefined, { signal }).then(
    () => true,
    () => false,
  );
}

/** Removes the files of claims that are no more. */
async function sweepClaims(api: ApiServer, folder: string, signal: AbortSignal): Promise<void> {
  const root = join(folder, "claims");
  while (await slept(CLAIM_SWEEP_MS, signal)) {
    if (!existsSync(root)) continue;
    try {
      const list = await api.call<{ readonly items: Raw<V1PersistentVolumeClaim>[] }>(
        "GET",
        "/api/v1/persistentvolumeclaims",
      );
      const wanted = new Set(
        list.items.map(({ metadata }) =>
          claimFolder(folder, metadata?.namespace ?? "", metadata?.name ?? "", metadata?.uid ?? ""),
        ),
      );
      for (const namespace of readdirSync(root)) {
        for (const claim of readdirSync(join(root, namespace))) {
          const path = join(root, namespace, claim);
          if (!wanted.has(path)) rmSync(path, { recursive: true, force: true });
        }
      }
    } catch {
      // The API server is away; the files can wait.
    }
  }
}
