import type { HelmValue } from "../model";
import { refuse } from "../refusal";

/** Stands in the values where an opaque one belongs (opaque.ts). No text of a user begins so. */
const MARK = "\u0000opaque:";

/** @param path as `formatPath` writes it */
export function markOf(path: string): string {
  return `${MARK}${path}`;
}

export function isMark(value: HelmValue | undefined): value is string {
  return typeof value === "string" && value.startsWith(MARK);
}

/** A rule wants to read this value. */
export function refuseMark(mark: string): never {
  const path = mark.slice(MARK.length);
  return refuse({
    rule: "an_output_hides_what_a_rule_reads",
    reason: `The Helm value ${path} is an Output, which no rule reads, and a rule of this upgrade has to read it.`,
    remedy: `Give ${path} as a plain text in the arguments of MilvusCluster, not as an Output. For a password, take a key that only the chart reads.`,
  });
}
