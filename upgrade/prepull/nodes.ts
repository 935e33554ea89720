import type { HelmValue, HelmValues } from "../model";
import { asText, filledText, isMap } from "../values/tree";
import type { Placement } from "./groups";

export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Cordoned. */
  readonly unschedulable: boolean;
  /** What no pod has asked for; missing: not known. */
  readonly free?: { readonly cpu: number; readonly memory: number };
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** `fits`: pods of the placement go there. `later`: they would, if something passed. */
export type Fit = { readonly kind: "fits" | "other" } | { readonly kind: "later"; readonly why: string };

/** Taints that Kubernetes sets for a condition that passes. */
const CONDITIONS: Readonly<Record<string, string>> = {
  "node.kubernetes.io/disk-pressure": "its disk is full (DiskPressure)",
  "node.kubernetes.io/memory-pressure": "it is short of memory (MemoryPressure)",
  "node.kubernetes.io/pid-pressure": "it has too many processes (PIDPressure)",
  "node.kubernetes.io/not-ready": "it is not ready",
  "node.kubernetes.io/unreachable": "it does not answer",
  "node.kubernetes.io/network-unavailable": "its network is not set up",
  "node.kubernetes.io/unschedulable": "it is cordoned",
};

/** Whether the scheduler would put a pod of this placement there, for now as far as node selector, affinity and taints say. */
export function fitOf(placement: Placement, node: NodeFacts): Fit {
  if (!matchesSelector(placement, node)) return { kind: "other" };
  const hard = node.taints.filter(
    (taint) => taint.effect !== "PreferNoSchedule" && !isTolerated(taint, placement.tolerations),
  );
  if (hard.some(({ key }) => CONDITIONS[key] === undefined)) return { kind: "other" };
  const [condition] = hard;
  if (condition !== undefined) return { kind: "later", why: CONDITIONS[condition.key] ?? condition.key };
  return node.unschedulable && !toleratesCordon(placement)
    ? { kind: "later", why: "it is cordoned" }
    : { kind: "fits" };
}

function toleratesCordon({ tolerations }: Placement): boolean {
  return isTolerated({ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }, tolerations);
}

function matchesSelector({ nodeSelector, nodeTerms }: Placement, { name, labels }: NodeFacts): boolean {
  if (Object.entries(nodeSelector).some(([key, value]) => labels[key] !== asText(value))) return false;
  return nodeTerms === undefined || nodeTerms.some((term) => isMap(term) && meets(term, name, labels));
}

/** A term without a requirement meets no node. */
function meets(term: HelmValues, name: string, labels: NodeFacts["labels"]): boolean {
  const expressions = maps(term.matchExpressions);
  const fields = maps(term.matchFields);
  return (
    expressions.length + fields.length > 0 &&
    expressions.every((it) => holds(it, labels[filledText(it.key) ?? ""])) &&
    // `metadata.name` is the only field there is.
    fields.every((it) => holds(it, name))
  );
}

function holds({ operator, values }: HelmValues, found: string | undefined): boolean {
  const given = Array.isArray(values) ? values.map(String) : [];
  switch (operator) {
    case "In":
      return found !== undefined && given.includes(found);
    case "NotIn":
      return found === undefined || !given.includes(found);
    case "Exists":
      return found !== undefined;
    case "DoesNotExist":
      return found === undefined;
    case "Gt":
      return Number(found) > Number(given[0]);
    case "Lt":
      return Number(found) < Number(given[0]);
    default:
      return false;
  }
}

function isTolerated({ key, value = "", effect }: Taint, tolerations: readonly HelmValue[]): boolean {
  return maps(tolerations).some((it) => {
    const ofKey = filledText(it.key);
    if (ofKey !== undefined && ofKey !== key) return false;
    if (filledText(it.effect) !== undefined && it.effect !== effect) return false;
    return it.operator === "Exists" || (ofKey !== undefined && asText(it.value ?? undefined) === value);
  });
}

function maps(list: HelmValue | readonly HelmValue[] | undefined): HelmValues[] {
  return Array.isArray(list) ? (list as readonly HelmValue[]).filter(isMap) : [];
}
