import { table } from "../../cli/format/table";
import type { Cell, CellResult } from "./cell";

/** For a terminal. */
export function resultTable(results: readonly CellResult[]): string[] {
  return table([
    ["plan", "step", "fault", "the run it hit", "refused", "next up", "entries", "cell", "verdict"],
    ...results.map(rowOf),
  ]);
}

/** A row of the table in docs/interrupted-runs.md. */
export function markdownRow(result: CellResult): string {
  return `| ${rowOf(result).join(" | ")} |`;
}

/** How the row of a cell begins in a markdown table. */
export function rowStart({ plan, step, fault }: Cell): string {
  return `| ${plan.name} | ${step.name} | ${fault.name} |`;
}

function rowOf({ plan, step, fault, struck, refusals, converged, entries, seconds, verdict }: CellResult): string[] {
  const outcome = struck.split(":")[0] ?? "";
  return [
    plan,
    step,
    fault,
    outcome,
    `${refusals}`,
    `${converged.toFixed(1)} s`,
    `${entries}`,
    `${seconds.toFixed(0)} s`,
    verdict,
  ];
}

export function summary(results: readonly CellResult[]): string {
  const count = (verdict: CellResult["verdict"]) => results.filter((result) => result.verdict === verdict).length;
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return `${results.length} cells: ${count("ok")} ok, ${count("FAILED")} failed, ${count("skipped")} skipped; ${(seconds / 60).toFixed(1)} min`;
}
