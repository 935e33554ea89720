import type { Step, StepKind } from "../model";

/** Limits in seconds; a step that takes longer fails and says so. */
export interface StepTimeouts {
  /** Pulling the images onto the nodes, before anything is taken away. */
  readonly prepull: number;
  /** Placing a Job's pod and pulling its images, on top of the Job's own limit. */
  readonly start: number;
  /** Helm's wait for the Release. */
  readonly release: number;
  /** Scaling to 0 until the last pod is gone. */
  readonly stop: number;
  /** Until the last session key of a stopped component has left etcd. */
  readonly sessions: number;
  readonly backup: number;
  /** Migration of the metadata, and its restore. */
  readonly migrate: number;
  /** A Job of the user's. */
  readonly ownJobs: number;
  /** One component's rollout, termination of its old pods included. */
  readonly rollout: number;
  /** For single components, by name, instead of `rollout`. */
  readonly rolloutOf?: Readonly<Record<string, number | undefined>> | undefined;
}

/** What a Job of a dead run may take on top of its own limit: its pod gets ten minutes to put the metadata back. */
export const DEAD_RUN_GRACE = 900;
/** Deleting or writing one Secret. */
export const RECORD_LIMIT = 60;
/** A migration can be the tool's run, the restore of what it broke, and a rehearsal. */
const LONGEST_CALLS = 3;
/** An old pod's time on top of its grace period: the kubelet ends it, and the API server hears of it. */
const GRACE_MARGIN = 120;
/** How the subcharts label their StatefulSets with the release's name: each way is waited for by itself. */
export const DEPENDENCY_LABELS = {
  dependencies: "app.kubernetes.io/instance",
  "older-dependencies": "release",
} as const;

/** Seconds that one call of the migration tool may take. */
export function toolLimit(step: StepKind, { backup, migrate }: StepTimeouts): number {
  return step === "probe" || step === "backup" ? backup : migrate;
}

/** Seconds that a component's rollout may take. */
export function rolloutLimit(component: string, { rollout, rolloutOf }: StepTimeouts): number {
  return rolloutOf?.[component] ?? rollout;
}

/** Seconds that the old pods of a component may take to end, once it is rolled out; 0 where none is waited for. */
export function endingLimit({ component, oldPods }: Extract<Step, { kind: "resume" }>, timeouts: StepTimeouts): number {
  return oldPods === undefined ? 0 : Math.max(rolloutLimit(component, timeouts), oldPods.graceSeconds + GRACE_MARGIN);
}

/** Seconds for a step that reads or writes the metadata, once the sessions of what was stopped have ended. */
export function metadataLimit(step: StepKind, timeouts: StepTimeouts): number {
  return timeouts.sessions + LONGEST_CALLS * toolLimit(step, timeouts);
}

/** @param isFirst of those that are resumed: it waits for the dependencies before that */
export function resumeLimit(step: Extract<Step, { kind: "resume" }>, timeouts: StepTimeouts, isFirst: boolean): number {
  const dependencies = isFirst ? Object.keys(DEPENDENCY_LABELS).length * timeouts.rollout : 0;
  return dependencies + rolloutLimit(step.component, timeouts) + endingLimit(step, timeouts);
}
