import { isMilvusComponent } from "../milvusComponents";
import type { ComponentState, HelmValue, HelmValues, UpgradePlan } from "../model";
import { sizeOf } from "../values/quantities";
import { isMap } from "../values/tree";
import { placementOf, type Workload } from "./groups";
import { fitOf, type NodeFacts } from "./nodes";

/** Cores, and bytes. */
export interface Amounts {
  readonly cpu: number;
  readonly memory: number;
}

/** What a pod asks for: its containers together, or the largest of those that run before them. */
export function requestsOf(podSpec: HelmValues): Amounts {
  const each = (list: HelmValue | undefined) => (Array.isArray(list) ? list : []).map(requestOf);
  const main = each(podSpec.containers);
  const first = each(podSpec.initContainers);
  const of = (key: keyof Amounts) =>
    Math.max(
      main.reduce((sum, amounts) => sum + amounts[key], 0),
      ...first.map((amounts) => amounts[key]),
    );
  return { cpu: of("cpu"), memory: of("memory") };
}

/** A limit alone is the request too. */
function requestOf(container: HelmValue): Amounts {
  const resources = isMap(container) && isMap(container.resources) ? container.resources : {};
  const of = (key: keyof Amounts) => {
    const [requests, limits] = [resources.requests, resources.limits].map((it) => (isMap(it) ? it[key] : undefined));
    return sizeOf(requests ?? limits) ?? 0;
  };
  return { cpu: of("cpu"), memory: of("memory") };
}

/** True for a plan in which pods come beside those that run, so that the room on the nodes counts. */
export function needsRoom({ kind }: Pick<UpgradePlan, "kind">): boolean {
  return kind === "rolling" || kind === "helm";
}

/**
 * Pods that come beside those that run, and for which no node has room now: a new component's, and the first one of a roll.
 * After a stop, or where a component is recreated, there is the room that it leaves.
 */
export function roomNotes(
  plan: UpgradePlan,
  components: readonly ComponentState[],
  workloads: readonly Workload[],
  nodes: readonly NodeFacts[],
): string[] {
  if (!needsRoom(plan)) return [];
  const recreated = plan.steps.flatMap((step) => (step.kind === "resume" && step.recreated ? [step.component] : []));
  return workloads.flatMap(({ name, component, replicas, recreates, podSpec }) => {
    const running = components.find((it) => it.name === name);
    const comesBeside = running === undefined ? replicas > 0 : running.replicas > 0 && recreates !== true;
    if (!isMilvusComponent(component) || !comesBeside || recreated.includes(component)) return [];
    const needed = requestsOf(podSpec);
    const placement = placementOf(podSpec);
    const rooms = nodes.flatMap((node) =>
      node.free !== undefined && fitOf(placement, node).kind === "fits" ? [{ name: node.name, free: node.free }] : [],
    );
    if (rooms.length === 0 || rooms.some(({ free }) => free.cpu >= needed.cpu && free.memory >= needed.memory))
      return [];
    const best = rooms.toSorted((a, b) => b.free.memory - a.free.memory || b.free.cpu - a.free.cpu)[0];
    if (best === undefined) return [];
    return [
      `No node has room for ${running === undefined ? "the new" : "one more"} pod of ${component}, which asks for ${shown(needed)}: the most that is free is ${shown(best.free)} on ${best.name}. Its step would wait in vain: add a node, free room, or lower its requests in milvus:values.`,
    ];
  });
}

/** `8 cpu and 64Gi`. */
function shown({ cpu, memory }: Amounts): string {
  const gib = memory / 2 ** 30;
  return `${round(cpu)} cpu and ${gib >= 1 ? `${round(gib)}Gi` : `${Math.round(memory / 2 ** 20)}Mi`} of memory`;
}

function round(amount: number): number {
  return Math.floor(amount * 10) / 10;
}
