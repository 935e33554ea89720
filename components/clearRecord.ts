import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Step } from "../upgrade/model";
import { stepLimit } from "../upgrade/steps";
import { FORCED } from "./access";
import type { After, StepContext } from "./context";
import { declareKubectlJob, kubectl } from "./jobs";

/** What Helm calls its records. */
const RECORD_TYPE = "helm.sh/release.v1";

/**
 * Where the state has the Release already, Pulumi upgrades it, and Helm upgrades nothing that has no record. So the
 * record of an install that died and was never deployed is not deleted but says that it failed: from there Helm goes on.
 */
export function declareFailedRecord(
  context: StepContext,
  step: Extract<Step, { kind: "clearPendingRelease" }>,
  failedRecord: string,
  after: After,
): k8s.core.v1.Secret {
  return new k8s.core.v1.Secret(
    `${context.releaseName}-failed-record`,
    {
      metadata: {
        name: step.recordName,
        namespace: context.namespace,
        labels: { name: context.releaseName, owner: "helm", status: "failed", version: `${step.revision}` },
        annotations: FORCED,
      },
      type: RECORD_TYPE,
      data: { release: pulumi.secret(failedRecord) },
    },
    // Helm's, not ours: it stays when it is no longer declared.
    { ...context.options, dependsOn: context.gate.open(after), retainOnDelete: true },
  );
}

/**
 * Deletes the record of a Helm operation that was killed. Helm keeps refusing every other operation until it is gone;
 * the revision before it then counts as the current one. Only this one Secret can be deleted.
 */
export function declareClearRecord(
  context: StepContext,
  step: Extract<Step, { kind: "clearPendingRelease" }>,
  after: After,
): k8s.batch.v1.Job {
  const command = kubectl(
    context,
    "delete-record",
    "delete",
    "secret",
    step.recordName,
    "--ignore-not-found",
    "--wait=false",
  );
  return declareKubectlJob(
    context,
    { step: "clear-pending-release", commands: [command], limit: stepLimit(step, context.settings.timeouts, true) },
    after,
  );
}
