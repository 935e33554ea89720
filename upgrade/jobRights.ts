import type { Step, UpgradePlan } from "./model";

/** A rule of a Kubernetes Role. */
export interface Right {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
  readonly resourceNames?: string[];
}

/** What the plan's Jobs may do: one rule for each right, by the names of the objects; only reading pods and StatefulSets knows no names. */
export function jobRights(plan: UpgradePlan): Right[] {
  const changed = plan.steps.flatMap(changedDeployments);
  const scaled = plan.steps.flatMap((step) => (step.kind === "stop" ? step.deployments.map(({ name }) => name) : []));
  const awaited = plan.steps.flatMap((step) => (step.kind === "resume" ? [step.deployment] : []));
  const records = plan.steps.flatMap((step) => (step.kind === "clearPendingRelease" ? [step.recordName] : []));
  const claims = plan.steps.some(recordsPhase) && plan.migration ? [plan.migration.claimName] : [];
  return [
    ...named("apps", "deployments", ["get", "patch"], changed),
    ...named("apps", "deployments", ["list", "watch"], awaited),
    ...named("apps", "deployments/scale", ["get", "patch", "update"], scaled),
    ...(scaled.length > 0 || plan.steps.some(awaitsPods) ? [unnamed("", "pods", ["get", "list", "watch"])] : []),
    ...(awaited.length > 0 ? [unnamed("apps", "statefulsets", ["get", "list", "watch"])] : []),
    ...named("", "secrets", ["delete"], records),
    ...named("", "persistentvolumeclaims", ["get", "patch"], claims),
  ];
}

/** The probe records nothing. */
function recordsPhase(step: Step): boolean {
  return touchesMetadata(step) && step.kind !== "probe";
}

/** Steps that run the script of the metadata; `rollback` is how the restore of a finished migration is labelled. */
export const METADATA_STEPS: readonly string[] = ["probe", "backup", "migrate", "restore", "rollback"];

/** Runs the script of the metadata. */
export function touchesMetadata({ kind }: Step): boolean {
  return METADATA_STEPS.includes(kind);
}

function awaitsPods(step: Step): boolean {
  return step.kind === "resume" && step.oldPods !== undefined;
}

function changedDeployments(step: Step): readonly string[] {
  switch (step.kind) {
    case "stop":
      return step.deployments.map(({ name }) => name);
    case "pause":
      return step.deployments;
    case "resume":
      return [step.deployment];
    default:
      return [];
  }
}

/** No rule at all without names: an empty `resourceNames` would allow every object. */
function named(apiGroup: string, resource: string, verbs: string[], names: readonly string[]): Right[] {
  const resourceNames = [...new Set(names)].sort();
  return resourceNames.length === 0 ? [] : [{ apiGroups: [apiGroup], resources: [resource], verbs, resourceNames }];
}

function unnamed(apiGroup: string, resource: string, verbs: string[]): Right {
  return { apiGroups: [apiGroup], resources: [resource], verbs };
}
