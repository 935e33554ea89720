import type { ClusterClient } from "../api/client";
import { belongsTo, hasEnded, type Pod } from "./workloads";

/** A pod of a Deployment, as far as its health goes. */
export interface PodReport {
  readonly name: string;
  /** Name of its Deployment. */
  readonly deployment: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** ISO 8601: when its container last started, and when it last became ready; missing while it is not. */
  readonly startedAt?: string;
  readonly readyAt?: string;
  /** Why it does not run, in Kubernetes' words. */
  readonly waiting?: string;
}

/**
 * The pods of these Deployments; those that are going away, or have ended and lie about, left out.
 *
 * @throws ClusterError
 */
export async function readPodHealth(
  client: ClusterClient,
  namespace: string,
  releaseName: string,
  deployments: readonly string[],
): Promise<readonly PodReport[]> {
  const labelSelector = `app.kubernetes.io/instance=${releaseName}`;
  const { items = [] } = (await client.read({ api: "v1", resource: "pods", namespace, labelSelector })) as {
    readonly items?: readonly Pod[];
  };
  return items
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined && !hasEnded(pod))
    .flatMap((pod) => {
      const deployment = deployments.find((name) => belongsTo(pod, name));
      return deployment === undefined ? [] : [podReport(pod, deployment)];
    });
}

function podReport({ metadata, spec, status }: Pod, deployment: string): PodReport {
  const component = metadata?.labels?.component;
  const containers = status?.containerStatuses ?? [];
  const own = containers.find(({ name }) => name === component) ?? containers[0];
  const readiness = status?.conditions?.find(({ type }) => type === "Ready");
  const ready = readiness?.status === "True";
  const waiting = own?.state?.waiting?.reason;
  const startedAt = own?.state?.running?.startedAt;
  const image = spec?.containers.find(({ name }) => name === own?.name)?.image ?? spec?.containers[0]?.image;
  return {
    name: metadata?.name ?? "",
    deployment,
    image: image ?? "",
    ready,
    restarts: own?.restartCount ?? 0,
    ...(startedAt !== undefined && { startedAt }),
    ...(ready && readiness.lastTransitionTime !== undefined && { readyAt: readiness.lastTransitionTime }),
    ...(waiting !== undefined && { waiting }),
  };
}
