import type { Refusal, Warning } from "../model";

/** What the preflight makes of a plan, which stays as it is. */
export interface Findings {
  /** Everything that stands in the way, each under the name by which `milvus:preflight` can lower it. */
  readonly refusal?: Refusal;
  readonly warnings: readonly Warning[];
}

export const NO_FINDINGS: Findings = { warnings: [] };
