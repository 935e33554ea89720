import type { HelmValue, HelmValues } from "../model";
import { isMark, refuseMark } from "./mark";

/** Keys from the root; `user.yaml` is one key. */
export type ValuePath = readonly string[];

export const USER_YAML: ValuePath = ["extraConfigFiles", "user.yaml"];

/** `pulsarv3.enabled` as a path; only for paths whose keys hold no dot. */
export function path(dotted: string): ValuePath {
  const known = paths.get(dotted);
  if (known !== undefined) return known;
  const fresh = dotted.split(".");
  paths.set(dotted, fresh);
  return fresh;
}

/** The rules ask for the same few paths in every plan. */
const paths = new Map<string, ValuePath>();

/** As Pulumi's config and people write it: `extraConfigFiles["user.yaml"]`. */
export function formatPath(keys: ValuePath): string {
  return keys.reduce(
    (text, key) => (/[.[\]"]/.test(key) ? `${text}["${key}"]` : text === "" ? key : `${text}.${key}`),
    "",
  );
}

export function isMap(value: unknown): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws RefusalError for a value that the program keeps to itself: whoever asks for one wants to know it */
export function getValue(values: HelmValues, keys: ValuePath): HelmValue | undefined {
  const found = findValue(values, keys);
  return isMark(found) ? refuseMark(found) : found;
}

/** Whether something is set there, whatever it is. */
export function hasValue(values: HelmValues, keys: ValuePath): boolean {
  return findValue(values, keys) !== undefined;
}

/** Set, and kept from the program: `getValue` would refuse. */
export function isHidden(values: HelmValues, keys: ValuePath): boolean {
  return isMark(findValue(values, keys));
}

function findValue(values: HelmValues, keys: ValuePath): HelmValue | undefined {
  let current: HelmValue | undefined = values;
  for (const key of keys) {
    if (isMark(current)) return current;
    if (!isMap(current)) return undefined;
    current = Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current;
}

/**
 * A copy with one value set; maps on the way are made.
 *
 * @throws RefusalError for a place in a value that the program keeps to itself, which would be lost
 */
export function withValue(values: HelmValues, keys: ValuePath, value: HelmValue): HelmValues {
  const [key, ...rest] = keys;
  if (key === undefined) return values;
  const child = values[key];
  if (rest.length > 0 && isMark(child)) refuseMark(child);
  return { ...values, [key]: rest.length === 0 ? value : withValue(isMap(child) ? child : {}, rest, value) };
}

/** A copy without one value; maps left empty by that go too. */
export function withoutValue(values: HelmValues, keys: ValuePath): HelmValues {
  const [key, ...rest] = keys;
  if (key === undefined || !Object.hasOwn(values, key)) return values;
  const { [key]: child, ...others } = values;
  if (rest.length === 0 || !isMap(child)) return rest.length === 0 ? others : values;
  const remaining = withoutValue(child, rest);
  return Object.keys(remaining).length === 0 ? others : { ...values, [key]: remaining };
}

/** Helm's merge: maps key by key, everything else from `over`; a null there removes the default. Neither is changed. */
export function mergeValues(under: HelmValues, over: HelmValues): HelmValues {
  const merged: HelmValues = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMap(below) && isMap(value) ? mergeValues(below, value) : value;
  }
  return merged;
}

/** Paths of everything that is no map with content; lists are not looked into. */
export function leafPaths(values: HelmValues, above: ValuePath = []): ValuePath[] {
  return Object.entries(values).flatMap(([key, value]) =>
    isMap(value) && Object.keys(value).length > 0 ? leafPaths(value, [...above, key]) : [[...above, key]],
  );
}

/** Same content, whatever the order of keys; null and missing are the same to Helm. */
export function sameValue(a: HelmValue | undefined, b: HelmValue | undefined): boolean {
  if (a === b) return true;
  if ((a ?? null) === null || (b ?? null) === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]))
    );
  }
  if (!isMap(a) || !isMap(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameValue(a[key], b[key]));
}

/** What Helm's `if` makes of a value: the string "false" counts as true there. */
export function isTrue(value: HelmValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A text with something in it: an empty one means to a chart that nothing is set. */
export function filledText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A scalar as Helm writes it into text; a list or map as JSON. */
export function asText(value: HelmValue | undefined): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
}
