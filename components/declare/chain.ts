import { randomUUID } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { UpgradePlan } from "../../upgrade/model";
import {
  type DeclaredStep,
  isAfterVerification,
  isDeclared,
  runsAsJob,
  touchesMetadata,
} from "../../upgrade/steps/steps";
import { releaseResourceName } from "../engine/earlierRun";
import { failureHook } from "../engine/failureHook";
import { guardHook } from "../engine/guard";
import { settled } from "../engine/resolve";
import { StepGate } from "../engine/stepGate";
import { joinHooks, stepHooks } from "../engine/stepHooks";
import type { After, PlannedRun, StepContext } from "./context";
import { declareClearRecord, declareFailedRecord } from "./helmRecord";
import { declareBackupClaim, declareKeptClaims, declareMetadataJob, declareScript } from "./metadata";
import { declareOwnJob } from "./ownJob";
import { declareAccess } from "./rbac";
import { declareRelease } from "./release";
import { declarePause, declareResume } from "./rollout";
import { declareStop } from "./stop";

/** What was declared, and when it is done. */
export interface Declared {
  /**
   * Resolved once the last step has been done; rejected with `StepLeftOut` where one was left out, never settled when one
   * fails. False: nothing was to be done, and the engine was told to leave the Release out.
   */
  readonly done: () => Promise<boolean>;
  /** The resource that each step ends with, in the plan's order; without those after the verification. */
  readonly ends: readonly pulumi.Resource[];
  /**
   * The user's Jobs after the verification, one after the other. Resolved once they are done; never settled when one fails. A
   * preview has declared them already.
   */
  readonly runAfter: () => Promise<void>;
}

/**
 * Declares the steps that bring a Milvus cluster to the planned version. Each step's resources depend on those of the step
 * before: the plan's order is the only order there is. What a plan does not need is not declared, so the run after an
 * upgrade removes the upgrade's own Jobs; backup claims stay declared for as long as they are in the cluster.
 *
 * @param parent of every resource
 */
export function declareChain(parent: pulumi.Resource, planned: PlannedRun): Declared {
  checkPlan(planned.plan);
  const { provider, name } = planned;
  const run = randomUUID();
  const gate = new StepGate(planned, run);
  const hooks = hooksOf(planned);
  const options = { parent, hooks, ...(provider && { provider }) };
  const own = { ...planned, run, gate, options };

  const steps = planned.plan.steps.filter(isDeclared);
  const access = steps.some(runsAsJob) ? declareAccess(own) : undefined;
  const context: StepContext = { ...own, ...(access && { access }) };
  const script = steps.some(touchesMetadata) ? [declareScript(context)] : [];
  const claim = steps.some(({ kind }) => kind === "backup") ? [declareBackupClaim(context)] : [];
  declareKeptClaims(context);
  const jobsNeed = [...(access?.ready ?? []), ...script, ...claim];
  const ends: pulumi.Resource[] = [];
  let after: After = [];
  for (const [index, step] of steps.entries()) {
    const told = planned.listener && stepHooks(`${name}-step-${index + 1}`, step, planned.listener);
    const isFirst = step.kind !== "ownJob" && steps[index - 1]?.kind === "ownJob";
    const ofStep = {
      ...context,
      options: { ...options, hooks: joinHooks(hooks, told) },
      ...(isFirst && { gate: afterOwnJobs(gate, planned) }),
    };
    after = [declareStep(ofStep, step, runsAsJob(step) ? [...jobsNeed, ...after] : after, name)];
    ends.push(...after);
  }
  const last = after;
  const isThere = () => settled(pulumi.all(last.map(({ urn }) => urn)));
  const done = async () => (planned.plan.kind === "nothing" ? (await isThere()) !== undefined : gate.isPassed(last));
  // Where nothing was to be done, nothing of it is done in this run; what is there has been waited for.
  const first = planned.plan.kind === "nothing" ? [] : last;
  const declareAfter = () => {
    const own = planned.plan.steps.filter(isAfterVerification);
    return own.reduce((before: After, step) => [declareStep(context, step, before, name)], first);
  };
  if (pulumi.runtime.isDryRun()) declareAfter();
  const runAfter = async () => {
    const ended = declareAfter();
    if (ended !== first) await gate.isPassed(ended);
  };
  return { done, ends, runAfter };
}

/** What the user's Jobs before the upgrade have done is kept before anything is touched: no later run does it again then. */
function afterOwnJobs(gate: StepGate, { ranBefore }: PlannedRun): StepGate | Pick<StepGate, "open"> {
  if (ranBefore === undefined || pulumi.runtime.isDryRun()) return gate;
  return {
    open: async (after) => {
      const passed = await gate.open(after);
      await ranBefore();
      return passed;
    },
  };
}

function hooksOf(planned: PlannedRun): pulumi.ResourceHookBinding {
  const { name, namespace, diagnose, guard } = planned;
  const check = guard && [guardHook(`${name}-lock`, guard)];
  return {
    ...(check && { beforeCreate: check, beforeUpdate: check }),
    ...((diagnose ?? guard) && { onError: [failureHook(`${name}-diagnosis`, namespace, planned)] }),
  };
}

/** Declares one step and returns the resource that the next one waits for. */
function declareStep(context: StepContext, step: DeclaredStep, after: After, name: string): pulumi.Resource {
  switch (step.kind) {
    case "clearPendingRelease":
      return declareClearRecord(context, step, after);
    case "markFailed":
      return declareFailedRecord(context, step, after);
    case "stop":
      return declareStop(context, step, after);
    case "probe":
    case "backup":
    case "migrate":
    case "restore":
      return declareMetadataJob(context, step.kind, after);
    case "ownJob":
      return declareOwnJob(context, step, after);
    case "pause":
      return declarePause(context, step, after);
    case "release":
      return declareRelease(context, step, after, releaseResourceName(name));
    case "resume":
      return declareResume(context, step, after);
  }
}

/** Without its Release a plan would uninstall Milvus; said before anything is declared. */
function checkPlan({ kind, steps }: UpgradePlan): void {
  const releases = steps.filter((step) => step.kind === "release").length;
  if (releases !== 1) {
    throw new Error(
      `The plan (${kind}) has ${releases} release steps instead of one. This is a bug: please report it.`,
    );
  }
}
