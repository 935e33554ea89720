/** An API server for one pod's worker: answers reads from a table and records what is written. */
import { ApiError, type ApiServer, type CallOptions, type Pod } from "../../sandbox/podRunner/apiServer";

export interface Written {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface PodStatus {
  readonly phase: string;
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly state: {
    readonly waiting?: { readonly reason: string; readonly message?: string };
    readonly running?: object;
    readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message?: string };
  };
}

export class FakeApi implements ApiServer {
  readonly url = "https://127.0.0.1:6443";
  readonly certificateAuthority = "PEM";
  readonly written: Written[] = [];
  /** Writes that are refused before one is taken, as by a server that restarts. */
  failures = 0;

  constructor(private readonly objects: Readonly<Record<string, unknown>>) {}

  call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    if (method === "GET") {
      const found = this.objects[path];
      return found ? Promise.resolve(found as T) : Promise.reject(new ApiError(404, "NotFound", `${path} not found`));
    }
    if (path.endsWith("/status") && this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error("connect ECONNREFUSED"));
    }
    this.written.push({ method, path, body: options.body });
    return Promise.resolve((path.endsWith("/token") ? { status: { token: "TOKEN" } } : {}) as T);
  }

  lines(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // Nothing is open.
  }

  get statuses(): readonly PodStatus[] {
    return this.written
      .filter(({ path }) => path.endsWith("/status"))
      .map(({ body }) => (body as { status: PodStatus }).status);
  }

  get lastStatus(): PodStatus {
    const last = this.statuses.at(-1);
    if (!last) throw new Error("no status was written");
    return last;
  }

  get deleted(): boolean {
    return this.written.some(({ method }) => method === "DELETE");
  }
}

export function jobPod(spec: Partial<NonNullable<Pod["spec"]>>, name = "job-abc"): Pod {
  return {
    metadata: {
      name,
      namespace: "db",
      uid: `uid-${name}`,
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "job", uid: "j", controller: true }],
    },
    spec: { restartPolicy: "Never", nodeName: "node-0", containers: [], ...spec },
  };
}
