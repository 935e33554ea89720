import type { V1Job } from "@kubernetes/client-node";
import { STEP_LABEL, upgradeSelector } from "../../upgrade/marks";
import { PREPULL } from "../../upgrade/prepull/job";
import type { ClusterClient } from "../api/client";
import { isDone } from "../api/write";
import { ClusterError, hasCode } from "../errors";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";

export type Job = Json<V1Job>;

/** A Job of the upgrade that is at work. */
export interface ActiveJob {
  readonly name: string;
  /** Of the step that it is; empty when its label is gone. */
  readonly step: string;
  /** Seconds after which Kubernetes ends it; missing where it has no limit. */
  readonly limit?: number;
}

/** All Jobs of a release's upgrades. */
export function upgradeJobsRequest(releaseName: string) {
  return { api: "batch/v1", resource: "jobs", labelSelector: upgradeSelector(releaseName) } as const;
}

/** Those that have not ended, by name; what pulls images is at work on nothing. A Job that only its condition says to have failed may still have a pod at work. */
export function activeJobs(jobs: readonly Job[]): ActiveJob[] {
  return jobs
    .filter((job) => isActive(job) && job.metadata?.labels?.[STEP_LABEL] !== PREPULL)
    .map(({ metadata, spec }) => ({
      name: metadata?.name ?? "",
      step: metadata?.labels?.[STEP_LABEL] ?? "",
      ...(spec?.activeDeadlineSeconds !== undefined && { limit: spec.activeDeadlineSeconds }),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function isActive({ status }: Job): boolean {
  const ended = status?.conditions?.some(
    ({ type, status: holds }) => (type === "Complete" || type === "Failed") && holds === "True",
  );
  return ended !== true || (status?.active ?? 0) > 0 || (status?.terminating ?? 0) > 0;
}

/**
 * The Jobs of a release's upgrade that are at work now. Where they may not be listed there are none to be seen: who may not
 * list Jobs cannot run an upgrade that needs some.
 *
 * @throws ClusterError
 */
export async function readActiveJobs(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
): Promise<readonly ActiveJob[]> {
  try {
    const { items = [] } = (await client.read({ ...upgradeJobsRequest(releaseName), namespace })) as {
      readonly items?: readonly Job[];
    };
    return activeJobs(items);
  } catch (error) {
    if (hasCode(error, "forbidden")) return [];
    throw error;
  }
}

/**
 * A Job that has ended, and that well; undefined for any other, also for one that is gone.
 *
 * @throws ClusterError
 */
export async function readCompleted(
  client: ClusterClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Job | undefined> {
  try {
    const job = (await client.read({ api: "batch/v1", resource: "jobs", namespace, name })) as Job;
    const isWell = job.status?.conditions?.some(({ type, status }) => type === "Complete" && status === "True");
    return isWell === true ? job : undefined;
  } catch (error) {
    if (hasCode(error, "notFound")) return undefined;
    throw error;
  }
}

/** Deletes a Job and its pods; that it is gone already is fine. @throws ClusterError */
export async function deleteJob(
  client: ClusterClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const answer = await client.write({
    method: "DELETE",
    ...{ api: "batch/v1", resource: "jobs", namespace, name },
    options: { propagationPolicy: "Foreground" },
  });
  if (isDone(answer) || answer.status === 404) return;
  throw new ClusterError(
    answer.status === 403 ? "forbidden" : "serverError",
    `The Job ${name} in namespace ${namespace}, which an earlier run has left at work, cannot be deleted: ${answer.message}`,
    `Delete it, then run pulumi up again: kubectl -n ${namespace} delete job ${name}. Nothing is lost by it.`,
  );
}
