import * as k8s from "@pulumi/kubernetes";
import { upgradeLabels, upgradeServiceAccount } from "../../upgrade/marks";
import { jobRights } from "../../upgrade/steps/jobRights";
import type { StepContext, UpgradeAccess } from "./context";

/**
 * For objects that change between plans. Each run whose predecessor was killed is another field manager, and the API
 * server would refuse it what the dead one has set.
 */
export const FORCED = { "pulumi.com/patchForce": "true" } as const;

/** The ServiceAccount that runs the plan's Jobs, with the rights these Jobs need and no more. */
export function declareAccess(context: Omit<StepContext, "access">): UpgradeAccess {
  const name = upgradeServiceAccount(context.releaseName);
  const labels = upgradeLabels(context.releaseName);
  const metadata = { name, namespace: context.namespace, labels, annotations: FORCED };
  const own = `${context.name}-upgrade`;
  // Named after the release by earlier versions of this program.
  const optionsOf = (type: string) => ({ ...context.options, aliases: context.earlier.urnsOf(type, own, name) });
  const account = new k8s.core.v1.ServiceAccount(own, { metadata }, optionsOf("kubernetes:core/v1:ServiceAccount"));
  const role = new k8s.rbac.v1.Role(
    own,
    { metadata, rules: jobRights(context.plan) },
    optionsOf("kubernetes:rbac.authorization.k8s.io/v1:Role"),
  );
  const binding = new k8s.rbac.v1.RoleBinding(
    own,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: context.namespace }],
    },
    { ...optionsOf("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"), dependsOn: [account, role] },
  );
  return { account, ready: [account, binding] };
}
