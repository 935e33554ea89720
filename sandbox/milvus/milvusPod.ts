/** A pod of Milvus: is pulled, starts, gets ready, crashes and ends as a Milvus server does, a stand-in or a real one. */
import { setTimeout as sleep } from "node:timers/promises";
import { EtcdClient } from "../etcd";
import type { Pod } from "../podRunner/apiServer";
import { type PodWorker, podName, type RunnerContext } from "../podRunner/context";
import { removePod } from "../podRunner/podRemoval";
import { type ContainerRecord, podStatus, type TerminatedState } from "../podRunner/status";
import { StatusWriter } from "../podRunner/statusWriter";
import { imageProblem } from "./milvusImage";
import { Crash } from "./server";
import { startServer } from "./startServer";

const RETRY_MS = 500;
/** Pause before the first restart; doubled each time, up to the longest. */
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 8000;

export class MilvusPod implements PodWorker {
  readonly finished: Promise<void>;
  readonly #ending = new AbortController();
  readonly #writer: StatusWriter;
  readonly #startTime: string;
  readonly #container: string;
  readonly #image: string;
  readonly #component: string;
  #pod: Pod;
  #gone = false;
  #restarts = 0;
  #lastState: TerminatedState | undefined;

  constructor(
    private readonly context: RunnerContext,
    pod: Pod,
  ) {
    this.#pod = pod;
    this.#writer = new StatusWriter(context.api, pod, context.signal, context.log);
    this.#startTime = pod.status?.startTime ?? now();
    this.#container = pod.spec?.containers[0]?.name ?? "";
    this.#image = pod.spec?.containers[0]?.image ?? "";
    this.#component = pod.metadata?.labels?.component ?? this.#container;
    this.#continueFrom(pod);
    context.signal.addEventListener("abort", () => this.kill(), { once: true });
    this.finished = this.#live();
  }

  update(pod: Pod): void {
    this.#pod = pod;
    // Failed without having been deleted: it is evicted, and lies about.
    if (pod.metadata?.deletionTimestamp !== undefined || pod.status?.phase === "Failed") this.#ending.abort();
  }

  kill(): void {
    this.#gone = true;
    this.#ending.abort();
  }

  /** A server that ran under an earlier runner is gone as after a node's restart: this is its next start. */
  #continueFrom(pod: Pod): void {
    const earlier = pod.status?.containerStatuses?.[0];
    this.#restarts = earlier?.restartCount ?? 0;
    const running = earlier?.state?.running;
    if (!running) return;
    this.#restarts += 1;
    this.#lastState = terminated(
      137,
      "ContainerStatusUnknown",
      "The container could not be located",
      running.startedAt ?? now(),
    );
  }

  async #live(): Promise<void> {
    for (let backoff = FIRST_BACKOFF_MS; !this.#ending.signal.aborted; ) {
      if (!(await this.#pulled())) continue;
      const startedAt = now();
      const crash = await this.#serve(startedAt).catch((error: unknown) =>
        error instanceof Crash ? error.message : `panic: ${error instanceof Error ? error.message : String(error)}`,
      );
      if (crash === undefined) break;
      this.#lastState = terminated(1, "Error", crash, startedAt);
      this.context.log(`pod runner: ${podName(this.#pod)}: ${crash}`);
      const message = `back-off ${backoff / 1000}s restarting failed container=${this.#container} pod=${podName(this.#pod)}`;
      await this.#write({ state: { kind: "waiting", reason: "CrashLoopBackOff", message }, ready: false });
      this.#record(
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${this.#container} in pod ${podName(this.#pod)}`,
      );
      await this.#sleep(backoff);
      backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
      this.#restarts += 1;
    }
    if (this.#gone || this.#pod.metadata?.deletionTimestamp === undefined) return;
    await removePod(this.context.api, this.#pod, this.context.signal);
  }

  /** False after a pause when the pod cannot be scheduled or its image not be pulled. */
  async #pulled(): Promise<boolean> {
    const fault = this.#fault();
    if (fault?.effect === "unschedulable") {
      const message = fault.message ?? "0/3 nodes are available: 3 Insufficient memory.";
      this.#record("Warning", "FailedScheduling", message);
      await this.#write(undefined, message);
      await this.#sleep(RETRY_MS);
      return false;
    }
    const failed = await this.#failedPull(
      fault?.effect === "imagePull" ? (fault.message ?? "manifest unknown") : undefined,
    );
    if (failed === undefined) return true;
    const { image, problem } = failed;
    const message = `Back-off pulling image "${image}": ErrImagePull: ${problem}`;
    await this.#write({ state: { kind: "waiting", reason: "ImagePullBackOff", message }, ready: false });
    this.#record("Warning", "Failed", `Failed to pull image "${image}": ${problem}`);
    await this.#sleep(RETRY_MS * 2);
    return false;
  }

  /** The first of its images that its node cannot pull, and why. */
  async #failedPull(
    asked: string | undefined,
  ): Promise<{ readonly image: string; readonly problem: string } | undefined> {
    if (asked !== undefined) return { image: this.#image, problem: asked };
    const { faults, images } = this.context;
    if (faults.read().pulls !== undefined) {
      await this.#write({ state: { kind: "waiting", reason: "ContainerCreating" }, ready: false });
    }
    const tools = (this.#pod.spec?.initContainers ?? []).flatMap(({ image }) => image ?? []);
    for (const image of [...tools, this.#image]) {
      const missing = image === this.#image ? imageProblem(image) : undefined;
      const problem = await images.pull(this.#pod, image, missing, this.#ending.signal);
      if (problem !== undefined) return { image, problem };
    }
    return undefined;
  }

  /** Runs the server until the pod ends (undefined) or the server crashes (the reason). */
  async #serve(startedAt: string): Promise<string | undefined> {
    const { context } = this;
    const running = (ready: boolean): ContainerRecord => ({ state: { kind: "running", startedAt }, ready });
    await this.#write(running(false));
    const fault = this.#fault();
    if (fault?.effect === "crashLoop") {
      await this.#sleep(RETRY_MS);
      return this.#ending.signal.aborted ? undefined : (fault.message ?? "panic: runtime error");
    }
    const server = await startServer({
      context,
      pod: this.#pod,
      component: this.#component,
      image: this.#image,
      etcd: (endpoint, tls) => new EtcdClient(endpoint, 3000, tls),
      signal: this.#ending.signal,
    });
    await this.#sleep(server.readyAfterMs);
    for (let reported = ""; !this.#ending.signal.aborted && !server.lost.aborted; ) {
      const wait = this.#fault()?.effect === "neverReady" ? "told not to be ready" : await server.waitsFor();
      if (wait === undefined) break;
      if (wait !== reported) this.#record("Warning", "Unhealthy", `Readiness probe failed: ${wait}`);
      reported = wait;
      await this.#sleep(RETRY_MS);
    }
    if (!this.#ending.signal.aborted && !server.lost.aborted) await this.#write(running(true));
    const crash = await server.ended;
    if (crash !== undefined) return crash;
    await server.stop(this.#gone ? 0 : this.#graceSeconds() * 1000);
    return undefined;
  }

  #graceSeconds(): number {
    const { metadata, spec } = this.#pod;
    return metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 0;
  }

  #fault(): ReturnType<RunnerContext["faults"]["milvusFault"]> {
    const pod = this.#pod.metadata?.name ?? "";
    return this.context.faults.milvusFault({
      pod,
      container: this.#container,
      image: this.#image,
      component: this.#component,
    });
  }

  #record(type: "Normal" | "Warning", reason: string, message: string): void {
    this.context.events.record(this.#pod, type, reason, message);
  }

  /** Init containers (`config`, `heaptrack`) only copy files: done as soon as they could start. */
  #write(record: ContainerRecord | undefined, unschedulable?: string): Promise<void> {
    const records = new Map<string, ContainerRecord>();
    for (const { name } of this.#pod.spec?.initContainers ?? []) {
      if (record !== undefined) records.set(name, { state: terminated(0, "Completed", undefined, this.#startTime) });
    }
    for (const { name } of this.#pod.spec?.containers ?? []) {
      if (record === undefined) continue;
      records.set(name, {
        ...record,
        restarts: this.#restarts,
        ...(this.#lastState ? { lastState: this.#lastState } : {}),
      });
    }
    const options = { startTime: this.#startTime, now: now(), ...(unschedulable ? { unschedulable } : {}) };
    return this.#writer.write(podStatus(this.#pod, records, options));
  }

  #sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}

function now(): string {
  return new Date().toISOString();
}

function terminated(exitCode: number, reason: string, message: string | undefined, startedAt: string): TerminatedState {
  return { kind: "terminated", exitCode, reason, ...(message ? { message } : {}), startedAt, finishedAt: now() };
}
