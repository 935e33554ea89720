import { type ChosenChart, chartReference, chooseChart } from "../charts/choice";
import { upgradeServiceAccount } from "../marks";
import type {
  ClusterState,
  ExpectedInterruption,
  HelmRelease,
  Plan,
  StackFacts,
  Step,
  UpgradePlan,
  Wanted,
  Warning,
} from "../model";
import { configLine, list, RefusalError, refuse } from "../refusal";
import { runsAsJob } from "../steps/steps";
import { type ComposedValues, composeValues } from "../values/compose";
import { refuseUnverified } from "../verification";
import { type ResolvedVersion, resolveVersion } from "../versions/request";
import { planExisting } from "./existing";
import { describeExpected, duration, expectedInterruption } from "./interruption";
import { checkLeftovers } from "./leftovers";
import { observe } from "./observed";
import { refuseForeign } from "./ownership";
import { withOwnSteps } from "./ownSteps";
import { isDeadInstall, settlePending } from "./pendingRelease";
import { withPrepull } from "./prepull";

/**
 * What to do so that the wanted version runs, from what is wanted and what is there. Pure: the same facts give the
 * same plan. A refusal says why, what to do, and where there is a way, the next hop and the whole path.
 *
 * @param stack default: its state has nothing
 */
export function planUpgrade(wanted: Wanted, state: ClusterState, stack: StackFacts = {}): Plan {
  try {
    refuseForeign(state, wanted);
    const made = state.release ? planRelease(wanted, state, state.release, stack) : planInstall(wanted, state, []);
    const plan = withOwnSteps(made, wanted, state);
    refuseStrangers(plan, state, wanted);
    refuseUnverified(plan, state.verification);
    const whole = withPrepull(plan, state, wanted, expectedInterruption(plan, state));
    refuseMoreDowntime(whole.expected, wanted);
    return { ...whole, warnings: [...plan.warnings, ...leftAtWork(state), ...state.notes.map(asWarning)] };
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal;
    throw error;
  }
}

/** The provider would take them over by force, and the run after the upgrade would delete them. */
function refuseStrangers(
  { steps }: UpgradePlan,
  { strangers = [] }: ClusterState,
  { namespace, releaseName }: Wanted,
): void {
  if (strangers.length === 0 || !steps.some(runsAsJob)) return;
  const name = upgradeServiceAccount(releaseName);
  const types = strangers.map((stranger) => stranger.split(" ")[0]?.toLowerCase() ?? "").join(",");
  refuse({
    rule: "objects_of_somebody_else_are_not_taken_over",
    reason: `The upgrade's Jobs need a ServiceAccount, a Role and a RoleBinding named ${name}. In namespace ${namespace} somebody else has: ${list(strangers)}. Nothing was touched.`,
    remedy: `See whose it is: kubectl -n ${namespace} get ${types} ${name} -o yaml. Give it another name there. If nobody needs it, delete it: kubectl -n ${namespace} delete ${types} ${name}; whatever uses it loses its rights.`,
    source: "Kubernetes, server-side apply: a forced apply takes over fields of others",
  });
}

function leftAtWork({ activeJobs = [] }: ClusterState): Warning[] {
  if (activeJobs.length === 0) return [];
  return [
    {
      rule: "jobs_of_an_earlier_run_end_first",
      message: `Jobs of an earlier run are at work: ${list(activeJobs)}. up waits for those on the metadata, deletes the others, and then plans anew.`,
    },
  ];
}

/** Where nothing runs, the plan is the way out: not to go on would only make the outage longer. */
function refuseMoreDowntime(expected: ExpectedInterruption, { maxDowntimeSeconds: most }: Wanted): void {
  if (most === undefined || expected.isDown || expected.seconds <= most) return;
  refuse({
    rule: "no_more_downtime_than_allowed",
    reason: `milvus:maxDowntime allows ${duration(most)}, and the plan is expected to cost ${describeExpected(expected)}.`,
    remedy: `If this interruption is acceptable, choose a time for it, and allow it: ${configLine("maxDowntime", `${expected.seconds}s`)}. ${
      expected.kind === "outage"
        ? "It is an estimate; a metadata migration and a standalone cannot do without an outage."
        : "Coordinators in active standby and two replicas of every component make less of it."
    }`,
    source: "docs/upgrading.md: what the estimate is made of",
  });
}

function planRelease(wanted: Wanted, state: ClusterState, release: HelmRelease, stack: StackFacts): UpgradePlan {
  const settle = settlePending(release, state.components, state.observedAt, stack, wanted.pendingSilentSeconds);
  if (isDeadInstall(release)) return planInstall(wanted, state, settle);
  return planExisting({ wanted, state, stack, release, clear: settle, observed: observe(state, release, wanted) });
}

/** `settle` is for the record of an install that died: after that Helm takes over the objects it made. */
function planInstall(wanted: Wanted, state: ClusterState, settle: readonly Step[]): UpgradePlan {
  if (wanted.rollback) {
    refuse({
      rule: "a_rollback_needs_a_release",
      reason: `milvus:rollback is true, but there is no release ${wanted.releaseName} in namespace ${wanted.namespace}.`,
      remedy: "pulumi config rm milvus:rollback",
    });
  }
  const resolved = resolveVersion(wanted.version, undefined);
  const chart = chooseChart({
    version: resolved.version,
    source: wanted.chartSource,
    ...(wanted.chartVersion !== undefined && { explicit: wanted.chartVersion }),
  });
  const composed = composeValues({
    given: wanted.values,
    to: resolved.version,
    chart: chart.version,
    variant: resolved.variant,
    kubernetesVersion: state.kubernetesVersion,
    releaseName: wanted.releaseName,
    ...(wanted.imageRegistry !== undefined && { imageRegistry: wanted.imageRegistry }),
  });
  // Those of an install that died are its own.
  const leftovers =
    settle.length > 0
      ? []
      : checkLeftovers(state, wanted, { to: resolved.version, chart: chart.version, values: composed.values });
  return {
    kind: "install",
    to: resolved.version,
    steps: [...settle, { kind: "release", awaitReady: true }],
    chart: chartReference(chart.version, wanted.chartSource),
    values: composed.values,
    added: composed.added,
    warnings: [...allWarnings(resolved, chart, composed), ...leftovers],
    reason: settle.length > 0 ? "an earlier install died and is begun again" : "there is no such release yet",
    adopt: false,
    interruption: "Nothing runs yet.",
    reversibility: "reversible",
  };
}

function allWarnings(resolved: ResolvedVersion, chart: ChosenChart, composed: ComposedValues): readonly Warning[] {
  return [...resolved.warnings, ...chart.warnings, ...composed.warnings];
}

function asWarning(message: string): Warning {
  return { rule: "not_everything_could_be_read", message };
}
