import { list } from "../refusal";
import type { SeenPod } from "./seen";

/** Pods, nodes or workloads that are named in one line. */
export const MOST_NAMED = 3;

/** Why these are not ready: `2 pull milvusdb/milvus:v2.5.16 on node-1, node-2`. */
export function startingText(pods: readonly SeenPod[]): string {
  const groups = groupedBy(pods, ({ stage, pulls, waiting }) => {
    if (stage === "pulls") return `pull ${pulls ?? "an image"}`;
    if (stage === "no node") return "have no node yet";
    const why = waiting === undefined ? "" : `: ${waiting}`;
    return stage === "starts" ? `start${why}` : `run and are not ready yet${why}`;
  });
  return [...groups]
    .map(([what, group]) => {
      const nodes = what.startsWith("pull") ? nodesOf(group) : "";
      return `${group.length} ${verbFor(what, group.length)}${nodes}`;
    })
    .join(", ");
}

function verbFor(what: string, number: number): string {
  if (number > 1) return what;
  return what
    .replace(/^pull/, "pulls")
    .replace(/^have/, "has")
    .replace(/^start/, "starts")
    .replace(/^run and are/, "runs and is");
}

function nodesOf(pods: readonly SeenPod[]): string {
  const nodes = [...new Set(pods.flatMap(({ node }) => node ?? []))].toSorted();
  if (nodes.length === 0) return "";
  const more = nodes.length - MOST_NAMED;
  return ` on ${more > 0 ? `${nodes.slice(0, MOST_NAMED).join(", ")} and ${more} more` : list(nodes)}`;
}

/** `40 s`, and from two minutes on `3 min`: a line that is written again and again needs no more. */
export function rough(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 120 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}

export function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
