import type { Cause } from "./causes";
import type { Evidence, Finding, KubernetesEvent, Pod } from "./evidence";
import { IS_TOO_SMALL, imageCause, unschedulableCause } from "./pods";

type Rule = readonly [reason: RegExp, said: RegExp, cause: Cause | ((said: string) => Cause)];

/** Event reasons and words, most telling first. */
const RULES: readonly Rule[] = [
  [/^FailedCreate$/, /exceeded quota|must specify limits/i, "quotaExceeded"],
  [/^FailedCreate$/, /security context constraint/i, "securityConstraintRefused"],
  [/^FailedCreate$/, /violates PodSecurity/i, "podSecurityRefused"],
  [/^FailedCreate$/, /admission webhook|ValidatingAdmissionPolicy|denied the request/i, "admissionRefused"],
  [/^FailedCreate$/, /serviceaccount .* not found|looking up service account/i, "serviceAccountMissing"],
  [/^FailedCreate$/, /forbidden/i, "creationForbidden"],
  [/^ProvisioningFailed$/, /storageclass.* not found/i, "storageClassMissing"],
  [/^FailedBinding$/, /no storage class is set/i, "noStorageClass"],
  [/^(ProvisioningFailed|FailedBinding)$/, /./, "claimNotBound"],
  [/^FailedScheduling$/, /./, unschedulableCause],
  [/^FailedAttachVolume$/, /Multi-Attach/i, "volumeAttachedElsewhere"],
  [/^FailedMount$/, /(configmap|secret) .*not found|references non-existent/i, "configMissing"],
  [/^(FailedMount|FailedAttachVolume|FailedMapVolume)$/, /./, "volumeMountFailed"],
  [/^(Failed|InspectFailed|ErrImageNeverPull)$/, /image|pull/i, imageCause],
  [/^FailedCreatePodSandBox$/, /./, "sandboxFailed"],
  [/^Evicted$/, IS_TOO_SMALL, "volumeTooSmall"],
  [/^Evicted$/, /./, "evicted"],
  [/^(NodeNotReady|NodeLost)$/, /./, "nodeLost"],
  [/^Unhealthy$/, /^Liveness/i, "livenessProbeFailed"],
  [/^Unhealthy$/, /^Startup/i, "startupProbeFailed"],
  [/^Unhealthy$/, /^Readiness/i, "readinessProbeFailed"],
];

/** Controllers repeat themselves at least this often (seconds); an older event is about trouble that is over. */
const FORGOTTEN_AFTER = 30 * 60;

/**
 * What the events say. A pod that got ready, a claim that got bound and a workload that is complete keep their old
 * events: those do not count, nor do those that were not repeated for long.
 */
export function eventFindings(evidence: Evidence, troubled: ReadonlySet<string>): Finding[] {
  const living = new Set(evidence.pods.map(({ metadata }) => metadata?.name ?? ""));
  const isOver = overcome(evidence, troubled);
  const since = beginning(evidence);
  return eventsOf(evidence).flatMap((event) => {
    const { kind = "", name = "" } = event.involvedObject;
    const cause = causeOf(event);
    if (cause === undefined || Date.parse(timeOf(event)) < since || isOver(kind, name, event)) {
      return [];
    }
    const label = kind === "Pod" ? "pod" : kind === "PersistentVolumeClaim" ? "claim" : kind;
    const pod = kind === "Pod" && living.has(name) ? { pod: name } : {};
    return [{ cause, object: `${label} ${name}`, message: said(event), ...pod }];
  });
}

/**
 * What is older belongs to something else: a Job that was made anew under its name has the events of the one before; a
 * Release has no beginning. Milliseconds.
 */
export function beginning({ job, now }: Evidence): number {
  const created = job?.metadata?.creationTimestamp;
  return created === undefined ? Date.parse(now) - FORGOTTEN_AFTER * 1000 : Date.parse(created);
}

type IsOver = (kind: string, name: string, event: KubernetesEvent) => boolean;

function overcome(evidence: Evidence, troubled: ReadonlySet<string>): IsOver {
  const { pods, claims, deployments, statefulSets } = evidence;
  const living = new Map(pods.map((pod) => [pod.metadata?.name ?? "", pod]));
  const bound = new Set(
    claims.filter(({ status }) => status?.phase === "Bound").map(({ metadata }) => metadata?.name ?? ""),
  );
  const complete = [...deployments, ...statefulSets]
    .filter(({ spec, status }) => (status?.replicas ?? 0) >= (spec?.replicas ?? 1))
    .map(({ metadata }) => metadata?.name ?? "");
  return (kind, name, event) => {
    const pod = living.get(name);
    switch (kind) {
      case "Pod":
        // One that is gone has a successor, which tells its own trouble, unless something keeps its workload from making it.
        return pod === undefined
          ? complete.some((it) => isMadeBy(name, it) || isMadeBy(withoutLast(name), it))
          : !troubled.has(name) || isPast(event, pod);
      case "PersistentVolumeClaim":
        return bound.has(name);
      default:
        return complete.some((it) => name === it || (kind === "ReplicaSet" && isMadeBy(name, it)));
    }
  };
}

/** A pod that does not get ready may have left other trouble behind: it waited for a node, a volume or its image. */
function isPast(event: KubernetesEvent, { spec, status }: Pod): boolean {
  const { reason = "" } = event;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const startedSince = containers.some(({ state, lastState }) =>
    [state?.running, state?.terminated, lastState?.terminated].some(
      (it) => it?.startedAt !== undefined && Date.parse(it.startedAt) >= Date.parse(timeOf(event)),
    ),
  );
  if (reason === "FailedScheduling") return spec?.nodeName !== undefined;
  if (/^Failed(AttachVolume|Mount|MapVolume|CreatePodSandBox)$/.test(reason)) return startedSince;
  if (/^(Failed|InspectFailed|ErrImageNeverPull)$/.test(reason)) {
    return containers.length > 0 && containers.every(({ imageID }) => imageID !== "");
  }
  return false;
}

/** Events about the subject and what belongs to it, newest first. */
export function eventsOf(evidence: Evidence): KubernetesEvent[] {
  const mine = ownNames(evidence);
  return evidence.events
    .filter(({ involvedObject }) => mine(involvedObject.kind ?? "", involvedObject.name ?? ""))
    .sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
}

/** When it happened last; the scheduler fills other fields than the controllers. */
export function timeOf({ lastTimestamp, series, eventTime, firstTimestamp }: KubernetesEvent): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? "";
}

/** The message without what changes from one repetition to the next. */
export function said({ message = "" }: KubernetesEvent): string {
  return message.replace(/^\(combined from similar events\): /, "").trim();
}

function causeOf(event: KubernetesEvent): Cause | undefined {
  const text = said(event);
  const rule = RULES.find(([reason, words]) => reason.test(event.reason ?? "") && words.test(text));
  return typeof rule?.[2] === "function" ? rule[2](text) : rule?.[2];
}

/** Pods and ReplicaSets that are gone are known by the name of what made them. */
function ownNames({ subject, pods, deployments, statefulSets, claims }: Evidence) {
  const names = (objects: readonly { readonly metadata?: { readonly name?: string } }[]) =>
    objects.map(({ metadata }) => metadata?.name ?? "");
  const podNames = new Set(names(pods));
  const claimNames = new Set(names(claims));
  const deploymentNames = names(deployments);
  const statefulSetNames = names(statefulSets);
  const jobNames = subject.kind === "Job" ? [subject.name] : [];
  const nodes = new Set(pods.map(({ spec }) => spec?.nodeName));
  return (kind: string, name: string): boolean => {
    switch (kind) {
      case "Pod":
        return (
          podNames.has(name) ||
          jobNames.some((it) => isMadeBy(name, it)) ||
          statefulSetNames.some((it) => isMadeBy(name, it)) ||
          deploymentNames.some((it) => isMadeBy(withoutLast(name), it))
        );
      case "PersistentVolumeClaim":
        return claimNames.has(name);
      case "Node":
        return nodes.has(name);
      case "Job":
        return jobNames.includes(name);
      case "ReplicaSet":
        return deploymentNames.some((it) => isMadeBy(name, it));
      default:
        return deploymentNames.includes(name) || statefulSetNames.includes(name);
    }
  };
}

/** Of a pod, the name of its ReplicaSet. */
function withoutLast(name: string): string {
  return name.slice(0, name.lastIndexOf("-"));
}

/** MAKER-HASH, MAKER-0. */
function isMadeBy(name: string, maker: string): boolean {
  return name.startsWith(`${maker}-`) && /^[0-9a-z]+$/.test(name.slice(maker.length + 1));
}
