import type { V1ContainerStatus, V1StatefulSet } from "@kubernetes/client-node";
import type { SeenJob, SeenPod, SeenWorkload } from "../../upgrade/progress/seen";
import type { Json } from "../json";
import { belongsTo, type Deployment, hasEnded, type Pod, STARTING } from "../state/workloads";

export type StatefulSet = Json<V1StatefulSet>;
type ContainerStatus = Json<V1ContainerStatus>;

/** The pod of a step's Job, and its container at work; undefined where there is no pod. */
export function seenJob(pods: readonly Pod[]): SeenJob | undefined {
  const newest = pods
    .toSorted((a, b) => (a.metadata?.creationTimestamp ?? "").localeCompare(b.metadata?.creationTimestamp ?? ""))
    .at(-1);
  if (newest === undefined) return {};
  const statuses = statusesOf(newest);
  const atWork = statuses.find(({ state }) => state?.running !== undefined);
  const next = statuses.find(({ state }) => state?.terminated === undefined);
  const command = (atWork ?? next)?.name;
  const pod = seenPod(newest, "", undefined);
  // A command that is an init container: the pod counts as pending until the last one runs.
  const stage = atWork !== undefined && pod.stage !== "ends" ? "runs" : pod.stage;
  return { pod: { ...pod, stage }, ...(command !== undefined && { command }) };
}

/** Those of a release that have not ended: evicted ones lie about for weeks. */
export function seenPods(pods: readonly Pod[], deployments: readonly Deployment[]): SeenPod[] {
  const names = deployments.map(({ metadata }) => metadata?.name ?? "");
  return pods
    .filter((pod) => !hasEnded(pod))
    .map((pod) => {
      const owner = names.find((name) => belongsTo(pod, name));
      return seenPod(pod, pod.metadata?.labels?.component ?? "", owner);
    });
}

function seenPod(pod: Pod, component: string, deployment: string | undefined): SeenPod {
  const { metadata, spec } = pod;
  const { stage, pulls, waiting } = stageOf(pod);
  const image = (spec?.containers.find(({ name }) => name === component) ?? spec?.containers[0])?.image ?? "";
  const endsAt = metadata?.deletionTimestamp;
  const grace = metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds;
  return {
    name: metadata?.name ?? "",
    component,
    ...(deployment !== undefined && { deployment }),
    template: metadata?.labels?.["pod-template-hash"] ?? "",
    image,
    ...(spec?.nodeName !== undefined && { node: spec.nodeName }),
    stage,
    ...(pulls !== undefined && { pulls }),
    ...(waiting !== undefined && { waiting }),
    ...(endsAt !== undefined && { endsAt, ...(grace !== undefined && { graceSeconds: grace }) }),
  };
}

function stageOf(pod: Pod): Pick<SeenPod, "stage" | "pulls" | "waiting"> {
  const { metadata, spec, status } = pod;
  if (metadata?.deletionTimestamp !== undefined) return { stage: "ends" };
  if (status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") === true) {
    return { stage: "ready" };
  }
  if (spec?.nodeName === undefined) return { stage: "no node" };
  const statuses = statusesOf(pod);
  // The first that has not ended holds up the others.
  const held = statuses.find(({ state }) => state?.terminated === undefined);
  const reason = held?.state?.waiting?.reason;
  const waiting = reason === undefined || STARTING.has(reason) ? undefined : reason;
  if (held?.state?.running !== undefined) return { stage: "runs" };
  // The kubelet gives a container the id of its image once the node has it.
  const isPulled = held?.imageID !== undefined && held.imageID !== "";
  return {
    stage: held !== undefined && !isPulled && waiting === undefined ? "pulls" : "starts",
    ...(held !== undefined && !isPulled && { pulls: imageOf(held, spec) }),
    ...(waiting !== undefined && { waiting }),
  };
}

function imageOf({ name, image }: ContainerStatus, spec: NonNullable<Pod["spec"]>): string {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  return all.find((container) => container.name === name)?.image ?? image;
}

function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

interface Workloads {
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
  readonly nameLabel: string;
  readonly releaseName: string;
}

/** Milvus' own first. */
export function seenWorkloads({ deployments, statefulSets, nameLabel, releaseName }: Workloads): SeenWorkload[] {
  const own = deployments.map((deployment) => seenDeployment(deployment, nameLabel, releaseName));
  const sets = new Map(statefulSets.map((it) => [it.metadata?.name ?? "", seenStatefulSet(it, releaseName)]));
  return [...own.toSorted((a, b) => Number(b.isMilvus) - Number(a.isMilvus)), ...sets.values()];
}

function seenDeployment(deployment: Deployment, nameLabel: string, releaseName: string): SeenWorkload {
  const { metadata, spec, status } = deployment;
  const name = metadata?.name ?? "";
  const component = metadata?.labels?.component;
  const replicas = spec?.replicas ?? 1;
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
  const updated = isSeen ? (status?.updatedReplicas ?? 0) : 0;
  const ready = Math.min(updated, status?.readyReplicas ?? 0);
  const containers = spec?.template.spec?.containers ?? [];
  return {
    name,
    label: component ?? shortName(name, releaseName),
    isMilvus: metadata?.labels?.["app.kubernetes.io/name"] === nameLabel,
    image: (containers.find((it) => it.name === component) ?? containers[0])?.image ?? "",
    replicas,
    ready,
    done: isSeen && ready >= replicas && (status?.replicas ?? 0) <= replicas,
  };
}

function seenStatefulSet({ metadata, spec, status }: StatefulSet, releaseName: string): SeenWorkload {
  const name = metadata?.name ?? "";
  const replicas = spec?.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  const isRolled = status?.currentRevision === status?.updateRevision || (status?.updatedReplicas ?? 0) >= replicas;
  return {
    name,
    label: shortName(name, releaseName),
    isMilvus: false,
    image: "",
    replicas,
    ready,
    done: ready >= replicas && isRolled,
  };
}

function shortName(name: string, releaseName: string): string {
  return name.startsWith(`${releaseName}-`) ? name.slice(releaseName.length + 1) : name;
}
