/** Builds a pod's status out of what its containers do, as a kubelet would. Pure. */
import type { Pod } from "./apiServer";

export type ContainerState =
  | { readonly kind: "waiting"; readonly reason: string; readonly message?: string }
  | { readonly kind: "running"; readonly startedAt: string }
  | TerminatedState;

export interface TerminatedState {
  readonly kind: "terminated";
  readonly exitCode: number;
  /** `Completed`, `Error`, `StartError` or `ContainerStatusUnknown`. */
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface ContainerRecord {
  readonly state: ContainerState;
  readonly restarts?: number;
  readonly lastState?: TerminatedState;
  /** Default: as the state says for a container without probes. */
  readonly ready?: boolean;
}

/** By container name; containers that are missing wait for their turn. */
export type ContainerRecords = ReadonlyMap<string, ContainerRecord>;

export interface PodStatusOptions {
  readonly startTime: string;
  readonly now: string;
  /** Overrides the phase that follows from the containers. */
  readonly phase?: Phase;
  /** Pod-level reason and message, such as `Evicted`. */
  readonly reason?: string;
  readonly message?: string;
  /** What the scheduler would say, for a pod that is to look unschedulable. */
  readonly unschedulable?: string;
}

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

const NOT_STARTED: ContainerRecord = { state: { kind: "waiting", reason: "PodInitializing" } };

/** A Job's pod (restartPolicy Never; OnFailure is taken for Never) ends with its containers, others run on. */
export function podPhase(pod: Pod, records: ContainerRecords): Phase {
  const state = (name: string): ContainerState => (records.get(name) ?? NOT_STARTED).state;
  const inits = (pod.spec?.initContainers ?? []).map(({ name }) => state(name));
  const mains = (pod.spec?.containers ?? []).map(({ name }) => ({ state: state(name), record: records.get(name) }));
  const ends = pod.spec?.restartPolicy === "Never" || pod.spec?.restartPolicy === "OnFailure";
  if (ends && inits.some((init) => init.kind === "terminated" && init.exitCode !== 0)) return "Failed";
  if (ends && mains.every((main) => main.state.kind === "terminated")) {
    return mains.every(({ state }) => state.kind === "terminated" && state.exitCode === 0) ? "Succeeded" : "Failed";
  }
  const started = mains.some(({ state, record }) => state.kind !== "waiting" || record?.lastState !== undefined);
  return started ? "Running" : "Pending";
}

/** A status for a strategic merge patch: conditions are merged by type, the lists of containers replaced. */
export function podStatus(pod: Pod, records: ContainerRecords, options: PodStatusOptions): object {
  const phase = options.phase ?? podPhase(pod, records);
  const done = phase === "Succeeded" || phase === "Failed";
  const containers = pod.spec?.containers ?? [];
  const inits = pod.spec?.initContainers ?? [];
  const statusOf = ({ name, image }: { name: string; image?: string }, init: boolean): object => {
    const record = records.get(name) ?? NOT_STARTED;
    const completed = record.state.kind === "terminated" && record.state.exitCode === 0;
    return {
      name,
      image: image ?? "",
      imageID: record.state.kind === "waiting" && !record.lastState ? "" : `sandbox/${image ?? ""}`,
      ready: record.ready ?? (init ? completed : record.state.kind === "running"),
      started: record.state.kind === "running",
      restartCount: record.restarts ?? 0,
      state: stateObject(record.state),
      lastState: record.lastState ? stateObject(record.lastState) : {},
    };
  };
  const initialized = inits.every(({ name }) => {
    const state = records.get(name)?.state;
    return state?.kind === "terminated" && state.exitCode === 0;
  });
  const unready = containers.filter(({ name }) => {
    const record = records.get(name);
    return !(record && (record.ready ?? record.state.kind === "running"));
  });
  const notReady = done
    ? { status: "False", reason: phase === "Succeeded" ? "PodCompleted" : "PodFailed" }
    : {
        status: "False",
        reason: "ContainersNotReady",
        message: `containers with unready status: [${unready.map(({ name }) => name).join(" ")}]`,
      };
  const ready = !done && initialized && unready.length === 0 ? { status: "True" } : notReady;
  const conditions = [
    condition(
      pod,
      "Initialized",
      initialized ? { status: "True" } : { status: "False", reason: "ContainersNotInitialized" },
      options.now,
    ),
    condition(pod, "ContainersReady", ready, options.now),
    condition(pod, "Ready", ready, options.now),
  ];
  const scheduled = options.unschedulable
    ? { status: "False", reason: "Unschedulable", message: options.unschedulable }
    : { status: "True" };
  conditions.push(condition(pod, "PodScheduled", scheduled, options.now));
  return {
    phase,
    ...(options.reason ? { reason: options.reason } : {}),
    ...(options.message ? { message: options.message } : {}),
    startTime: options.startTime,
    hostIP: "127.0.0.1",
    conditions,
    ...(options.unschedulable
      ? {}
      : {
          initContainerStatuses: inits.map((container) => statusOf(container, true)),
          containerStatuses: containers.map((container) => statusOf(container, false)),
        }),
  };
}

function stateObject(state: ContainerState): object {
  const { kind, ...fields } = state;
  return { [kind]: fields };
}

interface ConditionFields {
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Keeps the time of the last transition while the status stays. Clears an old reason and message. */
function condition(pod: Pod, type: string, fields: ConditionFields, now: string): object {
  const current = pod.status?.conditions?.find((existing) => existing.type === type);
  const lastTransitionTime = current?.status === fields.status ? (current.lastTransitionTime ?? now) : now;
  return { type, reason: null, message: null, lastProbeTime: null, ...fields, lastTransitionTime };
}
