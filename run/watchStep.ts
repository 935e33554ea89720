import type { ClusterClient } from "../cluster/api/client";
import { describeStuck, type Stuck, whatIsStuck } from "../cluster/diagnose/stuck";
import { readSeen } from "../cluster/progress/readSeen";
import type { Step } from "../upgrade/model";
import { duration } from "../upgrade/plan/interruption";
import { awaitedDeployments, progressOf } from "../upgrade/progress/progress";
import { rough } from "../upgrade/progress/starting";
import { hideSecrets } from "../upgrade/secrets/text";
import { describeStep } from "../upgrade/steps/steps";

/** A step at work. */
export interface WatchedStep {
  readonly step: Step;
  readonly releaseName: string;
  readonly namespace: string;
  readonly nameLabel: string;
  /** Name of its Job in Kubernetes, where it is one. */
  readonly job?: string;
  /** Seconds after which it fails. */
  readonly limit: number;
  /** Texts that must not appear. */
  readonly hide: readonly string[];
}

export interface StepEars {
  /** How far it is. `isNew`: something has moved, and not only the clock. */
  progress(line: string, isNew: boolean): void;
  /** Nothing moves, and this is the likely cause: said once for each. */
  stuck(text: string): void;
}

export interface WatchTimes {
  /** Milliseconds between two looks. */
  readonly poll: number;
  /** Without progress for this long, a cause that does not pass by itself is told. */
  readonly soon: number;
  /** Without progress for this long, whatever is to be seen is told. */
  readonly late: number;
}

const TIMES: WatchTimes = { poll: 5000, soon: 30_000, late: 300_000 };
/** A part of a short limit, so that it is told long before the step fails. */
const PART_OF_LIMIT = 3;
const LONGEST_LINE = 300;

/**
 * Looks at a step until it is told to end, and tells how far it is and what holds it up. It never fails: what cannot be
 * read is not told.
 *
 * @returns ends it
 */
export function watchStep(
  client: ClusterClient,
  watched: WatchedStep,
  ears: StepEars,
  times: WatchTimes = TIMES,
): () => void {
  const watch = new Watch(client, watched, ears, times);
  watch.begin();
  return () => watch.end();
}

class Watch {
  private readonly started = Date.now();
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;
  private key: string | undefined;
  /** Milliseconds: when something last moved. */
  private moved = this.started;
  private asked = this.started;
  private readonly told = new Set<string>();

  constructor(
    private readonly client: ClusterClient,
    private readonly watched: WatchedStep,
    private readonly ears: StepEars,
    private readonly times: WatchTimes,
  ) {}

  begin(): void {
    if (progressOf(this.watched.step).reads.length > 0) this.schedule();
  }

  end(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  /** It must not keep a program alive that is done. */
  private schedule(): void {
    if (this.isOver) return;
    this.timer = setTimeout(() => void this.look(), this.times.poll);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    try {
      const { step } = this.watched;
      const progress = progressOf(step);
      const seen = await readSeen(this.client, { ...this.watched, reads: progress.reads });
      // It may have ended while it was looked at.
      if (!this.isOver) this.tell(progress.line(step, seen, false), progress.line(step, seen, true));
      if (!this.isOver) await this.lookForTrouble();
    } catch {
      // The API server is away, or something may not be read: the step goes on, and so does the next look.
    } finally {
      this.schedule();
    }
  }

  private tell(key: string | undefined, text: string | undefined): void {
    if (text === undefined) return;
    const isNew = key !== this.key;
    const now = Date.now();
    if (isNew && this.key !== undefined) this.moved = now;
    this.key = key;
    const { limit, hide } = this.watched;
    const shown = hideSecrets(text.slice(0, LONGEST_LINE), hide);
    this.ears.progress(`${shown}; ${rough((now - this.started) / 1000)} of at most ${duration(limit)}`, isNew);
  }

  private async lookForTrouble(): Promise<void> {
    const now = Date.now();
    const { soon } = this.times;
    const late = Math.min(this.times.late, (this.watched.limit * 1000) / PART_OF_LIMIT);
    const idle = now - this.moved;
    if (idle < Math.min(soon, late) || now - this.asked < Math.min(soon, late)) return;
    this.asked = now;
    const { step } = this.watched;
    const found = await whatIsStuck(this.client, { ...this.watched, deployments: awaitedDeployments(step) });
    if (this.isOver) return;
    const isLate = idle >= late;
    if (found === undefined) {
      if (isLate) this.tellOnce("", `nothing that is to be seen in the cluster tells why.`, idle);
    } else if (found.isLasting || isLate) {
      this.tellOnce(keyOf(found), describeStuck(found, this.watched.namespace, this.watched.hide), idle);
    }
  }

  private tellOnce(key: string, why: string, idle: number): void {
    if (this.told.has(key)) return;
    this.told.add(key);
    const { step, limit } = this.watched;
    const left = limit - (Date.now() - this.started) / 1000;
    this.ears.stuck(
      `${describeStep(step)}: nothing has moved for ${rough(idle / 1000)}: ${why} Mended in the cluster, this run goes on by itself; it waits ${rough(left)} more.`,
    );
  }
}

function keyOf({ cause, object }: Stuck): string {
  return `${cause} ${object}`;
}
