import type { HelmValues } from "../../model";
import type { Setup } from "../tables/places";
import { getValue, isTrue, path } from "../tree";
import { messageQueueOf } from "./messageQueue";
import type { ValueContext } from "./rule";

/** What runs, as its places are told; undefined for an install. */
export function runningSetup({ now }: ValueContext): Setup | undefined {
  if (!now) return undefined;
  const { values, chart, defaults, topology } = now;
  return { values, chart, defaults, mode: topology.mode, queue: topology.queue };
}

/** What will run with these values. */
export function wantedSetup(context: ValueContext, values: HelmValues = context.given): Setup {
  const { now, chart } = context;
  const isCluster = isTrue(getValue(values, path("cluster.enabled")) ?? true);
  return {
    values,
    chart,
    // The defaults of another chart are not known; where the tables need one, they have it.
    defaults: now?.chart === chart ? now.defaults : {},
    mode: now?.topology.mode ?? (isCluster ? "cluster" : "standalone"),
    queue: now?.topology.queue ?? messageQueueOf(values, chart, { firstRevision: true }),
  };
}
