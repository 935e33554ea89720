import type { Step } from "../model";

type OwnJob = Extract<Step, { kind: "ownJob" }>;

/** Which Job of the user's a step label names. */
export type OwnJobName = Pick<OwnJob, "when" | "cronJob">;

/** Value of a Job's step label. A CronJob's name has at most 52 characters, a label 63. */
export function ownJobLabel({ when, cronJob }: OwnJobName): string {
  return `${when}-${cronJob}`;
}

/** Read from that label; undefined for a step of the upgrade's own. */
export function ownJobOf(label: string): OwnJobName | undefined {
  const [, when, cronJob] = /^(before|after)-(.+)$/.exec(label) ?? [];
  return cronJob === undefined || (when !== "before" && when !== "after") ? undefined : { when, cronJob };
}
