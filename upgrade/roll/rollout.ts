import { isMilvusComponent, type MilvusComponent } from "../milvusComponents";
import type { ComponentState, HelmValues, Step, Strategy, Warning } from "../model";
import type { Topology } from "../plan/topology";
import { configLine, list, refuse, valueLine } from "../refusal";
import type { RefusalRule, WarningRule } from "../ruleNames";
import { effectiveValue, type KnownKey } from "../values/tables/chartDefaults";
import { getValue, isTrue, path } from "../values/tree";
import { parseImage } from "../versions/images";
import { atLeast, compareVersions } from "../versions/versions";
import { crossesMixcoordSession, standbyStrategy } from "./mixcoordHop";
import { rolloutOrder } from "./order";

/** The oldest version that an ordered roll may start from (fact 8.1). */
const ROLLS_SINCE = "2.2.3";

export interface RolloutRequest {
  readonly strategy: Strategy;
  readonly from: string;
  readonly to: string;
  readonly topology: Topology;
  readonly components: readonly ComponentState[];
  /** Values and chart that will be sent. */
  readonly values: HelmValues;
  readonly chart: string;
  readonly releaseName: string;
  /** An ordered roll that died: some Deployments are paused, or run other versions than others. */
  readonly isUnderWay: boolean;
}

export interface Rollout {
  readonly kind: "rolling" | "helm";
  readonly reason: string;
}

/** Why an ordered roll is not possible or not useful, as a named rule; undefined when it is. */
function obstacle(request: RolloutRequest): { readonly rule: RefusalRule; readonly why: string } | undefined {
  const { from, topology, components, isUnderWay } = request;
  if (topology.mode === "standalone") {
    return { rule: "a_standalone_has_no_order", why: "a standalone is one Deployment, which the chart recreates" };
  }
  if (!atLeast(from, ROLLS_SINCE)) {
    return { rule: "rolling_from_2_2_3", why: `an ordered roll is supported from ${ROLLS_SINCE} on, and ${from} runs` };
  }
  if (isTrue(getValue(request.values, path("replicaResourceGroups")))) {
    return {
      rule: "resource_groups_have_no_order",
      why: "replicaResourceGroups makes Deployments whose order is not known",
    };
  }
  // A pod that is just being restarted must not turn an ordered roll into one of all components at once.
  const unhealthy = components.filter(
    ({ rolledOut, restarting, replicas }) => !rolledOut && restarting !== true && replicas > 0,
  );
  if (unhealthy.length > 0 && !isUnderWay) {
    const names = list(unhealthy.map(({ name }) => name));
    return { rule: "rolling_needs_healthy_components", why: `not every component is healthy: ${names}` };
  }
  return undefined;
}

/** What `milvus:strategy` comes to, with the reason that the preview shows. */
export function chooseRollout(request: RolloutRequest): Rollout {
  const { strategy, isUnderWay } = request;
  const found = obstacle(request);
  if (strategy === "rolling" && found) {
    return refuse({
      rule: found.rule,
      reason: `milvus:strategy asks for an ordered roll, but ${found.why}.`,
      remedy: "Repair that first, or leave the choice to the plan: pulumi config set milvus:strategy auto",
      source: "docs/upgrade-facts.md 8.1: milvus deployments/upgrade/rollingUpdate.sh",
    });
  }
  if (strategy === "helm" && !isUnderWay)
    return { kind: "helm", reason: "milvus:strategy asks for all components at once" };
  if (found) return { kind: "helm", reason: `all components at once: ${found.why}` };
  const reason = isUnderWay
    ? "goes on with a roll that did not finish: some components are paused or run another version"
    : "component after component in the rule book's order, so that each finds what it needs";
  return { kind: "rolling", reason };
}

/** Values keys that render a component's Deployment in a cluster. */
const RENDERED_BY = {
  rootcoord: "rootCoordinator.enabled",
  datacoord: "dataCoordinator.enabled",
  indexcoord: "indexCoordinator.enabled",
  querycoord: "queryCoordinator.enabled",
  mixcoord: "mixCoordinator.enabled",
  streamingnode: "streaming.enabled",
  indexnode: "indexNode.enabled",
  datanode: "dataNode.enabled",
  querynode: "queryNode.enabled",
  proxy: "proxy.enabled",
  cdc: "cdc.enabled",
} as const satisfies Record<Exclude<MilvusComponent, "standalone">, KnownKey>;

/** Components that a cluster has with these values and this chart. */
export function componentsOf(values: HelmValues, chart: string): MilvusComponent[] {
  return (Object.keys(RENDERED_BY) as (keyof typeof RENDERED_BY)[]).filter((component) =>
    isTrue(effectiveValue(RENDERED_BY[component], values, chart)),
  );
}

/**
 * pause → release → resume each component. The Release does not wait: on 2.5 → 2.6 the streaming node that it starts
 * is ready only once the paused mixcoord is resumed (fact 8.4). A component the chart adds starts by itself and is
 * awaited at its place; one that the chart drops goes with the Release.
 */
export function rollingSteps(request: RolloutRequest): Step[] {
  const target = componentsOf(request.values, request.chart);
  const kept = request.components.filter(({ component }) => isMilvusComponent(component) && target.includes(component));
  const direction = compareVersions(request.to, request.from) < 0 ? "down" : "up";
  const mix = target.includes("mixcoord") ? "mix" : "separate";
  const order = rolloutOrder(request.to, mix, direction);
  const resume = [...order, ...target.filter((component) => !order.includes(component))]
    .filter((component) => target.includes(component))
    .flatMap((component): Step[] => {
      const present = kept.filter((state) => state.component === component);
      if (present.length > 0) return present.map((state) => resumeStep(request, state));
      return [{ kind: "resume", component, deployment: `${fullName(request)}-${component}` }];
    });
  return [
    { kind: "pause", deployments: kept.map(({ name }) => name) },
    { kind: "release", awaitReady: false },
    ...resume,
  ];
}

/**
 * What somebody, or a run that died, left paused or held, for a plan that pauses nothing itself: Helm changes the
 * template of a paused Deployment and calls it ready, and no pod follows.
 */
export function resumeLeftOver(request: RolloutRequest): Step[] {
  const target = componentsOf(request.values, request.chart);
  return request.components
    .filter(({ paused, recreating }) => paused || recreating === true)
    .filter(({ component }) => component === "standalone" || (target as readonly string[]).includes(component))
    .map((state) => resumeStep(request, state));
}

function resumeStep(request: RolloutRequest, state: ComponentState): Step {
  const strategy = strategyToGiveBack(request, state);
  const oldPods = oldPodsOf(request, state);
  const { component, name: deployment } = state;
  return {
    kind: "resume",
    component,
    deployment,
    ...(oldPods && { oldPods }),
    ...(strategy && { recreated: { strategy } }),
  };
}

/** A Deployment counts as rolled out while its old pods still end, query nodes for up to half an hour (fact 8.4). */
function oldPodsOf({ to }: RolloutRequest, { podTemplates = [] }: ComponentState) {
  const old = podTemplates.filter(({ image }) => parseImage(image).version !== to);
  if (old.length === 0) return undefined;
  return {
    hashes: old.map(({ hash }) => hash),
    graceSeconds: Math.max(...old.map(({ graceSeconds }) => graceSeconds)),
  };
}

/**
 * Of a mixcoord in active standby between 2.5 and 2.6, which is recreated on this hop: one of 2.6 becomes active only
 * once the sessions of 2.5 are gone, and one of 2.5 does not look for that of 2.6 (fact 4.6). Only the live Deployment
 * is changed and only for the hop, so that Helm's manifest and the user's values stay true.
 */
function strategyToGiveBack(
  { from, to, values }: RolloutRequest,
  { component, recreating }: ComponentState,
): HelmValues | undefined {
  if (component !== "mixcoord") return undefined;
  const strategy = crossesMixcoordSession(from, to) ? standbyStrategy(values) : undefined;
  // Left by a run that died; the values may have changed since.
  return recreating ? (standbyStrategy(values) ?? { type: "Recreate" }) : strategy;
}

/** A standby mixcoord of the other side of 2.6 would run beside the old one: only an ordered roll can hold it back. */
export function refuseStandbyAtOnce(request: RolloutRequest, why: string): void {
  const mixcoord = request.components.find((state) => strategyToGiveBack(request, state) !== undefined);
  if (mixcoord === undefined) return;
  const key = "mixCoordinator.activeStandby.enabled";
  const other = valueLine(key, "false");
  refuse({
    rule: "a_standby_mixcoord_needs_an_ordered_roll",
    reason: `${key} is true, and between 2.5 and 2.6 the old mixcoord must be gone before the new one starts. An ordered roll sees to that, but ${why}.`,
    remedy:
      request.strategy === "helm"
        ? `Let it roll in order: ${configLine("strategy", "auto")}`
        : `Repair that first; or, for this hop, with which the chart recreates the mixcoord: ${other}`,
    source: MIXCOORD_SOURCE,
  });
}

const MIXCOORD_SOURCE =
  "docs/upgrade-facts.md 4.6b: milvus internal/util/sessionutil ProcessActiveStandBy; milvus issue 42602";

/** `my-release-milvus`, as the running Deployments have it (fact 7.1). */
function fullName({ components, releaseName }: RolloutRequest): string {
  const [any] = components;
  const suffix = any ? `-${any.component}` : "";
  if (any?.name.endsWith(suffix)) return any.name.slice(0, -suffix.length);
  return releaseName.includes("milvus") ? releaseName : `${releaseName}-milvus`;
}

/** Components of which others take over the work when they come, in the order in which people think of them. */
const TAKES_OVER_FROM = {
  mixcoord: ["rootcoord", "datacoord", "querycoord", "indexcoord"],
  streamingnode: ["datanode", "querynode"],
} as const satisfies Partial<Record<MilvusComponent, readonly MilvusComponent[]>>;

/** Components that the Release brings in, in the place of some that run: until they are active, nobody does the work. */
export function takeovers(
  target: readonly MilvusComponent[],
  running: readonly ComponentState[],
): { readonly component: MilvusComponent; readonly from: readonly MilvusComponent[] }[] {
  const runs = (name: MilvusComponent) => running.some(({ component, replicas }) => component === name && replicas > 0);
  return (Object.entries(TAKES_OVER_FROM) as [keyof typeof TAKES_OVER_FROM, readonly MilvusComponent[]][])
    .filter(([component, from]) => target.includes(component) && !runs(component) && from.some(runs))
    .map(([component, from]) => ({ component, from: from.filter(runs) }));
}

/** What users will notice of a roll, one sentence for the preview. */
export function interruptionOfRoll(request: RolloutRequest): string {
  const { components, values, chart } = request;
  const target = componentsOf(values, chart);
  const gaps = components.filter(
    (state) =>
      isMilvusComponent(state.component) &&
      target.includes(state.component) &&
      (state.strategyType === "Recreate" || state.replicas < 2 || strategyToGiveBack(request, state) !== undefined),
  );
  const dropped = components.filter(({ component }) => isMilvusComponent(component) && !target.includes(component));
  const gap = gaps.length > 0 ? `short gaps while these restart: ${list(gaps.map(({ component }) => component))}` : "";
  const gone = dropped.length > 0 ? `these go at the Release: ${list(dropped.map(({ component }) => component))}` : "";
  const come = takeovers(target, components).map(({ component, from }) => `${component} takes over from ${list(from)}`);
  const parts = [gap, gone, ...come].filter((part) => part !== "");
  return parts.length > 0
    ? `Keeps serving, with ${parts.join("; ")}.`
    : "Keeps serving: every component has a replica to spare.";
}

/** Which components cannot be replaced without a gap (fact 7.4), one sentence for each kind of gap. */
export function gapWarnings(request: RolloutRequest): Warning[] {
  const { components, values, chart } = request;
  const target = componentsOf(values, chart);
  const stay = components.filter(({ component }) => isMilvusComponent(component) && target.includes(component));
  const standby = stay.filter((state) => strategyToGiveBack(request, state) !== undefined);
  const others = stay.filter((state) => !standby.includes(state));
  const recreated = others.filter(({ strategyType }) => strategyType === "Recreate");
  const single = others.filter(({ strategyType, replicas }) => strategyType !== "Recreate" && replicas === 1);
  const warning = (
    rule: WarningRule,
    about: readonly ComponentState[],
    message: (names: string) => string,
  ): Warning[] => (about.length > 0 ? [{ rule, message: message(list(about.map(({ component }) => component))) }] : []);
  const gap = "no new collections, loads or flushes";
  const come = takeovers(target, components).map(({ component, from }): Warning => {
    const rest = component === "mixcoord" ? gap : "no writes";
    return {
      rule: "requests_fail_for_a_short_time",
      message: `New: ${component}, which takes over from ${list(from)}. Until it is active, ten seconds to a minute once it has a node and its image, ${rest}.`,
    };
  });
  return [
    ...come,
    ...warning(
      "the_mixcoord_is_recreated_between_2_5_and_2_6",
      standby,
      () =>
        `Although in active standby, the mixcoord is recreated on this hop: its old pods all end before the first new one starts. Until that one is active, ten seconds to a minute, ${gap}. The step gives it its own update strategy back; milvus:values stays as it is.`,
    ),
    ...warning(
      "requests_fail_for_a_short_time",
      recreated,
      (names) =>
        `Recreated, because without active standby: ${names}. From the stop of each until its successor is ready, some ten seconds, ${gap}.`,
    ),
    ...warning(
      "requests_fail_for_a_short_time",
      single,
      (names) => `One replica only: ${names}. Requests may fail while the new pod takes over.`,
    ),
  ];
}
