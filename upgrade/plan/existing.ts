import { isChartVersion } from "../charts/versions";
import { hopNotes } from "../hops/notes";
import { checkHop } from "../hops/refusal";
import { needsMetadataMigration } from "../hops/rules";
import { bindingAttempt } from "../metadata/migration";
import type { ComponentState, HelmRelease, UpgradePlan } from "../model";
import { configLine, list, refuse } from "../refusal";
import {
  chooseRollout,
  gapWarnings,
  interruptionOfRoll,
  type RolloutRequest,
  refuseStandbyAtOnce,
  resumeLeftOver,
  rollingSteps,
} from "../roll/rollout";
import { refuseOtherPulsar } from "../values/rules/dependencies";
import { liveReplicasRule } from "../values/rules/replicas";
import { serviceSecurity } from "../values/serviceSecurity";
import { getValue, path, sameValue, withoutValue, withValue } from "../values/tree";
import { resolveVersion } from "../versions/request";
import { atLeast, compareMinors, compareVersions, minorOf } from "../versions/versions";
import { type Base, baseFor, type Facts, type Target } from "./base";
import { planGoingBack, refuseUnmigrated } from "./goingBack";
import { planMigration } from "./migration";
import { QUEUE_SWITCH_SOURCE } from "./ruleSources";
import { checkSettingBack } from "./settingBack";
import { observedTopology, type Topology } from "./topology";

/** The plan for a release that is there. */
export function planExisting(facts: Facts): UpgradePlan {
  const { wanted, observed } = facts;
  refuseUnreadableChart(facts);
  const resolved = resolveVersion(wanted.version, observed.newest);
  const { version: to, warnings } = resolved;
  if (minorOf(to) === "2.1") {
    const back = planGoingBack(facts, resolved);
    if (back) return back;
  }
  if (mustLookAtMetadata(facts, to)) return planMigration(facts, resolved);
  refuseUnmigrated(facts);
  if (needsMetadataMigration({ from: observed.version, to })) return planMigration(facts, resolved);
  refuseUnswitchable(facts);
  const goesBack = compareVersions(to, observed.newest) < 0;
  const settingBack = goesBack ? checkSettingBack(facts, to) : [];
  const topology = observedTopology(observed, wanted);
  if (minorOf(to) !== "2.0") refuseOtherPulsar(observed.inForce.chart, topology);
  if (settingBack.length === 0) checkHops(facts, to, topology);
  refuseNeverStarted(facts, to);
  const target: Target = { version: to, variant: resolved.variant, goesBack };
  const { inForce } = observed;
  const security = serviceSecurity(wanted.values, inForce.chart);
  const notes = to === observed.version ? [] : hopNotes({ from: observed.version, to, topology, security });
  const base = baseFor(facts, target, [...warnings, ...settingBack, ...notes]);
  return to === observed.version && !observed.isUnderWay ? planSameVersion(facts, base) : planRollout(facts, base);
}

/** Older ones read no settings from etcd that go over the values, and have no such API. */
function refuseUnswitchable({ wanted: { messageQueue }, observed }: Facts): void {
  if (messageQueue === undefined || atLeast(observed.version, "2.6.0")) return;
  refuse({
    rule: "the_message_queue_was_switched",
    reason: `milvus:messageQueue says that the queue was switched to ${messageQueue} by Milvus' API, which Milvus ${observed.version} does not have.`,
    remedy: "Take it out: pulumi config rm milvus:messageQueue",
    source: QUEUE_SWITCH_SOURCE,
  });
}

/** Helm took such versions once; every rule over the values asks which chart it is. */
function refuseUnreadableChart({ release, observed }: Facts): void {
  const { name, namespace, lastDeployed, chartVersion } = release;
  const unreadable = [observed.inForce.chart, lastDeployed?.chartVersion ?? chartVersion].find(
    (chart) => !isChartVersion(chart),
  );
  if (unreadable === undefined) return;
  refuse({
    rule: "a_chart_version_must_be_readable",
    reason: `The Helm release ${name} in namespace ${namespace} is of a chart with the version "${unreadable}", which is not SemVer. So it is not known which of Milvus' charts it is made from.`,
    remedy: `Give the chart in use a version that begins with that of the chart it is made from, such as 4.2.20-acme.1 (in its Chart.yaml), and write it into the record; nothing restarts by it: helm upgrade ${name} CHART_FOLDER -n ${namespace} --reuse-values`,
    source: "Helm documentation, Charts and Versioning",
  });
}

/**
 * Every image is of 2.2 and at 0, and a migration of ours binds: a rollback may have died half way, a look at the metadata too, or
 * a snapshot of etcd been put back. The migration's steps look at what is there, and do what is missing of it, before Milvus
 * starts.
 */
function mustLookAtMetadata({ state, observed }: Facts, to: string): boolean {
  const isOf22 = observed.stopped && minorOf(observed.version) === "2.2" && minorOf(to) === "2.2";
  return isOf22 && bindingAttempt(state) !== undefined;
}

/** From the oldest that runs, and from the newest: half of an upgrade done by hand must be allowed as well. */
function checkHops({ wanted, observed }: Facts, to: string, topology: Topology): void {
  for (const from of [observed.version, observed.newest]) {
    checkHop({ from, to, chart: observed.inForce.chart, topology, source: wanted.chartSource });
  }
}

/**
 * Metadata of 2.1 that 2.2 could not load is lost on 2.3: what loads it must be seen ready once. Stopped, it is taken to
 * have run where its release was deployed.
 */
function refuseNeverStarted({ release, observed, wanted }: Facts, to: string): void {
  const leaves = minorOf(observed.newest) === "2.2" && compareMinors(minorOf(to), "2.2") > 0;
  const hasStarted = ({ replicas, readyReplicas }: ComponentState) =>
    replicas === 0 ? release.status === "deployed" : readyReplicas > 0;
  const waiting = observed.components.filter(
    (component) => LOADS_METADATA.test(component.component) && !hasStarted(component),
  );
  if (!leaves || waiting.length === 0) return;
  const names = list(waiting.map(({ name }) => name));
  refuse({
    rule: "2_2_must_have_started_before_2_3",
    reason: `Milvus ${observed.version} has not started: ${names}. Clusters that went on to ${minorOf(to)} like this lost their collections and indexes.`,
    remedy: `See why: kubectl -n ${wanted.namespace} logs deployment/${waiting[0]?.name ?? ""}. Let 2.2 start first: ${configLine("version", observed.version)}, then pulumi up.`,
    source: "milvus issue 37614",
  });
}

/** Components that load the metadata when they start. */
const LOADS_METADATA = /coord$|^standalone$/;

function planRollout(facts: Facts, base: Base): UpgradePlan {
  const { observed, wanted, clear } = facts;
  const from = base.common.to === observed.version ? observed.newest : observed.version;
  const request: RolloutRequest = {
    strategy: wanted.strategy,
    from,
    to: base.common.to,
    topology: base.topology,
    components: observed.components,
    values: base.common.values,
    chart: base.common.chart.version,
    releaseName: wanted.releaseName,
    isUnderWay: observed.isUnderWay,
  };
  const rollout = observed.stopped
    ? { kind: "helm" as const, reason: "every component is at 0, so nothing has to be kept serving" }
    : chooseRollout(request);
  const common = {
    ...base.common,
    from,
    reason: rollout.reason,
    reversibility: minorOf(from) === minorOf(base.common.to) ? ("reversible" as const) : ("one way" as const),
  };
  if (rollout.kind === "helm") {
    if (!observed.stopped) refuseStandbyAtOnce(request, rollout.reason);
    const release = { kind: "release", awaitReady: true } as const;
    const resume = resumeLeftOver(request);
    return {
      ...common,
      kind: "helm",
      // Scaled up with a new template, a paused Deployment starts pods of the old one.
      steps: observed.stopped ? [...clear, ...resume, release] : [...clear, release, ...resume],
      interruption: interruptionAtOnce(facts, base),
    };
  }
  return {
    ...common,
    kind: "rolling",
    steps: [...clear, ...rollingSteps(request)],
    interruption: interruptionOfRoll(request),
    warnings: [...base.common.warnings, ...gapWarnings(request)],
  };
}

/** The version stays. Chart and values may still differ, a revision may have failed, or everything may be at 0. */
function planSameVersion(facts: Facts, base: Base): UpgradePlan {
  const { release, stack, observed, clear } = facts;
  const difference = differenceFromRecord(facts, asRecorded(base, release));
  const common = { ...base.common, from: observed.version, reversibility: "reversible" as const };
  const steps = [...clear, { kind: "release" as const, awaitReady: true }];
  if (difference !== undefined) {
    return { ...common, kind: "helm", steps, reason: difference, interruption: interruptionAtOnce(facts, base) };
  }
  const sick = observed.components.filter(({ rolledOut }) => !rolledOut);
  // Of a Release that is sent all the same, what runs counts: Helm would set it back to what the record says.
  const recorded = (stack.sendsRelease ? base : asRecorded(base, release)).common;
  return {
    ...common,
    ...recorded,
    kind: "nothing",
    steps,
    reason: `Milvus ${base.common.to} runs, and revision ${release.revision} has these values`,
    interruption: "None.",
    warnings: [
      ...recorded.warnings,
      ...sick.map(({ name }) => ({
        rule: "a_component_is_not_ready" as const,
        message: `${name} is not rolled out: fewer ready replicas than wanted. The plan changes nothing about it.`,
      })),
    ],
  };
}

/** With the replicas of the last revision: what runs is sent by a Release that has something to do, and is no reason for one. */
function asRecorded(base: Base, { userValues }: HelmRelease): Base {
  const isLive = ({ rule }: { readonly rule: string }) => rule === liveReplicasRule.name;
  const live = base.common.added.filter(isLive).map((added) => ({ ...added, keys: path(added.path) }));
  const values = live.reduce((all, { keys }) => {
    const recorded = getValue(userValues, keys);
    return recorded === undefined ? withoutValue(all, keys) : withValue(all, keys, recorded);
  }, base.common.values);
  const added = base.common.added.flatMap((one) => {
    const recorded = isLive(one) ? getValue(userValues, path(one.path)) : one.value;
    return recorded === undefined ? [] : [{ ...one, value: recorded }];
  });
  const warnings = base.common.warnings.filter((warning) => !isLive(warning));
  return { ...base, common: { ...base.common, values, added, warnings } };
}

/** Why the release must be updated although the version stays; undefined when it must not. */
function differenceFromRecord({ release, observed }: Facts, base: Base): string | undefined {
  if (observed.stopped) return "every component is at 0: the Release starts them again";
  if (release.status !== "deployed") return `revision ${release.revision} is ${release.status}`;
  if (release.chartVersion !== base.common.chart.version)
    return `the chart goes from ${release.chartVersion} to ${base.common.chart.version}`;
  if (!sameValue(release.userValues, base.common.values))
    return "the version stays, and the values differ from those of the release";
  return undefined;
}

function interruptionAtOnce({ observed }: Facts, base: Base): string {
  if (observed.stopped) return "Nothing runs now.";
  if (base.topology.mode === "standalone") return "An outage until the new pod is ready: a standalone has one pod.";
  return "All components that change restart at once: expect failing requests until coordinators and query nodes are ready.";
}
