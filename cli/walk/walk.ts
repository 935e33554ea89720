import type { ClusterState, Refusal, Wanted } from "../../upgrade/model";
import { duration } from "../../upgrade/plan/interruption";
import { wayOut } from "../../upgrade/verification";
import { forecastWay, type HopMove, type Move, nextMove } from "../../upgrade/walk/nextMove";
import type { PlanReport } from "../plan/report";

/** A run of `pulumi up` on the way: a hop, or the verification of the last one. */
export type RunMove = HopMove | Extract<Move, { readonly kind: "verify" }>;

export interface NextRun {
  readonly move: RunMove;
  readonly report: PlanReport;
  /** The first is 1. */
  readonly number: number;
  /** How many there will be in all, as far as can be seen. */
  readonly total: number;
}

export type UpEnd =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string }
  /** Nothing was begun: another run is at work, or has left the stack locked; who that is, and all that is to be said of it. */
  | { readonly kind: "busy"; readonly who: string; readonly why: string }
  | { readonly kind: "interrupted" };

/** What a walk does to the world. */
export interface Walker {
  look(): Promise<ClusterState>;
  /** Who else is at work on the release and gives signs of life, in words. */
  otherRun(): Promise<string | undefined>;
  /** The plan of a run with this milvus:version for what was looked at, with what the preflight finds. */
  plan(request: string, state: ClusterState): Promise<PlanReport>;
  show(run: NextRun): void;
  /** May the run that was shown be made? */
  ask(run: NextRun): Promise<boolean>;
  setVersion(request: string): Promise<void>;
  up(run: NextRun): Promise<UpEnd>;
  say(line: string): void;
  sleep(seconds: number): Promise<void>;
}

export interface WalkOptions {
  /** milvus:approvedPlan: the only plan that may be run. */
  readonly approvedPlan?: string;
  /** How long a Helm record of somebody who may be at work is waited for. */
  readonly waitSeconds: number;
}

export type WalkEnd =
  | { readonly kind: "arrived"; readonly version: string }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "unapproved"; readonly hash: string; readonly request: string }
  | { readonly kind: "declined" }
  | { readonly kind: "failed"; readonly why: string }
  /** Somebody else is at work, or has left the stack locked. */
  | { readonly kind: "busy"; readonly why: string }
  | { readonly kind: "interrupted" };

export interface Walked {
  readonly end: WalkEnd;
  /** Titles of the plans that were run to their end. */
  readonly done: readonly string[];
  /** Who else was at work on it, and was waited for; the last of them. */
  readonly waitedFor?: string;
}

const POLL_SECONDS = 10;
/** Two that wait for each other must not try again at the same moments. */
const JITTER_SECONDS = 5;
/** A run that gives signs of life ends by its own limits; longer than this nobody is waited for. */
export const LONGEST_WAIT_SECONDS = 6 * 3600;
/** Between pulumi's lock and that in the cluster lies pulumi's preview. Without a sign of life for so long nobody may be there. */
const LOCKED_SECONDS = 120;
/** Each try is a pulumi that says the same. */
const LOCKED_POLL_SECONDS = 30;

/**
 * Goes on to `wanted.version`, one `pulumi up` after the other, until it is there or something is in the way. What to do
 * next is always found out from the cluster. Where somebody else is at work, the walk waits and then looks again.
 */
export async function walk(wanted: Wanted, options: WalkOptions, walker: Walker): Promise<Walked> {
  const done: string[] = [];
  const others = new Others(walker);
  const ended = (end: WalkEnd): Walked => ({ end, done, ...(others.last !== undefined && { waitedFor: others.last }) });
  let last: string | undefined;
  let agreed: string | undefined;
  for (;;) {
    const busy = await others.untilFree();
    if (busy !== undefined) return ended({ kind: "busy", why: busy });
    const { state, move } = await settledMove(wanted, options, walker);
    if (move.kind === "wait") return ended({ kind: "refused", refusal: move.refusal });
    if (move.kind === "refused") return ended(move);
    if (move.kind === "arrived") {
      await walker.setVersion(wanted.version);
      return ended(move);
    }
    const name = nameOf(move);
    if (name === last) {
      const why = [
        `pulumi up ended well (${name}), and the cluster stands where it stood before.`,
        ...(move.kind === "verify" && state.verification && state.verification.status !== "passed"
          ? [wayOut(state.verification)]
          : []),
      ].join(" ");
      return ended({ kind: "failed", why });
    }
    const report = await walker.plan(move.request, state);
    const refusal = report.refusal ?? report.notNow;
    if (refusal) return ended({ kind: "refused", refusal });
    const number = done.length + 1;
    const run: NextRun = { move, report, number, total: Math.max(number, done.length + hopsFrom(wanted, state)) };
    const hash = report.plan?.hash;
    // After a wait the same plan is neither shown nor asked for again.
    const shown = hash ?? name;
    const isAgreed = shown === agreed;
    if (!isAgreed) walker.show(run);
    if (hash !== undefined && options.approvedPlan !== undefined && options.approvedPlan !== hash) {
      return ended({ kind: "unapproved", hash, request: move.request });
    }
    if (!isAgreed && !(await walker.ask(run))) return ended({ kind: "declined" });
    await walker.setVersion(move.request);
    const end = await walker.up(run);
    if (end.kind === "busy") {
      agreed = shown;
      if (!(await others.again(end))) return ended({ kind: "busy", why: end.why });
      continue;
    }
    if (end.kind !== "done") return ended(end);
    done.push(report.plan?.title ?? name);
    last = name;
    agreed = undefined;
    others.isGone();
  }
}

/** Those who are at work on the same release. */
class Others {
  /** In words. */
  last: string | undefined;
  /** For how long pulumi has been locked without a sign of life. */
  private lockedSeconds = 0;

  constructor(private readonly walker: Walker) {}

  /** Waits as long as somebody gives signs of life. Says who that is where it takes too long. */
  async untilFree(): Promise<string | undefined> {
    let told: string | undefined;
    for (let waited = 0; ; waited += await this.pause()) {
      const who = await this.walker.otherRun();
      if (who === undefined) return undefined;
      this.last = who;
      this.lockedSeconds = 0;
      if (waited > LONGEST_WAIT_SECONDS) return `another run is at work on the release since long: ${who}.`;
      if (who !== told) this.walker.say(`waiting for another run: ${who}. It goes on from there; Ctrl-C ends the wait`);
      told = who;
    }
  }

  /** After a run that was not begun, since the stack was locked. False: nobody gives a sign of life any more. */
  async again({ who, why }: Extract<UpEnd, { readonly kind: "busy" }>): Promise<boolean> {
    if (this.lockedSeconds >= LOCKED_SECONDS) return false;
    if (this.lockedSeconds === 0) this.walker.say(`waiting: ${why}`);
    this.last ??= who;
    this.lockedSeconds += await this.pause(this.lockedSeconds === 0 ? POLL_SECONDS : LOCKED_POLL_SECONDS);
    return true;
  }

  isGone(): void {
    this.lockedSeconds = 0;
  }

  private async pause(least = POLL_SECONDS): Promise<number> {
    const seconds = least + Math.random() * JITTER_SECONDS;
    await this.walker.sleep(seconds);
    return seconds;
  }
}

function nameOf(move: RunMove): string {
  return move.kind === "verify"
    ? `verification of ${move.request}`
    : `${move.plan.kind} ${move.plan.from ?? ""} → ${move.plan.to}`;
}

function hopsFrom(wanted: Wanted, state: ClusterState): number {
  return forecastWay(wanted, state).hops.length;
}

/** The next move, once nobody can be at work on the release any more. */
async function settledMove(
  wanted: Wanted,
  { waitSeconds }: WalkOptions,
  walker: Walker,
): Promise<{ readonly state: ClusterState; readonly move: Move }> {
  let said: string | undefined;
  for (let round = 0; ; round++) {
    const state = await walker.look();
    const move = nextMove(wanted, state);
    if (move.kind !== "wait" || round * POLL_SECONDS >= waitSeconds) return { state, move };
    const { reason } = move.refusal;
    const limit = said === undefined ? ` (at most ${duration(waitSeconds)})` : "";
    if (reason !== said) walker.say(`waiting: ${reason}${limit}`);
    said = reason;
    await walker.sleep(POLL_SECONDS);
  }
}
