import type { ClusterState, JobUser, QueueType, UpgradePlan } from "../model";
import type { PreflightCheck, PreflightLevel } from "./checks";
import type { PreflightFacts } from "./facts";
import type { VerificationNeeds } from "./permissions";

/** Something that a check has found. */
export interface Finding {
  readonly check: PreflightCheck;
  /** Before the config changes it. */
  readonly level: Exclude<PreflightLevel, "off">;
  readonly message: string;
  readonly remedy: string;
}

/** What a check looks at. */
export interface Subject {
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  readonly facts: PreflightFacts;
  readonly namespace: string;
  readonly releaseName: string;
  readonly backupStorageClass?: string;
  /** `milvus:jobUser`. */
  readonly jobUser?: JobUser;
  /** `milvus:messageQueue`. */
  readonly messageQueue?: QueueType;
  /** Missing: nothing is verified. */
  readonly verification?: VerificationNeeds;
}

/**
 * Nothing is under way: a release that is deployed, with every component up. What was begun is finished whatever its
 * health, since to finish it may be the cure.
 */
export function isFresh({ state: { release, components } }: Subject): boolean {
  const untouched = components.every(
    ({ paused, replicas, rememberedReplicas }) => !paused && replicas > 0 && rememberedReplicas === undefined,
  );
  return release?.status === "deployed" && untouched;
}
