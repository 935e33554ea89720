/** A Job's pod: its containers run for real, one init container after the other and then the rest side by side. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "./apiServer";
import type { ContainerProcess } from "./containerProcess";
import { type PodWorker, podName, type RunnerContext } from "./context";
import { ConfigError, type Container } from "./environment";
import type { ContainerFault } from "./faults";
import { logFile, makeFolder, podFolder } from "./folders";
import { findImage, type ImageLookup } from "./images";
import { type ContainerSetting, prepareContainer, startContainer } from "./jobContainer";
import { kubeconfigText } from "./kubeconfig";
import { namespaceData } from "./namespaceData";
import { publishLogs } from "./podLogs";
import { removePod } from "./podRemoval";
import { hasToken, requestToken } from "./serviceAccount";
import { type ContainerRecord, type ContainerState, podPhase, podStatus, type TerminatedState } from "./status";
import { StatusWriter } from "./statusWriter";
import { MountError, prepareVolumes } from "./volumes";

/** Time between two tries of what cannot be had now: an image, a volume, a reference. */
const RETRY_MS = 1000;
/** How soon a container that a fault holds notices that it is let go. */
const HOLD_POLL_MS = 100;

export class JobPod implements PodWorker {
  readonly finished: Promise<void>;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #processes = new Set<ContainerProcess>();
  readonly #writer: StatusWriter;
  readonly #startTime = new Date().toISOString();
  /** Aborted when nothing of the pod shall start any more. */
  readonly #ending = new AbortController();
  #gone = false;
  #pod: Pod;

  constructor(
    private readonly context: RunnerContext,
    pod: Pod,
  ) {
    this.#pod = pod;
    this.#writer = new StatusWriter(context.api, pod, context.signal, context.log);
    context.signal.addEventListener("abort", () => this.kill(), { once: true });
    this.finished = this.#live();
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata?.deletionTimestamp === undefined || this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#signal("SIGTERM");
    const grace = setTimeout(() => this.#signal("SIGKILL"), (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000);
    void this.finished.finally(() => clearTimeout(grace));
  }

  kill(): void {
    this.#gone = true;
    this.#ending.abort();
    this.#signal("SIGKILL");
  }

  #signal(name: NodeJS.Signals): void {
    for (const process of this.#processes) process.signal(name);
  }

  async #live(): Promise<void> {
    const folder = makeFolder(podFolder(this.context.folder, this.#pod.metadata?.uid ?? ""));
    try {
      await this.#run(folder);
    } catch (error) {
      this.context.log(`pod runner: ${podName(this.#pod)}: ${String(error)}`);
    } finally {
      this.#signal("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
    if (this.#gone) return;
    const phase = podPhase(this.#pod, this.#records);
    await this.#write(phase === "Succeeded" ? phase : "Failed");
    this.context.log(`pod runner: ${podName(this.#pod)}: ${phase === "Succeeded" ? "succeeded" : "failed"}`);
    while (this.#pod.metadata?.deletionTimestamp === undefined) {
      // Done; the worker stays only to let go of the object when it is deleted while the runner lives.
      return;
    }
    await removePod(this.context.api, this.#pod, this.context.signal);
  }

  async #run(folder: string): Promise<void> {
    const { context } = this;
    const pod = this.#pod;
    void this.#write();
    await publishLogs(context.api, context.folder, pod).catch((error: unknown) => context.log(String(error)));
    const setting = await this.#untilDone(() => this.#setUp(folder));
    if (!setting) return;
    for (const container of pod.spec?.initContainers ?? []) {
      const end = await this.#runContainer(setting, container);
      if (end?.exitCode !== 0) return;
    }
    await Promise.all((pod.spec?.containers ?? []).map((container) => this.#runContainer(setting, container)));
  }

  async #setUp(folder: string): Promise<ContainerSetting> {
    const { context } = this;
    const { api } = context;
    const pod = this.#pod;
    const data = namespaceData(api, pod.metadata?.namespace ?? "default");
    let token: Promise<string> | undefined;
    const kubeconfig = join(folder, "kubeconfig");
    const getToken = (): Promise<string> => (token ??= requestToken(api, pod));
    const volumes = await prepareVolumes(pod, { folder: context.folder, podFolder: folder, data, token: getToken });
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    if (containers.some((container) => hasToken(pod, container))) {
      const namespace = pod.metadata?.namespace ?? "default";
      const text = kubeconfigText(api.url, api.certificateAuthority, namespace, await getToken());
      writeFileSync(kubeconfig, text, { mode: 0o600 });
    }
    return { context, pod, data, podFolder: folder, volumes, kubeconfig };
  }

  /** Undefined when the pod is to end before the container did. */
  async #runContainer(setting: ContainerSetting, container: Container): Promise<TerminatedState | undefined> {
    const { context } = this;
    const subject = { pod: this.#pod.metadata?.name ?? "", container: container.name, image: container.image ?? "" };
    const fault = context.faults.takeContainerFault(subject);
    if (fault?.delayMs) await this.#sleep(fault.delayMs);
    while (fault?.hold && context.faults.isAsked(fault) && !this.#ending.signal.aborted)
      await this.#sleep(HOLD_POLL_MS);
    const lookup = await this.#pull(container, fault);
    if (!lookup) return undefined;
    if (lookup.kind === "completes" || fault?.exitCode !== undefined) {
      const now = new Date().toISOString();
      const exitCode = fault?.exitCode ?? 0;
      const message = fault?.message ? { message: fault.message } : {};
      const reason = exitCode === 0 ? "Completed" : "Error";
      return this.#ended(container, {
        kind: "terminated",
        exitCode,
        reason,
        ...message,
        startedAt: now,
        finishedAt: now,
      });
    }
    const prepared = await this.#untilDone(() => prepareContainer(setting, container, lookup.image, fault), container);
    if (!prepared || this.#ending.signal.aborted) return undefined;
    const started = startContainer(prepared);
    context.log(`pod runner: ${podName(this.#pod)} ${container.name}: runs, log in ${prepared.logFile}`);
    const { process } = started;
    if (process) this.#processes.add(process);
    const killer =
      fault?.killAfterMs === undefined ? undefined : setTimeout(() => process?.signal("SIGKILL"), fault.killAfterMs);
    this.#set(container, { kind: "running", startedAt: started.startedAt });
    const end = await started.ended;
    clearTimeout(killer);
    if (process) this.#processes.delete(process);
    return this.#ended(container, end);
  }

  #ended(container: Container, end: TerminatedState): TerminatedState {
    this.#set(container, end);
    const message = end.message?.trim().split("\n").at(-1) ?? "";
    const log = logFile(this.context.folder, this.#pod, container.name);
    if (end.exitCode !== 0) {
      this.context.log(
        `pod runner: ${podName(this.#pod)} ${container.name}: exit code ${end.exitCode}: ${message} (${log})`,
      );
    }
    return end;
  }

  /** Waits for the image as long as it is missing, with the reasons a kubelet gives. */
  async #pull(
    container: Container,
    fault: ContainerFault | undefined,
  ): Promise<Exclude<ImageLookup, { kind: "missing" }> | undefined> {
    const image = container.image ?? "";
    for (let tries = 0; !this.#ending.signal.aborted; tries += 1) {
      const lookup = findImage(image, this.context.tools);
      const message =
        fault?.imageMissing && tries === 0
          ? `failed to pull image "${image}": ${fault.message ?? "not found"}`
          : await this.context.images.pull(
              this.#pod,
              image,
              lookup.kind === "missing" ? lookup.message : undefined,
              this.#ending.signal,
            );
      if (message === undefined && lookup.kind !== "missing") return lookup;
      if (message === undefined) return undefined;
      const backOff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
      if (tries === 0) {
        this.#set(container, { kind: "waiting", reason: "ErrImagePull", message });
        this.context.events.record(this.#pod, "Warning", "Failed", `Failed to pull image "${image}": ${message}`);
      } else if (tries === 1) {
        this.#set(container, { kind: "waiting", reason: "ImagePullBackOff", message: backOff });
        this.context.events.record(this.#pod, "Warning", "BackOff", `Back-off pulling image "${image}"`);
      }
      await this.#sleep(RETRY_MS);
    }
    return undefined;
  }

  /** Tries until it works or the pod is to end; says what is missing where a kubelet would. */
  async #untilDone<T>(attempt: () => Promise<T>, container?: Container): Promise<T | undefined> {
    while (!this.#ending.signal.aborted) {
      try {
        return await attempt();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof ConfigError && container) {
          this.#set(container, { kind: "waiting", reason: "CreateContainerConfigError", message });
          this.context.events.record(this.#pod, "Warning", "Failed", `Error: ${message}`);
        } else if (error instanceof MountError) {
          this.context.events.record(this.#pod, "Warning", "FailedMount", `MountVolume.SetUp failed: ${message}`);
        }
        await this.#sleep(RETRY_MS);
      }
    }
    return undefined;
  }

  #set(container: Container, state: ContainerState): void {
    this.#records.set(container.name, { state });
    void this.#write();
  }

  #write(phase?: "Succeeded" | "Failed"): Promise<void> {
    const options = { startTime: this.#startTime, now: new Date().toISOString(), ...(phase ? { phase } : {}) };
    return this.#writer.write(podStatus(this.#pod, this.#records, options));
  }

  #sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}
