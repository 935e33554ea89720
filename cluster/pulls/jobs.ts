import type { CoreV1Event, V1Job } from "@kubernetes/client-node";
import { STEP_LABEL, upgradeSelector } from "../../upgrade/marks";
import { PREPULL, type PullJob } from "../../upgrade/prepull/job";
import type { ClusterClient } from "../api/client";
import { retry } from "../api/retry";
import { isDone, isPassing } from "../api/write";
import { ClusterError } from "../errors";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";
import type { Pod } from "./podPulls";

const JOBS = { api: "batch/v1", resource: "jobs" } as const;
const PAUSES_MS = [500, 2000];
const CONFLICT = 409;

/** Makes the Job; one of that name that is there already is the same. Why it cannot be made, or undefined. */
export async function createPullJob(
  client: ClusterClient,
  { namespace }: ReleaseAddress,
  { body }: PullJob,
): Promise<string | undefined> {
  const answer = await retry(PAUSES_MS, async () => {
    const result = await client.write({ method: "POST", ...JOBS, namespace, body });
    return { result, again: isPassing(result) };
  });
  return isDone(answer) || answer.status === CONFLICT ? undefined : answer.message;
}

/** Names of the release's pull Jobs: of all of them, and of those that have ended. */
export async function readPullJobs(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
): Promise<{ readonly all: readonly string[]; readonly ended: readonly string[] }> {
  const labelSelector = selectorOf(releaseName);
  const { items = [] } = (await client.read({ ...JOBS, namespace, labelSelector })) as {
    readonly items?: readonly Json<V1Job>[];
  };
  const isEnded = ({ metadata, status }: Json<V1Job>) =>
    metadata?.deletionTimestamp !== undefined ||
    status?.conditions?.some(({ type, status: holds }) => /^(Complete|Failed)$/.test(type) && holds === "True") ===
      true;
  const names = (jobs: readonly Json<V1Job>[]) => jobs.flatMap(({ metadata }) => metadata?.name ?? []);
  return { all: names(items), ended: names(items.filter(isEnded)) };
}

/** The pods of the release's pull Jobs, by the name of the Job; of several the newest. */
export async function readPullPods(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
): Promise<ReadonlyMap<string, Pod>> {
  const labelSelector = selectorOf(releaseName);
  const { items = [] } = (await client.read({ api: "v1", resource: "pods", namespace, labelSelector })) as {
    readonly items?: readonly Pod[];
  };
  const pods = new Map<string, Pod>();
  for (const pod of [...items].sort((a, b) => createdAt(a).localeCompare(createdAt(b)))) {
    const owner = pod.metadata?.ownerReferences?.find(({ kind }) => kind === "Job")?.name;
    if (owner !== undefined && pod.metadata?.deletionTimestamp === undefined) pods.set(owner, pod);
  }
  return pods;
}

function createdAt({ metadata }: Pod): string {
  return metadata?.creationTimestamp ?? "";
}

/** Why the Job has no pod, in the words of the last event that says it; undefined when none does. */
export async function whyNoPod(
  client: ClusterClient,
  { namespace }: ReleaseAddress,
  job: string,
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.kind=Job,involvedObject.name=${job}`;
  const { items = [] } = (await client.read({ api: "v1", resource: "events", namespace, fieldSelector })) as {
    readonly items?: readonly Json<CoreV1Event>[];
  };
  return items.findLast(({ reason }) => reason === "FailedCreate")?.message;
}

/** Deletes Jobs with their pods. @throws ClusterError for those that are still there */
export async function deletePullJobs(
  client: ClusterClient,
  { namespace }: ReleaseAddress,
  names: readonly string[],
): Promise<void> {
  const failed = await Promise.all(
    names.map(async (name) => {
      const answer = await retry(PAUSES_MS, async () => {
        const options = { propagationPolicy: "Foreground" } as const;
        const result = await client.write({ method: "DELETE", ...JOBS, namespace, name, options });
        return { result, again: isPassing(result) };
      });
      return isDone(answer) || answer.status === 404 ? [] : [`${name} (${answer.message})`];
    }),
  );
  const [first, ...more] = failed.flat();
  if (first === undefined) return;
  throw new ClusterError(
    "serverError",
    `Jobs that have pulled images cannot be deleted in namespace ${namespace}: ${[first, ...more].join(", ")}.`,
    `They end by themselves. To delete them now: kubectl -n ${namespace} delete job ${names.join(" ")}; nothing is lost by it.`,
  );
}

function selectorOf(releaseName: string): string {
  return `${upgradeSelector(releaseName)},${STEP_LABEL}=${PREPULL}`;
}
