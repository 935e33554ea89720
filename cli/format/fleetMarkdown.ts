import { duration } from "../../upgrade/plan/interruption";
import { onOneLine } from "../../upgrade/words/visible";
import type { FleetReport, StackReport } from "../fleet/model";
import { code, codeCell, fenced, prose } from "./escape";
import { matrixCells, resultCells, titleOf } from "./fleet";

/** The report for a pull request, a ticket or the page of a CI job. */
export function asFleetMarkdown(given: FleetReport): string {
  const report = onOneLine(given);
  const { stacks, stopped, next, end, seconds, at } = report;
  const isPlan = end === "planned" || end === "declined";
  const head = isPlan
    ? ["Stack", "Way", "Runs", "Expected interruption", "Way back"]
    : ["Stack", "Result", "Version", "Runs", "Time"];
  const rows = stacks.map((stack) => [
    `${codeCell(stack.stack)}${stack.isCanary ? " (canary)" : ""}`,
    ...(isPlan ? versionRow(matrixCells(stack)) : [prose(stack.outcome), ...versionRow(resultCells(stack))]),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const blocks = [
    `## ${prose(report.to === undefined ? "Milvus" : `Milvus ${report.to}`)}: ${isPlan ? `${stacks.length} stacks` : titleOf(report)}`,
    isPlan ? `Seen at ${at}. Nothing was begun.` : `Begun at ${at}, ended after ${duration(seconds)}.`,
    [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"),
    ...(stopped === undefined ? [] : [`**Stopped**: ${prose(stopped)}.`]),
    ...stacks.filter(({ why }) => why.length > 0).map(reasonBlock),
    ...(next.length === 0 ? [] : ["### What to do now", ...next.map(nextItem)]),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** Versions are copied. */
function versionRow([versions = "", ...cells]: readonly string[]): string[] {
  return [versions === "" ? "" : codeCell(versions), ...cells.map(prose)];
}

function reasonBlock({ stack, why, log }: StackReport): string {
  return [
    `**${prose(stack)}**:`,
    ...why.map((line) => `- ${prose(line)}`),
    ...(log === undefined ? [] : [`- all that was said: ${code(log)}`]),
  ].join("\n");
}

/** The command behind the colon is copied character by character. */
function nextItem(text: string): string {
  const [, words = text, command] = /^(.*?): (npm run .*)$/.exec(text) ?? [];
  return command === undefined ? prose(text) : `${prose(words)}:\n\n${fenced([command], "sh")}`;
}
