/** The part of an API server that keeps ConfigMaps: create once, change at a resource version, delete. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ClusterAccess, connect } from "../../cluster/access";

export interface StoredConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

export class ConfigMapServer {
  readonly stored = new Map<string, StoredConfigMap>();
  /** Method and path of each write, refused ones included. */
  readonly writes: string[] = [];
  /** Called before a write is done. */
  onWrite: () => void = () => undefined;
  readonly #server: Server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body }) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    );
  });
  #version = 0;

  async start(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get settings(): { readonly kubeconfig: string } {
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return {
      kubeconfig: JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "x",
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        clusters: [{ name: "c", cluster: { server } }],
        users: [{ name: "u", user: {} }],
      }),
    };
  }

  get access(): ClusterAccess {
    return connect(this.settings, { patience: { timeout: 2000, pauses: [5, 5] } });
  }

  put(configMap: StoredConfigMap): StoredConfigMap {
    this.#version += 1;
    const { metadata } = configMap;
    const kept = { ...configMap, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.stored.set(metadata.name, kept);
    return kept;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const method = request.method ?? "";
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const name = /\/configmaps\/([^/]+)$/.exec(pathname)?.[1];
    if (method === "GET") return name === undefined ? notFound() : this.#one(name);
    this.writes.push(`${method} ${pathname}`);
    this.onWrite();
    const body = JSON.parse(text) as StoredConfigMap;
    if (method === "POST") return this.#create(body);
    const found = this.stored.get(name ?? "");
    if (found === undefined) return notFound();
    if (method === "DELETE") {
      this.stored.delete(found.metadata.name);
      return { status: 200, body: {} };
    }
    if (body.metadata.resourceVersion !== found.metadata.resourceVersion) return conflict("has been modified");
    return { status: 200, body: this.put(merged(found, body) as StoredConfigMap) };
  }

  #one(name: string): Answer {
    const body = this.stored.get(name);
    return body === undefined ? notFound() : { status: 200, body };
  }

  #create(body: StoredConfigMap): Answer {
    return this.stored.has(body.metadata.name) ? conflict("already exists") : { status: 201, body: this.put(body) };
  }
}

function notFound(): Answer {
  return { status: 404, body: { kind: "Status", reason: "NotFound", message: "not found" } };
}

function conflict(message: string): Answer {
  return { status: 409, body: { kind: "Status", reason: "Conflict", message } };
}

/** A JSON merge patch: null takes out. */
function merged(target: object, patch: object): object {
  const result = new Map<string, unknown>(Object.entries(target));
  for (const [key, value] of Object.entries(patch) as [string, unknown][]) {
    if (value === null) result.delete(key);
    else if (typeof value === "object") result.set(key, merged((result.get(key) as object | undefined) ?? {}, value));
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}
