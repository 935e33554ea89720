import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { refusalOfLeftOut } from "../../upgrade/plan/leftOut";
import { isOfRun } from "../../upgrade/steps/jobNames";
import { describePlan } from "../../upgrade/words/describe";
import type { After, Gate, PlannedRun } from "../declare/context";
import { settled } from "./resolve";

/**
 * Lets a step begin once this run still has the release's lock and the step before it has really been done in this run. The
 * engine alone does not hold that: `--target` and `--exclude` leave steps out, and give the steps after them what the
 * state has of an earlier run. It stands before the request to the engine, so that it covers what the engine deletes for
 * a replacement as well.
 */
export class StepGate implements Gate {
  private readonly revision: number;
  private readonly markedRecord: string | undefined;

  constructor(
    private readonly args: Pick<PlannedRun, "guard" | "plan" | "state">,
    private readonly run: string,
  ) {
    this.revision = revisionBefore(args);
    this.markedRecord = args.plan.steps.find((step) => step.kind === "markFailed")?.recordName;
  }

  /** What a step waits for, once it may begin; the promise is rejected where it may not. */
  open(after: After): pulumi.Resource[] | Promise<pulumi.Resource[]> {
    return pulumi.runtime.isDryRun() ? [...after] : this.passed(after);
  }

  /**
   * True once these have been done in this run.
   *
   * @throws StepLeftOut
   */
  async isPassed(after: After): Promise<true> {
    for (const resource of after) {
      if (!(await this.isDone(resource))) throw new StepLeftOut(leftOut(resource));
    }
    return true;
  }

  private async passed(after: After): Promise<pulumi.Resource[]> {
    await this.isPassed(after);
    await this.args.guard?.check();
    return [...after];
  }

  private async isDone(resource: pulumi.Resource): Promise<boolean> {
    if (resource instanceof k8s.batch.v1.Job) {
      const metadata = await known(resource.metadata);
      // A Job that was never made has no uid; one of an earlier run has another name.
      return metadata?.uid !== undefined && isOfRun(metadata.name, this.run);
    }
    if (resource instanceof k8s.helm.v3.Release) {
      const status = await known(resource.status);
      return (status?.revision ?? 0) > this.revision;
    }
    if (resource instanceof k8s.core.v1.Secret) {
      // One of an earlier run is the record of another revision.
      const metadata = await known(resource.metadata);
      return metadata?.uid !== undefined && metadata.name === this.markedRecord;
    }
    return (await known(resource.urn)) !== undefined;
  }
}

/** The newest revision that will still be there when the Release is sent. */
function revisionBefore({ plan, state }: Pick<PlannedRun, "plan" | "state">): number {
  const { release } = state;
  const isCleared = plan.steps.some(({ kind }) => kind === "clearPendingRelease");
  return (isCleared ? release?.lastDeployed?.revision : release?.revision) ?? 0;
}

/** A step was left out, and the one after it does not begin: its registration fails with this, and so does the run. */
export class StepLeftOut extends pulumi.RunError {}

/** The output, or this value where a step was left out. */
export function unlessLeftOut<T>(output: pulumi.Output<T>, value: T): pulumi.Output<T> {
  return pulumi.recover(output, (error: unknown) => {
    if (error instanceof StepLeftOut) return value;
    throw error;
  });
}

/** Says the SDK of a resource that the engine has skipped, or that failed in a run that goes on after errors. */
const SKIPPED = /^resource .* failed to register$/;

/** The value once it is there; undefined where the engine gives none, as for what `--target` leaves out. */
async function known<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  try {
    return await settled(output);
  } catch (error) {
    if (SKIPPED.test((error as Error).message)) return undefined;
    throw error;
  }
}

function leftOut({ __name: name }: pulumi.Resource & { readonly __name?: string }): string {
  return describePlan(refusalOfLeftOut(name ?? "before")).join("\n");
}
