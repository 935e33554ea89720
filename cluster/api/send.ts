import { isSuccess, type ServerAnswer, type Transport } from "./http";
import { type ApiRequest, urlPathOf } from "./request";
import { bodyOf, type Failure, refusalOf, transportError, type Where } from "./responses";
import { retry } from "./retry";

export interface Patience {
  /** For one try, in milliseconds. */
  readonly timeout: number;
  /** Pauses before the second try and the following, in milliseconds. */
  readonly pauses: readonly number[];
}

export interface Connection {
  readonly transport: Transport;
  readonly patience: Patience;
  readonly where: Where;
}

/** What is sent with a request that is no read. */
export interface Content {
  readonly method: "POST" | "PATCH";
  readonly type: string;
  readonly body: object;
}

export function posted(body: object): Content {
  return { method: "POST", type: "application/json", body };
}

/**
 * What becomes of lists: `merge` replaces them whole, `strategic` joins them by name, as Helm and kubectl do. Only the kinds that
 * Kubernetes itself has know the second.
 */
export type PatchKind = "merge" | "strategic";

export function patch(body: object, kind: PatchKind = "merge"): Content {
  const type = kind === "merge" ? "application/merge-patch+json" : "application/strategic-merge-patch+json";
  return { method: "PATCH", type, body };
}

/**
 * Reads, as often as patience and errors that pass allow. With content it is a review, which may be repeated like a read.
 *
 * @throws ClusterError
 */
export async function sendWithRetry(connection: Connection, request: ApiRequest, content?: Content): Promise<unknown> {
  const pauses = request.once === true ? [] : connection.patience.pauses;
  const outcome = await retry<Outcome>(pauses, async () => {
    const result = await tryOnce(connection, request, content);
    return "body" in result ? { result, again: false } : { result, again: result.again, after: result.after ?? 0 };
  });
  if ("error" in outcome) throw outcome.error;
  return outcome.body;
}

type Outcome = { readonly body: unknown } | Failure;

async function tryOnce(connection: Connection, request: ApiRequest, content: Content | undefined): Promise<Outcome> {
  const sent = await send(connection, request, content);
  if ("error" in sent) return sent;
  const { answer } = sent;
  return isSuccess(answer.status)
    ? bodyOf(answer, request, connection.where)
    : refusalOf(answer, request, connection.where);
}

/** One try: what the server sent, or why it sent nothing. */
export async function send(
  { transport, patience, where }: Connection,
  request: ApiRequest,
  content: Content | undefined,
): Promise<{ readonly answer: ServerAnswer } | Failure> {
  try {
    const answer = await transport({
      method: content?.method ?? "GET",
      path: urlPathOf(request),
      headers: {
        ...(request.accept !== undefined && { accept: request.accept }),
        ...(content && { "content-type": content.type }),
      },
      ...(content && { body: JSON.stringify(content.body) }),
      signal: AbortSignal.timeout(patience.timeout),
    });
    return { answer };
  } catch (error) {
    return transportError(error, request, where, patience.timeout);
  }
}
