import { setTimeout as sleep } from "node:timers/promises";
import type { ReleaseName } from "../sandbox/milvusRelease";
import { connectApiServer } from "../sandbox/podRunner/apiServer";
import type { Sandbox } from "../sandbox/sandbox";
import type { Moment, Timeline } from "./timeline";

const POLL_MS = 200;

interface DeploymentList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    readonly status: { readonly readyReplicas?: number };
  }[];
}

/** Runs the work and looks five times a second at how many replicas of each component are ready. */
export async function watched(
  sandbox: Sandbox,
  { name, namespace }: ReleaseName,
  work: () => Promise<unknown>,
): Promise<{ readonly timeline: Timeline; readonly seconds: number }> {
  const api = connectApiServer(sandbox.kubeconfig);
  const selector = encodeURIComponent(`app.kubernetes.io/instance=${name},app.kubernetes.io/name=milvus`);
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments?labelSelector=${selector}`;
  const look = async (): Promise<Moment> => {
    const { items } = await api.call<DeploymentList>("GET", path, { timeoutMs: 5000 });
    const ready = items.map(
      ({ metadata, status }) => [metadata.labels?.component ?? metadata.name, status.readyReplicas ?? 0] as const,
    );
    return { at: Date.now(), ready: new Map(ready) };
  };
  const timeline: Moment[] = [await look()];
  const ended = new AbortController();
  const watching = (async () => {
    while (!ended.signal.aborted) {
      await sleep(POLL_MS);
      timeline.push(await look());
    }
  })();
  const started = Date.now();
  try {
    await work();
    return { timeline, seconds: (Date.now() - started) / 1000 };
  } finally {
    ended.abort();
    await watching;
    api.close();
  }
}
