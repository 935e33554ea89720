import { nextStop } from "../hops/path";
import { skipsAMinor } from "../hops/rules";
import { attemptUnderWay } from "../metadata/migration";
import type { ClusterState, HelmRelease, Refusal, Step, UpgradePlan, Wanted } from "../model";
import { type Observed, observe } from "../plan/observed";
import { PENDING_RULE } from "../plan/pendingRelease";
import { planUpgrade } from "../plan/plan";
import { list, RefusalError } from "../refusal";
import { getValue, path } from "../values/tree";
import { UNVERIFIED_RULE } from "../verification";
import { parseTag } from "../versions/images";
import { compareVersions } from "../versions/versions";
import { factsAfter, stateFromFacts } from "./lastFacts";

/** What a walk over several hops does next. */
export type Move =
  | { readonly kind: "arrived"; readonly version: string }
  /** One `pulumi up` with `request` as milvus:version. */
  | {
      readonly kind: "hop";
      readonly request: string;
      readonly plan: UpgradePlan;
      /** Something of it was done before: by a run that died, or by hand. */
      readonly isBegun: boolean;
    }
  /** The last hop is in place, and was not verified, did not pass, or a Job of runAfter is left: the same `pulumi up` goes on. */
  | {
      readonly kind: "verify";
      readonly request: string;
      readonly summary: string;
      /** The user's Jobs that are left to run. */
      readonly left: readonly Step[];
    }
  /** Somebody may be at work; that ends by itself. */
  | { readonly kind: "wait"; readonly refusal: Refusal }
  | { readonly kind: "refused"; readonly refusal: Refusal };
export type HopMove = Extract<Move, { readonly kind: "hop" }>;

/**
 * The next thing on the way to `wanted.version`, from what is there: a walk has no memory, so one that was killed, or was
 * begun on another machine, goes on from the cluster. What was begun is finished before anything else.
 */
export function nextMove(wanted: Wanted, state: ClusterState): Move {
  const goal = planUpgrade(wanted, state);
  if (goal.kind === "refused" && goal.path === undefined) return refusedMove(goal, state);
  const end = goal.kind === "refused" ? goal.path?.at(-1)?.to : goal.to;
  const begun = state.release && versionBegun(wanted, state, state.release);
  if (begun !== undefined && end !== undefined && compareVersions(begun, end) < 0) {
    const plan = planUpgrade({ ...wanted, version: begun }, state);
    if (plan.kind !== "refused" && plan.kind !== "nothing") return { kind: "hop", request: begun, plan, isBegun: true };
  }
  if (goal.kind === "nothing") return leftOver(goal, wanted, state) ?? { kind: "arrived", version: goal.to };
  if (goal.kind !== "refused") {
    const isBegun = begun === goal.to;
    const between = isBegun ? undefined : stopBetween(goal, wanted, state);
    return between ?? { kind: "hop", request: wanted.version, plan: goal, isBegun };
  }
  if (goal.nextHop === undefined) return refusedMove(goal, state);
  const request = goal.nextHop.to;
  const plan = planUpgrade({ ...wanted, version: request }, state);
  if (plan.kind === "refused") return refusedMove(plan, state);
  // The layout is in the way, and the user's values ask for it: only they can change that.
  if (plan.kind === "nothing") return refusedMove(goal, state);
  return { kind: "hop", request, plan, isBegun: begun === plan.to };
}

/** One minor at a time is highly recommended (milvus-docs pull request 3274), and costs a walk no work. */
function stopBetween({ from, to }: UpgradePlan, wanted: Wanted, state: ClusterState): HopMove | undefined {
  if (from === undefined || !skipsAMinor({ from, to })) return undefined;
  const request = nextStop(from, to);
  const plan = request && planUpgrade({ ...wanted, version: request }, state);
  if (!plan || plan.kind === "refused" || plan.kind === "nothing") return undefined;
  return { kind: "hop", request: plan.to, plan, isBegun: false };
}

function refusedMove(refusal: Refusal, state: ClusterState): Move {
  if (refusal.rule === PENDING_RULE) return { kind: "wait", refusal };
  // With a damaged snapshot no run can pass it: the refusal says what a person may do.
  const mayPass = refusal.rule === UNVERIFIED_RULE && state.verification?.damaged === undefined;
  const verify = mayPass ? verifyMove(state) : undefined;
  return verify ?? { kind: "refused", refusal };
}

/** What an upgrade that is in place still lacks. */
function leftOver({ steps }: UpgradePlan, { version }: Wanted, state: ClusterState): Move | undefined {
  const left = steps.filter((step) => step.kind === "ownJob");
  const verify = verifyMove(state, left);
  if (verify !== undefined || left.length === 0) return verify;
  const names = list(left.map(({ cronJob }) => `cronjob/${cronJob}`));
  return { kind: "verify", request: version, summary: `${names} has not run to its end after it`, left };
}

function verifyMove({ verification }: ClusterState, left: readonly Step[] = []): Move | undefined {
  if (verification === undefined || verification.status === "passed") return undefined;
  const { attempt, status, summary } = verification;
  return {
    kind: "verify",
    request: attempt.to,
    summary: status === "failed" ? summary : "it was never verified",
    left,
  };
}

/** The version that an unfinished upgrade leads to; undefined when none is under way. */
function versionBegun(wanted: Wanted, state: ClusterState, release: HelmRelease): string | undefined {
  const observed = observeQuietly(wanted, state, release);
  if (observed === undefined) return undefined;
  if (observed.versions.length > 1) return observed.newest;
  const attempt = attemptUnderWay(state, release, observed.version);
  if (attempt !== undefined) return attempt.id.to;
  if (release.status === "deployed") return undefined;
  const tag = getValue(release.userValues, path("image.all.tag"));
  const version = typeof tag === "string" ? parseTag(tag).version : undefined;
  return version !== undefined && compareVersions(version, observed.version) > 0 ? version : undefined;
}

/** What cannot be observed is refused by the planner, with its reason. */
function observeQuietly(wanted: Wanted, state: ClusterState, release: HelmRelease): Observed | undefined {
  try {
    return observe(state, release, wanted);
  } catch (error) {
    if (error instanceof RefusalError) return undefined;
    throw error;
  }
}

/** The way as it can be seen from here. */
export interface Forecast {
  readonly hops: readonly HopMove[];
  /** What comes after the last of them: arrived, or what is in the way. */
  readonly end: Exclude<Move, HopMove>;
}

/** More hops than any way has. */
const MOST_HOPS = 20;

/**
 * Every hop of the way. The first is planned from the cluster; each later one from what the one before it is expected to
 * leave, as a plan without the cluster is.
 */
export function forecastWay(wanted: Wanted, start: ClusterState): Forecast {
  const hops: HopMove[] = [];
  let state = start;
  for (;;) {
    const move = nextMove(wanted, state);
    if (move.kind !== "hop") return { hops, end: move };
    hops.push(move);
    if (hops.length > MOST_HOPS) throw new Error(`The way to ${wanted.version} has no end.`);
    state = stateAfter(move.plan, state, wanted);
  }
}

function stateAfter(plan: UpgradePlan, before: ClusterState, wanted: Wanted): ClusterState {
  const at = before.observedAt ?? new Date(0).toISOString();
  const state = stateFromFacts(factsAfter(plan, before, wanted.releaseName), wanted, at);
  return {
    ...state,
    notes: [],
    ...(state.release && { release: { ...state.release, userValues: plan.values } }),
  };
}
