import { list, WALK_COMMAND } from "../../upgrade/refusal";
import { goOn } from "../format/way";
import {
  FLEET_FORMAT,
  type FleetReport,
  type FleetRequest,
  type Progress,
  type StackEnd,
  type StackOutcome,
  type StackReport,
} from "./model";
import { type Halt, nextUp } from "./waves";

/** Of `--canary`, `--max-parallel` and `--max-failures`. */
export const DEFAULT_LIMITS = { canary: 1, maxParallel: 4, maxFailures: 1 } as const;

/** These have something wrong with them, for which somebody is needed. */
const BAD: readonly StackOutcome[] = ["failed", "refused", "could not be opened"];

export interface FleetFacts {
  readonly end: "planned" | "declined" | "run";
  readonly isInterrupted: boolean;
  readonly halt?: Halt;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly seconds: number;
  /** File with what a stack has said; missing for one that was not begun. */
  readonly logOf: (stack: string) => string;
}

export function fleetReport(request: FleetRequest, fleet: readonly Progress[], facts: FleetFacts): FleetReport {
  const { patterns, to, limits } = request;
  const stacks = fleet.map((progress) => stackReport(progress, facts));
  const isDone = stacks.every(({ outcome }) => outcome === "arrived" || outcome === "nothing to do");
  const isFailed = stacks.some(({ outcome }) => BAD.includes(outcome));
  const without = facts.isInterrupted ? "interrupted" : isFailed ? "failed" : "locked";
  const end = facts.end !== "run" ? facts.end : isDone ? "done" : without;
  const halt = facts.halt ?? haltBefore(fleet, request);
  return {
    format: FLEET_FORMAT,
    patterns,
    ...(to !== undefined && { to }),
    limits,
    end,
    at: new Date(facts.at).toISOString(),
    seconds: facts.seconds,
    stacks,
    ...(halt && {
      stopped:
        facts.end === "run"
          ? describeHalt(halt, limits.maxFailures)
          : haltReason(halt, limits.maxFailures, "cannot be upgraded", "cannot be upgraded"),
    }),
    next: nextLines(request, stacks, end, halt),
  };
}

/** What is known before anything has begun is enough to begin nothing. */
function haltBefore(fleet: readonly Progress[], { limits }: FleetRequest): Halt | undefined {
  return nextUp(
    fleet.map(({ outlook, place }) => ({ stack: outlook.stack, place })),
    limits,
  ).halt;
}

function stackReport({ outlook, isCanary, end, seconds, place }: Progress, { logOf }: FleetFacts): StackReport {
  const { stack, way, from } = outlook;
  const to = end?.version ?? (outlook.kind === "nothing" ? from : undefined);
  return {
    stack,
    isCanary,
    outcome: outcomeOf(outlook.kind, end?.outcome),
    ...(way && { release: way.release }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    hops: way?.hops ?? [],
    expectedSeconds: way?.expectedSeconds ?? 0,
    done: end?.done ?? [],
    ...(seconds !== undefined && { seconds }),
    why: end === undefined ? outlook.why : whyOf(end, way),
    ...((end !== undefined || place === "running") && { log: logOf(stack) }),
  };
}

/** Of one that is there without a run of this fleet somebody is to be told. */
function whyOf({ outcome, done, why }: StackEnd, way: Progress["outlook"]["way"]): readonly string[] {
  const isForeign = outcome === "arrived" && done.length === 0 && (way?.hops.length ?? 0) > 0;
  return isForeign && why.length === 0 ? ["another run has upgraded it meanwhile"] : why;
}

function outcomeOf(kind: Progress["outlook"]["kind"], outcome: StackOutcome | undefined): StackOutcome {
  const before = {
    nothing: "nothing to do",
    hops: "not begun",
    refused: "refused",
    unreadable: "could not be opened",
  } as const;
  return outcome ?? before[kind];
}

/** While a fleet runs, or after it. */
export function describeHalt(halt: Halt, maxFailures: number): string {
  return `${haltReason(halt, maxFailures, "did not arrive", "failed")}, so no other stack is begun`;
}

function haltReason(halt: Halt, maxFailures: number, canaryDid: string, stacksHave: string): string {
  if (halt.kind === "canary") {
    const { stacks } = halt;
    return `${stacks.length === 1 ? "the canary" : "the canaries"} ${list(stacks)} ${canaryDid}`;
  }
  return `${halt.count} ${halt.count === 1 ? "stack" : "stacks"} ${stacksHave}, and --max-failures is ${maxFailures}`;
}

/** What to type now. */
function nextLines(
  request: FleetRequest,
  stacks: readonly StackReport[],
  end: FleetReport["end"],
  halt: Halt | undefined,
): string[] {
  const command = fleetCommand(request);
  const bad = stacks.filter(({ outcome }) => BAD.includes(outcome));
  const locked = stacks.filter(({ outcome }) => outcome === "locked").map(({ stack }) => stack);
  const names = bad.map(({ stack }) => stack);
  if (end === "done") {
    const isChanged = stacks.some(({ outcome }) => outcome === "arrived");
    return isChanged ? ["Each stack's milvus:version is written in its config file. Commit these files."] : [];
  }
  if (end === "interrupted") return [`To go on: ${command}`];
  if (end === "declined") return [`To begin: ${command}`];
  if (end === "locked") return [`Once nobody is at work on ${list(locked)}: ${command}`];
  const others = stacks.some(({ outcome }) => outcome === "not begun");
  const room = halt?.kind === "failures" ? halt.count + 1 : undefined;
  return [
    ...bad.map((stack) => `To see what is wrong with ${stack.stack} alone: ${aloneCommand(request, stack)}`),
    ...(bad.length > 0
      ? [`Then all again, what is done is not done again: ${command}`]
      : end === "planned" && others
        ? [`To begin: ${command}`]
        : []),
    ...(bad.length > 0 && others
      ? [
          `Or without ${list(names)}: ${fleetCommand({ ...request, patterns: [...request.patterns, ...names.map((name) => `!${name}`)] })}`,
        ]
      : []),
    ...(others && room !== undefined
      ? [`Or the others anyway: ${fleetCommand({ ...request, limits: { ...request.limits, maxFailures: room } })}`]
      : []),
  ];
}

function aloneCommand({ to, folder }: FleetRequest, { stack }: StackReport): string {
  return to === undefined
    ? `${WALK_COMMAND} --stack ${shellWord(stack)}${folder === undefined ? "" : ` --cwd ${shellWord(folder)}`}`
    : goOn(shellWord(stack), shellWord(to), folder === undefined ? undefined : shellWord(folder));
}

/** The command as it was given. */
export function fleetCommand({ patterns, to, limits, folder }: FleetRequest): string {
  const { canary, maxParallel, maxFailures } = limits;
  return [
    `${WALK_COMMAND} --stacks`,
    ...patterns.map(shellWord),
    ...(to === undefined ? [] : [`--to ${shellWord(to)}`]),
    ...(canary === DEFAULT_LIMITS.canary ? [] : [`--canary ${canary}`]),
    ...(maxParallel === DEFAULT_LIMITS.maxParallel ? [] : [`--max-parallel ${maxParallel}`]),
    ...(maxFailures === DEFAULT_LIMITS.maxFailures ? [] : [`--max-failures ${maxFailures}`]),
    ...(folder === undefined ? [] : [`--cwd ${shellWord(folder)}`]),
  ].join(" ");
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
