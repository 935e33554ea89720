import type { V1Deployment, V1Pod, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { RECREATE_ANNOTATION, REPLICAS_ANNOTATION } from "../../upgrade/marks";
import type { ComponentState, PodTemplate } from "../../upgrade/model";
import { filledText } from "../../upgrade/values/tree";
import type { Json, ObjectMeta } from "../json";
import { replicasSet } from "./managedFields";
import { managerOf } from "./owners";

export type Deployment = Json<V1Deployment>;
export type Pod = Json<V1Pod>;
export type Autoscaler = Json<V2HorizontalPodAutoscaler>;

/** keda.sh/v1alpha1; kind defaults to Deployment. */
export interface ScaledObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };
}

export interface Workloads {
  readonly deployments: readonly Deployment[];
  readonly pods: readonly Pod[];
  readonly autoscalers: readonly Autoscaler[];
  readonly scaledObjects: readonly ScaledObject[];
}

/** Charts from 5.0.0 on write the message queue of a standalone here, and read it where the values do not say it. */
const QUEUE_ANNOTATION = "milvus.io/message-queue";

/** Label `app.kubernetes.io/name` of Milvus' own objects, unless the values' `nameOverride` changes it. */
export const DEFAULT_NAME_LABEL = "milvus";

/**
 * The components of a release among the workloads with its instance label, sorted by name.
 *
 * @param at ISO 8601, when the workloads were read
 */
export function componentStates(
  workloads: Workloads,
  at: string,
  nameLabel: string = DEFAULT_NAME_LABEL,
): ComponentState[] {
  return workloads.deployments
    .filter(({ metadata }) => metadata?.labels?.["app.kubernetes.io/name"] === nameLabel)
    .map((deployment) => componentState(deployment, workloads, at))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function componentState(deployment: Deployment, workloads: Workloads, at: string): ComponentState {
  const { metadata, spec, status } = deployment;
  const name = metadata?.name ?? "";
  const component = metadata?.labels?.component ?? metadata?.labels?.["app.kubernetes.io/component"] ?? name;
  const replicas = spec?.replicas ?? 1;
  const autoscaler = autoscalerOf(name, workloads);
  const managedBy = managerOf(metadata);
  const remembered = metadata?.annotations?.[REPLICAS_ANNOTATION];
  const messageQueue = filledText(metadata?.annotations?.[QUEUE_ANNOTATION]);
  const pods = workloads.pods.filter((pod) => belongsTo(pod, name) && !hasEnded(pod));
  const podImages = [
    ...new Set(pods.map((pod) => imageOf(pod.spec, component)).filter((image) => image !== "")),
  ].sort();
  const podTemplates = podTemplatesOf(pods, component);
  const progressedAt = status?.conditions?.find(({ type }) => type === "Progressing")?.lastUpdateTime;
  const rolledOut = isRolledOut(deployment, replicas);
  const stoppedAt = replicasSet(metadata)?.time;
  return {
    name,
    component,
    image: imageOf(spec?.template.spec, component),
    ...(podImages.length > 0 && { podImages }),
    ...(podTemplates.length > 0 && { podTemplates }),
    ...(progressedAt !== undefined && { progressedAt }),
    replicas,
    readyReplicas: status?.readyReplicas ?? 0,
    updatedReplicas: status?.updatedReplicas ?? 0,
    pods: pods.length,
    paused: spec?.paused ?? false,
    rolledOut,
    ...(!rolledOut && isRestarting(deployment, pods, Date.parse(at)) && { restarting: true }),
    strategyType: spec?.strategy?.type === "Recreate" ? "Recreate" : "RollingUpdate",
    ...(autoscaler === undefined ? {} : { autoscaler }),
    ...(managedBy === undefined ? {} : { managedBy }),
    ...(messageQueue !== undefined && { messageQueue }),
    ...(remembered !== undefined && /^\d+$/.test(remembered) ? { rememberedReplicas: Number(remembered) } : {}),
    ...(metadata?.annotations?.[RECREATE_ANNOTATION] === "true" && { recreating: true }),
    ...(replicas === 0 && stoppedAt !== undefined && { stoppedAt }),
  };
}

/** The container that runs the component; charts name it after the component. A sidecar may stand before it. */
function imageOf(spec: Pod["spec"], component: string): string {
  const containers = spec?.containers ?? [];
  return (containers.find(({ name }) => name === component) ?? containers[0])?.image ?? "";
}

/** What Kubernetes gives a pod that says nothing. */
const DEFAULT_GRACE = 30;

function podTemplatesOf(pods: readonly Pod[], component: string): PodTemplate[] {
  const templates = new Map<string, PodTemplate>();
  for (const { metadata, spec } of pods) {
    const hash = metadata?.labels?.["pod-template-hash"] ?? "";
    const longest = templates.get(hash)?.graceSeconds ?? 0;
    const graceSeconds = Math.max(longest, spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE);
    templates.set(hash, { hash, image: imageOf(spec, component), graceSeconds });
  }
  return [...templates.values()].sort((a, b) => a.hash.localeCompare(b.hash));
}

/** What `kubectl rollout status` calls done. */
function isRolledOut(deployment: Deployment, replicas: number): boolean {
  const { status } = deployment;
  const updated = status?.updatedReplicas ?? 0;
  return (
    isObserved(deployment) &&
    updated === replicas &&
    (status?.replicas ?? 0) === updated &&
    (status?.availableReplicas ?? 0) === updated
  );
}

function isObserved({ metadata, status }: Deployment): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
}

/** How long a pod may be about getting ready: the chart's probes wait 90 s, sessions 60 s, and an image has to be pulled. */
const RESTART_MILLISECONDS = 5 * 60_000;
/** Reasons of a waiting container that are no trouble by themselves. */
export const STARTING: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

/** No old pod is left, and each that is not ready is young: it was deleted, moved or restarted a moment ago. */
function isRestarting(deployment: Deployment, pods: readonly Pod[], now: number): boolean {
  const { status } = deployment;
  const conditions = status?.conditions ?? [];
  const isStuck = conditions.some(
    (it) =>
      (it.type === "ReplicaFailure" && it.status === "True") || (it.type === "Progressing" && it.status === "False"),
  );
  const oldPods = (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  if (!isObserved(deployment) || isStuck || oldPods > 0) return false;
  return pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined).every((pod) => isStarting(pod, now));
}

/** Ready counts too. A pod that crashes again and again without getting ready is as old as its creation. */
function isStarting({ metadata, status }: Pod, now: number): boolean {
  const readiness = status?.conditions?.find(({ type }) => type === "Ready");
  if (readiness?.status === "True") return true;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const reasons = containers.flatMap(({ state }) => state?.waiting?.reason ?? []);
  const since = Date.parse(readiness?.lastTransitionTime ?? metadata?.creationTimestamp ?? "");
  return reasons.every((reason) => STARTING.has(reason)) && now - since < RESTART_MILLISECONDS;
}

/**
 * Evicted, or shut down with its node. Its successor is there, and nothing deletes it: Kubernetes keeps up to 12,500 of
 * them in a cluster.
 */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}

/** A pod of a ReplicaSet of the Deployment. The ReplicaSet is named DEPLOYMENT-HASH, with the hash in the pod's label. */
export function belongsTo({ metadata }: Pod, deploymentName: string): boolean {
  const hash = metadata?.labels?.["pod-template-hash"];
  return (metadata?.ownerReferences ?? []).some(
    ({ kind, name }) => kind === "ReplicaSet" && name === `${deploymentName}-${hash ?? ""}`,
  );
}

/** KEDA makes an autoscaler of its own from each of its objects; its object is the one a user knows. */
function autoscalerOf(deploymentName: string, { autoscalers, scaledObjects }: Workloads): string | undefined {
  const keda = scaledObjects.find(({ spec }) => {
    const target = spec?.scaleTargetRef;
    return target?.name === deploymentName && (target.kind ?? "Deployment") === "Deployment";
  });
  if (keda !== undefined) {
    return `ScaledObject ${keda.metadata?.name ?? ""}`;
  }
  const hpa = autoscalers.find(
    ({ spec }) => spec.scaleTargetRef.kind === "Deployment" && spec.scaleTargetRef.name === deploymentName,
  );
  return hpa === undefined ? undefined : `HorizontalPodAutoscaler ${hpa.metadata?.name ?? ""}`;
}
