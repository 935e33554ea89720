import type { HelmValues } from "../upgrade/model";
import { isMap, sameValue } from "../upgrade/values/tree";

/** The JSON merge patch that makes one object of the other: changed keys alone, null for those that go, lists whole. */
export function mergePatch(before: HelmValues, after: HelmValues): HelmValues {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...keys].flatMap((key) => {
      const [old, next] = [before[key], after[key]];
      if (sameValue(old, next)) return [];
      return [[key, isMap(old) && isMap(next) ? mergePatch(old, next) : (next ?? null)]];
    }),
  );
}
