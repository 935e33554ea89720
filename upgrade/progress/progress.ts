import type { Step, StepKind } from "../model";
import { jobLine, metadataLine } from "./jobs";
import { endingLine, releaseLine, rolloutLine } from "./pods";
import type { Seen } from "./seen";

/** What has to be read to tell how far a step is: its own Job, the Job's log, the release's pods and workloads. */
export type Source = "job" | "log" | "release";

interface StepProgress<S extends Step> {
  readonly reads: readonly Source[];
  /**
   * How far it is, for people; undefined where nothing is to be told.
   *
   * @param withClock false: without what the clock alone changes, so that two texts differ only where something has moved
   */
  line(step: S, seen: Seen, withClock: boolean): string | undefined;
}

const JOB = { reads: ["job"], line: (_: Step, seen: Seen) => jobLine(seen) } as const;
const METADATA = { reads: ["job", "log"], line: (_: Step, seen: Seen) => metadataLine(seen) } as const;

/** One row for each kind of step: how its progress is read. The compiler asks for one of a new kind. */
const PROGRESS = {
  clearPendingRelease: JOB,
  markFailed: { reads: [], line: () => undefined },
  probe: METADATA,
  stop: { reads: ["job", "release"], line: endingLine },
  backup: METADATA,
  migrate: METADATA,
  restore: METADATA,
  pause: JOB,
  release: { reads: ["release"], line: (_, seen) => releaseLine(seen) },
  resume: { reads: ["job", "release"], line: rolloutLine },
  // It has ended before the first resource is declared, and tells of itself (run/prepull.ts).
  prepull: { reads: [], line: () => undefined },
  // A Job of the user's has a watch of its own, which also shows its last lines (cluster/state/ownJobs.ts).
  ownJob: { reads: [], line: () => undefined },
} as const satisfies { readonly [K in StepKind]: StepProgress<Extract<Step, { kind: K }>> };

export function progressOf({ kind }: Step): StepProgress<Step> {
  return PROGRESS[kind];
}

/** Deployments that a step waits for: what is stuck is looked for among their pods first. */
export function awaitedDeployments(step: Step): readonly string[] {
  if (step.kind === "resume") return [step.deployment];
  return step.kind === "stop" ? step.deployments.map(({ name }) => name) : [];
}
