import type { HelmValue, HelmValues } from "../upgrade/model";
import { asText, getValue, isMap, sameValue, withoutValue } from "../upgrade/values/tree";
import type { ManifestObject } from "./objects";

/** A change that the API server answers with "field is immutable" or "forbidden". */
export interface ForbiddenChange {
  readonly path: string;
  readonly why: string;
}

/** Fields of a StatefulSet's spec that may change (Kubernetes, pkg/apis/apps/validation: ValidateStatefulSetUpdate). */
const MUTABLE_IN_STATEFUL_SET = new Set([
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
]);

/** What the API server fills in, so that writing it out is no change. */
const STATEFUL_SET_DEFAULTS: HelmValues = { podManagementPolicy: "OrderedReady", serviceName: "" };

/** Fields that never change, for kinds where these are few. */
const IMMUTABLE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Deployment: [["spec", "selector"]],
  DaemonSet: [["spec", "selector"]],
  Job: [
    ["spec", "template"],
    ["spec", "selector"],
    ["spec", "completionMode"],
  ],
  RoleBinding: [["roleRef"]],
  ClusterRoleBinding: [["roleRef"]],
  StorageClass: [["parameters"], ["provisioner"], ["reclaimPolicy"], ["volumeBindingMode"]],
  PersistentVolumeClaim: [
    ["spec", "accessModes"],
    ["spec", "storageClassName"],
    ["spec", "selector"],
    ["spec", "volumeName"],
    ["spec", "volumeMode"],
  ],
};

/** Changes between two manifests of one object that the API server refuses, judged by the fields alone. */
export function forbiddenChanges(before: ManifestObject, after: ManifestObject): ForbiddenChange[] {
  if (before.kind === "StatefulSet") return inStatefulSet(before.content, after.content);
  if (isFrozen(before.content) && !sameValue(before.content.data, after.content.data)) {
    return [{ path: "data", why: `this ${before.kind} is marked as immutable` }];
  }
  const fields = (IMMUTABLE[before.kind] ?? []).filter(
    (path) => !sameValue(getValue(before.content, path), getValue(after.content, path)),
  );
  return [
    ...fields.map((path) => ({ path: path.join("."), why: `this field of a ${before.kind} is immutable` })),
    ...(before.kind === "PersistentVolumeClaim" ? shrunkClaim(before.content, after.content) : []),
    ...(before.kind === "Service" ? inService(before.content, after.content) : []),
  ];
}

function inStatefulSet(before: HelmValues, after: HelmValues): ForbiddenChange[] {
  const [old, next] = [specOf(before), specOf(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(next)])]
    .filter((field) => !MUTABLE_IN_STATEFUL_SET.has(field))
    .filter((field) => !sameValue(comparable(field, old), comparable(field, next)))
    .map((field) => ({
      path: `spec.${field}`,
      why: "a StatefulSet takes changes of replicas, template, updateStrategy and a few more, and of nothing else",
    }));
}

function specOf(content: HelmValues): HelmValues {
  return isMap(content.spec) ? content.spec : {};
}

function comparable(field: string, spec: HelmValues): HelmValue {
  const value = spec[field] ?? STATEFUL_SET_DEFAULTS[field] ?? null;
  return field === "volumeClaimTemplates" && Array.isArray(value) ? value.map(claimAsStored) : value;
}

/** With what the API server adds to every claim template. */
function claimAsStored(claim: HelmValue): HelmValue {
  if (!isMap(claim)) return claim;
  const claimed = ["apiVersion", "kind", "status"].reduce((rest, key) => withoutValue(rest, [key]), claim);
  const named = withoutValue(claimed, ["metadata", "creationTimestamp"]);
  return { ...named, spec: { volumeMode: "Filesystem", ...specOf(claim) } };
}

function isFrozen(content: HelmValues): boolean {
  return content.immutable === true;
}

function shrunkClaim(before: HelmValues, after: HelmValues): ForbiddenChange[] {
  const path = ["spec", "resources", "requests", "storage"];
  const [old, next] = [bytes(getValue(before, path)), bytes(getValue(after, path))];
  return old !== undefined && next !== undefined && next < old
    ? [{ path: path.join("."), why: "a claim can grow and never shrink" }]
    : [];
}

function inService(before: HelmValues, after: HelmValues): ForbiddenChange[] {
  const path = ["spec", "clusterIP"];
  const [old, next] = [getValue(before, path), getValue(after, path)];
  const isHeadless = (value: HelmValue | undefined) => value === "None";
  return isHeadless(old) !== isHeadless(next) || (old && next && old !== next)
    ? [{ path: path.join("."), why: "the address of a Service is immutable" }]
    : [];
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};

function bytes(quantity: HelmValue | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]i|[kMGT])?$/.exec(asText(quantity));
  return match ? Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1) : undefined;
}
