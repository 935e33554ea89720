import { type ChosenChart, chartReference, chooseChart } from "./chartChoice";
import type { ClusterState, HelmRelease, Plan, Step, UpgradePlan, Wanted, Warning } from "./model";
import { observe } from "./observed";
import { refuseForeign } from "./ownership";
import { clearPending } from "./pendingRelease";
import { planExisting } from "./planExisting";
import { RefusalError, refuse } from "./refusal";
import { type ComposedValues, composeValues } from "./values/compose";
import { type ResolvedVersion, resolveVersion } from "./versionRequest";

/**
 * What to do so that the wanted version runs, from what is wanted and what is there. Pure: the same facts give the
 * same plan. A refusal says why, what to do, and where there is a way, the next hop and the whole path.
 */
export function planUpgrade(wanted: Wanted, state: ClusterState): Plan {
  try {
    refuseForeign(state, wanted);
    const plan = state.release ? planRelease(wanted, state, state.release) : planInstall(wanted, state, []);
    return { ...plan, warnings: [...plan.warnings, ...state.notes.map(asWarning)] };
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal;
    throw error;
  }
}

function planRelease(wanted: Wanted, state: ClusterState, release: HelmRelease): UpgradePlan {
  const clear = clearPending(release, state.components, state.observedAt, wanted.pendingSilentMinutes);
  const neverDeployed = release.lastDeployed === undefined && release.status === "pending-install";
  if (neverDeployed) return planInstall(wanted, state, clear);
  return planExisting({ wanted, state, release, clear, observed: observe(state, release, wanted) });
}

/** `clear` is the record of an install that died: once it is gone Helm takes over the objects it made. */
function planInstall(wanted: Wanted, state: ClusterState, clear: readonly Step[]): UpgradePlan {
  if (wanted.rollback) {
    refuse({
      rule: "a_rollback_needs_something_to_roll_back",
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
  });
  return {
    kind: "install",
    to: resolved.version,
    steps: [...clear, { kind: "release", awaitReady: true }],
    chart: chartReference(chart.version, wanted.chartSource),
    values: composed.values,
    added: composed.added,
    warnings: allWarnings(resolved, chart, composed),
    reason: clear.length > 0 ? "an earlier install died and is begun again" : "there is no such release yet",
    adopt: false,
    interruption: "Nothing runs yet.",
    reversibility: "reversible",
  };
}

function allWarnings(resolved: ResolvedVersion, chart: ChosenChart, composed: ComposedValues): readonly Warning[] {
  return [...resolved.warnings, ...chart.warnings, ...composed.warnings];
}

function asWarning(message: string): Warning {
  return { rule: "what_the_cluster_reader_noted", message };
}
