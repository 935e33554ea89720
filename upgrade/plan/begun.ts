import { isDown, isMilvusComponent } from "../milvusComponents";
import type { AttemptPhase, ClusterState, UpgradePlan } from "../model";
import { parseImage } from "../versions/images";

/** Phases in which Milvus may be stopped, and its metadata on the way. */
const UNDER_WAY: readonly AttemptPhase[] = ["backedUp", "migrating", "restoring"];

/**
 * Does the plan end, or take back, what was begun before? Such a plan waits for no window and no other stack: what stands half
 * done is worse than what is done at another time. Seen by the receipt, and by the cluster itself where an earlier version of this
 * program, or a person, has begun it.
 */
export function goesOn({ kind, to }: Pick<UpgradePlan, "kind" | "to">, state: ClusterState): boolean {
  if (kind === "giveUp" || kind === "nothing") return true;
  const { openUpgrade, release, attempts } = state;
  if (openUpgrade !== undefined && (openUpgrade.to === to || openUpgrade.from === to)) return true;
  const components = state.components.filter(({ component }) => isMilvusComponent(component));
  const versions = new Set(components.flatMap(({ image }) => parseImage(image).version ?? []));
  return (
    (release !== undefined && release.status !== "deployed") ||
    attempts.some(({ phase, isForeign }) => isForeign !== true && UNDER_WAY.includes(phase)) ||
    (components.length > 0 && components.every(isDown)) ||
    components.some(({ paused, recreating }) => paused || recreating === true) ||
    versions.size > 1
  );
}
