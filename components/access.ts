import * as k8s from "@pulumi/kubernetes";
import type { Step, UpgradePlan } from "../upgrade/model";
import type { After, StepContext } from "./context";

type Rule = k8s.types.input.rbac.v1.PolicyRule;

/** Labels of everything the upgrade itself creates; none of them is one that a Milvus Service or Deployment selects. */
export function upgradeLabels(releaseName: string): Record<string, string> {
  return { "app.kubernetes.io/part-of": "milvus-upgrade", "milvus-upgrade/release": releaseName };
}

/** Name of the ServiceAccount, Role and RoleBinding of the upgrade's Jobs. */
export function upgradeServiceAccount(releaseName: string): string {
  return `${releaseName}-upgrade`;
}

export interface UpgradeAccess {
  /** Owner of the Jobs: a Job that a killed run made and no state knows goes with it. */
  readonly account: k8s.core.v1.ServiceAccount;
  /** What a Job has to wait for. */
  readonly ready: After;
}

/** The ServiceAccount that runs the plan's Jobs, with the rights these Jobs need and no more. */
export function declareAccess(context: Omit<StepContext, "access">): UpgradeAccess {
  const name = upgradeServiceAccount(context.releaseName);
  const metadata = { name, namespace: context.namespace, labels: upgradeLabels(context.releaseName) };
  const account = new k8s.core.v1.ServiceAccount(name, { metadata }, context.options);
  const role = new k8s.rbac.v1.Role(name, { metadata, rules: rulesFor(context.plan) }, context.options);
  const binding = new k8s.rbac.v1.RoleBinding(
    name,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: context.namespace }],
    },
    { ...context.options, dependsOn: [account, role] },
  );
  return { account, ready: [account, binding] };
}

/** One rule for each right, by the names of the objects; only reading pods and StatefulSets knows no names. */
export function rulesFor(plan: UpgradePlan): Rule[] {
  const changed = plan.steps.flatMap(changedDeployments);
  const scaled = plan.steps.flatMap((step) => (step.kind === "stop" ? step.deployments.map(({ name }) => name) : []));
  const awaited = plan.steps.flatMap((step) => (step.kind === "resume" ? [step.deployment] : []));
  const records = plan.steps.flatMap((step) => (step.kind === "clearPendingRelease" ? [step.recordName] : []));
  const claims = plan.steps.some(touchesMetadata) && plan.migration ? [plan.migration.claimName] : [];
  return [
    ...named("apps", "deployments", ["get", "patch"], changed),
    ...named("apps", "deployments", ["list", "watch"], awaited),
    ...named("apps", "deployments/scale", ["get", "patch", "update"], scaled),
    ...(scaled.length > 0 ? [unnamed("", "pods", ["get", "list", "watch"])] : []),
    ...(awaited.length > 0 ? [unnamed("apps", "statefulsets", ["get", "list", "watch"])] : []),
    ...named("", "secrets", ["delete"], records),
    ...named("", "persistentvolumeclaims", ["get", "patch"], claims),
  ];
}

export function touchesMetadata(step: Step): boolean {
  return step.kind === "backup" || step.kind === "migrate" || step.kind === "restore";
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
function named(apiGroup: string, resource: string, verbs: string[], names: readonly string[]): Rule[] {
  const resourceNames = [...new Set(names)].sort();
  return resourceNames.length === 0 ? [] : [{ apiGroups: [apiGroup], resources: [resource], verbs, resourceNames }];
}

function unnamed(apiGroup: string, resource: string, verbs: string[]): Rule {
  return { apiGroups: [apiGroup], resources: [resource], verbs };
}
