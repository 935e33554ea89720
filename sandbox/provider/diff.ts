import { isObject, type Json, type Properties } from "./values";

export const CHANGE_KINDS = ["add", "delete", "update"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Changed properties by their path, e.g. `spec.template.spec.containers[0].image`. */
export type Changes = ReadonlyMap<string, ChangeKind>;

type Equality = (before: Json | undefined, after: Json | undefined) => boolean;

/**
 * What differs, leaf by leaf. A list of another length counts as a change of its items.
 * `same` judges leaves; default: identity, as fits Helm values, where null and nothing are two things.
 */
export function changesBetween(
  before: Properties,
  after: Properties,
  same: Equality = (left, right) => left === right || JSON.stringify(left) === JSON.stringify(right),
): Changes {
  const changes = new Map<string, ChangeKind>();
  const collect = (path: string, left: Json | undefined, right: Json | undefined): void => {
    if (isObject(left) && isObject(right)) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
        collect(path + segment(key, path === ""), left[key], right[key]);
      }
    } else if (Array.isArray(left) && Array.isArray(right)) {
      for (let index = 0; index < Math.max(left.length, right.length); index++) {
        collect(`${path}[${index}]`, left[index], right[index]);
      }
    } else if (!same(left, right)) {
      changes.set(path, left === undefined ? "add" : right === undefined ? "delete" : "update");
    }
  };
  collect("", before, after);
  return changes;
}

function segment(key: string, first: boolean): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) {
    return `[${JSON.stringify(key)}]`;
  }
  return first ? key : `.${key}`;
}

/** Does a path lie at or under one of the prefixes, e.g. `spec.template` for `spec.template.spec.volumes[0].name`? */
export function isUnder(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`));
}

/** Equal to the API server: an empty list or object and none at all, `0.5` and `500m`. */
export function sameToServer(before: Json | undefined, after: Json | undefined): boolean {
  if (before === after || (isEmpty(before) && isEmpty(after))) {
    return true;
  }
  const [left, right] = [quantity(before), quantity(after)];
  return left !== undefined && left === right;
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function quantity(value: Json | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(typeof value === "string" ? value : "");
  return match ? Number(match[1]) * (FACTORS[match[2] ?? ""] ?? Number.NaN) : undefined;
}
