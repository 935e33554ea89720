import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CRON_JOB_ANNOTATION, STEP_LABEL, upgradeLabels } from "../../upgrade/marks";
import type { Step } from "../../upgrade/model";
import { jobName, shortRun } from "../../upgrade/steps/jobNames";
import { ownJobLabel } from "../../upgrade/steps/ownJobs";
import { stepLimit } from "../../upgrade/steps/steps";
import { settled } from "../engine/resolve";
import type { After, StepContext } from "./context";

/** Seconds after which Pulumi stops waiting for a Job whose end Kubernetes does not report. */
const REPORT_LIMIT = 120;

/**
 * A Job of the user's, as `kubectl create job --from=cronjob/NAME` makes it: with the account, the rights and the pods that the
 * CronJob gives it. The engine makes it, so no pod of this program needs a right to. It may have passwords in its environment:
 * its spec is encrypted in the state.
 */
export function declareOwnJob(
  context: StepContext,
  step: Extract<Step, { kind: "ownJob" }>,
  after: After,
): k8s.batch.v1.Job {
  const { settings, namespace, releaseName, run } = context;
  const limit = stepLimit(step, settings.timeouts, true);
  const name = jobName(`${releaseName}-${step.cronJob}`, `${step.when}-${shortRun(run)}`);
  const begin = context.gate.open(after);
  const job = new k8s.batch.v1.Job(
    `${context.name}-${step.when}-${step.cronJob}`,
    {
      metadata: {
        name,
        namespace,
        labels: {
          ...labelsOf(context, step),
          ...upgradeLabels(releaseName),
          [STEP_LABEL]: ownJobLabel(step),
        },
        annotations: {
          "cronjob.kubernetes.io/instantiate": "manual",
          "pulumi.com/replaceUnready": "true",
          [CRON_JOB_ANNOTATION]: step.version,
        },
      },
      spec: pulumi.secret(specOf(context, step, limit)),
    },
    {
      ...context.options,
      dependsOn: begin,
      deleteBeforeReplace: true,
      replacementTrigger: run,
      customTimeouts: { create: `${limit + REPORT_LIMIT}s`, delete: "5m" },
    },
  );
  const { watch } = context;
  if (watch !== undefined && !pulumi.runtime.isDryRun()) {
    // A step that does not begin has nothing to be watched: its failure is told by who waits for it.
    const end = settled(job.urn).then(
      () => true,
      () => false,
    );
    void Promise.resolve(begin).then(
      () => watch({ what: `cronjob/${step.cronJob}`, name, namespace, limit, end }),
      () => undefined,
    );
  }
  return job;
}

function templateOf({ state }: StepContext, { cronJob }: Extract<Step, { kind: "ownJob" }>) {
  const template = state.cronJobs?.find(({ name }) => name === cronJob)?.template;
  if (template === undefined) {
    throw new Error(`The plan has cronjob/${cronJob}, and the look has not read it. This is a bug: please report it.`);
  }
  return template;
}

/** What selects pods of another Job is not its. */
const LEFT_OUT = ["suspend", "selector", "manualSelector"];
/** A week: long after its end was seen. That of a run that was killed is in no state, and nobody else would delete it. */
const KEPT_SECONDS = 7 * 24 * 3600;

/** Those of the template. */
function labelsOf(context: StepContext, step: Extract<Step, { kind: "ownJob" }>): Readonly<Record<string, string>> {
  const { metadata } = templateOf(context, step) as {
    readonly metadata?: { readonly labels?: Record<string, string> };
  };
  return metadata?.labels ?? {};
}

function specOf(
  context: StepContext,
  step: Extract<Step, { kind: "ownJob" }>,
  limit: number,
): k8s.types.input.batch.v1.JobSpec {
  const { spec = {} } = templateOf(context, step) as { readonly spec?: { readonly activeDeadlineSeconds?: number } };
  const kept = Object.fromEntries(Object.entries(spec).filter(([key]) => !LEFT_OUT.includes(key)));
  const own = {
    ...kept,
    activeDeadlineSeconds: Math.min(spec.activeDeadlineSeconds ?? limit, limit),
    ttlSecondsAfterFinished: KEPT_SECONDS,
  };
  // As the API server has it.
  return own as unknown as k8s.types.input.batch.v1.JobSpec;
}
