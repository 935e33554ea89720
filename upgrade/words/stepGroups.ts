import type { StepOutlook } from "../steps/outlook";

/** Steps that have the same way back for the same reason. */
export interface StepGroup extends StepOutlook {
  /** From 0, ascending. */
  readonly indexes: readonly number[];
}

/** In the order of their first steps: an ordered roll has the same reason eight times. */
export function stepGroups(steps: readonly StepOutlook[]): StepGroup[] {
  const groups = new Map<string, StepGroup>();
  for (const [index, { reversibility, why, source }] of steps.entries()) {
    const key = JSON.stringify([reversibility, why, source]);
    const indexes = [...(groups.get(key)?.indexes ?? []), index];
    groups.set(key, { reversibility, why, source, indexes });
  }
  return [...groups.values()];
}

/** `step 1`, `steps 3 to 10 and 12`: as they are numbered for people, from 1. */
export function stepNumbers(indexes: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const index of indexes) {
    const run = runs.at(-1);
    if (run !== undefined && run.last === index - 1) run.last = index;
    else runs.push({ first: index, last: index });
  }
  const shown = runs.flatMap(({ first, last }) => {
    if (first === last) return [`${first + 1}`];
    return last === first + 1 ? [`${first + 1}`, `${last + 1}`] : [`${first + 1} to ${last + 1}`];
  });
  const last = shown.pop() ?? "";
  const numbers = shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
  return `${indexes.length === 1 ? "step" : "steps"} ${numbers}`;
}
