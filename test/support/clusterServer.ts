/** A recorded cluster as an API server over HTTP: what is put there is listed, read, written and deleted as there. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { attemptLabels, claimName, PHASE_ANNOTATION } from "../../upgrade/metadata/attempt";
import type { AttemptId, AttemptPhase, HelmValues, ReleaseStatus } from "../../upgrade/model";
import { deployment, pod, record } from "../unit/cluster/objects";
import { kubeconfig } from "./kubeconfig";
import { type Answer, missing, ObjectStore, type StoredObject } from "./objectStore";

/** A Helm release of Milvus with its workloads, as a cluster has them. */
export interface RecordedRelease {
  readonly namespace: string;
  /** Default: my-release. */
  readonly name?: string;
  /** Version of the chart. */
  readonly chart: string;
  /** Milvus version that the record and the images say. */
  readonly milvus: string;
  /** Default: 1. */
  readonly revision?: number;
  /** Default: deployed. */
  readonly status?: ReleaseStatus;
  /** As `helm history` says it. Default: none. */
  readonly description?: string;
  /** Values of the user. Default: none. */
  readonly values?: HelmValues;
  /** Names of the components that run. Default: none. */
  readonly components?: readonly string[];
  /** Default: `milvus`. */
  readonly runs?: string;
  /** Of each component; 0 is a cluster that is stopped. Default: 1. */
  readonly replicas?: number;
}

export interface RecordedBackup {
  readonly namespace: string;
  readonly id: AttemptId;
  readonly phase: AttemptPhase;
}

const LAST_DEPLOYED = "2025-01-01T00:00:00Z";
const REVIEW = /\/selfsubject\w+reviews$/;
const RELEASE_NAME = "my-release";

export class ClusterServer {
  /** Method and path of each request. */
  requests: string[] = [];
  /** What the requests have carried. */
  bodies: string[] = [];
  kubernetesVersion = "1.36.3";
  readonly #stores = new Map<string, ObjectStore>();
  readonly #server: Server = createServer((request, response) => {
    this.requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    void this.#answer(request).then(({ status, body }) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    );
  });

  async start(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Contents of a kubeconfig that leads here. */
  get kubeconfig(): string {
    return kubeconfig(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** Requests that are no reads, those that ask for permissions apart, and dry runs, of which nothing is kept. */
  get writes(): string[] {
    return this.requests.filter(
      (request) => !request.startsWith("GET ") && !REVIEW.test(request) && !request.endsWith("?dryRun=All"),
    );
  }

  /** An empty cluster with these namespaces and a default storage class, of which nobody has asked anything. */
  reset(...namespaces: readonly string[]): void {
    this.requests = [];
    this.bodies = [];
    this.kubernetesVersion = "1.36.3";
    this.#stores.clear();
    for (const name of namespaces) this.#store("", "namespaces").put({ metadata: { name, uid: `uid-of-${name}` } });
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    this.put("", "storageclasses", { metadata: { name: "standard", annotations } });
  }

  put(namespace: string, resource: string, object: StoredObject): void {
    this.#store(namespace, resource).put(object);
  }

  stored(namespace: string, resource: string, name: string): StoredObject | undefined {
    return this.#store(namespace, resource).stored.get(name);
  }

  putRelease(release: RecordedRelease): void {
    const { namespace, name = RELEASE_NAME, chart, milvus, revision = 1, status = "deployed", values = {} } = release;
    const { description } = release;
    const recordName = `sh.helm.release.v1.${name}.v${revision}`;
    const said = {
      name,
      namespace,
      version: revision,
      info: { status, description, first_deployed: LAST_DEPLOYED, last_deployed: LAST_DEPLOYED },
      chart: { metadata: { name: "milvus", version: chart, appVersion: milvus } },
      config: values,
      manifest: "",
    };
    const labels = { owner: "helm", name, status, version: `${revision}` };
    this.put(namespace, "secrets", { ...record(said), metadata: { name: recordName, labels } });
    for (const component of release.components ?? []) this.#putComponent(release, component);
  }

  /** The claim of an attempt at a metadata migration. */
  putBackup({ namespace, id, phase }: RecordedBackup): void {
    this.put(namespace, "persistentvolumeclaims", {
      metadata: {
        name: claimName(RELEASE_NAME, id),
        labels: attemptLabels(RELEASE_NAME, id),
        annotations: { [PHASE_ANNOTATION]: phase },
        creationTimestamp: "2026-05-01T10:00:00Z",
      },
    });
  }

  #putComponent(
    { namespace, name = RELEASE_NAME, milvus, runs = milvus, replicas = 1 }: RecordedRelease,
    component: string,
  ): void {
    const labels = {
      "app.kubernetes.io/instance": name,
      "app.kubernetes.io/name": "milvus",
      component,
    };
    const fullName = `${name}-milvus-${component}`;
    const spec = { containers: [{ name: component, image: `milvusdb/milvus:v${runs}` }] };
    const strategy = { type: /coord$|^standalone$/.test(component) ? "Recreate" : "RollingUpdate" };
    const status = { observedGeneration: 2, replicas, readyReplicas: replicas, updatedReplicas: replicas };
    this.put(namespace, "deployments", {
      ...deployment(component, {
        spec: { replicas, selector: {}, strategy, template: { spec } },
        status: { ...status, availableReplicas: replicas },
      }),
      metadata: {
        name: fullName,
        namespace,
        generation: 2,
        labels,
        ...(replicas === 0 && { annotations: { "milvus-upgrade/replicas": "1" } }),
      },
    });
    for (let index = 0; index < replicas; index++) {
      const one = pod(fullName, `${index}`, { spec, status: { phase: "Running" } });
      const { name: podName = "", ...metadata } = one.metadata ?? {};
      this.put(namespace, "pods", {
        ...one,
        metadata: { ...metadata, name: podName, labels: { ...labels, ...metadata.labels } },
      });
    }
  }

  #store(namespace: string, resource: string): ObjectStore {
    const key = `${namespace}/${resource}`;
    const store = this.#stores.get(key) ?? new ObjectStore();
    this.#stores.set(key, store);
    return store;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const sent = await text(request);
    if (sent !== "") this.bodies.push(sent);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (pathname === "/version") return { status: 200, body: { gitVersion: `v${this.kubernetesVersion}` } };
    if (pathname === "/apis") return { status: 200, body: { groups: [] } };
    if (REVIEW.test(pathname)) return { status: 201, body: { status: { allowed: true, resourceRules: [] } } };
    const { namespace = "", resource = "", name } = placeOf(pathname);
    const store = this.#store(namespace, resource);
    const isThere = namespace === "" || this.#store("", "namespaces").stored.has(namespace);
    if (request.method !== "GET") {
      return isThere ? store.write(request.method ?? "", name, JSON.parse(sent || "{}") as object) : missing();
    }
    if (name !== undefined) return store.get(name);
    const items = [...store.stored.values()].filter(selectedBy(searchParams.get("labelSelector") ?? ""));
    return { status: 200, body: { metadata: {}, items } };
  }
}

/** `/api/v1/namespaces/milvus/pods/a`, `/apis/apps/v1/deployments`. */
function placeOf(pathname: string): { namespace?: string; resource?: string; name?: string } {
  const parts = pathname.split("/").slice(pathname.startsWith("/apis/") ? 4 : 3);
  if (parts[0] !== "namespaces" || parts.length < 3) {
    const [resource = "", name] = parts;
    return { resource, ...(name !== undefined && { name }) };
  }
  const [, namespace = "", resource = "", name] = parts;
  return { namespace, resource, ...(name !== undefined && { name }) };
}

/** `owner=helm,name=my-release` and keys alone, as the program asks. */
function selectedBy(selector: string): (object: StoredObject) => boolean {
  const terms = selector === "" ? [] : selector.split(",").map((term) => term.split("="));
  return ({ metadata: { labels = {} } }) =>
    terms.every(([key = "", value]) => (value === undefined ? key in labels : labels[key] === value));
}
