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
