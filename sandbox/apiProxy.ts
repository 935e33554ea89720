/** Stands between clients and the sandbox's API server, and can be a bad network or an overloaded server. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import path from "node:path";
import { readKubeconfig } from "./podRunner/kubeconfig";
import type { Sandbox } from "./sandbox";

export type Weather =
  | { readonly kind: "fair" }
  /** Every request waits that long. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Requests are answered with the status that `next` gives; undefined lets one through. */
  | { readonly kind: "errors"; readonly next: () => 429 | 500 | undefined }
  /** Open connections are cut, new ones too. */
  | { readonly kind: "cut" };

export interface Traffic {
  readonly requests: number;
  /** Of the answers' bodies, as they were sent. */
  readonly bytes: number;
}

export interface ApiProxy {
  /** Leads through the proxy, with all rights. */
  readonly kubeconfig: string;
  /** How many requests were delayed, refused or cut so far. */
  readonly disturbed: () => number;
  /** What was let through so far. */
  readonly traffic: () => Traffic;
  set(weather: Weather): void;
  close(): void;
}

/** Clients talk plain HTTP on loopback to it; it talks to the API server with the administrator's certificate. */
export async function startApiProxy(sandbox: Sandbox): Promise<ApiProxy> {
  const { server: url, certificateAuthority, clientCertificate, clientKey } = readKubeconfig(sandbox.kubeconfig);
  const agent = new Agent({
    keepAlive: true,
    ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
    ...(clientCertificate !== undefined && { cert: clientCertificate }),
    ...(clientKey !== undefined && { key: clientKey }),
  });
  let weather: Weather = { kind: "fair" };
  let disturbed = 0;
  let requests = 0;
  let bytes = 0;
  const sockets = new Set<Socket>();

  const forward = (request: IncomingMessage, response: ServerResponse) => {
    requests++;
    const headers = { ...request.headers };
    // Of this connection, not of the one to the API server.
    delete headers.connection;
    delete headers.host;
    const upstream = httpsRequest(
      `${url}${request.url ?? "/"}`,
      { method: request.method, headers, agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on("data", (data: Buffer) => {
          bytes += data.length;
        });
        answer.pipe(response);
        answer.once("error", () => response.destroy());
        answer.once("aborted", () => response.destroy());
      },
    );
    // An API server that is away: what a client sees then is a broken connection.
    upstream.once("error", () => response.destroy());
    response.once("close", () => upstream.destroy());
    request.pipe(upstream);
  };

  const server: Server = createServer((request, response) => {
    response.on("error", () => undefined);
    switch (weather.kind) {
      case "fair":
        forward(request, response);
        return;
      case "cut":
        disturbed++;
        request.socket.destroy();
        return;
      case "slow":
        disturbed++;
        setTimeout(() => forward(request, response), weather.delayMs);
        return;
      case "errors": {
        const status = weather.next();
        if (status === undefined) {
          forward(request, response);
          return;
        }
        disturbed++;
        request.resume();
        refuse(response, status);
      }
    }
  });
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    if (weather.kind === "cut") {
      disturbed++;
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  const kubeconfig = path.join(sandbox.folder, "proxied.kubeconfig");
  await writeFile(kubeconfig, kubeconfigText((server.address() as AddressInfo).port), { mode: 0o600 });

  const cutAll = () => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  return {
    kubeconfig,
    disturbed: () => disturbed,
    traffic: () => ({ requests, bytes }),
    set: (next) => {
      weather = next;
      if (next.kind !== "fair") {
        // Also the watches, which would otherwise see nothing of it.
        disturbed += next.kind === "cut" ? sockets.size : 0;
        cutAll();
      }
    },
    close: () => {
      cutAll();
      server.close();
      agent.destroy();
    },
  };
}

/** As the API server says it, with a pause for clients that heed one. */
function refuse(response: ServerResponse, status: 429 | 500): void {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: status === 429 ? "TooManyRequests" : "InternalError",
    message: status === 429 ? "the server is overloaded, try again later" : "etcdserver: leader changed",
    code: status,
  };
  response.writeHead(status, { "content-type": "application/json", ...(status === 429 && { "retry-after": "1" }) });
  response.end(JSON.stringify(body));
}

function kubeconfigText(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "proxied", cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: "proxied", user: {} }],
    contexts: [{ name: "proxied", context: { cluster: "proxied", user: "proxied" } }],
    "current-context": "proxied",
  });
}
