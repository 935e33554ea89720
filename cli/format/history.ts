import pc from "picocolors";
import { duration } from "../../upgrade/plan/interruption";
import type { Receipt } from "../../upgrade/receipt/receipt";
import { onOneLine } from "../../upgrade/words/visible";

const HEAD = [
  "begun (UTC)",
  "upgrade",
  "kind",
  "outcome",
  "took in all",
  "interrupted",
  "expected",
  "verified",
  "approved",
  "who",
];
const COLOURS = { done: pc.green, unfinished: pc.yellow, abandoned: pc.dim } as const;

/** The last upgrades as a table, the newest first. */
export function historyLines(release: string, stack: string, given: readonly Receipt[]): string[] {
  const receipts = onOneLine(given).toReversed();
  const title = pc.bold(onOneLine(`${release}, stack ${stack}`));
  if (receipts.length === 0) return [title, "no receipts are kept: no upgrade was made since this program keeps them"];
  const rows = [HEAD, ...receipts.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [
    title,
    ...lines.map((line, index) => {
      const receipt = receipts[index - 1];
      return receipt === undefined ? pc.dim(line) : COLOURS[receipt.outcome](line);
    }),
    ...(receipts.some(({ outcome }) => outcome === "unfinished")
      ? ["unfinished: a run is at work, or has ended before its end: pulumi up goes on"]
      : []),
  ];
}

function cells(receipt: Receipt): string[] {
  const { startedAt, finishedAt, from, to, kind, outcome, interruption, verification, approval, runs } = receipt;
  const [first] = runs;
  const more = runs.length > 1 ? ` (${runs.length} runs)` : "";
  return [
    startedAt.slice(0, 16).replace("T", " "),
    from === undefined || from === to ? to : `${from} → ${to}`,
    kind,
    outcome,
    finishedAt === undefined ? "-" : between(startedAt, finishedAt),
    interruption.atMostSeconds === undefined ? "-" : duration(Math.round(interruption.atMostSeconds)),
    interruption.kind === "none" ? "none" : `${interruption.kind}, ${duration(interruption.expectedSeconds)}`,
    `${verification.status}${verification.mode === "off" ? "" : ` (${verification.mode})`}`,
    approval === "none" ? "-" : approval,
    `${first?.who ?? "?"} for ${first?.stack ?? "?"}${more}`,
  ];
}

/** An upgrade that waited for the next day is told in hours. */
function between(start: string, end: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(end) - Date.parse(start)) / 1000));
  return seconds < 7200 ? duration(seconds) : `${(seconds / 3600).toFixed(1)} h`;
}
