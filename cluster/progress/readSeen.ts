import type { Source } from "../../upgrade/progress/progress";
import type { Seen } from "../../upgrade/progress/seen";
import { DEPENDENCY_LABELS } from "../../upgrade/steps/limits";
import type { ClusterClient } from "../api/client";
import type { ApiRequest } from "../api/request";
import type { ReleaseAddress } from "../releaseAddress";
import type { Deployment, Pod } from "../state/workloads";
import { type StatefulSet, seenJob, seenPods, seenWorkloads } from "./seen";

export interface SeenRequest extends ReleaseAddress {
  /** Label `app.kubernetes.io/name` of Milvus' own objects. */
  readonly nameLabel: string;
  readonly reads: readonly Source[];
  /** Name of the step's Job, where it is one. */
  readonly job?: string;
}

/** Bytes of a log: its last lines. */
const LOG_LIMIT = 8192;

/**
 * What is to be seen of a step now. Each call is one try: the next look is seconds away.
 *
 * @throws ClusterError
 */
export async function readSeen(client: ClusterClient, request: SeenRequest): Promise<Seen> {
  const { releaseName, namespace, nameLabel, reads, job } = request;
  const list = async <T>(what: Pick<ApiRequest, "api" | "resource">, labelSelector: string): Promise<readonly T[]> => {
    const { items } = (await client.read({ ...what, namespace, labelSelector, once: true })) as {
      readonly items?: readonly T[];
    };
    return items ?? [];
  };
  const ofRelease = reads.includes("release");
  const [jobPods, pods, deployments, ...statefulSets] = await Promise.all([
    job === undefined || !reads.includes("job") ? [] : list<Pod>(PODS, `job-name=${job}`),
    ofRelease ? list<Pod>(PODS, `app.kubernetes.io/instance=${releaseName}`) : [],
    ofRelease ? list<Deployment>(DEPLOYMENTS, `app.kubernetes.io/instance=${releaseName}`) : [],
    // The subcharts label their objects in two ways.
    ...Object.values(DEPENDENCY_LABELS).map((label) =>
      ofRelease ? list<StatefulSet>(STATEFUL_SETS, `${label}=${releaseName}`) : [],
    ),
  ]);
  const own = seenJob(jobPods);
  const line = reads.includes("log") ? await lastLine(client, namespace, own) : undefined;
  return {
    at: Date.now(),
    ...(own && { job: { ...own, ...(line !== undefined && { line }) } }),
    workloads: seenWorkloads({ deployments, statefulSets: statefulSets.flat(), nameLabel, releaseName }),
    pods: seenPods(pods, deployments),
  };
}

const PODS = { api: "v1", resource: "pods" } as const;
const DEPLOYMENTS = { api: "apps/v1", resource: "deployments" } as const;
const STATEFUL_SETS = { api: "apps/v1", resource: "statefulsets" } as const;

/** A container that has not started has no log, and not everybody may read one: the rest tells enough. */
async function lastLine(client: ClusterClient, namespace: string, job: Seen["job"]): Promise<string | undefined> {
  if (job?.pod === undefined || job.command === undefined) return undefined;
  try {
    const text = await client.read({
      ...PODS,
      namespace,
      name: job.pod.name,
      subresource: "log",
      once: true,
      query: { container: job.command, tailLines: "1", limitBytes: String(LOG_LIMIT) },
    });
    return String(text).trimEnd().split("\n").at(-1);
  } catch {
    return undefined;
  }
}
