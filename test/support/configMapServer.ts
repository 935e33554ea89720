/** The part of an API server that keeps ConfigMaps, over HTTP. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type ClusterClient, connect } from "../../cluster/api/client";
import { kubeconfig } from "./kubeconfig";
import { type Answer, ObjectStore, type StoredObject } from "./objectStore";

export class ConfigMapServer {
  /** Method and path of each write, refused ones included. */
  readonly writes: string[] = [];
  /** Called before a write is done. */
  onWrite: () => void = () => undefined;
  /** Answers with this status instead, as long as it is there. */
  refuse: number | undefined;
  /** Does what it is told, and loses the next answer. */
  loseNextAnswer = false;
  readonly #store = new ObjectStore();
  readonly #server: Server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body }) => {
      if (this.loseNextAnswer) {
        this.loseNextAnswer = false;
        request.socket.destroy();
        return;
      }
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  #client: ClusterClient | undefined;

  async start(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const patience = { timeout: 2000, pauses: [5, 5] };
    this.#client = connect({ kubeconfig: kubeconfig(server) }, { patience });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get client(): ClusterClient {
    if (this.#client === undefined) throw new Error("the server is not started");
    return this.#client;
  }

  /** By name. */
  get stored(): Map<string, StoredObject> {
    return this.#store.stored;
  }

  put(configMap: StoredObject): StoredObject {
    return this.#store.put(configMap);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const sent = await text(request);
    const method = request.method ?? "";
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const name = /\/configmaps\/([^/]+)$/.exec(pathname)?.[1];
    if (this.refuse !== undefined) return { status: this.refuse, body: { message: `refused with ${this.refuse}` } };
    if (method === "GET") return this.#store.get(name ?? "");
    this.writes.push(`${method} ${pathname}`);
    this.onWrite();
    return this.#store.write(method, name, JSON.parse(sent) as object);
  }
}
