import type { ClusterClient } from "../cluster/api/client";
import { ClusterError } from "../cluster/errors";
import { readCronJobs } from "../cluster/state/cronJobs";
import { type ActiveJob, deleteJob, readActiveJobs, readCompleted } from "../cluster/state/upgradeJobs";
import type { Config } from "../config/schema";
import { CRON_JOB_ANNOTATION } from "../upgrade/marks";
import { DEAD_RUN_GRACE } from "../upgrade/steps/limits";
import { type OwnJobName, ownJobOf } from "../upgrade/steps/ownJobs";
import { METADATA_STEPS } from "../upgrade/steps/steps";
import { span } from "../upgrade/words/span";

const POLL_MS = 2000;
const PROGRESS_MS = 15_000;
/** Seconds for the pods of a deleted Job to be gone. */
const DELETION_LIMIT = 300;

/**
 * Ends what a run that is gone has left at work, under this run's lock. A Job on the metadata is waited for: it puts right
 * what it has begun. So is one of the user's: what it does is not known, and neither is what half of it would leave behind. Any
 * other is deleted: a stop or a pause that comes late would undo this run's steps. Pulls of images change nothing: they are
 * gone on with, or end by themselves.
 *
 * @returns the Jobs of the user's that were waited for and have ended well, as their CronJobs are now: none has to run again
 * @throws ClusterError when a Job does not end, or cannot be deleted
 */
export async function endDeadRuns(
  client: ClusterClient,
  { wanted }: Config,
  say: (line: string) => void,
): Promise<readonly OwnJobName[]> {
  const found = await readActiveJobs(client, wanted);
  if (found.length === 0) return [];
  for (const job of found.filter(isDeleted)) {
    say(`Job ${job.name} of an earlier run is still at work; it is deleted`);
    await deleteJob(client, { ...wanted, name: job.name });
  }
  const limit = Math.max(...found.map((job) => (isDeleted(job) ? DELETION_LIMIT : (job.limit ?? 0) + DEAD_RUN_GRACE)));
  const begun = Date.now();
  let told = 0;
  for (;;) {
    const left = await readActiveJobs(client, wanted);
    if (left.length === 0) return ranWell(client, wanted.namespace, found, say);
    const seconds = Math.round((Date.now() - begun) / 1000);
    if (seconds > limit) throw stillAtWork(left, wanted.namespace, seconds);
    if (Date.now() - told > PROGRESS_MS) {
      say(
        `waiting for what an earlier run has left at work, ${span(seconds)} of at most ${span(limit)}: ${namesOf(left)}. To wait no longer: kubectl -n ${wanted.namespace} delete job ${left.map(({ name }) => name).join(" ")}; ${costOf(left)}`,
      );
      told = Date.now();
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** One whose CronJob was edited meanwhile did something else than is wanted now. */
async function ranWell(
  client: ClusterClient,
  namespace: string,
  found: readonly ActiveJob[],
  say: (line: string) => void,
): Promise<OwnJobName[]> {
  const ran: OwnJobName[] = [];
  for (const { name, step } of found) {
    const own = ownJobOf(step);
    if (own === undefined) continue;
    const job = await readCompleted(client, { namespace, name });
    const [cronJob] = await readCronJobs(client, namespace, [own.cronJob]);
    const isWell = job !== undefined && job.metadata?.annotations?.[CRON_JOB_ANNOTATION] === cronJob?.version;
    if (isWell) ran.push(own);
    const how = isWell
      ? "has ended well, and counts"
      : "has not ended well, or its CronJob was edited since: it does not count";
    say(`cronjob/${own.cronJob}: Job ${name} of an earlier run ${how}`);
  }
  return ran;
}

/** Of deleting what is at work. */
function costOf(jobs: readonly ActiveJob[]): string {
  const own = jobs.flatMap(({ step }) => ownJobOf(step) ?? []);
  return own.length === 0
    ? "nothing is lost by it"
    : `what ${own.map(({ cronJob }) => `cronjob/${cronJob}`).join(" and ")} has begun is then cut off, and it runs again from its begin`;
}

function isDeleted({ step }: ActiveJob): boolean {
  return !METADATA_STEPS.includes(step) && ownJobOf(step) === undefined;
}

function stillAtWork(left: readonly ActiveJob[], namespace: string, seconds: number): ClusterError {
  const names = left.map(({ name }) => name).join(" ");
  return new ClusterError(
    "timedOut",
    `Jobs of an earlier run did not end within ${seconds} s: ${namesOf(left)} in namespace ${namespace}. This run has changed nothing.`,
    `See what they wait for: kubectl -n ${namespace} describe job ${names}. They can be deleted at any moment (kubectl -n ${namespace} delete job ${names}); ${costOf(left)}. Then run pulumi up again: it goes on from there.`,
  );
}

function namesOf(jobs: readonly ActiveJob[]): string {
  return jobs.map(({ name }) => `Job ${name}`).join(", ");
}
