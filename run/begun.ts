import type { ClusterClient } from "../cluster/api/client";
import { begunName, forgetBegun, writeBegun } from "../cluster/kept/begunUpgrade";
import type { ReleaseAddress } from "../cluster/releaseAddress";
import { installationOf } from "../upgrade/metadata/installation";
import type { BegunUpgrade, ClusterState, Step, UpgradePlan } from "../upgrade/model";
import { downSince, isAllDown } from "../upgrade/plan/interruption";
import { factsOf } from "../upgrade/steps/steps";

/** Keeps in the cluster when an upgrade was begun and when it took Milvus away, over all runs that work on it. */
export interface KeptTimes {
  /** Before a step begins. What cannot be written is said, and holds up nothing. */
  begin(step: Step): Promise<void>;
  /** Undefined: no step has begun. */
  now(): BegunUpgrade | undefined;
  /** Once the last step is done. */
  end(): Promise<void>;
}

export interface KeptTimesRequest extends ReleaseAddress {
  readonly client: ClusterClient;
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  readonly say: (line: string) => void;
}

export function keepTimes({ client, plan, state, say, ...address }: KeptTimesRequest): KeptTimes {
  let begun: BegunUpgrade | undefined;
  let isKept = true;
  const keep = async (next: BegunUpgrade) => {
    begun = next;
    if (!isKept) return;
    try {
      await writeBegun(client, address, next, installationOf(state));
    } catch {
      isKept = false;
      say(
        `When this upgrade began cannot be kept in the cluster (ConfigMap ${begunName(address.releaseName)}): if it is interrupted, the output lastUpgrade will count only the run that ends it.`,
      );
    }
  };
  return {
    async begin(step) {
      // Where the namespace is not there yet, nothing can be kept in it.
      if (plan.from === undefined || !state.namespaceExists) return;
      const known = begun ?? firstOf(plan, plan.from, state);
      const isAway = plan.kind !== "rolling" && plan.expected?.kind !== "none" && factsOf(step).interrupts;
      const next = isAway && known.stoppedAt === undefined ? { ...known, stoppedAt: new Date().toISOString() } : known;
      if (next !== begun) await keep(next);
    },
    now: () => begun,
    async end() {
      // One of a run that was killed after its last step lies about too.
      if ((begun === undefined || !isKept) && state.begun === undefined) return;
      const why = await forgetBegun(client, address);
      if (why !== undefined)
        say(`The ConfigMap ${begunName(address.releaseName)} cannot be deleted (${why}); nothing needs it any more.`);
    },
  };
}

/** As this run finds it: what an earlier run has begun, or anew. */
function firstOf(plan: UpgradePlan, from: string, state: ClusterState): BegunUpgrade {
  const { begun } = state;
  const away = isAllDown(state) ? downSince(state) : undefined;
  // Going on, and giving up: the outage is the same one.
  const isSame = begun !== undefined && (begun.to === plan.to || begun.from === plan.to);
  const startedAt = new Date().toISOString();
  if (isSame)
    return { ...begun, runs: begun.runs + 1, ...(away !== undefined && { stoppedAt: begun.stoppedAt ?? away }) };
  return { from, to: plan.to, startedAt: away ?? startedAt, runs: 1, ...(away !== undefined && { stoppedAt: away }) };
}
