import { ClusterError } from "../errors";
import { CredentialsError } from "./credentials";
import type { ServerAnswer } from "./http";
import type { ApiRequest } from "./request";

/** Which cluster a message is about. */
export interface Where {
  readonly context: string;
  readonly server: string;
}

/** An error and whether another try can help. */
export interface Failure {
  readonly error: ClusterError;
  readonly again: boolean;
  /** Milliseconds the server asked to wait. */
  readonly after?: number;
}

/** Answers of a server that is busy, starting or electing; a read may be repeated on any of them. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** Errors of the network that a restarting server or a cut connection causes. */
const PASSING_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "EAI_AGAIN", "UND_ERR_SOCKET", "ENETUNREACH"]);

/** What an answer of 2xx holds. */
export function bodyOf(
  { text }: ServerAnswer,
  request: ApiRequest,
  { context, server }: Where,
): { readonly body: unknown } | Failure {
  if (request.subresource === "log") return { body: text };
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    return final(
      "serverError",
      `What answers at ${server} (context ${context}) sends something that is not JSON; a proxy or a login page?`,
      `Check the server's address: kubectl --context ${context} cluster-info`,
    );
  }
}

/** Turns an answer that is not 2xx into an error. */
export function refusalOf(answer: ServerAnswer, request: ApiRequest, where: Where): Failure {
  const said = messageOf(answer.text);
  switch (answer.status) {
    case 401:
      return { error: loginError(where), again: false };
    case 403:
      return { error: forbidden(request, where, said), again: false };
    case 404:
      return final("notFound", `${target(request)} was not found (404): ${said}`, "Check the name and the namespace.");
    default: {
      const seconds = Number(answer.headers["retry-after"]);
      return {
        error: new ClusterError(
          "serverError",
          `The cluster of the context ${where.context} answered ${answer.status} on ${target(request)}: ${said}`,
          `Check the API server: kubectl --context ${where.context} get --raw /readyz?verbose`,
        ),
        again: PASSING.has(answer.status),
        ...(Number.isFinite(seconds) && seconds > 0 ? { after: seconds * 1000 } : {}),
      };
    }
  }
}

/** The credentials are not those of anybody whom the cluster knows. */
export function loginError({ context, server }: Where): ClusterError {
  return new ClusterError(
    "unauthorized",
    `The cluster of the context ${context} (${server}) does not accept the credentials (401); a token may have expired.`,
    `Log in again, then check with: kubectl --context ${context} auth whoami`,
  );
}

/** Turns what the network or the credentials threw into an error. */
export function transportError(error: unknown, request: ApiRequest, where: Where, timeout: number): Failure {
  if (error instanceof ClusterError) return { error, again: false };
  if (error instanceof CredentialsError) return credentialsFailure(error, where);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
  const { code = cause.name === "Error" ? cause.message : cause.name } = cause as NodeJS.ErrnoException;
  if (cause.name === "TimeoutError" || cause.name === "AbortError" || code === "UND_ERR_CONNECT_TIMEOUT") {
    return final(
      "timedOut",
      `The cluster of the context ${where.context} (${where.server}) did not answer on ${target(request)} within ${timeout / 1000} s.`,
      `Check VPN and firewall; does this answer? kubectl --context ${where.context} get --raw /readyz`,
    );
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return final(
      "tlsFailed",
      `No trusted connection to the cluster of the context ${where.context} (${where.server}): ${cause.message} (${code}).`,
      "The certificate authority in the kubeconfig does not fit this server; fetch the kubeconfig again.",
    );
  }
  return {
    error: new ClusterError(
      "unreachable",
      `The cluster of the context ${where.context} (${where.server}) cannot be reached: ${code}.`,
      `Check that it runs and that the context is the right one: kubectl --context ${where.context} get --raw /readyz`,
    ),
    again: PASSING_CODES.has(code),
  };
}

function credentialsFailure({ plugin, message: reason }: CredentialsError, { context }: Where): Failure {
  return final(
    plugin === undefined ? "badKubeconfig" : "credentialPlugin",
    plugin === undefined
      ? `The credentials of the context ${context} cannot be used (${reason}).`
      : `${plugin}, which gives the credentials of the context ${context}, failed (${reason}).`,
    `See what is wrong with: kubectl --context ${context} auth whoami`,
  );
}

/** What the reader needs besides Secrets: one Role for all of it, so that nobody has to fix this kind by kind. */
const READ_RESOURCES = [
  "namespaces",
  "secrets",
  "configmaps",
  "pods",
  "pods/log",
  "events",
  "persistentvolumeclaims",
  "deployments.apps",
  "jobs.batch",
  "horizontalpodautoscalers.autoscaling",
];
const READER = "milvus-upgrade-reader";

function forbidden(request: ApiRequest, where: Where, said: string): ClusterError {
  const verb = request.name === undefined ? "list" : "get";
  const user = userIn(said);
  const space = request.namespace === undefined ? "" : ` in the namespace ${request.namespace}`;
  const why =
    request.resource === "secrets"
      ? " Helm keeps its release records in Secrets; without them it is not known whether Milvus is installed."
      : "";
  return new ClusterError(
    "forbidden",
    `${user ?? `The user of the context ${where.context}`} may not ${verb} ${resourceName(request)}${space} (403).${why}`,
    request.namespace === undefined
      ? `Somebody with more rights must allow it: verb ${verb}, resource ${resourceName(request)}.`
      : [
          "Somebody with more rights can allow all that is read here:",
          ...roleCommands(
            { namespace: request.namespace, role: READER, verbs: "get,list", resources: READ_RESOURCES },
            user,
          ).map((command) => `  ${command}`),
        ].join("\n"),
  );
}

/** Who asked, as the API server says it of what is forbidden. */
export function userIn(said: string): string | undefined {
  return /User "([^"]+)"/.exec(said)?.[1];
}

interface Role {
  readonly namespace: string;
  readonly role: string;
  readonly verbs: string;
  readonly resources: readonly string[];
}

/** By which somebody with more rights allows it: a role, and who has it. */
export function roleCommands({ namespace, role, verbs, resources }: Role, user: string | undefined): string[] {
  return [
    `kubectl create role ${role} --namespace ${namespace} --verb=${verbs} --resource=${resources.join(",")}`,
    `kubectl create rolebinding ${role} --namespace ${namespace} --role=${role} ${subject(user)}`,
  ];
}

function subject(user: string | undefined): string {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? "");
  return account === null ? `--user=${user ?? "USER"}` : `--serviceaccount=${account[1]}:${account[2]}`;
}

function resourceName({ api, resource, subresource }: ApiRequest): string {
  const group = api.includes("/") ? `.${api.split("/")[0]}` : "";
  return `${resource ?? api}${group}${subresource === undefined ? "" : `/${subresource}`}`;
}

function target(request: ApiRequest): string {
  const name = request.name === undefined ? "" : ` ${request.name}`;
  const space = request.namespace === undefined ? "" : ` in the namespace ${request.namespace}`;
  return `${resourceName(request)}${name}${space}`;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : "no reason given";
  } catch {
    return text.trim().slice(0, 200) || "no reason given";
  }
}

function final(code: ClusterError["code"], what: string, remedy: string): Failure {
  return { error: new ClusterError(code, what, remedy), again: false };
}
