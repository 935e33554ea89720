import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { KubeConfig as LibraryConfig } from "@kubernetes/client-node";
import { ClusterError } from "../errors";
import { libraryConfig } from "./clientLibrary";
import { credentialsOf, headersOf } from "./credentials";
import type { KubeConfig } from "./kubeConfig";
import { urlPathOf } from "./request";
import { needsLibrary, tlsOptions } from "./transport";

/** A port on this machine that leads to one of a pod, for as long as it is open. */
export interface ForwardedPort {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Why the last connection could not be made, in the server's words; missing while all is well. */
  readonly problem: () => string | undefined;
  close(): void;
}

/** A port of a pod. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

interface WebSocketLike {
  addEventListener(event: "close", listener: () => void): void;
  close(): void;
}

const CREDENTIALS_MS = 20_000;
/** Channels of the tunnel. */
const DATA = 0;
const ERRORS = 1;
const PORT_BYTES = 2;

/**
 * As `kubectl port-forward`, over a WebSocket: needs the rights to get and to create pods/portforward in the namespace. Whether the pod can be reached
 * shows with the first connection.
 *
 * @throws ClusterError
 */
export async function forwardPort(config: KubeConfig, { namespace, pod, port }: PodPort): Promise<ForwardedPort> {
  // This one file of the library, since all of it takes half a second to load.
  const { WebSocketHandler } = await import("@kubernetes/client-node/dist/web-socket-handler.js");
  const handler = new WebSocketHandler(await socketConfig(config));
  const path = urlPathOf({
    ...{ api: "v1", resource: "pods", namespace, name: pod },
    ...{ subresource: "portforward", query: { ports: String(port) } },
  });
  const tunnelTo = async (socket: Socket): Promise<WebSocketLike> => {
    const unread = new Set([DATA, ERRORS]);
    // A WebSocket of the package ws, whose types are not here.
    const tunnel: unknown = await handler.connect(path, null, (channel, sent) => {
      // What comes first in a channel is the port's number.
      const data = unread.delete(channel) ? sent.subarray(PORT_BYTES) : sent;
      if (channel === DATA) socket.write(data);
      return channel === DATA || channel === ERRORS;
    });
    WebSocketHandler.handleStandardInput(tunnel, socket, DATA);
    return tunnel as WebSocketLike;
  };
  const open = new Set<Socket>();
  let problem: string | undefined;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    tunnelTo(socket).then(
      (tunnel) => {
        problem = undefined;
        tunnel.addEventListener("close", () => socket.destroy());
        socket.on("close", () => tunnel.close());
      },
      (error: unknown) => {
        problem = reasonOf(error);
        socket.destroy();
      },
    );
  });
  // Nothing that runs on shall keep the program from ending.
  server.unref();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new ClusterError("unreachable", "No port on 127.0.0.1 could be opened.", "Set milvus:address instead.");
  }
  return {
    address: `127.0.0.1:${address.port}`,
    problem: () => problem,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** The library's own config where it is needed, and otherwise as much of one as a WebSocket takes. */
async function socketConfig(config: KubeConfig): Promise<LibraryConfig> {
  const signal = AbortSignal.timeout(CREDENTIALS_MS);
  if (needsLibrary(config)) return libraryConfig(config, signal);
  const credentials = await credentialsOf(config, signal);
  const options = { ...(await tlsOptions(config.cluster, credentials)), headers: headersOf(credentials) };
  const lean: Pick<LibraryConfig, "getCurrentCluster" | "applyToHTTPSOptions"> = {
    getCurrentCluster: () => ({ skipTLSVerify: false, ...config.cluster }),
    applyToHTTPSOptions: (given) => Promise.resolve(void Object.assign(given, options)),
  };
  return lean as LibraryConfig;
}

/** `Unexpected server response: 403` for a missing right. */
function reasonOf(error: unknown): string {
  const { message } = error as { readonly message?: unknown };
  const text = typeof message === "string" && message !== "" ? message : "the connection was refused";
  return text.includes("403") ? `${text} (the right to get or to create pods/portforward is missing)` : text;
}
