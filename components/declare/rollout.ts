import type * as k8s from "@pulumi/kubernetes";
import { RECREATE_ANNOTATION } from "../../upgrade/marks";
import type { HelmValues, Step } from "../../upgrade/model";
import { DEPENDENCY_LABELS, endingLimit, rolloutLimit } from "../../upgrade/steps/limits";
import { stepLimit } from "../../upgrade/steps/steps";
import type { After, StepContext } from "./context";
import { awaitPodsGone, type Command, declareKubectlJob, kubectl, podSelector } from "./jobs";

/** Pauses the component Deployments, so that the Release changes their templates and no pod. Can be repeated. */
export function declarePause(
  context: StepContext,
  step: Extract<Step, { kind: "pause" }>,
  after: After,
): k8s.batch.v1.Job {
  const commands = [setPaused(context, true, step.deployments)];
  return declareKubectlJob(
    context,
    { step: "pause", commands, limit: stepLimit(step, context.settings.timeouts, true) },
    after,
  );
}

/**
 * Resumes one component and waits until its rollout has finished and the last old pod is gone, within its own grace
 * period; Kubernetes calls a Deployment rolled out while old pods still end. The first one of a
 * plan waits for the dependencies before that, because in this kind of plan the Release has waited for nothing.
 */
export function declareResume(
  context: StepContext,
  step: Extract<Step, { kind: "resume" }>,
  after: After,
): k8s.batch.v1.Job {
  const { timeouts } = context.settings;
  const limit = rolloutLimit(step.component, timeouts);
  const resumes = context.plan.steps.filter(({ kind }) => kind === "resume");
  const first = resumes[0] === step;
  const dependencies = first ? awaitDependencies(context) : [];
  const commands = [
    ...dependencies,
    step.recreated ? recreate(context, step) : setPaused(context, false, [step.deployment]),
    kubectl(context, "await-rollout", "rollout", "status", `deployment/${step.deployment}`, `--timeout=${limit}s`),
    ...(step.oldPods ? [awaitOldPods(context, step.component, step.oldPods.hashes, endingLimit(step, timeouts))] : []),
    ...(step.recreated ? [giveStrategyBack(context, step, step.recreated.strategy)] : []),
  ];
  const all = stepLimit(step, timeouts, first);
  return declareKubectlJob(context, { step: nameOf(step, resumes), commands, limit: all }, after);
}

function awaitOldPods(context: StepContext, component: string, hashes: readonly string[], limit: number): Command {
  const selector = `${podSelector(context, [component])},pod-template-hash in (${hashes.join(",")})`;
  return awaitPodsGone(context, "await-old-pods", selector, limit);
}

/** After the component; with a number where a component has several Deployments (replica groups). */
function nameOf(step: Extract<Step, { kind: "resume" }>, resumes: readonly Step[]): string {
  const sameComponent = resumes.filter((other) => other.kind === "resume" && other.component === step.component);
  const number = sameComponent.indexOf(step) + 1;
  return number > 1 ? `resume-${step.component}-${number}` : `resume-${step.component}`;
}

/** `kubectl rollout pause` and `resume` fail when there is nothing to change; a patch does not. */
export function setPaused(context: StepContext, paused: boolean, deployments: readonly string[]): Command {
  return patch(context, paused ? "pause" : "resume", deployments, { spec: { paused } });
}

/** Resumes with another strategy, in one change: the roll must not begin with the old one. */
function recreate(context: StepContext, { deployment }: Extract<Step, { kind: "resume" }>): Command {
  return patch(context, "recreate", [deployment], {
    metadata: { annotations: { [RECREATE_ANNOTATION]: "true" } },
    spec: { paused: false, strategy: { type: "Recreate", rollingUpdate: null } },
  });
}

/** As Helm's manifest has it. No pod restarts: the strategy is no part of the template. */
function giveStrategyBack(
  context: StepContext,
  { deployment }: Extract<Step, { kind: "resume" }>,
  strategy: HelmValues,
): Command {
  return patch(context, "restore-strategy", [deployment], {
    metadata: { annotations: { [RECREATE_ANNOTATION]: null } },
    spec: { strategy },
  });
}

function patch(context: StepContext, name: string, deployments: readonly string[], change: object): Command {
  const text = JSON.stringify(change);
  return kubectl(context, name, "patch", "deployment", ...deployments, "--type=merge", `--patch=${text}`);
}

function awaitDependencies(context: StepContext): Command[] {
  return Object.entries(DEPENDENCY_LABELS).map(([name, label]) =>
    kubectl(
      context,
      `await-${name}`,
      "rollout",
      "status",
      "statefulset",
      `--selector=${label}=${context.releaseName}`,
      `--timeout=${context.settings.timeouts.rollout}s`,
    ),
  );
}
