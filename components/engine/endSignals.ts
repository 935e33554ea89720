import { setTimeout as sleep } from "node:timers/promises";
import { isStartedByPulumi } from "./operation";

/** The engine ends its plugins, and the program with them, by SIGINT; a process manager takes the others. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Milliseconds. The engine kills (SIGKILL) what has not ended after 5 s. */
const LONGEST_WORK = 3000;

type EndSignal = (typeof SIGNALS)[number];

/** What is needed of `process`. */
export interface SignalledProcess {
  on(signal: EndSignal, listener: (signal: EndSignal) => void): unknown;
  off(signal: EndSignal, listener: (signal: EndSignal) => void): unknown;
  listenerCount(signal: EndSignal): number;
  /** Ends it by this signal. */
  endBy(signal: EndSignal): void;
}

/**
 * Work that is done before a process ends that is told to. Ctrl-C on `pulumi up` ends the program in the middle of whatever it waits for:
 * no step fails then, no hook is called, and nothing after it is run.
 */
export class EndWork {
  readonly #works = new Set<() => Promise<unknown>>();

  constructor(
    private readonly target: SignalledProcess,
    private readonly longest = LONGEST_WORK,
  ) {}

  /** @returns takes it back */
  add(work: () => Promise<unknown>): () => void {
    if (this.#works.size === 0) for (const signal of SIGNALS) this.target.on(signal, this.#end);
    this.#works.add(work);
    return () => {
      if (this.#works.delete(work) && this.#works.size === 0) this.#letGo();
    };
  }

  readonly #end = (signal: EndSignal): void => {
    const works = [...this.#works].map((work) => work());
    // A second signal finds nothing to do, and ends the process as it ever does.
    this.#works.clear();
    this.#letGo();
    void Promise.race([Promise.allSettled(works), sleep(this.longest)]).then(() => {
      // Whoever else listens says when it ends.
      if (this.target.listenerCount(signal) === 0) this.target.endBy(signal);
    });
  };

  #letGo(): void {
    for (const signal of SIGNALS) this.target.off(signal, this.#end);
  }
}

const OF_THIS_PROCESS = new EndWork({
  on: (signal, listener) => process.on(signal, listener),
  off: (signal, listener) => process.off(signal, listener),
  listenerCount: (signal) => process.listenerCount(signal),
  endBy: (signal) => process.kill(process.pid, signal),
});

/**
 * Done before this process ends that pulumi has started. Not of a program that runs inside the process of somebody who uses the Automation API: that one's
 * signals are its own, and the engine may be at work when they come.
 *
 * @returns takes it back
 */
export function beforeTheEnd(work: () => Promise<unknown>): () => void {
  return isStartedByPulumi() ? OF_THIS_PROCESS.add(work) : () => undefined;
}
