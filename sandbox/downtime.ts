import { setTimeout as sleep } from "node:timers/promises";
import type { ReleaseName } from "./milvusRelease";
import { connectApiServer } from "./podRunner/apiServer";
import type { Sandbox } from "./sandbox";

const POLL_MS = 200;

/** A Deployment as far as it matters here: does anything of it serve? */
export interface Serving {
  readonly name: string;
  readonly ready: number;
}

/** Milvus serves while each of its Deployments has a ready pod; one that is wanted and has none is an outage. */
export function serves(deployments: readonly Serving[]): boolean {
  return deployments.length > 0 && deployments.every(({ ready }) => ready > 0);
}

/** Measures, until {@link stop}, how long Milvus did not serve. */
export class DowntimeMeter {
  private readonly ended = new AbortController();
  private readonly watching: Promise<void>;
  private downMs = 0;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly release: ReleaseName,
  ) {
    this.watching = this.watch();
  }

  /** Seconds without service so far. */
  async stop(): Promise<number> {
    this.ended.abort();
    await this.watching;
    return this.downMs / 1000;
  }

  private async watch(): Promise<void> {
    const api = connectApiServer(this.sandbox.kubeconfig);
    const selector = encodeURIComponent(
      `app.kubernetes.io/instance=${this.release.name},app.kubernetes.io/name=milvus`,
    );
    const path = `/apis/apps/v1/namespaces/${this.release.namespace}/deployments?labelSelector=${selector}`;
    let down = false;
    let last = Date.now();
    while (!this.ended.signal.aborted) {
      try {
        const { items } = await api.call<{
          items: { metadata: { name: string }; status: { readyReplicas?: number } }[];
        }>("GET", path, { timeoutMs: 2000 });
        down = !serves(
          items.map(({ metadata, status }) => ({ name: metadata.name, ready: status.readyReplicas ?? 0 })),
        );
      } catch {
        // An API server that is away says nothing about Milvus: what was last seen holds.
      }
      const now = Date.now();
      this.downMs += down ? now - last : 0;
      last = now;
      await sleep(POLL_MS);
    }
    api.close();
  }
}
