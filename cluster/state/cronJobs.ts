import type { V1CronJob } from "@kubernetes/client-node";
import type { CronJobState } from "../../upgrade/model";
import type { ClusterClient } from "../api/client";
import { hasCode } from "../errors";
import type { Json } from "../json";

/**
 * The CronJobs of these names; one that is not there, or may not be read, is left out.
 *
 * @throws ClusterError
 */
export async function readCronJobs(
  client: ClusterClient,
  namespace: string,
  names: readonly string[],
): Promise<CronJobState[]> {
  const found = await Promise.all([...new Set(names)].map((name) => readCronJob(client, namespace, name)));
  return found.filter((cronJob) => cronJob !== undefined);
}

async function readCronJob(client: ClusterClient, namespace: string, name: string): Promise<CronJobState | undefined> {
  try {
    const found = (await client.read({ api: "batch/v1", resource: "cronjobs", namespace, name })) as Json<V1CronJob>;
    const { uid = "", generation = 0 } = found.metadata ?? {};
    // The generation moves with the spec, and tells nothing of the passwords that may be in it.
    const { spec = { jobTemplate: {} } } = found as { readonly spec?: { readonly jobTemplate: object } };
    return { name, version: `${uid} ${generation}`, template: { ...spec.jobTemplate } };
  } catch (error) {
    if (hasCode(error, "notFound", "forbidden")) return undefined;
    throw error;
  }
}
