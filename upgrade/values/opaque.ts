import type { HelmValue, HelmValues } from "../model";
import { isMark, markOf } from "./mark";
import { formatPath, getValue, isMap, sameValue, type ValuePath, withValue } from "./tree";

/**
 * A value that nobody may see: the program gets it from somewhere else (a password, the name of a bucket), and lays it into
 * the Release's values itself.
 */
export interface OpaqueValue {
  readonly path: ValuePath;
  /** Missing: it is not known yet, as in the preview of a program that makes it. */
  readonly value?: HelmValue;
}

/**
 * The values as the planner sees them. One that is as the release has it is the release's own, so that nothing changes by
 * it; any other is a mark, which no rule may read.
 *
 * @param values without the opaque ones
 * @param inForce the values of the release in the cluster; undefined where there is none
 */
export function withOpaque(
  values: HelmValues,
  opaque: readonly OpaqueValue[],
  inForce: HelmValues | undefined,
): HelmValues {
  return opaque.reduce((all, { path, value }) => {
    const now = getValue(inForce ?? {}, path);
    const stays = now !== undefined && (value === undefined || sameValue(value, now));
    return withValue(all, path, stays ? now : markOf(formatPath(path)));
  }, values);
}

/**
 * Every mark, and every value that stays at its place, replaced by what `laid` gives for it.
 *
 * @param laid gets the index of the value, and what a rule has made of it where one has: an image tag beside what was there
 */
export function layBack(
  values: HelmValues,
  opaque: readonly OpaqueValue[],
  laid: (index: number, changed?: HelmValue) => unknown,
): Record<string, unknown> {
  const byMark = new Map(opaque.map(({ path }, index) => [markOf(formatPath(path)), index]));
  const stays = (value: HelmValue, index: number): unknown => {
    const own = opaque[index]?.value;
    return own === undefined || sameValue(value, own) ? laid(index) : laid(index, value);
  };
  const walk = (value: HelmValue, at: ValuePath): unknown => {
    const marked = isMark(value) ? byMark.get(value) : undefined;
    if (marked !== undefined) return laid(marked);
    const index = opaque.findIndex(({ path }) => isSame(path, at));
    if (index >= 0) return stays(value, index);
    // A list is one value: what is in it has no path.
    return isMap(value)
      ? Object.fromEntries(Object.entries(value).map(([key, below]) => [key, walk(below, [...at, key])]))
      : value;
  };
  return walk(values, []) as Record<string, unknown>;
}

function isSame(a: ValuePath, b: ValuePath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
