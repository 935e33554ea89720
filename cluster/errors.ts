import { OUR_LABEL } from "../upgrade/marks";

/** Why the cluster could not be read. None of them ever means "not installed". */
export const CLUSTER_ERROR_CODES = [
  "noKubeconfig",
  "badKubeconfig",
  "credentialPlugin",
  "unreachable",
  "tlsFailed",
  "timedOut",
  "unauthorized",
  "forbidden",
  "notFound",
  "serverError",
  "badRecord",
  "unsupportedStorage",
  "badAttempt",
  "lockLost",
  "foreignObject",
  "badSnapshot",
  "notPulled",
] as const;
export type ClusterErrorCode = (typeof CLUSTER_ERROR_CODES)[number];

/** The cluster, or what is in it, could not be read. The message says what happened, to what, and what to do. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";

  constructor(
    readonly code: ClusterErrorCode,
    /** What happened, to which object, why. */
    readonly what: string,
    /** What to do now. */
    readonly remedy: string,
  ) {
    super(`${what}\n${remedy}`);
  }
}

export function hasCode(error: unknown, ...codes: readonly ClusterErrorCode[]): error is ClusterError {
  return error instanceof ClusterError && codes.includes(error.code);
}

/**
 * An object of somebody else has a name that the program needs for one of its own.
 *
 * @param need what needs the name, and where the run stands: a sentence each
 */
export function foreignConfigMap(namespace: string, name: string, need: string): ClusterError {
  return new ClusterError(
    "foreignObject",
    `The ConfigMap ${name} in the namespace ${namespace} is not this program's: it has no label ${OUR_LABEL}. ${need}`,
    `See what it is: kubectl -n ${namespace} get configmap ${name} -o yaml. If something reads it, give it another name there first. Then delete it, which loses what is in it for good: kubectl -n ${namespace} delete configmap ${name}`,
  );
}
