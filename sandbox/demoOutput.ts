/** How the demo shows what happens. */
import type { EngineEvent } from "@pulumi/pulumi/automation";
import pc from "picocolors";
import { table } from "../cli/format/table";
import { changes, type EngineReport } from "./report";

export const say = (line = "") => void process.stdout.write(`${line}\n`);
export const detail = (line: string) => say(pc.dim(`  ${line}`));
let step = 0;
export const title = (text: string) => say(`\n${pc.bold(`${++step}. ${text}`)}`);

export function showPreview(report: EngineReport): void {
  for (const { severity, message } of report.diagnostics) {
    if (severity.startsWith("info") || severity === "warning") {
      const text = message.trimEnd().replaceAll(/^/gm, "  ");
      say(severity === "warning" ? pc.yellow(text) : text);
    }
  }
  const lines = changes(report).map(({ op, type, name, diffs }) => [
    colourOf(op)(op),
    shortType(type),
    name,
    pc.dim(diffs.join(", ")),
  ]);
  say(table(lines).join("\n"));
}

export function showProgress(event: EngineEvent, started: number): void {
  const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(6);
  const said = event.diagnosticEvent?.message.replace(/<\{%[^%]*%\}>/g, "").trim() ?? "";
  if (said.startsWith("verification: ") && !said.includes("\n")) {
    say(`  ${pc.dim(`${seconds} s`)}  ${said}`);
  }
  const done = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
  if (!done || ["same", "read"].includes(done.op) || done.type.startsWith("pulumi:")) {
    return;
  }
  const mark = event.resOpFailedEvent ? pc.red("failed") : colourOf(done.op)(done.op);
  say(`  ${pc.dim(`${seconds} s`)}  ${mark} ${shortType(done.type)} ${done.urn.split("::").at(-1) ?? ""}`);
}

function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}

function colourOf(op: string): (text: string) => string {
  if (op.startsWith("delete")) {
    return pc.red;
  }
  return op === "update" || op.includes("replace") ? pc.yellow : pc.green;
}
