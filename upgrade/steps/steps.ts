import type { ExpectedInterruption, Step, StepKind, UpgradePlan } from "../model";
import { metadataLimit, RECORD_LIMIT, resumeLimit, type StepTimeouts, toolLimit } from "./limits";
import { restoreOutlook, type StepOutlook, sendOutlook } from "./outlook";
import { deleteRecord, patchDeployments, type Right, recordPhase, resumeRights, stopRights } from "./rights";

/** Images of the Jobs, by their keys in the stack config. */
export type JobImage = "kubectlImage" | "metaMigrationImage";

/** Everything that is known about a kind of step. Methods, so that whoever has a step of any kind can ask (`factsOf`). */
interface StepFacts<S extends Step> {
  /** What it does, for people. */
  title(step: S): string;
  /** In the outputs. Default: its kind. */
  name?(step: S): string;
  /** What Pulumi makes of it. */
  readonly resource: "Job" | "Secret" | "Release" | "nothing" | "Job of a CronJob";
  /** What its Job runs. */
  readonly images: readonly JobImage[];
  /** What its Job may do. */
  rights(step: S, plan: UpgradePlan): readonly Right[];
  /** Seconds that its commands may take together; `isFirst` of its kind in the plan. */
  limit(step: S, timeouts: StepTimeouts, isFirst: boolean): number;
  /** What it usually adds to an outage, where the plan stops Milvus. */
  readonly outage: ExpectedInterruption["parts"];
  outlook(step: S, plan: UpgradePlan): StepOutlook;
  /** Its Job runs the script of the metadata. */
  readonly onMetadata: boolean;
  /** From its begin Milvus, or a part of it, may not answer. */
  readonly interrupts: boolean;
}

/** Within the grace period of Kubernetes, where the chart says nothing. */
export const PODS_END = { what: "pods end", seconds: 30 } as const;
/** A node takes so long for an image of Milvus (1.5 GB) where its registry is neither near nor far. */
export const PULL = { what: "images are pulled", seconds: 60 } as const;
const KUBECTL = ["kubectlImage"] as const;
/** The script does the work, and kubectl records it on the claim. */
const SCRIPT_AND_KUBECTL = ["kubectlImage", "metaMigrationImage"] as const;
const JOB = { resource: "Job", outage: [], onMetadata: false, interrupts: false } as const;
const METADATA_JOB = { ...JOB, onMetadata: true } as const;

/**
 * One row for each kind of step. A new kind needs its fields in the type `Step`, a row here, and the function in components/
 * that declares it; the compiler asks for each. The seconds of an outage are what it takes where nothing is out of the
 * ordinary: sessions leave etcd with their lease (fact 6.5: TTL 60 s), and a Job on the metadata places its pod, pulls its
 * image, and reads or writes some megabytes.
 */
export const STEPS = {
  prepull: {
    title: ({ image }) => `pull ${image} and what goes with it onto the nodes`,
    resource: "nothing",
    images: [],
    rights: () => [],
    limit: (_, { prepull }) => prepull,
    outage: [],
    outlook: () => ({
      reversibility: "reversible",
      why: "nothing changes but the images that nodes have, and the kubelet removes those that nobody uses",
      source: "Kubernetes, Garbage collection of containers and images",
    }),
    onMetadata: false,
    interrupts: false,
  },
  clearPendingRelease: {
    ...JOB,
    title: ({ revision }) => `clear the pending record of revision ${revision}`,
    images: KUBECTL,
    rights: ({ recordName }) => deleteRecord(recordName),
    limit: () => RECORD_LIMIT,
    outlook: () => ({
      reversibility: "one way",
      why: "the record of a revision that never finished is deleted; nothing that runs depends on it",
      source: "helm issues 8987 and 4558",
    }),
  },
  markFailed: {
    title: ({ revision }) => `mark the record of revision ${revision} as failed`,
    resource: "Secret",
    images: [],
    rights: () => [],
    limit: () => RECORD_LIMIT,
    outage: [],
    outlook: () => ({
      reversibility: "one way",
      why: "the install never finished, and its record says so from then on; nothing that runs depends on it",
      source: "helm pkg/action/upgrade.go: without a deployed revision it goes on from a failed one",
    }),
    onMetadata: false,
    interrupts: false,
  },
  probe: {
    ...METADATA_JOB,
    title: () => "probe the metadata",
    // It records nothing on the claim.
    images: ["metaMigrationImage"],
    rights: () => [],
    limit: (_, timeouts) => toolLimit("probe", timeouts),
    outlook: () => ({
      reversibility: "reversible",
      why: "Milvus keeps running, and nothing is changed but the backup claim that is made",
      source: "milvus cmd/tools/migration/migration/runner.go: it refuses while sessions live",
    }),
  },
  stop: {
    ...JOB,
    title: ({ deployments }) => `stop ${deployments.length} Deployments`,
    images: KUBECTL,
    rights: (step) => stopRights(step),
    limit: (_, { stop }) => stop,
    outage: [PODS_END, { what: "sessions end", seconds: 60 }],
    outlook: () => ({
      reversibility: "reversible",
      why: "the replicas are remembered, and milvus:version set back starts them again",
      source: "docs/upgrade-facts.md 6.5: milvus deployments/migrate-meta/migrate.sh",
    }),
    interrupts: true,
  },
  backup: {
    ...METADATA_JOB,
    title: () => "backup metadata",
    images: SCRIPT_AND_KUBECTL,
    rights: (_, plan) => recordPhase(plan),
    limit: (_, timeouts) => metadataLimit("backup", timeouts),
    outage: [{ what: "backup", seconds: 30 }],
    outlook: () => ({
      reversibility: "reversible",
      why: "the metadata is only read",
      source: "docs/upgrade-facts.md 6.7",
    }),
  },
  migrate: {
    ...METADATA_JOB,
    title: () => "migrate metadata",
    images: SCRIPT_AND_KUBECTL,
    rights: (_, plan) => recordPhase(plan),
    limit: (_, timeouts) => metadataLimit("migrate", timeouts),
    outage: [{ what: "migrate", seconds: 60 }],
    outlook: () => ({
      reversibility: "restore only",
      why: "the old metadata is deleted before the new is written; the backup brings it back",
      source: "docs/upgrade-facts.md 6.7 and 6.8: milvus cmd/tools/migration/migration/runner.go",
    }),
  },
  restore: {
    ...METADATA_JOB,
    title: () => "restore metadata",
    images: SCRIPT_AND_KUBECTL,
    rights: (_, plan) => recordPhase(plan),
    limit: (_, timeouts) => metadataLimit("restore", timeouts),
    outage: [{ what: "restore", seconds: 60 }],
    outlook: (_, plan) => restoreOutlook(plan),
  },
  pause: {
    ...JOB,
    title: ({ deployments }) => `pause ${deployments.length} Deployments`,
    images: KUBECTL,
    rights: ({ deployments }) => patchDeployments(deployments),
    limit: (_, { rollout }) => rollout,
    outlook: () => ({
      reversibility: "reversible",
      why: "a paused Deployment keeps serving, and is resumed by the next run",
      source: "Kubernetes, Deployments: pausing and resuming a rollout",
    }),
  },
  ownJob: {
    title: ({ cronJob }) => `run cronjob/${cronJob}`,
    name: ({ cronJob }) => `run cronjob/${cronJob}`,
    // It has the images, the account and the rights that its CronJob gives it.
    resource: "Job of a CronJob",
    images: [],
    rights: () => [],
    limit: (_, { ownJobs, start }) => ownJobs + start,
    outage: [],
    outlook: () => ({
      reversibility: "reversible",
      why: "nothing of Milvus is changed by this program; what the Job does is yours",
      source: "milvus:runBefore and milvus:runAfter",
    }),
    onMetadata: false,
    interrupts: false,
  },
  release: {
    title: ({ awaitReady }) => (awaitReady ? "release" : "release without waiting"),
    resource: "Release",
    images: [],
    rights: () => [],
    limit: (_, { release }) => release,
    outage: [],
    outlook: (_, plan) => sendOutlook(plan),
    onMetadata: false,
    interrupts: true,
  },
  resume: {
    ...JOB,
    title: ({ component }) => `resume ${component}`,
    name: ({ component }) => `resume ${component}`,
    images: KUBECTL,
    rights: (step) => resumeRights(step),
    limit: resumeLimit,
    outlook: (_, plan) => sendOutlook(plan),
  },
} as const satisfies { readonly [K in StepKind]: StepFacts<Extract<Step, { kind: K }>> };

type Table = typeof STEPS;
/** Kinds of steps whose Job runs the script of the metadata. */
export type MetadataStepKind = { [K in StepKind]: Table[K]["onMetadata"] extends true ? K : never }[StepKind];

/** What is known about a step. */
export function factsOf({ kind }: Step): StepFacts<Step> {
  return STEPS[kind];
}

/** `stop 5 Deployments`. */
export function describeStep(step: Step): string {
  return factsOf(step).title(step);
}

/** As the outputs name it: `resume querynode`. */
export function stepName(step: Step): string {
  return factsOf(step).name?.(step) ?? step.kind;
}

/** Not before what runs is known to be well. */
export function isAfterVerification(step: Step): step is AfterStep {
  return step.kind === "ownJob" && step.when === "after";
}

/** Images are pulled before anything is declared. */
export type DeclaredStep = Exclude<Step, { readonly kind: "prepull" }>;
type AfterStep = Extract<Step, { readonly kind: "ownJob" }> & { readonly when: "after" };

/** What runs after the verification is declared then. */
export function isDeclared(step: Step): step is DeclaredStep {
  return !isAfterVerification(step) && step.kind !== "prepull";
}

/** By the upgrade's own account, with its rights. */
export function runsAsJob(step: Step): boolean {
  return factsOf(step).resource === "Job";
}

/** Runs the script of the metadata. */
export function touchesMetadata(step: Step): boolean {
  return factsOf(step).onMetadata;
}

/** What Jobs that run the script of the metadata are labelled as; `rollback` is the restore of a finished migration. */
export const METADATA_STEPS: readonly string[] = [
  ...Object.entries(STEPS).flatMap(([kind, { onMetadata }]) => (onMetadata ? [kind] : [])),
  "rollback",
];

/** How far a step of this plan can be undone. */
export function outlookOf(step: Step, plan: UpgradePlan): StepOutlook {
  return factsOf(step).outlook(step, plan);
}

/**
 * Seconds that the commands of a step may take together: the limit of its Job, without its start, and of Helm for the Release.
 *
 * @param isFirst of its kind in the plan: the first component that is resumed waits for the dependencies before that
 */
export function stepLimit(step: Step, timeouts: StepTimeouts, isFirst: boolean): number {
  return factsOf(step).limit(step, timeouts, isFirst);
}

/** Seconds that the steps of a plan may take together, the starts of their Jobs included. */
export function stepsLimit(steps: readonly Step[], timeouts: StepTimeouts): number {
  return steps.reduce((sum, step) => {
    const isFirst = steps.find(({ kind }) => kind === step.kind) === step;
    return sum + stepLimit(step, timeouts, isFirst) + (runsAsJob(step) ? timeouts.start : 0);
  }, 0);
}
