import type { UpgradePlan } from "../model";
import type { Right } from "./rights";
import { factsOf } from "./steps";

/** What the plan's Jobs may do: one rule for each right, by the names of the objects; only reading pods and StatefulSets knows no names. */
export function jobRights(plan: UpgradePlan): Right[] {
  const rules = new Map<string, Right>();
  for (const right of plan.steps.flatMap((step) => factsOf(step).rights(step, plan))) {
    const { apiGroups, resources, verbs, resourceNames } = right;
    const key = JSON.stringify([apiGroups, resources, verbs]);
    const names = [...(rules.get(key)?.resourceNames ?? []), ...(resourceNames ?? [])];
    rules.set(key, { ...right, ...(resourceNames && { resourceNames: [...new Set(names)].sort() }) });
  }
  return [...rules.values()];
}
