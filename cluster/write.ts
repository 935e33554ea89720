import { type AccessSettings, loadKubeConfig } from "./kubeConfig";
import { transportFor } from "./transport";

/** The few things that the program writes itself: its lock, and what a verification keeps. */
export interface WriteRequest {
  readonly method: "POST" | "PATCH" | "DELETE";
  /** `/api/v1/namespaces/milvus/configmaps`, each part encoded; with its query. */
  readonly path: string;
  readonly contentType: "application/json" | "application/merge-patch+json";
  readonly body: object;
}

export interface WriteAnswer {
  /** 0: no answer came, and whether it was done is not known. */
  readonly status: number;
  /** Why, of an answer that is no success. */
  readonly message: string;
  /** Of a success. */
  readonly body?: unknown;
}

/** One try; never throws. */
export type Write = (request: WriteRequest) => Promise<WriteAnswer>;

const TIMEOUT_MS = 20_000;

/** @throws ClusterError when there is no usable kubeconfig */
export function openWriter(settings: AccessSettings, timeoutMs = TIMEOUT_MS): Write {
  const transport = transportFor(loadKubeConfig(settings));
  return async ({ method, path, contentType, body }) => {
    const text = JSON.stringify(body);
    // Node leaves the length of what a DELETE carries to its caller.
    const headers = { "content-type": contentType, "content-length": String(Buffer.byteLength(text)) };
    try {
      const answer = await transport({
        method,
        path,
        headers,
        body: text,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status } = answer;
      return isSuccess(status)
        ? { status, message: "", body: parsed(answer.text) }
        : { status, message: messageOf(answer.text, status) };
    } catch (error) {
      const { name: kind, message } = error as Error;
      const isLate = kind === "TimeoutError" || kind === "AbortError";
      return { status: 0, message: isLate ? "no answer in time" : message };
    }
  };
}

export function isDone({ status }: WriteAnswer): boolean {
  return isSuccess(status);
}

/** Another try may help: no answer, or one of a server that is busy or starting. */
export function isPassing({ status }: WriteAnswer): boolean {
  return status === 0 || status === 429 || status >= 500;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function messageOf(text: string, status: number): string {
  const { message } = (parsed(text) ?? {}) as { readonly message?: string };
  return message ?? `HTTP ${status}`;
}
