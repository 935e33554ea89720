import { setTimeout as sleep } from "node:timers/promises";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { isOurs, upgradeLabels } from "../../upgrade/marks";
import { describeHolder, lockName, type RunHolder } from "../../upgrade/words/lock";
import type { ClusterClient } from "../api/client";
import { refusedWrite } from "../api/refusedWrite";
import { retry } from "../api/retry";
import { isDone, isPassing, type WriteAnswer } from "../api/write";
import { ClusterError, foreignConfigMap, hasCode } from "../errors";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";
import { CONFIG_MAPS } from "./configMaps";

/**
 * The lock of a release: a ConfigMap, since whoever may upgrade may write those. Creating it is atomic, and so is every
 * change, by its resource version. The holder renews it; one that was not renewed for a while, watched by the clock of
 * who watches, belongs to a run that is dead, and is taken over.
 */
export interface RunLock {
  /**
   * Asks the cluster whether the lock is still this run's: a laptop that slept may have lost it.
   *
   * @throws ClusterError
   */
  check(): Promise<void>;
  /** Never throws. Called a second time it waits for the first. */
  release(): Promise<void>;
}

export interface LockRequest extends ReleaseAddress {
  readonly holder: RunHolder;
  /** Seconds without a sign of life after which a run is taken to be dead. */
  readonly silence: number;
  /** False once the engine is gone: a program without an engine holds nothing. */
  readonly isAlive: () => boolean;
  readonly say: (line: string) => void;
}

/** The lock, or the run that has it. */
export type Taken = { readonly lock: RunLock } | { readonly busy: RunHolder };

/** A lock that is there. */
interface Found {
  readonly holder: RunHolder;
  readonly version: string;
  /** Seconds: what the run that made it asks for, at most LONGEST_SILENCE. */
  readonly silence: number;
  /** What the lock says, where that is more. */
  readonly asked?: number;
  /** False: a ConfigMap of that name which is somebody else's. Nobody renews it, so it would look like that of a dead run. */
  readonly isOurs: boolean;
}

/** So many signs of life within the time of silence, so that a few may be lost. */
const BEATS = 4;
/**
 * Seconds. What a lock says of itself is data that anybody may have written: more than this it is not waited for. A living run
 * gives its signs of life often enough for that, whatever its milvus:timeouts.lock.
 */
export const LONGEST_SILENCE = 600;
const WATCH_MS = 500;
/** Characters of what a lock says; whoever made it may have written a book. */
const LONGEST_TEXT = 120;
const PAUSES_MS = [250, 1000, 2000, 4000];
const WRITE_MS = 10_000;

/**
 * Takes the lock, watching for as long as needed whether one that is there belongs to a living run.
 *
 * @throws ClusterError
 */
export async function takeRunLock(client: ClusterClient, request: LockRequest): Promise<Taken> {
  const held = (version: string): Taken => ({ lock: new HeldLock(client, request, version) });
  for (;;) {
    const created = await persistently(() => create(client, request));
    if (isDone(created)) return held(versionOf(created.body));
    // The namespace comes with the Release, and the record of an install is made once only, by Helm.
    if (created.status === 404) return { lock: FREE };
    if (created.status !== 409) throw notLocked(client, created, request);
    const found = await find(client, request);
    if (found === undefined) continue;
    if (!found.isOurs) throw foreign(request);
    // An earlier try, of which the answer was lost.
    if (found.holder.run === request.holder.run) return held(found.version);
    const outcome = await watch(client, request, found);
    if (outcome === "alive") return { busy: found.holder };
    if (outcome === "gone") continue;
    const taken = await persistently(() => change(client, request, found.version, contentOf(request)));
    if (isDone(taken)) {
      request.say(`it was silent for ${silenceOf(request, found)} s, so its lock is taken over`);
      return held(versionOf(taken.body));
    }
    // Somebody else was faster, or the holder woke up: look again.
    if (taken.status !== 409 && taken.status !== 404) throw notLocked(client, taken, request);
  }
}

/**
 * Who has the lock; undefined when nobody has.
 *
 * @throws ClusterError also when its name belongs to something else: no run could take it
 */
export async function readRunLock(client: ClusterClient, address: ReleaseAddress): Promise<RunHolder | undefined> {
  const found = await find(client, address);
  if (found?.isOurs === false) throw foreign(address);
  return found?.holder;
}

/**
 * Who is at work on the release now; undefined where nobody is, or where the lock is that of a run that gives no sign of life. It
 * takes as long as the holder may be silent.
 *
 * @throws ClusterError
 */
export async function readLivingRun(
  client: ClusterClient,
  request: Pick<LockRequest, "releaseName" | "namespace" | "silence" | "say">,
): Promise<RunHolder | undefined> {
  const found = await find(client, request);
  if (found?.isOurs !== true) return undefined;
  return (await watch(client, request, found)) === "alive" ? found.holder : undefined;
}

async function find(client: ClusterClient, { releaseName, namespace }: ReleaseAddress): Promise<Found | undefined> {
  try {
    const found = (await client.read({
      ...CONFIG_MAPS,
      namespace,
      name: lockName(releaseName),
    })) as Json<V1ConfigMap>;
    const { run = "", who = "somebody", stack = "unknown", since = "an unknown time", silence } = found.data ?? {};
    const asked = Number(silence ?? 0) || 0;
    return {
      holder: { run, who: cut(who), stack: cut(stack), since: cut(since) },
      version: found.metadata?.resourceVersion ?? "",
      silence: Math.min(asked, LONGEST_SILENCE),
      ...(asked > LONGEST_SILENCE && { asked }),
      isOurs: isOurs(found.metadata?.labels),
    };
  } catch (error) {
    if (hasCode(error, "notFound")) return undefined;
    throw error;
  }
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function foreign({ releaseName, namespace }: ReleaseAddress): ClusterError {
  return foreignConfigMap(
    namespace,
    lockName(releaseName),
    `The lock of the release ${releaseName}, which keeps two runs from working on it, needs that name. Nothing was touched.`,
  );
}

/** Where there is no namespace, there is nothing to hold. */
const FREE: RunLock = { check: () => Promise.resolve(), release: () => Promise.resolve() };

/** The longer of what the two runs take for silence. */
function silenceOf({ silence }: Pick<LockRequest, "silence">, found: Found): number {
  return Math.max(silence, found.silence);
}

async function watch(
  client: ClusterClient,
  request: Pick<LockRequest, "releaseName" | "namespace" | "silence" | "say">,
  found: Found,
): Promise<"alive" | "silent" | "gone"> {
  const patience = silenceOf(request, found);
  const cap =
    found.asked === undefined ? "" : ` (the lock asks for ${found.asked} s; at most ${LONGEST_SILENCE} s are granted)`;
  request.say(
    `the release is locked by ${describeHolder(found.holder)}; watching for ${patience} s whether that run is alive${cap}`,
  );
  // Not the time of day: a clock that is set, or a laptop that slept beside the run it watches, is no silence.
  const end = performance.now() + patience * 1000;
  for (;;) {
    await sleep(WATCH_MS);
    const now = await find(client, request);
    if (now === undefined || !now.isOurs) return "gone";
    if (now.version !== found.version) return "alive";
    if (performance.now() >= end) return "silent";
  }
}

class HeldLock implements RunLock {
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private releasing: Promise<void> = Promise.resolve();
  private state: "held" | "lost" | "released" = "held";

  constructor(
    private readonly client: ClusterClient,
    private readonly request: LockRequest,
    private version: string,
  ) {
    this.schedule();
  }

  async check(): Promise<void> {
    // A step has failed already, and those beside it end as they may.
    if (this.state === "released") return;
    if (this.state === "held") {
      const found = await find(this.client, this.request);
      if (found?.holder.run === this.request.holder.run) return;
      this.lose();
    }
    const { releaseName, namespace } = this.request;
    throw new ClusterError(
      "lockLost",
      `This run was silent for so long that another one has taken over the release ${releaseName} in namespace ${namespace}, so it stops here.`,
      "Let the other one finish, then look at pulumi preview: it says what is left to do.",
    );
  }

  async release(): Promise<void> {
    if (this.state === "held") {
      this.state = "released";
      this.releasing = this.remove();
    }
    // Whoever ends the process after this must not cut it off.
    await this.releasing;
  }

  private async remove(): Promise<void> {
    clearTimeout(this.timer);
    await this.beating;
    const { releaseName, namespace, holder } = this.request;
    const problem = await retry(PAUSES_MS, async () => {
      const answer = await this.client.write({
        method: "DELETE",
        ...placeOf(this.request),
        options: { preconditions: { resourceVersion: this.version } },
      });
      const isGone =
        isDone(answer) || answer.status === 404 || (answer.status === 409 && !(await this.isStillOurs(holder)));
      return { result: isGone ? undefined : answer.message, again: !isGone };
    });
    if (problem !== undefined) {
      this.request.say(
        `the lock cannot be removed (${problem}): the next run waits until it has been silent, or: kubectl -n ${namespace} delete configmap ${lockName(releaseName)}`,
      );
    }
  }

  /** The next sign of life. It must not keep a program alive that is done. */
  private schedule(): void {
    this.timer = setTimeout(
      () => {
        this.beating = this.beat().then(() => {
          if (this.state === "held") this.schedule();
        });
      },
      (Math.min(this.request.silence, LONGEST_SILENCE) * 1000) / BEATS,
    );
    this.timer.unref();
  }

  private async beat(): Promise<void> {
    if (!this.request.isAlive()) {
      this.lose();
      return;
    }
    const answer = await change(this.client, this.request, this.version, {
      data: { renewed: new Date().toISOString() },
    });
    if (isDone(answer)) this.version = versionOf(answer.body);
    else if (answer.status === 404) this.lose();
    // Somebody wrote to it; that an answer of ours was lost shows in the same way.
    else if (answer.status === 409 && !(await this.isStillOurs(this.request.holder))) this.lose();
  }

  /** Learns the version that it has now. */
  private async isStillOurs({ run }: RunHolder): Promise<boolean> {
    try {
      const found = await find(this.client, this.request);
      if (found?.holder.run !== run) return false;
      this.version = found.version;
    } catch {
      // The API server is away: the next try tells.
    }
    return true;
  }

  private lose(): void {
    if (this.state === "held") this.state = "lost";
    clearTimeout(this.timer);
  }
}

function contentOf({ holder, silence, releaseName }: LockRequest) {
  return {
    metadata: { name: lockName(releaseName), labels: upgradeLabels(releaseName) },
    data: { ...holder, silence: String(silence), renewed: holder.since },
  };
}

function create(client: ClusterClient, request: LockRequest): Promise<WriteAnswer> {
  return client.write({
    method: "POST",
    ...CONFIG_MAPS,
    namespace: request.namespace,
    timeout: WRITE_MS,
    body: { apiVersion: "v1", kind: "ConfigMap", ...contentOf(request) },
  });
}

/** Only if nobody has written to it since. */
function change(
  client: ClusterClient,
  request: LockRequest,
  version: string,
  { data, metadata = {} }: { readonly data: object; readonly metadata?: object },
): Promise<WriteAnswer> {
  return client.write({
    method: "PATCH",
    ...placeOf(request),
    body: { metadata: { ...metadata, resourceVersion: version }, data },
  });
}

function placeOf({ namespace, releaseName }: LockRequest) {
  return { ...CONFIG_MAPS, namespace, name: lockName(releaseName), timeout: WRITE_MS };
}

function persistently(write: () => Promise<WriteAnswer>): Promise<WriteAnswer> {
  return retry(PAUSES_MS, async () => {
    const answer = await write();
    return { result: answer, again: isPassing(answer) };
  });
}

function notLocked(client: ClusterClient, answer: WriteAnswer, { releaseName, namespace }: LockRequest): ClusterError {
  return refusedWrite(answer, client, {
    subject: `The lock of the release ${releaseName}, the ConfigMap ${lockName(releaseName)} in the namespace ${namespace},`,
    namespace,
    need: "Nothing was touched. The lock keeps two runs from working on one release.",
    role: "milvus-upgrade-lock",
    verbs: "get,create,patch,delete",
    resource: CONFIG_MAPS.resource,
  });
}

function versionOf(body: unknown): string {
  return (body as Json<V1ConfigMap> | undefined)?.metadata?.resourceVersion ?? "";
}
