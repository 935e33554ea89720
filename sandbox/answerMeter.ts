import { setTimeout as sleep } from "node:timers/promises";
import { nearest, withMilvus } from "./milvusData";
import type { ReleaseName } from "./milvusRelease";
import type { Sandbox } from "./sandbox";

const POLL_MS = 200;
/** Between two tries while nothing answers. */
const RETRY_MS = 500;

/** Searches again and again, until {@link stop}, and measures how long there was no answer. */
export class AnswerMeter {
  readonly #ended = new AbortController();
  readonly #watching: Promise<void>;
  #answered = Date.now();
  #silentMs = 0;
  #failed = false;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly release: ReleaseName,
    private readonly collection: string,
    private readonly vector: readonly number[],
  ) {
    this.#watching = this.#watch();
  }

  /** Seconds between the last answer before a failure and the first one after it, all such times together. */
  async stop(): Promise<number> {
    this.#ended.abort();
    await this.#watching;
    return this.#silentMs / 1000;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver()) {
      try {
        await withMilvus(this.sandbox, this.release, async (client) => {
          while (!this.#isOver()) {
            await nearest(client, this.collection, this.vector);
            this.#heard();
            await sleep(POLL_MS);
          }
        });
      } catch {
        this.#failed = true;
        await sleep(RETRY_MS);
      }
    }
  }

  #heard(): void {
    const now = Date.now();
    if (this.#failed) this.#silentMs += now - this.#answered;
    this.#failed = false;
    this.#answered = now;
  }

  /** A search that fails at the end is still waited for: the time without answers is not over before. */
  #isOver(): boolean {
    return this.#ended.signal.aborted && !this.#failed;
  }
}
