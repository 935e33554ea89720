import type { ClusterState, OpenUpgrade, PlanKind, Step, UpgradePlan, Wanted, Warning } from "../model";
import { list, refuse } from "../refusal";
import { goesOn } from "./begun";
import { clock } from "./interruption";

/** Those that change a Milvus that is there. */
const KINDS: readonly PlanKind[] = ["helm", "rolling", "migration", "rollback"];
const RULE = "own_steps_run_with_the_plan";

/** The plan with the Jobs that the user wants before and after it. */
export function withOwnSteps(plan: UpgradePlan, wanted: Wanted, state: ClusterState): UpgradePlan {
  const { runAfter = [], oneWayNeedsRun = false } = wanted;
  if (plan.kind === "nothing") return withoutRunAfter(plan, wanted, state);
  if (!KINDS.includes(plan.kind)) return plan;
  const { toRun, leftOut } = before(plan, wanted, state);
  const steps = [
    ...stepsOf("before", toRun, wanted, state),
    ...plan.steps,
    ...stepsOf("after", runAfter, wanted, state),
  ];
  if (oneWayNeedsRun) refuseWithoutRun({ ...plan, steps }, wanted, state);
  return { ...plan, steps, warnings: [...plan.warnings, ...leftOut] };
}

/** An upgrade is in place, and what was to run after it has not run to its end. */
function withoutRunAfter(plan: UpgradePlan, wanted: Wanted, state: ClusterState): UpgradePlan {
  const { openUpgrade } = state;
  if (openUpgrade?.to !== plan.to) return plan;
  const left = (wanted.runAfter ?? []).filter((name) => openUpgrade.ranAfter?.includes(name) !== true);
  return { ...plan, steps: [...plan.steps, ...stepsOf("after", left, wanted, state)] };
}

/** What is to run before, and what of it is left out because the upgrade is under way. */
function before(
  plan: UpgradePlan,
  wanted: Wanted,
  state: ClusterState,
): { readonly toRun: readonly string[]; readonly leftOut: readonly Warning[] } {
  const { runBefore = [] } = wanted;
  const { openUpgrade } = state;
  if (runBefore.length === 0 || !goesOn(plan, state)) return { toRun: runBefore, leftOut: [] };
  const begun = openUpgrade?.to === plan.to ? openUpgrade : undefined;
  const ran = runBefore.filter((name) => begun?.ranBefore?.includes(name) === true);
  const missing = runBefore.filter((name) => !ran.includes(name));
  // The run that began it has not come past them: Milvus is as it was.
  if (begun !== undefined) return { toRun: missing, leftOut: notAgain(ran, begun, wanted) };
  return {
    toRun: [],
    leftOut: [
      {
        rule: RULE,
        message: `Not run before this plan: ${list(missing.map((name) => `cronjob/${name}`))}. Milvus is not as it was before the upgrade, and what was begun is ended first.`,
      },
    ],
  };
}

/** Somebody may have come back after days, and what was written since is in no backup. */
function notAgain(ran: readonly string[], { startedAt }: OpenUpgrade, { namespace }: Wanted): Warning[] {
  const [first] = ran;
  if (first === undefined) return [];
  const message = `Not run again before this plan: ${list(ran.map((name) => `cronjob/${name}`))}, done since this upgrade was begun (${clock(startedAt)}). Where that is too long ago, run it by hand first: kubectl -n ${namespace} create job ${first}-again --from=cronjob/${first}`;
  return [{ rule: RULE, message }];
}

function stepsOf(
  when: "before" | "after",
  names: readonly string[],
  { namespace }: Wanted,
  { cronJobs }: ClusterState,
): Step[] {
  const missing = names.filter((name) => cronJobs?.some((it) => it.name === name) === false);
  if (missing.length > 0) {
    const [key, other] =
      when === "before"
        ? ["milvus:runBefore", "pulumi config set --path 'milvus:runBefore[0]' cronjob/NAME"]
        : ["milvus:runAfter", "pulumi config set --path 'milvus:runAfter[0]' cronjob/NAME"];
    refuse({
      rule: RULE,
      reason: `${key} names ${list(missing.map((name) => `cronjob/${name}`))}, and namespace ${namespace} has no CronJob of that name, or it may not be read.`,
      remedy: `See which there are: kubectl -n ${namespace} get cronjobs. Make it (one that is suspended is never begun by itself: kubectl -n ${namespace} create cronjob ${missing[0] ?? "NAME"} --image=IMAGE --schedule="0 0 1 1 *"), or name another: ${other}`,
      source: "Kubernetes documentation, kubectl create job --from=cronjob",
    });
  }
  return names.map((name) => ({
    kind: "ownJob",
    when,
    cronJob: name,
    version: cronJobs?.find((it) => it.name === name)?.version ?? "",
  }));
}

function refuseWithoutRun(plan: UpgradePlan, { namespace }: Wanted, state: ClusterState): void {
  if (plan.reversibility !== "one way" || goesOn(plan, state)) return;
  if (plan.steps.some((step) => step.kind === "ownJob" && step.when === "before")) return;
  refuse({
    rule: "one_way_needs_a_run_before",
    reason: `this plan (Milvus ${plan.from ?? "?"} → ${plan.to}) has no way back, milvus:oneWayNeeds asks for a Job of milvus:runBefore in it, and milvus:runBefore names none.`,
    remedy: `Name the CronJob that makes your backup: pulumi config set --path 'milvus:runBefore[0]' cronjob/NAME (kubectl -n ${namespace} get cronjobs). To go without one, which nothing brings back: pulumi config rm milvus:oneWayNeeds`,
  });
}
