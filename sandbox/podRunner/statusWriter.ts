/** Writes a pod's newest status until the API server has it, through restarts and overload, as a kubelet does. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, isStatus, type Pod, patchPodStatus } from "./apiServer";

export class StatusWriter {
  #wanted: object | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    private readonly api: ApiServer,
    private readonly pod: Pod,
    private readonly signal: AbortSignal,
    private readonly log: (line: string) => void,
  ) {}

  /** Resolves when this status or a newer one is stored, the pod is gone, or the runner stops. */
  write(status: object): Promise<void> {
    this.#wanted = status;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #drain(): Promise<void> {
    let pause = 100;
    while (this.#wanted !== undefined && !this.signal.aborted) {
      const status = this.#wanted;
      try {
        await patchPodStatus(this.api, this.pod, status);
        pause = 100;
        if (this.#wanted === status) this.#wanted = undefined;
      } catch (error) {
        // Gone, or another pod has the name now: nobody waits for this status any more.
        if (isStatus(error, 404, 409)) {
          this.#wanted = undefined;
          return;
        }
        if (isStatus(error, 400, 422)) {
          this.#wanted = undefined;
          this.log(`pod runner: status of ${this.pod.metadata?.name ?? ""} refused: ${String(error)}`);
          return;
        }
        await sleep(pause, undefined, { signal: this.signal }).catch(() => undefined);
        pause = Math.min(pause * 2, 2000);
      }
    }
  }
}
