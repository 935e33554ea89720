import type * as k8s from "@pulumi/kubernetes";
import type { Step } from "../upgrade/model";
import type { After, StepContext } from "./context";
import { declareKubectlJob, kubectl } from "./jobs";

/** Seconds for deleting one Secret. */
const LIMIT = 60;

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
  return declareKubectlJob(context, { step: "clear-pending-release", commands: [command], limit: LIMIT }, after);
}
