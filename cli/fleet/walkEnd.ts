import { stripVTControlCharacters } from "node:util";
import { withStackFlag } from "../../config/stackFlag";
import { configLine, describeRefusal } from "../../upgrade/refusal";
import { oneLine, onOneLine } from "../../upgrade/words/visible";
import type { Walked } from "../walk/walk";
import type { WayReport } from "../walk/wayReport";
import type { StackEnd } from "./model";

/** How the process of one stack's `upgrade` ended. */
export interface ProcessEnd {
  /** `null`: by a signal. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Its end; all else that was said. */
  readonly log: string;
  readonly isTimedOut: boolean;
}

const INTERRUPTED = 130;
const MOST_LINES = 5;

/** What became of a stack, from what its `upgrade --format json` left behind. */
export function walkEnd(stack: string, end: ProcessEnd): StackEnd {
  const walked = walkedOf(end.stdout);
  const done = walked?.done ?? [];
  const failed = (why: readonly string[]): StackEnd => ({ outcome: "failed", done, why });
  if (end.isTimedOut) return failed(["It did not end within the limits of its steps, and was interrupted."]);
  if (walked === undefined) {
    const isInterrupted = end.exitCode === INTERRUPTED || end.signal === "SIGINT";
    if (isInterrupted) return { outcome: "interrupted", done, why: ["interrupted; nothing was under way"] };
    const said = lastError(end.log);
    const how = end.signal === null ? `exit code ${end.exitCode ?? "unknown"}` : `signal ${end.signal}`;
    return failed(said.length > 0 ? said : [`Its process ended by ${how} and gave no reason.`]);
  }
  const { end: reached, waitedFor } = walked;
  switch (reached.kind) {
    case "arrived":
      return {
        outcome: "arrived",
        version: reached.version,
        done,
        why: waitedFor === undefined ? [] : [oneLine(`waited for another run: ${waitedFor}`)],
      };
    case "busy":
      return { outcome: "locked", done, why: [oneLine(reached.why)] };
    case "refused":
      return {
        outcome: "refused",
        done,
        why: describeRefusal(onOneLine(reached.refusal)).map((line) => withStackFlag(line, stack)),
      };
    case "interrupted":
      return { outcome: "interrupted", done, why: ["interrupted; pulumi has ended what it had under way"] };
    case "unapproved":
      return failed([
        `milvus:approvedPlan does not approve this run, whose hash is ${reached.hash}.`,
        `To approve it: ${configLine("approvedPlan", reached.hash, stack)}`,
      ]);
    case "declined":
      return failed(["Nobody said yes."]);
    case "failed":
      return failed([
        oneLine(reached.why.replace("what it said is above", "its last errors follow")),
        ...errorsOf(end.log),
      ]);
  }
}

function walkedOf(stdout: string): Walked | undefined {
  try {
    const { end, done, waitedFor, refusal } = JSON.parse(stdout) as Partial<Walked & WayReport>;
    // Refused before it was begun, it prints the way alone.
    if (end === undefined && refusal !== undefined) return { end: { kind: "refused", refusal }, done: [] };
    if (end === undefined || done === undefined) return undefined;
    return { end, done, ...(waitedFor !== undefined && { waitedFor }) };
  } catch {
    // It ended before it had anything to report.
    return undefined;
  }
}

/** What `runProgram` says of an error, which may have several lines. */
function lastError(log: string): string[] {
  const lines = linesOf(log);
  const begin = lines.findLastIndex((line) => line.startsWith("error: "));
  return begin < 0 ? [] : lines.slice(begin, begin + MOST_LINES).map((line) => line.replace(/^error: /, ""));
}

/** What pulumi and the program have called an error, the last of them. */
function errorsOf(log: string): string[] {
  const errors = linesOf(log)
    .map((line) => line.trim())
    .filter(
      (line) => /^(?:error: |refused \(|what to do: )/.test(line) && !/^error: (?:update|preview) failed/.test(line),
    )
    .map((line) => line.replace(/^error: /, ""));
  return [...new Set(errors)].slice(-MOST_LINES);
}

function linesOf(log: string): string[] {
  return stripVTControlCharacters(log)
    .split(/\r?\n/)
    .map(oneLine)
    .filter((line) => line.trim() !== "");
}
