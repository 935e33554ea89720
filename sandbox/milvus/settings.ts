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
}

export const DEFAULT_MILVUS_SETTINGS: MilvusSettings = {
  readyAfterMs: 1000,
  stopAfterMs: 200,
  sessionTtlSeconds: 3,
  revokeOnStop: false,
};
