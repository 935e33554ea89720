/**
 * The few calls the pod runner makes to the API server: JSON in, JSON out, and a line stream for watches. Every call has
 * a time limit. Objects are kept as the server sent them (dates are strings), which the type `Raw` says.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { V1Pod } from "@kubernetes/client-node";
import { readKubeconfig } from "./kubeconfig";

/** An API object as it is on the wire: a Kubernetes type with strings for dates. */
export type Raw<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Raw<Item>[]
    : T extends object
      ? { [Key in keyof T]: Raw<T[Key]> }
      : T;

export type Pod = Raw<V1Pod>;

/** An answer other than 2xx. `reason` is the server's own, such as `NotFound` or `Conflict`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export function isStatus(error: unknown, ...statuses: number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status);
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface CallOptions {
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Default 15 s. */
  readonly timeoutMs?: number;
}

export interface ApiServer {
  /** e.g. `https://127.0.0.1:6443`. */
  readonly url: string;
  /** PEM of the server's CA, when it has one. */
  readonly certificateAuthority: string | undefined;
  call<T>(method: Method, path: string, options?: CallOptions): Promise<T>;
  /** Reads a stream of JSON lines until the server ends it; fails when nothing comes for `idleMs`. */
  lines(path: string, idleMs: number, signal: AbortSignal, onLine: (line: unknown) => void): Promise<void>;
  close(): void;
}

const STRATEGIC_MERGE = "application/strategic-merge-patch+json";
export const MERGE = "application/merge-patch+json";

/** Merges into the status subresource of one pod; the uid makes sure that it is still the same pod. */
export function patchPodStatus(api: ApiServer, pod: Pod, status: object): Promise<Pod> {
  return api.call<Pod>("PATCH", `${podPath(pod)}/status`, {
    contentType: STRATEGIC_MERGE,
    body: { metadata: { uid: pod.metadata?.uid }, status },
  });
}

export function podPath(pod: Pod): string {
  return `/api/v1/namespaces/${pod.metadata?.namespace ?? "default"}/pods/${pod.metadata?.name ?? ""}`;
}

/** Connects with the kubeconfig's current context. */
export function connectApiServer(kubeconfig: string): ApiServer {
  const { server, certificateAuthority, clientCertificate, clientKey, token } = readKubeconfig(kubeconfig);
  const secure = server.startsWith("https:");
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 64,
    ...(certificateAuthority ? { ca: certificateAuthority } : {}),
    ...(clientCertificate ? { cert: clientCertificate } : {}),
    ...(clientKey ? { key: clientKey } : {}),
  });

  function open(method: Method, path: string, options: CallOptions, signal: AbortSignal): Promise<IncomingMessage> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        server + path,
        {
          method,
          signal,
          ...(secure ? { agent } : {}),
          headers: {
            accept: "application/json",
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...(body === undefined
              ? {}
              : {
                  "content-type": options.contentType ?? "application/json",
                  "content-length": Buffer.byteLength(body),
                }),
          },
        },
        resolve,
      );
      request.on("error", reject);
      request.end(body);
    });
  }

  return {
    url: server,
    certificateAuthority,
    call: async <T>(method: Method, path: string, options: CallOptions = {}): Promise<T> => {
      const response = await open(method, path, options, AbortSignal.timeout(options.timeoutMs ?? 15_000));
      const text = await readAll(response);
      if ((response.statusCode ?? 500) >= 300) throw apiError(response.statusCode ?? 500, text, `${method} ${path}`);
      return JSON.parse(text) as T;
    },
    lines: async (path, idleMs, signal, onLine) => {
      const idle = new AbortController();
      const timer = setTimeout(() => idle.abort(new Error(`nothing heard for ${idleMs} ms`)), idleMs);
      try {
        const response = await open("GET", path, {}, AbortSignal.any([signal, idle.signal]));
        if ((response.statusCode ?? 500) >= 300) {
          throw apiError(response.statusCode ?? 500, await readAll(response), `GET ${path}`);
        }
        response.setEncoding("utf8");
        let rest = "";
        for await (const chunk of response as AsyncIterable<string>) {
          timer.refresh();
          const parts = (rest + chunk).split("\n");
          rest = parts.pop() ?? "";
          for (const part of parts) if (part) onLine(JSON.parse(part));
        }
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent.destroy(),
  };
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response as AsyncIterable<string>) text += chunk;
  return text;
}

function apiError(status: number, text: string, what: string): ApiError {
  try {
    const parsed = JSON.parse(text) as { reason?: string; message?: string };
    return new ApiError(status, parsed.reason ?? "Unknown", `${what}: ${parsed.message ?? text}`);
  } catch {
    return new ApiError(status, "Unknown", `${what}: HTTP ${status}: ${text.slice(0, 500)}`);
  }
}
