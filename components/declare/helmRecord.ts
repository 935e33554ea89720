import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Step } from "../../upgrade/model";
import { stepLimit } from "../../upgrade/steps/steps";
import type { After, StepContext } from "./context";
import { declareKubectlJob, kubectl } from "./jobs";
import { FORCED } from "./rbac";

/** What Helm calls its records. */
const RECORD_TYPE = "helm.sh/release.v1";

/** The record of an install that died says that it failed: from there Helm goes on. */
export function declareFailedRecord(
  context: StepContext,
  step: Extract<Step, { kind: "markFailed" }>,
  after: After,
): k8s.core.v1.Secret {
  const { failedRecord, settings } = context;
  if (failedRecord === undefined) {
    throw new Error(
      `The plan (${context.plan.kind}) has the step markFailed, but what the record is to say is missing. This is a bug: please report it.`,
    );
  }
  const name = `${context.name}-failed-record`;
  return new k8s.core.v1.Secret(
    name,
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
    {
      ...context.options,
      aliases: context.earlier.urnsOf("kubernetes:core/v1:Secret", name, `${context.releaseName}-failed-record`),
      dependsOn: context.gate.open(after),
      retainOnDelete: true,
      customTimeouts: { create: `${stepLimit(step, settings.timeouts, true)}s` },
    },
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
