import { isSuccess, type Transport } from "./http";
import { urlPathOf, type WriteRequest } from "./request";

export interface WriteAnswer {
  /** 0: no answer came, and whether it was done is not known. */
  readonly status: number;
  /** Why, of an answer that is no success. */
  readonly message: string;
  /** Of a success. */
  readonly body?: unknown;
}

/** One try; never throws. */
export async function sendWrite(transport: Transport, request: WriteRequest, timeout: number): Promise<WriteAnswer> {
  const text = JSON.stringify(request.method === "DELETE" ? (request.options ?? {}) : request.body);
  try {
    const answer = await transport({
      method: request.method,
      path: urlPathOf(request),
      headers: {
        "content-type": request.method === "PATCH" ? "application/merge-patch+json" : "application/json",
        // Node leaves the length of what a DELETE carries to its caller.
        "content-length": String(Buffer.byteLength(text)),
      },
      body: text,
      signal: AbortSignal.timeout(request.timeout ?? timeout),
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
}

export function isDone({ status }: WriteAnswer): boolean {
  return isSuccess(status);
}

/** Another try may help: no answer, or one of a server that is busy or starting. */
export function isPassing({ status }: WriteAnswer): boolean {
  return status === 0 || status === 429 || status >= 500;
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
