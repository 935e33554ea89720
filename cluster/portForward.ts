import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { libraryConfig } from "./clientLibrary";
import { ClusterError } from "./errors";
import { type AccessSettings, loadKubeConfig } from "./kubeConfig";

/** A port on this machine that leads to one of a pod, for as long as it is open. */
export interface ForwardedPort {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Why the last connection could not be made, in the server's words; missing while all is well. */
  readonly problem: () => string | undefined;
  close(): void;
}

interface WebSocketLike {
  addEventListener(event: "close", listener: () => void): void;
  close(): void;
}

const CREDENTIALS_MS = 20_000;

/**
 * As `kubectl port-forward`, over a WebSocket: needs the rights to get and to create pods/portforward in the namespace. Whether the pod can be reached
 * shows with the first connection.
 *
 * @throws ClusterError
 */
export async function forwardPort(
  settings: AccessSettings,
  target: { readonly namespace: string; readonly pod: string; readonly port: number },
): Promise<ForwardedPort> {
  const { PortForward } = await import("@kubernetes/client-node");
  const forward = new PortForward(await libraryConfig(loadKubeConfig(settings), AbortSignal.timeout(CREDENTIALS_MS)));
  const open = new Set<Socket>();
  let problem: string | undefined;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    forward.portForward(target.namespace, target.pod, [target.port], socket, null, socket).then(
      (connected: unknown) => {
        problem = undefined;
        // A WebSocket: without retries it is never the function that the types also name.
        const tunnel = connected as WebSocketLike;
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

/** `Unexpected server response: 403` for a missing right. */
function reasonOf(error: unknown): string {
  const { message } = error as { readonly message?: unknown };
  const text = typeof message === "string" && message !== "" ? message : "the connection was refused";
  return text.includes("403") ? `${text} (the right to get or to create pods/portforward is missing)` : text;
}
