/** Pods whose processes ended with an earlier runner: failed, as a kubelet finds them after its node has restarted. */
import type { Pod } from "./apiServer";
import { type PodWorker, podName, type RunnerContext } from "./context";
import { removePod } from "./podRemoval";
import { type ContainerRecord, podStatus, type TerminatedState } from "./status";
import { StatusWriter } from "./statusWriter";

export function markLost(context: RunnerContext, pod: Pod): PodWorker {
  let current = pod;
  context.log(`pod runner: ${podName(pod)}: its processes are gone, marked as failed`);
  const writer = new StatusWriter(context.api, pod, context.signal, context.log);
  const now = new Date().toISOString();
  const finished = writer
    .write(podStatus(pod, lostRecords(pod, now), { startTime: pod.status?.startTime ?? now, now, phase: "Failed" }))
    .then(() =>
      current.metadata?.deletionTimestamp === undefined ? undefined : removePod(context.api, current, context.signal),
    );
  return {
    finished,
    update: (changed) => {
      current = changed;
    },
    kill: () => undefined,
  };
}

/** What ran is lost with code 137; what had ended keeps its result. */
function lostRecords(pod: Pod, now: string): Map<string, ContainerRecord> {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const records = new Map<string, ContainerRecord>();
  for (const { name, state } of statuses) {
    const ended = state?.terminated;
    if (ended) {
      records.set(name, { state: { kind: "terminated", ...ended } as TerminatedState });
    } else if (state?.running) {
      const message = "The container could not be located when the pod was terminated";
      const startedAt = state.running.startedAt ?? now;
      records.set(name, {
        state: {
          kind: "terminated",
          exitCode: 137,
          reason: "ContainerStatusUnknown",
          message,
          startedAt,
          finishedAt: now,
        },
      });
    }
  }
  return records;
}
