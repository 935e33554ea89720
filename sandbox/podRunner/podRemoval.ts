/** The last thing a kubelet does with a pod that is being deleted: it lets go of the object. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, isStatus, type Pod, podPath } from "./apiServer";

/** Resolves when the object may go (finalizers of controllers may still hold it), or when the runner stops. */
export async function removePod(api: ApiServer, pod: Pod, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await api.call("DELETE", podPath(pod), {
        body: {
          kind: "DeleteOptions",
          apiVersion: "v1",
          gracePeriodSeconds: 0,
          preconditions: { uid: pod.metadata?.uid },
        },
      });
      return;
    } catch (error) {
      if (isStatus(error, 404, 409)) return;
      await sleep(500, undefined, { signal }).catch(() => undefined);
    }
  }
}
