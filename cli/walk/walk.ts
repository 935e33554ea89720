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
  | { readonly kind: "interrupted" };

/** What a walk does to the world. */
export interface Walker {
  look(): Promise<ClusterState>;
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
  | { readonly kind: "interrupted" };

export interface Walked {
  readonly end: WalkEnd;
  /** Titles of the plans that were run to their end. */
  readonly done: readonly string[];
}

const POLL_SECONDS = 10;

/**
 * Goes on to `wanted.version`, one `pulumi up` after the other, until it is there or something is in the way. What to do
 * next is always found out from the cluster.
 */
export async function walk(wanted: Wanted, options: WalkOptions, walker: Walker): Promise<Walked> {
  const done: string[] = [];
  let last: string | undefined;
  for (;;) {
    const { state, move } = await settledMove(wanted, options, walker);
    if (move.kind === "wait") return { end: { kind: "refused", refusal: move.refusal }, done };
    if (move.kind === "refused") return { end: move, done };
    if (move.kind === "arrived") {
      await walker.setVersion(wanted.version);
      return { end: move, done };
    }
    const name = nameOf(move);
    if (name === last) {
      const why = [
        `pulumi up ended well (${name}), and the cluster stands where it stood before.`,
        ...(move.kind === "verify" && state.verification ? [wayOut(state.verification)] : []),
      ].join(" ");
      return { end: { kind: "failed", why }, done };
    }
    const report = await walker.plan(move.request, state);
    const refusal = report.refusal ?? report.notNow;
    if (refusal) return { end: { kind: "refused", refusal }, done };
    const number = done.length + 1;
    const run: NextRun = { move, report, number, total: Math.max(number, done.length + hopsFrom(wanted, state)) };
    walker.show(run);
    const hash = report.plan?.hash;
    if (hash !== undefined && options.approvedPlan !== undefined && options.approvedPlan !== hash) {
      return { end: { kind: "unapproved", hash, request: move.request }, done };
    }
    if (!(await walker.ask(run))) return { end: { kind: "declined" }, done };
    await walker.setVersion(move.request);
    const end = await walker.up(run);
    if (end.kind !== "done") return { end, done };
    done.push(report.plan?.title ?? name);
    last = name;
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
