import { attemptName, phaseWords } from "../metadata/attempt";
import { bindingAttempt, lastOpenAttempt } from "../metadata/migration";
import { isMilvusComponent } from "../milvusComponents";
import type { AttemptState, ClusterState, HelmRelease, Plan, Refusal, UpgradePlan, Wanted } from "../model";
import { clock, downSince, isAllDown } from "../plan/interruption";
import { type Observed, observe } from "../plan/observed";
import { planUpgrade } from "../plan/plan";
import { configLine, list, RefusalError } from "../refusal";

/** Begins the line that says how to go back. */
export const GIVE_UP = "give up";

/**
 * An upgrade that was begun and has not ended, for whoever finds the cluster so: what stands open, and what to type to go on or to
 * give it up. Empty where none is open. What it proposes is what the planner would do.
 */
export function describeOpen(wanted: Wanted, state: ClusterState): string[] {
  const open = openOf(wanted, state);
  if (open === undefined) return [];
  const { from, to, parts } = open;
  return [
    `an upgrade is not finished: Milvus ${from === to ? to : `${from} → ${to}`}; ${parts.join("; ")}`,
    `go on: ${wayTo(to, wanted, state)}`,
    ...(from === to ? [] : [`${GIVE_UP}: ${wayTo(from, wanted, state)}`]),
  ];
}

/** Of `describeOpen`, for whoever finds another run at work on it: that run goes on with it, and nobody else is told how. */
export function withoutWays(open: readonly string[]): readonly string[] {
  return open.slice(0, 1);
}

interface Open {
  readonly from: string;
  readonly to: string;
  /** How it is seen. */
  readonly parts: readonly string[];
}

function openOf(wanted: Wanted, state: ClusterState): Open | undefined {
  const { release, openUpgrade: begun } = state;
  if (release === undefined) return undefined;
  const observed = observedOrNot(wanted, state, release);
  if (observed === undefined) return undefined;
  const attempt = openAttempt(state, release, observed);
  const isCutShort = release.status !== "deployed" || downSince(state) !== undefined;
  if (!observed.isUnderWay && attempt === undefined && !(begun !== undefined && isCutShort)) return undefined;
  const from = attempt?.id.from ?? begun?.from ?? observed.version;
  const to = attempt?.id.to ?? begun?.to ?? observed.newest;
  return { from, to, parts: partsOf(state, observed, release, attempt) };
}

/** An attempt that is not at its end. */
function openAttempt(state: ClusterState, release: HelmRelease, observed: Observed): AttemptState | undefined {
  const attempt = bindingAttempt(state) ?? lastOpenAttempt(state, release, observed.version);
  if (attempt === undefined) return undefined;
  const { id, phase } = attempt;
  // Later versions run: whatever is open now is not of the migration.
  if (observed.newest !== id.from && observed.newest !== id.to) return undefined;
  const deployed = release.status === "deployed" ? release.revision : (release.lastDeployed?.revision ?? 0);
  const isFinished = phase === "migrated" && deployed > id.revision && observed.version === id.to;
  // Milvus was started again by hand: the next run takes another backup.
  const isLeft = (phase === "prepared" || phase === "backedUp") && !isAllDown(state);
  return phase === "restored" || isFinished || isLeft ? undefined : attempt;
}

function partsOf(
  state: ClusterState,
  { components }: Observed,
  { status, revision }: HelmRelease,
  attempt: AttemptState | undefined,
): string[] {
  const since = downSince(state);
  const when = since === undefined ? "" : ` since ${clock(since)}`;
  const down = components.filter(({ replicas }) => replicas === 0);
  const paused = components.filter((component) => component.paused);
  const names = (all: typeof components) => list(all.map(({ component }) => component));
  return [
    ...(isAllDown(state) ? [`Milvus is down${when}`] : down.length > 0 ? [`at 0: ${names(down)}${when}`] : []),
    ...(paused.length > 0 ? [`paused: ${names(paused)}`] : []),
    ...(attempt ? [`${phaseWords(attempt)} (${attemptName(attempt.id)}, claim ${attempt.claimName})`] : []),
    ...(status === "deployed" ? [] : [`Helm's revision ${revision} is ${status}`]),
  ];
}

/** What to type, and what it comes to. */
function wayTo(version: string, wanted: Wanted, state: ClusterState): string {
  // Whatever it costs: it is the way out.
  const rest = { ...wanted, maxDowntimeSeconds: Number.POSITIVE_INFINITY };
  const set = wanted.version === version ? [] : [configLine("version", version)];
  const plan = planUpgrade({ ...rest, version, rollback: false }, state);
  if (isWay(plan)) {
    const unset = wanted.rollback ? ["pulumi config rm milvus:rollback"] : [];
    return [...set, ...unset, "pulumi up"].join(", then ");
  }
  const back = planUpgrade({ ...rest, version, rollback: true }, state);
  if (isWay(back)) {
    const ask = wanted.rollback ? [] : [configLine("rollback", "true")];
    const lines = [...set, ...ask, "pulumi up"].join(", then ");
    if (back.reversibility !== "one way") return lines;
    return back.migration === undefined
      ? `not supported: Milvus ${version} may not start on what the newer one has written. Better go on. Only with a backup of the data of your own: ${lines}`
      : `${lines} (what was written since the backup is lost)`;
  }
  return isRefused(plan) ? `not now: ${plan.reason} ${plan.remedy}` : "nothing is left to do";
}

function isWay(plan: Plan): plan is UpgradePlan {
  return !isRefused(plan) && plan.kind !== "nothing";
}

function isRefused(plan: Plan): plan is Refusal {
  return plan.kind === "refused";
}

function observedOrNot(wanted: Wanted, state: ClusterState, release: HelmRelease): Observed | undefined {
  try {
    const observed = observe(state, release, wanted);
    return observed.components.some(({ component }) => isMilvusComponent(component)) ? observed : undefined;
  } catch (error) {
    if (error instanceof RefusalError) return undefined;
    throw error;
  }
}
