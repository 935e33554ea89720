import type { HelmValues, Wanted } from "../model";
import {
  type LayoutOptions,
  type MessageQueue,
  messageQueueOf,
  queueOverride,
  queueTypeOf,
} from "../values/rules/messageQueue";
import { effectiveValue, type KnownKey } from "../values/tables/chartDefaults";
import { isTrue } from "../values/tree";
import type { Observed } from "./observed";

/** How a Milvus is laid out: what an upgrade must not change by itself. */
export interface Topology {
  readonly mode: "cluster" | "standalone";
  readonly queue: MessageQueue;
  /** `mq.type` in user.yaml, which goes over everything else. */
  readonly queueOverride?: string;
  /** The queue that Milvus was switched away from, where the values leave it now. */
  readonly leftQueue?: MessageQueue;
  /** `both`: mixcoord beside separate coordinators, which the chart renders without complaint (fact 4.5). */
  readonly coordinators: "separate" | "mix" | "both" | "none";
  readonly streamingNode: boolean;
  readonly indexNode: boolean;
}

export const SEPARATE_COORDINATORS = [
  "rootCoordinator.enabled",
  "dataCoordinator.enabled",
  "queryCoordinator.enabled",
  "indexCoordinator.enabled",
] as const satisfies readonly KnownKey[];

/** The layout that values give with a chart. */
export function topologyOf(values: HelmValues, chart: string, options: LayoutOptions): Topology {
  const on = (key: KnownKey) => isTrue(effectiveValue(key, values, chart, options.recorded));
  const override = queueOverride(values);
  return {
    mode: on("cluster.enabled") ? "cluster" : "standalone",
    queue: messageQueueOf(values, chart, options),
    ...(override !== undefined && { queueOverride: override }),
    coordinators: coordinators(SEPARATE_COORDINATORS.some(on), on("mixCoordinator.enabled")),
    streamingNode: on("streaming.enabled"),
    indexNode: on("indexNode.enabled"),
  };
}

/**
 * The layout in force, corrected by what is seen to run: a component that has a Deployment is there. Where Milvus' API has switched
 * the queue, values that ask for the new one ask for what runs; those that still name the old one are left alone, since the truth is
 * in etcd and the old queue may still be read.
 */
export function observedTopology(
  observed: Observed,
  { values: said, messageQueue: switched }: Pick<Wanted, "values" | "messageQueue">,
): Topology {
  const { inForce, components } = observed;
  const options = {
    firstRevision: inForce.revision === 1,
    said,
    recorded: inForce.chartValues,
    ...annotatedQueue(components),
  };
  const recorded = topologyOf(inForce.userValues, inForce.chart, options);
  const topology = switched === undefined ? recorded : { ...recorded, ...followed(recorded, said, switched, observed) };
  if (components.length === 0) return topology;
  const has = (...names: string[]) => components.some(({ component }) => names.includes(component));
  return {
    ...topology,
    mode: has("standalone") ? "standalone" : "cluster",
    coordinators: coordinators(has("rootcoord", "datacoord", "querycoord", "indexcoord"), has("mixcoord")),
    streamingNode: has("streamingnode"),
    indexNode: has("indexnode"),
  };
}

function annotatedQueue(components: Observed["components"]): Pick<LayoutOptions, "annotated"> {
  const annotated = components.find(({ component }) => component === "standalone")?.messageQueue;
  return annotated === undefined ? {} : { annotated };
}

/** What the user's values say of the queue, as far as that is what Milvus was switched to. */
function followed(
  recorded: Topology,
  said: HelmValues,
  switched: string,
  { inForce }: Observed,
): Partial<Pick<Topology, "queue" | "queueOverride" | "leftQueue">> {
  const override = queueOverride(said);
  const queue = messageQueueOf(said, inForce.chart, { firstRevision: true });
  return {
    ...(queueTypeOf(queue) === switched && queue !== recorded.queue && { queue, leftQueue: recorded.queue }),
    ...(override === switched && override !== recorded.queueOverride && { queueOverride: override }),
  };
}

function coordinators(separate: boolean, mix: boolean): Topology["coordinators"] {
  if (separate && mix) return "both";
  if (separate) return "separate";
  return mix ? "mix" : "none";
}
