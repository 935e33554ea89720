import type { ClusterClient } from "../api/client";
import type { ApiRequest } from "../api/request";
import { hasCode } from "../errors";
import { belongsTo } from "../state/workloads";
import type { Evidence, Subject } from "./evidence";

type List<Key extends keyof Evidence> = Evidence[Key];

/** @throws ClusterError when the cluster cannot be read. */
export async function jobEvidence(client: ClusterClient, subject: Subject): Promise<Evidence> {
  const { name, namespace } = subject;
  const list = lister(client, namespace);
  const [job, pods, claims, events] = await Promise.all([
    readJob(client, subject),
    list("v1", "pods", `job-name=${name}`),
    list("v1", "persistentvolumeclaims"),
    readEvents(client, namespace),
  ]);
  return {
    subject,
    now: new Date().toISOString(),
    ...(job === undefined ? {} : { job }),
    pods: pods as List<"pods">,
    deployments: [],
    statefulSets: [],
    claims: usedBy(pods as List<"pods">, claims as List<"claims">),
    events,
  };
}

/**
 * @param only names of Deployments: nothing of others counts. None: all of the release
 * @throws ClusterError when the cluster cannot be read.
 */
export async function releaseEvidence(
  client: ClusterClient,
  subject: Subject,
  only: readonly string[] = [],
): Promise<Evidence> {
  const { name, namespace } = subject;
  const list = lister(client, namespace);
  // The older subcharts (pulsar, minio) know the label "release" only.
  const both = async (api: string, resource: string) =>
    unique(
      (
        await Promise.all(["app.kubernetes.io/instance", "release"].map((it) => list(api, resource, `${it}=${name}`)))
      ).flat(),
    );
  const [pods, deployments, statefulSets, claims, events] = await Promise.all([
    both("v1", "pods"),
    both("apps/v1", "deployments"),
    both("apps/v1", "statefulsets"),
    list("v1", "persistentvolumeclaims"),
    readEvents(client, namespace),
  ]);
  const isMeant = (pod: List<"pods">[number]) => only.length === 0 || only.some((it) => belongsTo(pod, it));
  const found = (pods as List<"pods">).filter(isMeant);
  return {
    subject,
    now: new Date().toISOString(),
    pods: found,
    deployments: (deployments as List<"deployments">).filter(
      ({ metadata }) => only.length === 0 || only.includes(metadata?.name ?? ""),
    ),
    statefulSets: only.length === 0 ? (statefulSets as List<"statefulSets">) : [],
    claims: usedBy(found, claims as List<"claims">),
    events,
  };
}

/** A failed Job may have been removed meanwhile; its events are still there. */
async function readJob(client: ClusterClient, { name, namespace }: Subject): Promise<Evidence["job"]> {
  try {
    return (await client.read({ api: "batch/v1", resource: "jobs", namespace, name })) as Evidence["job"];
  } catch (error) {
    if (hasCode(error, "notFound", "forbidden")) {
      return undefined;
    }
    throw error;
  }
}

/** Warnings, and the one kind of trouble that is reported as normal: a claim without a class. */
async function readEvents(client: ClusterClient, namespace: string): Promise<List<"events">> {
  const lists = await Promise.all(
    ["type=Warning", "reason=FailedBinding"].map((fieldSelector) =>
      listOrNothing(client, { api: "v1", resource: "events", namespace, fieldSelector }),
    ),
  );
  return lists.flat() as List<"events">;
}

function lister(client: ClusterClient, namespace: string) {
  return (api: string, resource: string, labelSelector?: string) =>
    listOrNothing(client, { api, resource, namespace, ...(labelSelector === undefined ? {} : { labelSelector }) });
}

/** What may not be read is missing from the diagnosis; the rest is still worth telling. */
async function listOrNothing(client: ClusterClient, request: ApiRequest): Promise<readonly unknown[]> {
  try {
    return ((await client.read(request)) as { readonly items?: readonly unknown[] }).items ?? [];
  } catch (error) {
    if (hasCode(error, "forbidden")) {
      return [];
    }
    throw error;
  }
}

function usedBy(pods: List<"pods">, claims: List<"claims">): List<"claims"> {
  const used = new Set(
    pods.flatMap(({ spec }) =>
      (spec?.volumes ?? []).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName),
    ),
  );
  return claims.filter(({ metadata }) => used.has(metadata?.name));
}

function unique(objects: readonly unknown[]): readonly unknown[] {
  const named = objects as readonly { readonly metadata?: { readonly name?: string } }[];
  return [...new Map(named.map((it) => [it.metadata?.name, it])).values()];
}
