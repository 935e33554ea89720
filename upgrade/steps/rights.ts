import type { Step, UpgradePlan } from "../model";

/** A rule of a Kubernetes Role. */
export interface Right {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
  readonly resourceNames?: string[];
}

/** Remembering, scaling and unpausing of the Deployments, and seeing their pods go. */
export function stopRights({ deployments }: Extract<Step, { kind: "stop" }>): Right[] {
  const names = deployments.map(({ name }) => name);
  return names.length === 0
    ? []
    : [
        ...patchDeployments(names),
        ...named("apps", "deployments/scale", ["get", "patch", "update"], names),
        unnamed("", "pods"),
      ];
}

export function patchDeployments(names: readonly string[]): Right[] {
  return named("apps", "deployments", ["get", "patch"], names);
}

/** Resuming a Deployment and seeing its rollout, the dependencies before it, and its old pods go after it. */
export function resumeRights({ deployment, oldPods }: Extract<Step, { kind: "resume" }>): Right[] {
  return [
    ...patchDeployments([deployment]),
    ...named("apps", "deployments", ["list", "watch"], [deployment]),
    ...(oldPods === undefined ? [] : [unnamed("", "pods")]),
    unnamed("apps", "statefulsets"),
  ];
}

export function deleteRecord(recordName: string): Right[] {
  return named("", "secrets", ["delete"], [recordName]);
}

/** Recording on the backup claim how far the attempt has come. */
export function recordPhase({ migration }: UpgradePlan): Right[] {
  return named("", "persistentvolumeclaims", ["get", "patch"], migration ? [migration.claimName] : []);
}

/** No rule at all without names: an empty `resourceNames` would allow every object. */
function named(apiGroup: string, resource: string, verbs: string[], names: readonly string[]): Right[] {
  return names.length === 0 ? [] : [{ apiGroups: [apiGroup], resources: [resource], verbs, resourceNames: [...names] }];
}

/** Reading only: what is waited for is known by its labels. */
function unnamed(apiGroup: string, resource: string): Right {
  return { apiGroups: [apiGroup], resources: [resource], verbs: ["get", "list", "watch"] };
}
