import type { Permission } from "../upgrade/preflight/facts";
import type { GrantedRule } from "../upgrade/preflight/grants";
import { CredentialsError } from "./credentials";
import { ClusterError } from "./errors";
import { type AccessSettings, loadKubeConfig } from "./kubeConfig";
import { type Failure, refusalOf, type ServerAnswer, transportError } from "./responses";
import { retry } from "./retry";
import { type Transport, transportFor } from "./transport";

/** A read of one object or a list of them. */
export interface ApiRequest {
  /** `v1`, `apps/v1`, `milvus.io/v1beta1` … */
  readonly api: string;
  /** Plural: `deployments`. Missing for `/version`. */
  readonly resource?: string;
  readonly namespace?: string;
  /** Missing: a list. */
  readonly name?: string;
  /** `log`. */
  readonly subresource?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Media types, as in an Accept header. Missing: whatever the server prefers. */
  readonly accept?: string;
  /** No second try: the answer is not worth waiting for. */
  readonly once?: boolean;
}

/** Reads from one cluster. Every call ends: each try has a timeout, and the tries are counted. */
export interface ClusterAccess {
  /** Name of the kubeconfig context. */
  readonly context: string;
  readonly server: string;
  /**
   * The JSON of an object or list, or the text of a log.
   *
   * @throws ClusterError
   */
  read(request: ApiRequest): Promise<unknown>;
  /**
   * Asks whether these credentials may do something. Posted, and changes nothing.
   *
   * @throws ClusterError
   */
  review(permission: Permission): Promise<boolean>;
  /**
   * Asks for what these credentials may do in a namespace, as far as the server can list it. Posted like a review.
   *
   * @throws ClusterError
   */
  grants(namespace: string): Promise<readonly GrantedRule[]>;
  /**
   * Shows the API server an object to create, or a merge patch of one, with dryRun=All: everything is checked, admission
   * included, and nothing is kept. Any answer is a result.
   *
   * @throws ClusterError when there is no answer
   */
  rehearse(request: ApiRequest, body: object): Promise<ServerAnswer>;
}

export interface Patience {
  /** For one try, in milliseconds. */
  readonly timeout: number;
  /** Pauses before the second try and the following, in milliseconds. */
  readonly pauses: readonly number[];
}

/** A restarting API server is back within these 7 s; whoever waits longer should hear about it. */
const PATIENCE: Patience = { timeout: 20_000, pauses: [250, 750, 2000, 4000] };

/**
 * Access to the cluster that the Pulumi Kubernetes provider uses. Nothing is sent yet.
 *
 * @throws ClusterError when there is no usable kubeconfig.
 */
export function connect(
  settings: AccessSettings = {},
  { env = process.env, patience = PATIENCE }: { env?: NodeJS.ProcessEnv; patience?: Patience } = {},
): ClusterAccess {
  const config = loadKubeConfig(settings, env);
  const { context } = config;
  const { server } = config.cluster;
  const connection: Connection = { transport: transportFor(config), patience, where: { context, server } };
  return {
    context,
    server,
    read: (request) => sendWithRetry(connection, request),
    review: async (permission) => {
      const answer = await sendWithRetry(connection, REVIEWS, posted(reviewOf(permission)));
      return (answer as { readonly status?: { readonly allowed?: boolean } }).status?.allowed === true;
    },
    grants: async (namespace) => {
      const review = { apiVersion: AUTHORIZATION, kind: "SelfSubjectRulesReview", spec: { namespace } };
      const { status } = (await sendWithRetry(connection, RULES, posted(review))) as {
        readonly status?: { readonly resourceRules?: readonly GrantedRule[] | null };
      };
      return status?.resourceRules ?? [];
    },
    rehearse: async (request, body) => {
      const dry = { ...request, query: { ...request.query, dryRun: "All" } };
      const sent = await send(connection, dry, request.name === undefined ? posted(body) : patch(body));
      if ("error" in sent) throw sent.error;
      return sent.answer;
    },
  };
}

/** Which cluster a message is about. */
export interface Where {
  readonly context: string;
  readonly server: string;
}

interface Connection {
  readonly transport: Transport;
  readonly patience: Patience;
  readonly where: Where;
}

const AUTHORIZATION = "authorization.k8s.io/v1";
const REVIEWS: ApiRequest = { api: AUTHORIZATION, resource: "selfsubjectaccessreviews" };
const RULES: ApiRequest = { api: AUTHORIZATION, resource: "selfsubjectrulesreviews" };

function reviewOf({ verb, group, resource: full, name, namespace }: Permission): object {
  const [resource, subresource] = full.split("/");
  return {
    apiVersion: AUTHORIZATION,
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        verb,
        group,
        resource,
        ...(subresource !== undefined && { subresource }),
        ...(name !== undefined && { name }),
        ...(namespace !== undefined && { namespace }),
      },
    },
  };
}

/** What is sent with a request that is no read. */
interface Content {
  readonly method: "POST" | "PATCH";
  readonly type: string;
  readonly body: object;
}

function posted(body: object): Content {
  return { method: "POST", type: "application/json", body };
}

function patch(body: object): Content {
  return { method: "PATCH", type: "application/merge-patch+json", body };
}

/** With content it is a review, which may be repeated like a read. */
async function sendWithRetry(connection: Connection, request: ApiRequest, content?: Content): Promise<unknown> {
  const pauses = request.once === true ? [] : connection.patience.pauses;
  const outcome = await retry<Outcome>(pauses, async () => {
    const result = await tryOnce(connection, request, content);
    if (result.kind === "done") return { result, again: false };
    const { again, after = 0 } = result;
    return { result, again, after };
  });
  if (outcome.kind === "failed") throw outcome.error;
  return outcome.body;
}

type Outcome =
  | { readonly kind: "done"; readonly body: unknown }
  | { readonly kind: "failed"; readonly error: ClusterError; readonly again: boolean; readonly after?: number };

async function tryOnce(connection: Connection, request: ApiRequest, content: Content | undefined): Promise<Outcome> {
  const sent = await send(connection, request, content);
  if ("error" in sent) return { kind: "failed", ...sent };
  const { answer } = sent;
  if (answer.status >= 200 && answer.status < 300) {
    return bodyOf(answer, request, connection.where);
  }
  return { kind: "failed", ...refusalOf(answer, request, connection.where) };
}

/** One try: what the server sent, or why it sent nothing. */
async function send(
  { transport, patience, where }: Connection,
  request: ApiRequest,
  content: Content | undefined,
): Promise<{ readonly answer: ServerAnswer } | Failure> {
  try {
    const answer = await transport({
      method: content?.method ?? "GET",
      path: pathOf(request),
      headers: {
        ...(request.accept !== undefined && { accept: request.accept }),
        ...(content && { "content-type": content.type }),
      },
      ...(content && { body: JSON.stringify(content.body) }),
      signal: AbortSignal.timeout(patience.timeout),
    });
    return { answer };
  } catch (error) {
    const known = error instanceof CredentialsError ? credentialsError(error, where) : error;
    return transportError(known, request, where, patience.timeout);
  }
}

function credentialsError({ plugin, message: reason }: CredentialsError, { context }: Where): ClusterError {
  return new ClusterError(
    plugin === undefined ? "badKubeconfig" : "credentialPlugin",
    plugin === undefined
      ? `The credentials of the context ${context} cannot be used (${reason}).`
      : `${plugin}, which gives the credentials of the context ${context}, failed (${reason}).`,
    `See what is wrong with: kubectl --context ${context} auth whoami`,
  );
}

function bodyOf({ text }: ServerAnswer, request: ApiRequest, { context, server }: Where): Outcome {
  if (request.subresource === "log") {
    return { kind: "done", body: text };
  }
  try {
    return { kind: "done", body: JSON.parse(text) as unknown };
  } catch {
    const error = new ClusterError(
      "serverError",
      `What answers at ${server} (context ${context}) sends something that is not JSON; a proxy or a login page?`,
      `Check the server's address: kubectl --context ${context} cluster-info`,
    );
    return { kind: "failed", error, again: false };
  }
}

function pathOf({ api, resource, namespace, name, subresource, ...selection }: ApiRequest): string {
  if (resource === undefined) {
    return `/${api}`;
  }
  const group = api.includes("/") ? `/apis/${api}` : `/api/${api}`;
  const parts = [
    ...(namespace === undefined ? [] : ["namespaces", namespace]),
    resource,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  const query = queryOf(selection).toString();
  return [group, ...parts.map(encodeURIComponent)].join("/") + (query === "" ? "" : `?${query}`);
}

function queryOf({ labelSelector, fieldSelector, query = {} }: Partial<ApiRequest>): URLSearchParams {
  const all = Object.entries({ labelSelector, fieldSelector, ...query });
  return new URLSearchParams(
    all.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as [string, string]])),
  );
}
