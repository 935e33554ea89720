import type { ClusterClient } from "../cluster/api/client";
import { ClusterError } from "../cluster/errors";
import { type ActiveJob, deleteJob, readActiveJobs } from "../cluster/state/upgradeJobs";
import type { Config } from "../config/schema";
import { DEAD_RUN_GRACE } from "../upgrade/steps/limits";
import { METADATA_STEPS } from "../upgrade/steps/steps";

const POLL_MS = 2000;
const PROGRESS_MS = 15_000;
/** Seconds for the pods of a deleted Job to be gone. */
const DELETION_LIMIT = 300;

/**
 * Ends what a run that is gone has left at work, under this run's lock. A Job on the metadata is waited for: it puts right
 * what it has begun. Any other is deleted: a stop or a pause that comes late would undo this run's steps. Pulls of images change
 * nothing: they are gone on with, or end by themselves.
 *
 * @throws ClusterError when a Job does not end, or cannot be deleted
 */
export async function endDeadRuns(
  client: ClusterClient,
  { wanted }: Config,
  say: (line: string) => void,
): Promise<void> {
  const found = await readActiveJobs(client, wanted);
  if (found.length === 0) return;
  for (const job of found.filter(isDeleted)) {
    say(`Job ${job.name} of an earlier run is still at work; it is deleted`);
    await deleteJob(client, { ...wanted, name: job.name });
  }
  const limit = Math.max(...found.map((job) => (isDeleted(job) ? DELETION_LIMIT : (job.limit ?? 0) + DEAD_RUN_GRACE)));
  const begun = Date.now();
  let told = 0;
  for (;;) {
    const left = await readActiveJobs(client, wanted);
    if (left.length === 0) return;
    const seconds = Math.round((Date.now() - begun) / 1000);
    if (seconds > limit) throw stillAtWork(left, wanted.namespace, seconds);
    if (Date.now() - told > PROGRESS_MS) {
      say(
        `waiting for what an earlier run has left at work, ${seconds} s of at most ${limit} s: ${namesOf(left)}. To wait no longer: kubectl -n ${wanted.namespace} delete job ${left.map(({ name }) => name).join(" ")}; nothing is lost by it`,
      );
      told = Date.now();
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isDeleted({ step }: ActiveJob): boolean {
  return !METADATA_STEPS.includes(step);
}

function stillAtWork(left: readonly ActiveJob[], namespace: string, seconds: number): ClusterError {
  const names = left.map(({ name }) => name).join(" ");
  return new ClusterError(
    "timedOut",
    `Jobs of an earlier run did not end within ${seconds} s: ${namesOf(left)} in namespace ${namespace}. This run has changed nothing.`,
    `See what they wait for: kubectl -n ${namespace} describe job ${names}. They can be deleted at any moment, nothing is lost by it (kubectl -n ${namespace} delete job ${names}); then run pulumi up again: it goes on from the backup.`,
  );
}

function namesOf(jobs: readonly ActiveJob[]): string {
  return jobs.map(({ name }) => `Job ${name}`).join(", ");
}
