/** One sandbox for many cells: each begins with an empty namespace, empty metadata and a stack of its own. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type ApiProxy, startApiProxy } from "../../sandbox/apiProxy";
import type { EngineStack, StackConfig } from "../../sandbox/engine";
import { type ApiServer, connectApiServer } from "../../sandbox/podRunner/apiServer";
import { tryRun } from "../../sandbox/run";
import { RELEASE, startTestBed, type TestBed } from "../e2e/support/testBed";

export interface ChaosBed {
  readonly bed: TestBed;
  readonly proxy: ApiProxy;
  readonly api: ApiServer;
  /** Opens the cell's stack; the engine, the program and the provider reach the API server through the proxy. */
  openStack(name: string, config: StackConfig): Promise<EngineStack>;
  /** Back to nothing. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

const KINDS =
  "deployments,statefulsets,replicasets,jobs,persistentvolumeclaims,services,configmaps,serviceaccounts,roles,rolebindings,horizontalpodautoscalers,poddisruptionbudgets";

/** Short, so that a cell takes seconds; `pending` and `lock` decide how long a run that was killed is taken to be at work. */
export const TIMEOUTS = {
  stop: "60s",
  sessions: "40s",
  backup: "60s",
  migrate: "60s",
  release: "90s",
  rollout: "60s",
  pending: "5s",
  lock: "5s",
} as const;

export async function startChaosBed(): Promise<ChaosBed> {
  const bed = await startTestBed();
  const proxy = await startApiProxy(bed.sandbox);
  const api = connectApiServer(bed.sandbox.kubeconfig);
  return {
    bed,
    proxy,
    api,
    openStack(name, config) {
      return bed.stack({ "kubernetes:kubeconfig": proxy.kubeconfig, "milvus:timeouts": TIMEOUTS, ...config }, name);
    },
    async clear() {
      proxy.set({ kind: "fair" });
      bed.faults({});
      // A fault counts how often it has hit; the next cell may ask for the same one.
      rmSync(path.join(bed.sandbox.folder, "faultsUsed.json"), { force: true });
      await clearCluster(bed);
    },
    async stop() {
      proxy.close();
      api.close();
      await bed.stop();
    },
  };
}

async function clearCluster({ sandbox, etcd }: TestBed): Promise<void> {
  const inNamespace = ["--namespace", RELEASE.namespace];
  await sandbox
    .kubectl(["create", "namespace", RELEASE.namespace, "--dry-run=client", "--output=yaml"])
    .then((yaml) => sandbox.kubectl(["apply", "--filename=-"], { input: yaml }));
  await sandbox.kubectl(["delete", "secrets", ...inNamespace, "--selector=owner=helm"]);
  await sandbox.kubectl(["delete", KINDS, ...inNamespace, "--all", "--wait=false"]);
  await sandbox.kubectl(["delete", "pods", ...inNamespace, "--all", "--force", "--grace-period=0"]);
  await sandbox.kubectl(["delete", KINDS, ...inNamespace, "--all", "--timeout=60s"]);
  await sandbox.kubectl(["delete", "pods", ...inNamespace, "--all", "--force", "--grace-period=0", "--timeout=60s"]);
  await etcd.deletePrefix("by-dev/");
}

/** The disk that a stack's state is on. */
export interface StateDisk {
  fill(): void;
  free(): void;
  remove(): void;
}

/** A small file system at the place of a stack's state, before the stack is opened; undefined where none can be mounted. */
export async function mountStateDisk(bed: TestBed, stackName: string): Promise<StateDisk | undefined> {
  const folder = path.join(bed.sandbox.folder, "stacks", stackName, "state");
  mkdirSync(folder, { recursive: true });
  const mounted = await tryRun("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], { timeoutSeconds: 10 });
  if (mounted.exitCode !== 0) {
    return undefined;
  }
  const filler = path.join(folder, "filler");
  let isMounted = true;
  const remove = (): void => {
    if (isMounted) {
      isMounted = false;
      execFileSync("umount", ["--lazy", folder]);
    }
  };
  // Also when the run is broken off.
  process.once("exit", remove);
  return {
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    free: () => rmSync(filler, { force: true }),
    remove,
  };
}
