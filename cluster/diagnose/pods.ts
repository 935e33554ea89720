import type { V1ContainerStateTerminated, V1ContainerStatus } from "@kubernetes/client-node";
import type { Json } from "../json";
import { STARTING } from "../state/workloads";
import type { Cause } from "./causes";
import type { Finding, Pod } from "./evidence";

type ContainerStatus = Json<V1ContainerStatus>;
type Ended = Json<V1ContainerStateTerminated>;

/** A container that was killed from outside ends with 128 + 9. */
const KILLED = 137;
/** Exit codes of a shell for a command that is not there or not executable. */
const NO_COMMAND = new Set([126, 127]);
/** Seconds after its grace period for which a terminating pod is still in order. */
const TERMINATION_SLACK = 60;

/** The kubelet's words (pkg/kubelet/eviction/eviction_manager.go): nothing was short on the node. */
export const IS_TOO_SMALL = /^Usage of EmptyDir volume /;

/** What a pod itself says about why it does not run; empty for one that is ready, done or merely young. */
export function podFindings(pod: Pod, now: string): Finding[] {
  const { metadata, status, spec } = pod;
  const name = metadata?.name ?? "";
  const base = { object: `pod ${name}`, pod: name };
  const phase = status?.phase ?? "Unknown";

  if (status?.reason === "Evicted") {
    const cause = IS_TOO_SMALL.test(status.message ?? "") ? "volumeTooSmall" : "evicted";
    return [{ ...base, cause, state: "Failed, Evicted", ...message(status.message) }];
  }
  if (status?.reason === "NodeLost" || (metadata?.deletionTimestamp !== undefined && isNodeGone(pod))) {
    return [{ ...base, cause: "nodeLost", state: phase, ...message(`node ${spec?.nodeName ?? "unknown"}`) }];
  }
  if (metadata?.deletionTimestamp !== undefined) {
    // The deletion time is when the grace period ends.
    const late = (Date.parse(now) - Date.parse(metadata.deletionTimestamp)) / 1000;
    return late > TERMINATION_SLACK
      ? [{ ...base, cause: "stuckTerminating", state: "Terminating", ...message(finalizersOf(pod)) }]
      : [];
  }
  if (phase === "Succeeded") {
    return [];
  }

  const init = (status?.initContainerStatuses ?? []).flatMap((it) => containerFindings(it, base, phase, true));
  const main = (status?.containerStatuses ?? []).flatMap((it) => containerFindings(it, base, phase, false));
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") {
    const cause = unschedulableCause(scheduled.message ?? "");
    return [{ ...base, cause, state: "Pending, not scheduled", ...message(scheduled.message) }];
  }
  if (phase === "Running" && isNodeGone(pod)) {
    return [{ ...base, cause: "nodeLost", state: phase, ...message(`node ${spec?.nodeName ?? "unknown"}`) }];
  }
  return [...init, ...main];
}

/** Evicted, or shut down with its node, long ago: it lies about, and has had a successor since. */
export function endedBefore({ metadata, status }: Pod, since: number): boolean {
  if (status?.phase !== "Failed") return false;
  const times = [
    metadata?.creationTimestamp,
    status.startTime,
    ...(status.conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime),
    ...(status.containerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt),
  ];
  const known = times.flatMap((time) => (time === undefined ? [] : Date.parse(time)));
  return known.length > 0 && Math.max(...known) < since;
}

/** Why the scheduler found no node. It lists for each reason how many nodes have it. */
export function unschedulableCause(said: string): Cause {
  const patterns: readonly (readonly [RegExp, Cause])[] = [
    [/persistentvolumeclaim "[^"]*" not found/i, "claimMissing"],
    [/unbound immediate PersistentVolumeClaims|waiting for .*PersistentVolume/i, "claimNotBound"],
    [/volume node affinity conflict|no available volume zone|had no available volume/i, "unschedulableVolumeZone"],
    [/Insufficient|Too many pods|exceed max volume count/i, "unschedulableResources"],
    [/taint/i, "unschedulableTaints"],
    [/node affinity|node selector|affinity rules|topology spread/i, "unschedulableNodeSelector"],
  ];
  return patterns.find(([pattern]) => pattern.test(said))?.[1] ?? "unschedulable";
}

/** Why an image was not pulled. Runtimes agree on little but these words. */
export function imageCause(said: string): Cause {
  const patterns: readonly (readonly [RegExp, Cause])[] = [
    [/InvalidImageName|invalid reference format|couldn't parse image/i, "invalidImageName"],
    [/unauthorized|authentication required|denied|forbidden|no basic auth|\b40[13]\b/i, "imagePullDenied"],
    [/not found|manifest unknown|does not exist|\b404\b/i, "imageNotFound"],
    [/no such host|dial tcp|i\/o timeout|timeout|connection refused|x509|TLS|EOF|unreachable/i, "registryUnreachable"],
  ];
  return patterns.find(([pattern]) => pattern.test(said))?.[1] ?? "imagePullFailed";
}

function containerFindings(
  status: ContainerStatus,
  base: { readonly object: string; readonly pod: string },
  phase: string,
  isInit: boolean,
): Finding[] {
  const { waiting, terminated } = status.state ?? {};
  const found = { ...base, container: status.name };
  const ended = terminated ?? status.lastState?.terminated;
  if (waiting !== undefined) {
    const state = `${phase}, waiting: ${waiting.reason ?? "no reason given"}`;
    const cause = waitingCause(waiting.reason ?? "", waiting.message ?? "", isInit, ended);
    if (cause === undefined) {
      return [];
    }
    const isCrash = waiting.reason === "CrashLoopBackOff" && ended !== undefined;
    return [
      {
        ...found,
        cause,
        state,
        ...message(isCrash ? ended.message : waiting.message),
        ...(isCrash ? { exitCode: ended.exitCode, previous: true } : {}),
      },
    ];
  }
  if (terminated !== undefined && terminated.exitCode !== 0) {
    const cause = endedCause(terminated, isInit ? "initContainerFailed" : "containerFailed");
    const state = `${phase}, ended: ${terminated.reason ?? "Error"}`;
    return [{ ...found, cause, state, exitCode: terminated.exitCode, ...message(terminated.message) }];
  }
  if (status.state?.running !== undefined && !status.ready && !isInit) {
    const wasKilled = ended !== undefined && status.restartCount > 0 && ended.reason === "OOMKilled";
    return [
      wasKilled
        ? {
            ...found,
            cause: "outOfMemory",
            state: `${phase}, restarted ${status.restartCount} times`,
            exitCode: ended.exitCode,
            previous: true,
          }
        : { ...found, cause: "readinessProbeFailed", state: `${phase}, not ready` },
    ];
  }
  return [];
}

function waitingCause(reason: string, said: string, isInit: boolean, ended: Ended | undefined): Cause | undefined {
  switch (reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "ErrImageNeverPull":
    case "RegistryUnavailable":
    case "ImageInspectError":
      return imageCause(said);
    case "InvalidImageName":
      return "invalidImageName";
    case "CreateContainerConfigError":
      return "configMissing";
    case "CreateContainerError":
    case "RunContainerError":
    case "StartError":
      return /executable file not found|no such file or directory|exec format error/i.test(said)
        ? "commandNotFound"
        : "containerFailed";
    case "CrashLoopBackOff":
      return ended === undefined ? "crashLoop" : endedCause(ended, isInit ? "initContainerFailed" : "crashLoop");
    default:
      return STARTING.has(reason) ? undefined : "notStarted";
  }
}

function endedCause({ reason, exitCode, message: said = "" }: Ended, otherwise: Cause): Cause {
  if (reason === "OOMKilled" || (exitCode === KILLED && reason === undefined)) {
    return "outOfMemory";
  }
  const missing = NO_COMMAND.has(exitCode) || /executable file not found|no such file or directory: unknown/.test(said);
  return reason === "StartError" || reason === "ContainerCannotRun" || missing ? "commandNotFound" : otherwise;
}

function isNodeGone({ status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "Unknown" || ready?.reason === "NodeNotReady" || ready?.reason === "NodeStatusUnknown";
}

function finalizersOf({ metadata }: Pod): string | undefined {
  const finalizers = metadata?.finalizers ?? [];
  return finalizers.length === 0 ? undefined : `finalizers: ${finalizers.join(", ")}`;
}

function message(text: string | undefined): { readonly message?: string } {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? {} : { message: trimmed };
}
