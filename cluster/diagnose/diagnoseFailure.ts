import type { ClusterClient } from "../api/client";
import type { ApiRequest } from "../api/request";
import { hasCode } from "../errors";
import { type Diagnosis, describeDiagnosis, diagnose } from "./diagnose";
import type { Evidence, Subject } from "./evidence";

const LOG_LINES = 15;
/** Bytes; a container may write lines of any length. */
const LOG_LIMIT = 65_536;

type List<Key extends keyof Evidence> = Evidence[Key];

/**
 * Reads what a failed Release or Job looks like in the cluster and says in words why it does not get on; undefined
 * when nothing of it is to be seen. Only reads; every call ends by itself.
 *
 * @param hide texts that must not appear, such as passwords from the Helm values
 * @throws ClusterError when the cluster cannot be read.
 */
export async function diagnoseFailure(
  client: ClusterClient,
  subject: Subject,
  hide: readonly string[] = [],
): Promise<string | undefined> {
  const evidence = subject.kind === "Job" ? await jobEvidence(client, subject) : await releaseEvidence(client, subject);
  const diagnosis = diagnose(evidence);
  return diagnosis === undefined ? undefined : describeDiagnosis(diagnosis, await readLog(client, diagnosis), hide);
}

async function jobEvidence(client: ClusterClient, subject: Subject): Promise<Evidence> {
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

async function releaseEvidence(client: ClusterClient, subject: Subject): Promise<Evidence> {
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
  return {
    subject,
    now: new Date().toISOString(),
    pods: pods as List<"pods">,
    deployments: deployments as List<"deployments">,
    statefulSets: statefulSets as List<"statefulSets">,
    claims: usedBy(pods as List<"pods">, claims as List<"claims">),
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

async function readLog(client: ClusterClient, { logSource, subject }: Diagnosis): Promise<readonly string[]> {
  if (logSource === undefined) {
    return [];
  }
  const { pod, container, previous } = logSource;
  try {
    const text = await client.read({
      api: "v1",
      resource: "pods",
      namespace: subject.namespace,
      name: pod,
      subresource: "log",
      once: true,
      query: {
        tailLines: String(LOG_LINES),
        limitBytes: String(LOG_LIMIT),
        ...(container === undefined ? {} : { container }),
        ...(previous ? { previous: "true" } : {}),
      },
    });
    const lines = String(text).slice(0, LOG_LIMIT).split("\n");
    // The last line may end in the middle of a secret, which then nothing would know.
    if (Buffer.byteLength(String(text)) >= LOG_LIMIT && lines.length > 1) lines.pop();
    return lines.filter((line) => line.trim() !== "");
  } catch {
    // A container that never started has none, and a node that is gone does not answer; the rest says enough.
    return [];
  }
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
