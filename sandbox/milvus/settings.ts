/** How Milvus pods behave in the sandbox; shorter than in life, so that a whole upgrade fits a test. */
export interface MilvusSettings {
  /** Time from start to ready. */
  readonly readyAfterMs: number;
  /** Time that a server takes to end after SIGTERM, if the grace period allows it. */
  readonly stopAfterMs: number;
  /** Life of a session after its server's end; a real Milvus takes 60 s. */
  readonly sessionTtlSeconds: number;
  /** The server removes its sessions when it ends, instead of letting them expire. */
  readonly revokeOnStop: boolean;
  /** A standalone pod runs the real server of its version where there is one, instead of the stand-in. */
  readonly real: boolean;
  /** Longest time that a real server gets after SIGTERM, below the pod's own grace period. It seldom ends by itself. */
  readonly longestGraceMs: number;
  /**
   * A real server starts with an empty message queue, as on a claim that was not kept: loaded collections then answer
   * after 30 to 40 s instead of 10, or once they are released and loaded again.
   */
  readonly losesQueue: boolean;
  /** A stand-in answers searches and refuses inserts. */
  readonly refusesWrites: boolean;
}

export const DEFAULT_MILVUS_SETTINGS: MilvusSettings = {
  readyAfterMs: 1000,
  stopAfterMs: 200,
  sessionTtlSeconds: 3,
  revokeOnStop: false,
  real: false,
  longestGraceMs: 30_000,
  losesQueue: false,
  refusesWrites: false,
};
