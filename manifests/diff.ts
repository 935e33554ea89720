import type { HelmValue, HelmValues } from "../upgrade/model";
import { isMap, sameValue } from "../upgrade/values/tree";
import { type ForbiddenChange, forbiddenChanges } from "./immutable";
import { changedLines } from "./lines";
import type { Mask } from "./mask";
import { type ManifestObject, objectKey } from "./objects";

/** One field of an object that changes; passwords are masked. The path alone where nobody wants to see more. */
export interface FieldChange {
  /** `spec.template.spec.containers[proxy].image`. */
  readonly path: string;
  /** Missing: the field is new. */
  readonly before?: string;
  /** Missing: the field goes. */
  readonly after?: string;
  /** Instead of the two, for texts of several lines: `- old` and `+ new`. */
  readonly lines?: readonly string[];
}

export interface ObjectChange {
  readonly change: "added" | "removed" | "changed";
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  /** Of changed objects. */
  readonly fields: readonly FieldChange[];
  /** What the API server will not take. */
  readonly refused: readonly ForbiddenChange[];
  /** A removed object that Helm leaves in the cluster (helm.sh/resource-policy: keep). */
  readonly kept?: boolean;
}

const OLD_CONFIG = "milvus.yaml";
const NEW_CONFIG = "default.yaml";

/**
 * What `helm upgrade` would change, objects in the order of kind and name. Hooks are not compared: no record has them.
 *
 * @param mask missing: only which fields change. To mask and to compare the lines of a configuration takes longer than all else.
 */
export function diffManifests(
  before: readonly ManifestObject[],
  after: readonly ManifestObject[],
  mask?: Mask,
): ObjectChange[] {
  const old = byKey(before);
  const next = byKey(after);
  return [...new Set([...old.keys(), ...next.keys()])]
    .sort()
    .flatMap((key) => changeOf(old.get(key), next.get(key), mask));
}

function byKey(objects: readonly ManifestObject[]): Map<string, ManifestObject> {
  return new Map(objects.filter(({ hook }) => hook === undefined).map((object) => [objectKey(object), object]));
}

function changeOf(
  before: ManifestObject | undefined,
  after: ManifestObject | undefined,
  mask: Mask | undefined,
): ObjectChange[] {
  const object = after ?? before;
  if (object === undefined) return [];
  const { apiVersion, kind, namespace, name } = object;
  const id = { kind, apiVersion, namespace, name, fields: [], refused: [] };
  if (before === undefined) return [{ ...id, change: "added" }];
  if (after === undefined) return [{ ...id, change: "removed", ...(isKept(before) && { kept: true }) }];
  const fields = fieldChanges(kind, withNewNames(before.content, after.content), after.content, mask);
  return fields.length === 0 ? [] : [{ ...id, change: "changed", fields, refused: forbiddenChanges(before, after) }];
}

/** Charts from 3.3.2 on mount milvus.yaml as default.yaml (fact 1.9): the two are compared, not one gone and one new. */
function withNewNames(before: HelmValues, after: HelmValues): HelmValues {
  const [old, next] = [before.data, after.data];
  if (before.kind !== "ConfigMap" || !isMap(old) || !isMap(next)) return before;
  const { [OLD_CONFIG]: config, ...others } = old;
  if (config === undefined || next[OLD_CONFIG] !== undefined || next[NEW_CONFIG] === undefined) return before;
  return { ...before, data: { ...others, [NEW_CONFIG]: config } };
}

function isKept({ content }: ManifestObject): boolean {
  const metadata = isMap(content.metadata) ? content.metadata : {};
  return isMap(metadata.annotations) && metadata.annotations["helm.sh/resource-policy"] === "keep";
}

/**
 * What differs between two contents of one object.
 *
 * @param mask missing: only which fields
 */
export function fieldChanges(kind: string, before: HelmValue, after: HelmValue, mask?: Mask): FieldChange[] {
  const changes: FieldChange[] = [];
  const visit = (path: readonly string[], old: HelmValue | undefined, next: HelmValue | undefined): void => {
    if (sameValue(old, next)) return;
    if (isMap(old) && isMap(next)) {
      for (const key of new Set([...Object.keys(old), ...Object.keys(next)]))
        visit([...path, key], old[key], next[key]);
      return;
    }
    const [oldItems, nextItems] = [named(old ?? []), named(next ?? [])];
    if (oldItems && nextItems) {
      for (const key of new Set([...oldItems.keys(), ...nextItems.keys()]))
        visit([...path, `[${key}]`], oldItems.get(key), nextItems.get(key));
      return;
    }
    changes.push(mask === undefined ? { path: joinPath(path) } : leaf(kind, path, old, next, mask));
  };
  visit([], before, after);
  return changes;
}

function leaf(
  kind: string,
  path: readonly string[],
  old: HelmValue | undefined,
  next: HelmValue | undefined,
  mask: Mask,
): FieldChange {
  const shown = (value: HelmValue | undefined) =>
    value === undefined || value === null ? undefined : mask.show(kind, path, value);
  const [before, after] = [shown(old), shown(next)];
  const name = joinPath(path);
  if (before?.includes("\n") || after?.includes("\n")) {
    return { path: name, lines: changedLines(before, after) };
  }
  return { path: name, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

/** Items by their name, as Kubernetes merges most lists; undefined where an item has none or two share one. */
function named(value: HelmValue): Map<string, HelmValue> | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries = value.map((item): [string | undefined, HelmValue] => [isMap(item) ? nameOf(item) : undefined, item]);
  const items = new Map(entries.filter((entry): entry is [string, HelmValue] => entry[0] !== undefined));
  return items.size === value.length ? items : undefined;
}

function nameOf(item: Readonly<Record<string, HelmValue>>): string | undefined {
  const metadata = isMap(item.metadata) ? item.metadata.name : undefined;
  const name = item.name ?? metadata;
  if (typeof name !== "string") return undefined;
  // One volume may be mounted twice.
  return typeof item.mountPath === "string" ? `${name} at ${item.mountPath}` : name;
}

function joinPath(path: readonly string[]): string {
  return path.reduce((text, key) => {
    if (key.startsWith("[")) return `${text}${key}`;
    const shown = key.includes(".") ? `"${key}"` : key;
    return text === "" ? shown : `${text}.${shown}`;
  }, "");
}
