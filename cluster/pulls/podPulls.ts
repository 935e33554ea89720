import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { Cause } from "../diagnose/causes";
import { imageCause } from "../diagnose/pods";
import type { Json } from "../json";
import { STARTING } from "../state/workloads";

export type Pod = Json<V1Pod>;

/** It is the node that is not for the image, and another may be. */
export type NodeTrouble = "nodeFull" | "otherPlatform";

/** How far one image is. */
export type ImageState =
  | { readonly kind: "there" | "coming" }
  /** `said`: the kubelet's words. */
  | { readonly kind: "failing"; readonly cause: Cause | NodeTrouble; readonly said: string };

/** What a pod that pulls says: why it has no node or was ended, or how far each of its images is. */
export type PodPulls =
  | { readonly kind: "noNode"; readonly why: string }
  | { readonly kind: "ended"; readonly why: string }
  /** The kubelet has not taken it up. */
  | { readonly kind: "notTaken" }
  | { readonly kind: "pulls"; readonly images: readonly ImageState[] };

const FAILING = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);
const NODE_IS_FULL = /no space left on device|disk quota exceeded|ImageGCFailed/i;
const OTHER_PLATFORM = /no match for platform|no matching manifest for|does not match the specified platform/i;

/** In the order of its containers. */
export function podPulls({ spec, status }: Pod): PodPulls {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") {
    return { kind: "noNode", why: scheduled.message ?? scheduled.reason ?? "the scheduler does not say why" };
  }
  const statuses = status?.containerStatuses ?? [];
  const images = (spec?.containers ?? []).map(({ name }) => stateOf(statuses.find((it) => it.name === name)));
  if (status?.phase === "Failed" && images.some(({ kind }) => kind !== "there")) {
    return { kind: "ended", why: [status.reason, status.message].filter((it) => it).join(": ") || "its pod was ended" };
  }
  const isTaken = status?.startTime !== undefined || statuses.length > 0;
  return isTaken ? { kind: "pulls", images } : { kind: "notTaken" };
}

/** Whatever comes after the pull, also that the container cannot be made or started, means that the image is there. */
function stateOf(status: Json<V1ContainerStatus> | undefined): ImageState {
  const { waiting, running, terminated } = status?.state ?? {};
  if (running !== undefined || terminated !== undefined || status?.lastState?.terminated !== undefined) {
    return { kind: "there" };
  }
  const { reason = "", message = "" } = waiting ?? {};
  if (FAILING.has(reason)) {
    const said = message === "" ? reason : message;
    return { kind: "failing", cause: causeOf(reason, said), said };
  }
  return { kind: reason === "" || STARTING.has(reason) ? "coming" : "there" };
}

function causeOf(reason: string, said: string): Cause | NodeTrouble {
  if (NODE_IS_FULL.test(said)) return "nodeFull";
  if (OTHER_PLATFORM.test(said)) return "otherPlatform";
  return reason === "InvalidImageName" ? "invalidImageName" : imageCause(said);
}
