import { randomUUID } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Step, UpgradePlan } from "../upgrade/model";
import { runsAsJob, touchesMetadata } from "../upgrade/steps";
import { declareAccess } from "./access";
import { declareClearRecord, declareFailedRecord } from "./clearRecord";
import type { After, MilvusClusterArgs, StepContext } from "./context";
import { failureHook } from "./errorHook";
import { measure } from "./measure";
import { declareBackupClaim, declareMetadataJob, declareScript } from "./metadataJobs";
import { type MilvusOutputs, outputsOf } from "./outputs";
import { declareRelease, releaseResourceName } from "./release";
import { declarePause, declareResume } from "./rollout";
import { guardHook } from "./runGuard";
import { StepGate, unlessLeftOut } from "./stepGate";
import { declareStop } from "./stopJob";

/**
 * A Milvus cluster installed by Helm, and the steps that bring it to the planned version. Each step's resources depend
 * on those of the step before: the plan's order is the only order there is. What a plan does not need is not declared,
 * so the run after an upgrade removes the upgrade's own Jobs; the backup claim stays in the cluster.
 */
export class MilvusCluster extends pulumi.ComponentResource {
  readonly outputs: MilvusOutputs;
  /** Known once the last step is done; false where one was left out, never when one fails. */
  readonly done: pulumi.Output<boolean>;

  constructor(name: string, args: MilvusClusterArgs, options?: pulumi.ComponentResourceOptions) {
    checkPlan(args.plan);
    super("milvus:upgrade:MilvusCluster", name, {}, options);
    const run = randomUUID();
    const gate = new StepGate(args, run);
    const own = { ...args, run, gate, options: { parent: this, hooks: hooksOf(args, name) } };

    const { steps } = args.plan;
    const access = steps.some(runsAsJob) ? declareAccess(own) : undefined;
    const context: StepContext = { ...own, ...(access && { access }) };
    const script = steps.some(touchesMetadata) ? [declareScript(context)] : [];
    const claim = steps.some(({ kind }) => kind === "backup") ? [declareBackupClaim(context)] : [];
    const jobsNeed = [...(access?.ready ?? []), ...script, ...claim];
    const started = Date.now();
    const ends: pulumi.Resource[] = [];
    let after: After = [];
    for (const step of steps) {
      after = [declareStep(context, step, runsAsJob(step) ? [...jobsNeed, ...after] : after, name)];
      ends.push(...after);
    }

    const last = pulumi.all(after.map(({ urn }) => urn)).apply(() => true);
    this.done = unlessLeftOut(last, false);
    const lastUpgrade = measure(args.plan, started, ends, args.lastUpgrade);
    this.outputs = { ...outputsOf(args), ...(lastUpgrade && { lastUpgrade }) };
    this.registerOutputs(this.outputs);
  }
}

function hooksOf({ namespace, diagnose, guard }: MilvusClusterArgs, name: string): pulumi.ResourceHookBinding {
  const check = guard && [guardHook(`${name}-lock`, guard)];
  return {
    ...(check && { beforeCreate: check, beforeUpdate: check }),
    ...((diagnose ?? guard) && { onError: [failureHook(`${name}-diagnosis`, namespace, diagnose, guard)] }),
  };
}

/** Declares one step and returns the resource that the next one waits for. */
function declareStep(context: StepContext, step: Step, after: After, name: string): pulumi.Resource {
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
