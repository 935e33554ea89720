import type * as k8s from "@pulumi/kubernetes";
import { REPLICAS_ANNOTATION } from "../../upgrade/marks";
import type { Step, StoppedDeployment } from "../../upgrade/model";
import { stepLimit } from "../../upgrade/steps/steps";
import type { After, StepContext } from "./context";
import { awaitPodsGone, type Command, declareKubectlJob, kubectl, podSelector } from "./jobs";
import { setPaused } from "./rollout";

/**
 * Remembers the replicas, scales every component to 0 and waits until the last pod is gone. On a stopped cluster it
 * changes nothing. The sessions that pods leave behind in etcd are waited for by the backup, which reads etcd.
 */
export function declareStop(
  context: StepContext,
  step: Extract<Step, { kind: "stop" }>,
  after: After,
): k8s.batch.v1.Job {
  const limit = stepLimit(step, context.settings.timeouts, true);
  const pods = podSelector(
    context,
    step.deployments.map(({ component }) => component),
  );
  const commands = [
    ...remember(context, step.deployments),
    kubectl(context, "scale-to-zero", "scale", "--replicas=0", ...step.deployments.map(reference)),
    ...unpause(context, step.deployments),
    awaitPodsGone(context, "await-pods-gone", pods, limit),
  ];
  return declareKubectlJob(context, { step: "stop", commands, limit }, after);
}

/** One command for each number of replicas. A Deployment at 0 keeps what was remembered of it before. */
function remember(context: StepContext, deployments: readonly StoppedDeployment[]): Command[] {
  const counts = [...new Set(deployments.map(({ replicas }) => replicas))].filter((count) => count > 0);
  return counts
    .sort((a, b) => a - b)
    .map((count) =>
      kubectl(
        context,
        `remember-${count}-replicas`,
        "annotate",
        "--overwrite",
        ...deployments.filter(({ replicas }) => replicas === count).map(reference),
        `${REPLICAS_ANNOTATION}=${count}`,
      ),
    );
}

/** Scaled up with a new template, a paused Deployment starts pods of the old one. At 0 there is nothing to roll. */
function unpause(context: StepContext, deployments: readonly StoppedDeployment[]): Command[] {
  const paused = deployments.filter((deployment) => deployment.paused === true).map(({ name }) => name);
  return paused.length > 0 ? [setPaused(context, false, paused)] : [];
}

function reference({ name }: StoppedDeployment): string {
  return `deployment/${name}`;
}
