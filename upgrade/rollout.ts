import { isMilvusComponent, type MilvusComponent } from "./milvusComponents";
import type { ComponentState, HelmValues, Step, Strategy } from "./model";
import { list, refuse } from "./refusal";
import { rolloutOrder } from "./rolloutOrder";
import type { Topology } from "./topology";
import { effectiveValue, type KnownKey } from "./values/chartDefaults";
import { getValue, isTrue, path } from "./values/tree";
import { atLeast, compareVersions } from "./versions";

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
function obstacle(request: RolloutRequest): { readonly rule: string; readonly why: string } | undefined {
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
  const unhealthy = components.filter(({ rolledOut, replicas }) => !rolledOut && replicas > 0);
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
      remedy: "Mend that first, or leave the choice to the plan: pulumi config set milvus:strategy auto",
      source: "fact 8.1: milvus deployments/upgrade/rollingUpdate.sh",
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
      const deployments = kept.filter((present) => present.component === component).map(({ name }) => name);
      const names = deployments.length > 0 ? deployments : [`${fullName(request)}-${component}`];
      return names.map((deployment) => ({ kind: "resume", component, deployment }));
    });
  return [
    { kind: "pause", deployments: kept.map(({ name }) => name) },
    { kind: "release", awaitReady: false },
    ...resume,
  ];
}

/** `my-release-milvus`, as the running Deployments have it (fact 7.1). */
function fullName({ components, releaseName }: RolloutRequest): string {
  const [any] = components;
  const suffix = any ? `-${any.component}` : "";
  if (any?.name.endsWith(suffix)) return any.name.slice(0, -suffix.length);
  return releaseName.includes("milvus") ? releaseName : `${releaseName}-milvus`;
}

/** What users will notice of a roll, one sentence for the preview. */
export function interruptionOfRoll({ components, values, chart }: RolloutRequest): string {
  const target = componentsOf(values, chart);
  const gaps = components.filter(
    ({ component, strategyType, replicas }) =>
      isMilvusComponent(component) && target.includes(component) && (strategyType === "Recreate" || replicas < 2),
  );
  const dropped = components.filter(({ component }) => isMilvusComponent(component) && !target.includes(component));
  const gap = gaps.length > 0 ? `short gaps while these restart: ${list(gaps.map(({ component }) => component))}` : "";
  const gone = dropped.length > 0 ? `these go at the Release: ${list(dropped.map(({ component }) => component))}` : "";
  const parts = [gap, gone].filter((part) => part !== "");
  return parts.length > 0
    ? `Serves on, with ${parts.join("; ")}.`
    : "Serves on: every component has a replica to spare.";
}

/** Which components cannot be replaced without a gap (fact 7.4), one sentence for each kind of gap. */
export function gapWarnings({ components, values, chart }: RolloutRequest): string[] {
  const target = componentsOf(values, chart);
  const stay = components.filter(({ component }) => isMilvusComponent(component) && target.includes(component));
  const recreated = stay.filter(({ strategyType }) => strategyType === "Recreate");
  const single = stay.filter(({ strategyType, replicas }) => strategyType !== "Recreate" && replicas === 1);
  const names = (all: readonly ComponentState[]) => list(all.map(({ component }) => component));
  return [
    ...(recreated.length > 0
      ? [
          `Recreated, because without active standby: ${names(recreated)}. From the stop of each until its successor is ready, some ten seconds, no new collections, loads or flushes.`,
        ]
      : []),
    ...(single.length > 0
      ? [`One replica only: ${names(single)}. Requests may fail while the new pod takes over.`]
      : []),
  ];
}
