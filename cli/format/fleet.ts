import pc from "picocolors";
import { duration } from "../../upgrade/plan/interruption";
import { onOneLine } from "../../upgrade/words/visible";
import type { FleetReport, StackOutcome, StackReport } from "../fleet/model";
import type { HopReport } from "../walk/wayReport";
import { table } from "./table";

/** What each stack needs, before anything is begun. */
export function matrixLines(given: FleetReport): string[] {
  const { stacks, limits, to, ...report } = onOneLine(given);
  const canaries = stacks.filter(({ isCanary }) => isCanary).map(({ stack }) => stack);
  const hops = stacks.filter(({ outcome }) => outcome === "not begun").length;
  return [
    pc.bold(
      `${stacks.length} ${stacks.length === 1 ? "stack" : "stacks"} to ${to === undefined ? "the milvus:version of each" : `Milvus ${to}`}`,
    ),
    ...table([
      ["stack", "way", "runs", "expected interruption", "way back"].map(pc.dim),
      ...stacks.map((stack) => {
        const [way = "", ...cells] = matrixCells(stack);
        const isBad = stack.outcome === "refused" || stack.outcome === "could not be opened";
        return [stack.stack, isBad ? pc.red(way) : way, ...cells];
      }),
    ]),
    ...(hops === 0 || report.stopped !== undefined
      ? []
      : [
          `${canaries.length === 0 ? "no canary" : `first ${canaries.join(", ")}`}, then at most ${limits.maxParallel} at once; stops when ${limits.maxFailures} ${limits.maxFailures === 1 ? "has" : "have"} failed`,
        ]),
    ...reasonLines(stacks),
    ...(report.stopped === undefined ? [] : [pc.red(`nothing is begun: ${report.stopped}`)]),
  ];
}

/** Way, runs, interruption, way back. */
export function matrixCells({ outcome, from, hops, expectedSeconds, why }: StackReport): string[] {
  const way = [from ?? "?", ...hops.map(({ to }) => to)].join(" → ");
  if (outcome === "nothing to do") return [`${way}, nothing to do`, "", "", ""];
  if (outcome === "could not be opened") return [outcome, "", "", ""];
  if (outcome === "refused") return [`${way}, refused`, "", "", ""];
  if (hops.length === 0) return [why.length > 0 ? "waits" : `${way}, verification`, "", "", ""];
  return [way, hops.map(({ kind }) => kind).join(", "), interruption(hops, expectedSeconds), wayBack(hops)];
}

function interruption(hops: readonly HopReport[], seconds: number): string {
  const [only] = hops;
  if (only !== undefined && hops.length === 1) return only.expected.replace(/ \(.*$/, "");
  if (seconds === 0) return "none";
  const outage = hops.some(({ expected }) => expected.startsWith("an outage")) ? ", with an outage" : "";
  return `about ${duration(seconds)} in all${outage}`;
}

/** That of the hop which is hardest to undo. */
function wayBack(hops: readonly HopReport[]): string {
  const order = ["one way", "restore only", "reversible"] as const;
  return order.find((it) => hops.some((hop) => hop.wayBack === it)) ?? "";
}

const COLOURS: Readonly<Record<StackOutcome, (text: string) => string>> = {
  arrived: pc.green,
  "nothing to do": pc.green,
  failed: pc.red,
  refused: pc.red,
  "could not be opened": pc.red,
  locked: pc.yellow,
  interrupted: pc.yellow,
  "not begun": pc.dim,
};

/** How it ended. */
export function resultLines(given: FleetReport): string[] {
  const { stacks, end, stopped, seconds, next } = onOneLine(given);
  return [
    `${(end === "done" ? pc.green : end === "interrupted" || end === "locked" ? pc.yellow : pc.red)(titleOf(given))} after ${duration(seconds)}`,
    ...table([
      ["stack", "result", "version", "runs", "time"].map(pc.dim),
      ...stacks.map((stack) => {
        const { outcome } = stack;
        return [stack.stack + (stack.isCanary ? " (canary)" : ""), COLOURS[outcome](outcome), ...resultCells(stack)];
      }),
    ]),
    ...reasonLines(stacks),
    ...(stopped === undefined ? [] : [`stopped: ${stopped}`]),
    "",
    ...next,
  ];
}

/** Version, runs, time. */
export function resultCells({ from, to, done, seconds }: StackReport): string[] {
  const version =
    to === undefined
      ? from === undefined
        ? ""
        : `${from} before`
      : from === undefined || from === to
        ? to
        : `${from} → ${to}`;
  return [version, String(done.length), seconds === undefined ? "" : duration(seconds)];
}

/** `2 of 5 stacks are there`. */
export function titleOf({ end, stacks }: FleetReport): string {
  const there = stacks.filter(({ outcome }) => outcome === "arrived" || outcome === "nothing to do").length;
  const count =
    there === stacks.length ? `all ${there} stacks are there` : `${there} of ${stacks.length} stacks are there`;
  return end === "interrupted" ? `interrupted: ${count}` : count;
}

function reasonLines(stacks: readonly StackReport[]): string[] {
  return stacks.flatMap(({ stack, why, log, outcome }) =>
    why.length === 0
      ? []
      : [
          `${COLOURS[outcome](stack)}: ${why.join("\n    ")}`,
          ...(log === undefined ? [] : [pc.dim(`    all that was said: ${log}`)]),
        ],
  );
}
