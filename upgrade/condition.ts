import type { Refusal } from "./model";

/** Something that must hold before a plan may be begun: what is said of it, and the refusal where it does not hold now. */
export interface Condition {
  readonly lines: readonly string[];
  readonly refusal?: Refusal;
}

export const NO_CONDITION: Condition = { lines: [] };
