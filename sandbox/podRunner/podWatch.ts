/** Keeps a view of all pods: list, then watch, and list again whenever the watch breaks. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, isStatus, type Pod } from "./apiServer";

export interface PodHandler {
  /** A pod as it is now; called again on every change and after every list. */
  seen(pod: Pod): void;
  /** The pod object is gone. */
  gone(uid: string): void;
}

interface PodList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: Pod[];
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Pod & { readonly code?: number; readonly message?: string };
}

/** Seconds after which the server ends a watch, so that a dead connection is noticed soon. */
const WATCH_SECONDS = 30;

/** Runs until `signal` is aborted. `onListed` is called once, after the first list was handled. */
export async function watchPods(
  api: ApiServer,
  handler: PodHandler,
  signal: AbortSignal,
  log: (line: string) => void,
  onListed: () => void,
): Promise<void> {
  let known = new Set<string>();
  let resourceVersion: string | undefined;
  let troubled = false;
  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined) {
        const list = await api.call<PodList>("GET", "/api/v1/pods");
        const current = new Set(list.items.map((pod) => pod.metadata?.uid ?? ""));
        for (const uid of known) if (!current.has(uid)) handler.gone(uid);
        known = current;
        for (const pod of list.items) handler.seen(pod);
        resourceVersion = list.metadata.resourceVersion;
        if (troubled) log("pod runner: the API server answers again");
        troubled = false;
        onListed();
      }
      const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${resourceVersion}`;
      await api.lines(`/api/v1/pods?${query}`, (WATCH_SECONDS + 10) * 1000, signal, (line) => {
        const event = line as WatchEvent;
        if (event.type === "ERROR") throw new Error(event.object.message ?? "the watch ended with an error");
        resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
        const uid = event.object.metadata?.uid ?? "";
        if (event.type === "DELETED") {
          known.delete(uid);
          handler.gone(uid);
        } else if (event.type !== "BOOKMARK") {
          known.add(uid);
          handler.seen(event.object);
        }
      });
    } catch (error) {
      resourceVersion = undefined;
      if (!troubled && !isStatus(error, 410) && !isAborted(signal)) {
        log(
          `pod runner: lost the API server, trying again (${error instanceof Error ? error.message : String(error)})`,
        );
        troubled = true;
      }
      await sleep(300, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Asked anew each time: the compiler takes the loop's condition for still true after an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
