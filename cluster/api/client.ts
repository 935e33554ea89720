import type { Permission } from "../../upgrade/preflight/facts";
import type { GrantedRule } from "../../upgrade/preflight/grants";
import type { ServerAnswer } from "./http";
import { type AccessSettings, loadKubeConfig } from "./kubeConfig";
import { type ForwardedPort, forwardPort, type PodPort } from "./portForward";
import type { ApiRequest, WriteRequest } from "./request";
import { type Connection, type PatchKind, type Patience, patch, posted, send, sendWithRetry } from "./send";
import { transportFor } from "./transport";
import { sendWrite, type WriteAnswer } from "./write";

/** One cluster, as one user. Every call ends: each try has a timeout, and the tries are counted. */
export interface ClusterClient {
  /** Name of the kubeconfig context. */
  readonly context: string;
  readonly server: string;
  /**
   * The JSON of an object or list, or the text of a log.
   *
   * @throws ClusterError
   */
  read(request: ApiRequest): Promise<unknown>;
  /** Creates, changes or deletes one object, in one try. Any answer is a result, also that there is none; never throws. */
  write(request: WriteRequest): Promise<WriteAnswer>;
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
   * Shows the API server an object to create, or a patch of one, with dryRun=All: everything is checked, admission
   * included, and nothing is kept. Any answer is a result.
   *
   * @param kind of a patch. Default: merge
   * @throws ClusterError when there is no answer
   */
  rehearse(request: ApiRequest, body: object, kind?: PatchKind): Promise<ServerAnswer>;
  /**
   * Opens a port on this machine that leads to one of a pod. Whether the pod can be reached shows with the first connection.
   *
   * @throws ClusterError
   */
  forward(target: PodPort): Promise<ForwardedPort>;
}

/** A restarting API server is back within these 7 s; whoever waits longer should hear about it. */
const PATIENCE: Patience = { timeout: 20_000, pauses: [250, 750, 2000, 4000] };

/**
 * The cluster that the Pulumi Kubernetes provider uses. The kubeconfig is loaded here and now, and nothing is sent yet.
 *
 * @throws ClusterError when there is no usable kubeconfig.
 */
export function connect(
  settings: AccessSettings = {},
  { env = process.env, patience = PATIENCE }: { env?: NodeJS.ProcessEnv; patience?: Patience } = {},
): ClusterClient {
  const config = loadKubeConfig(settings, env);
  const { context } = config;
  const { server } = config.cluster;
  const connection: Connection = { transport: transportFor(config), patience, where: { context, server } };
  // Connections of its own: the lock's sign of life must not wait behind reads.
  const writing = transportFor(config);
  return {
    context,
    server,
    read: (request) => sendWithRetry(connection, request),
    write: (request) => sendWrite(writing, request, patience.timeout),
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
    rehearse: async (request, body, kind) => {
      const dry = { ...request, query: { ...request.query, dryRun: "All" } };
      const sent = await send(connection, dry, request.name === undefined ? posted(body) : patch(body, kind));
      if ("error" in sent) throw sent.error;
      return sent.answer;
    },
    forward: (target) => forwardPort(config, target),
  };
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
