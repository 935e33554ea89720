import type { V1Deployment, V1Node, V1Pod } from "@kubernetes/client-node";
import { isMilvusComponent } from "../../upgrade/milvusComponents";
import type { HelmValues, UpgradePlan } from "../../upgrade/model";
import { milvusImage } from "../../upgrade/plan/prepull";
import type { Workload } from "../../upgrade/prepull/groups";
import type { NodeFacts } from "../../upgrade/prepull/nodes";
import type { PullFacts } from "../../upgrade/prepull/pulls";
import { type Amounts, requestsOf } from "../../upgrade/prepull/room";
import { sizeOf } from "../../upgrade/values/quantities";
import type { ClusterClient } from "../api/client";
import { readPages } from "../api/pages";
import { ClusterError, hasCode } from "../errors";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";

type Pod = Json<V1Pod>;
type Deployment = Json<V1Deployment>;

interface List<T> {
  readonly items?: readonly T[];
}

/**
 * Where pods of the release are and which nodes there are; missing where these may not be listed.
 *
 * @param readsRoom whether it counts how much of the nodes is free, for which the pods of all namespaces are read
 * @throws ClusterError when pods cannot be listed
 */
export async function readPullFacts(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
  readsRoom: boolean,
): Promise<Omit<PullFacts, "workloads">> {
  // The same question as readCluster's: within one look it is asked once.
  const labelSelector = `app.kubernetes.io/instance=${releaseName}`;
  const [found, { nodes, roomUnknown }] = await Promise.all([
    client.read({ api: "v1", resource: "pods", labelSelector, namespace }),
    readNodes(client, readsRoom),
  ]);
  const { items = [] } = found as List<Pod>;
  const pods = items.filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending");
  const images = pods.flatMap(({ spec }) =>
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(({ image }) => image ?? []),
  );
  return {
    inUse: [...new Set(images)],
    usedNodes: [...new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? []))].sort(),
    ...(nodes && { nodes }),
    ...(roomUnknown !== undefined && { roomUnknown }),
  };
}

async function readNodes(client: ClusterClient, readsRoom: boolean): Promise<Pick<PullFacts, "nodes" | "roomUnknown">> {
  try {
    const [items = [], { asked, unknown }] = await Promise.all([
      readPages<Json<V1Node>>(client, { api: "v1", resource: "nodes" }),
      readsRoom ? readAsked(client) : { asked: undefined, unknown: undefined },
    ]);
    const nodes = items
      .map(({ metadata, spec, status }) => ({
        ...freeOf(metadata?.name ?? "", status?.allocatable, asked),
        name: metadata?.name ?? "",
        labels: metadata?.labels ?? {},
        taints: (spec?.taints ?? []).map(({ key, value, effect }) => ({
          key,
          effect,
          ...(value !== undefined && { value }),
        })),
        unschedulable: spec?.unschedulable === true,
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
    return { nodes, ...(unknown !== undefined && { roomUnknown: unknown }) };
  } catch (error) {
    if (hasCode(error, "forbidden")) return {};
    throw error;
  }
}

/** Pods of a cluster that are read to know the room on its nodes: about forty megabytes. */
const MOST_PODS = 5000;

/**
 * What the pods of each node ask for. Nothing where they may not be listed in all namespaces: that is usual. It only sharpens the
 * picture, so nothing else ends the run either: then it is said why it is not known.
 */
async function readAsked(
  client: ClusterClient,
): Promise<{ readonly asked?: ReadonlyMap<string, Amounts>; readonly unknown?: string }> {
  try {
    const fieldSelector = "status.phase!=Succeeded,status.phase!=Failed";
    const items = await readPages<Pod>(client, { api: "v1", resource: "pods", fieldSelector, once: true }, MOST_PODS);
    if (items === undefined) return { unknown: `the cluster has more than ${MOST_PODS} pods` };
    const asked = new Map<string, Amounts>();
    for (const { spec } of items) {
      if (spec?.nodeName === undefined) continue;
      const { cpu, memory } = requestsOf(spec as unknown as HelmValues);
      const before = asked.get(spec.nodeName) ?? { cpu: 0, memory: 0 };
      asked.set(spec.nodeName, { cpu: before.cpu + cpu, memory: before.memory + memory });
    }
    return { asked };
  } catch (error) {
    if (hasCode(error, "forbidden")) return {};
    if (error instanceof ClusterError) return { unknown: `the pods of all namespaces cannot be listed: ${error.what}` };
    throw error;
  }
}

function freeOf(
  node: string,
  allocatable: Readonly<Record<string, string>> | undefined,
  asked: ReadonlyMap<string, Amounts> | undefined,
): Pick<NodeFacts, "free"> {
  const [cpu, memory] = [sizeOf(allocatable?.cpu), sizeOf(allocatable?.memory)];
  if (asked === undefined || cpu === undefined || memory === undefined) return {};
  const taken = asked.get(node) ?? { cpu: 0, memory: 0 };
  return { free: { cpu: Math.max(0, cpu - taken.cpu), memory: Math.max(0, memory - taken.memory) } };
}

/**
 * The components as they run, with the image that they will have: where what the chart renders is not known. Undefined where
 * that image is not known either.
 *
 * @throws ClusterError
 */
export async function runningWorkloads(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
  plan: UpgradePlan,
  chartValues: HelmValues | undefined,
): Promise<Workload[] | undefined> {
  const image = milvusImage(plan.values, chartValues);
  if (image === undefined) return undefined;
  const labelSelector = `app.kubernetes.io/instance=${releaseName}`;
  const request = { api: "apps/v1", resource: "deployments", labelSelector, namespace };
  const { items = [] } = (await client.read(request)) as List<Deployment>;
  return items.flatMap(({ metadata, spec }): Workload[] => {
    const component = metadata?.labels?.component ?? "";
    const podSpec = spec?.template.spec;
    if (!isMilvusComponent(component) || podSpec === undefined) return [];
    const containers = podSpec.containers.map((it, index) =>
      it.name === component || (index === 0 && podSpec.containers.every(({ name }) => name !== component))
        ? { ...it, image }
        : it,
    );
    const own = { ...podSpec, containers } as unknown as HelmValues;
    return [
      {
        name: metadata?.name ?? "",
        component,
        replicas: spec?.replicas ?? 1,
        recreates: spec?.strategy?.type === "Recreate",
        podSpec: own,
      },
    ];
  });
}

/** False only where the server says so: the pods would be refused. */
export async function hasServiceAccount(client: ClusterClient, namespace: string, name: string): Promise<boolean> {
  try {
    await client.read({ api: "v1", resource: "serviceaccounts", namespace, name });
    return true;
  } catch (error) {
    if (hasCode(error, "notFound")) return false;
    if (hasCode(error, "forbidden")) return true;
    throw error;
  }
}
