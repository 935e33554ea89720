/** The kinds that the stand-in serves, and what cannot be changed in place. */
export interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Paths whose change replaces the object, beside name and namespace. */
  readonly forceNew: readonly string[];
}

const kind = (apiVersion: string, name: string, plural: string, forceNew: readonly string[] = []) => ({
  apiVersion,
  kind: name,
  plural,
  namespaced: name !== "Namespace",
  forceNew,
});

const KINDS = {
  "kubernetes:core/v1:Namespace": kind("v1", "Namespace", "namespaces"),
  "kubernetes:core/v1:ConfigMap": kind("v1", "ConfigMap", "configmaps", ["data", "binaryData"]),
  "kubernetes:core/v1:Secret": kind("v1", "Secret", "secrets", ["type", "data", "stringData"]),
  "kubernetes:core/v1:ServiceAccount": kind("v1", "ServiceAccount", "serviceaccounts"),
  "kubernetes:core/v1:PersistentVolumeClaim": kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims", [
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeName",
  ]),
  "kubernetes:batch/v1:Job": kind("batch/v1", "Job", "jobs", [
    "spec.completions",
    "spec.parallelism",
    "spec.selector",
    "spec.template",
  ]),
  "kubernetes:apps/v1:Deployment": kind("apps/v1", "Deployment", "deployments", ["spec.selector"]),
  "kubernetes:rbac.authorization.k8s.io/v1:Role": kind("rbac.authorization.k8s.io/v1", "Role", "roles"),
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": kind(
    "rbac.authorization.k8s.io/v1",
    "RoleBinding",
    "rolebindings",
    ["roleRef"],
  ),
} as const satisfies Record<string, ObjectKind & { plural: string }>;
type KindToken = keyof typeof KINDS;

export const RELEASE_TOKEN = "kubernetes:helm.sh/v3:Release";

export function kindOf(token: string): ObjectKind {
  if (!(token in KINDS)) {
    throw new Error(
      `the sandbox's stand-in for the kubernetes provider does not serve ${token}; ` +
        `it serves ${[RELEASE_TOKEN, ...Object.keys(KINDS)].join(", ")}`,
    );
  }
  return KINDS[token as KindToken];
}

/** Path of a collection on the API server. */
export function collectionPath(objectKind: ObjectKind, namespace: string): string {
  const { plural } = Object.values(KINDS).find((candidate) => candidate.kind === objectKind.kind) ?? { plural: "" };
  const group = objectKind.apiVersion === "v1" ? "/api/v1" : `/apis/${objectKind.apiVersion}`;
  return objectKind.namespaced ? `${group}/namespaces/${namespace}/${plural}` : `${group}/${plural}`;
}

/** Type token in a URN: `urn:pulumi:stack::project::parent$kubernetes:batch/v1:Job::name`. */
export function tokenOf(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
