import pc from "picocolors";
import type { FieldChange, ObjectChange } from "../../manifests/diff";
import type { Drift } from "../../manifests/drift";
import type { Refusal } from "../../upgrade/model";
import { describeRefusal } from "../../upgrade/refusal";
import { type StepGroup, stepGroups, stepNumbers } from "../../upgrade/words/stepGroups";
import { onOneLine } from "../../upgrade/words/visible";
import type { ImageReport, ManifestReport, PlanPart, PlanReport } from "../plan/report";

const MOST_LINES = 40;
const LONGEST = 160;

/** The report for a terminal. */
export function asText(given: PlanReport): string {
  const report = onOneLine(given);
  return [
    pc.bold(`${report.release}, stack ${report.stack}`),
    ...(report.basis === "cluster" ? [] : [pc.yellow("without the cluster: from the outputs of the last run")]),
    ...(report.open ?? []).map((line) => pc.yellow(line)),
    ...(report.refusal ? refusalLines(report.refusal) : []),
    ...(report.plan ? planLines(report.plan) : []),
    ...(report.manifests ? ["", ...manifestLines(report.manifests)] : []),
    ...(report.drift ? ["", ...driftLines(report.drift)] : []),
    ...(report.images ? ["", ...imageLines(report.images)] : []),
  ].join("\n");
}

/** Rule and reason, the way if there is one, and what to do. */
export function refusalLines(refusal: Refusal): string[] {
  const [first = "", ...others] = describeRefusal(onOneLine(refusal));
  return [first.replace(/^refused/, (word) => pc.red(word)), ...others];
}

function planLines(plan: PlanPart): string[] {
  const { chart } = plan;
  return [
    `${plan.kind === "nothing" ? pc.green(plan.title) : pc.yellow(plan.title)}: ${plan.reason}`,
    `chart ${chart.name} ${chart.version} from ${chart.location}`,
    ...(plan.kind === "nothing" ? [] : ["steps:", ...plan.steps.map(({ step }, index) => `  ${index + 1}. ${step}`)]),
    ...(plan.pulls ? ["before anything stops:", ...plan.pulls.map((line) => `  ${line}`)] : []),
    ...(plan.kind === "nothing" ? [] : [`interruption: ${plan.interruption}`]),
    ...(plan.expected ? [`expected: ${plan.expected}`] : []),
    ...(plan.kind === "nothing" ? [] : [`way back: ${plan.reversibility}`, ...stepGroups(plan.steps).map(wayBackLine)]),
    ...(plan.attempt ? [`attempt: ${plan.attempt}, backup on claim ${plan.backupClaim ?? ""}`] : []),
    ...addedLines(plan.added),
    ...warningLines(plan.warnings),
    ...plan.verification,
    ...plan.approval,
    ...(plan.conditions ?? []),
  ];
}

/** Rules mostly set several values for one reason. */
function addedLines(added: PlanPart["added"]): string[] {
  const reasons = [...new Set(added.map(({ rule, reason }) => `${rule}: ${reason}`))];
  return reasons.flatMap((why) => [
    `values that rules add (${why})`,
    ...added.filter(({ rule, reason }) => `${rule}: ${reason}` === why).map(({ path, shown }) => `  ${path}: ${shown}`),
  ]);
}

function wayBackLine({ indexes, reversibility, why, source }: StepGroup): string {
  const colour = { reversible: pc.green, "restore only": pc.yellow, "one way": pc.red }[reversibility];
  return `  ${stepNumbers(indexes)}: ${colour(reversibility)}, ${why} ${pc.dim(`(${source})`)}`;
}

/** A rule that warns of several things is named once. */
function warningLines(warnings: PlanPart["warnings"]): string[] {
  return [...new Set(warnings.map(({ rule }) => rule))].flatMap((name) => {
    const messages = warnings.filter(({ rule }) => rule === name).map(({ message }) => message);
    const head = `${pc.yellow("warning")} (${name}):`;
    return messages.length === 1 ? [`${head} ${messages[0]}`] : [head, ...messages.map((message) => `  - ${message}`)];
  });
}

function manifestLines(manifests: ManifestReport): string[] {
  if (!manifests.compared) return [`manifests: not compared, because ${manifests.why}`];
  const { common, objects, revision, dryRun } = manifests;
  const count = (change: ObjectChange["change"]) => objects.filter((object) => object.change === change).length;
  const from = revision === undefined ? "nothing is installed" : `compared with revision ${revision}`;
  const refused = objects.filter((object) => object.refused.length > 0);
  return [
    `${pc.bold("manifests")}: ${count("added")} added, ${count("removed")} removed, ${count("changed")} changed (${from})`,
    ...refused.flatMap(({ kind, name, refused: fields }) =>
      fields.map(({ path, why }) => {
        const what = path === "" ? why : `${path}: ${why}`;
        return `${pc.red("the API server will refuse")} ${kind} ${name}: ${what}`;
      }),
    ),
    ...(objects.length === 0 ? [] : [`dry run by the API server: ${dryRun.judged} objects judged`]),
    ...dryRun.unknown.map((why) => `${pc.yellow("not judged")}: ${why}`),
    ...common.flatMap(({ path, change, objects: users }) => [
      `in ${users.length} objects: ${path}`,
      ...changeLines(change),
    ]),
    ...objects.flatMap(objectLines),
  ];
}

function objectLines({ change, kind, name, fields, kept }: ObjectChange): string[] {
  const mark = { added: pc.green("+"), removed: pc.red("-"), changed: pc.yellow("~") }[change];
  const note = kept ? " (Helm leaves it in the cluster)" : "";
  return [
    `${mark} ${kind} ${name}${note}`,
    ...fields.flatMap((field) => [`    ${field.path}`, ...changeLines(field).map((line) => `  ${line}`)]),
  ];
}

function changeLines({ before, after, lines }: Omit<FieldChange, "path">): string[] {
  const all = lines ?? [
    ...(before === undefined ? [] : [`- ${before}`]),
    ...(after === undefined ? [] : [`+ ${after}`]),
  ];
  const shown = all.slice(0, MOST_LINES).map((line) => `    ${coloured(cut(line))}`);
  const more = all.length - shown.length;
  if (all.length === 0) return ["    what changes is hidden"];
  return [...shown, ...(more > 0 ? [`    … ${more} more lines`] : [])];
}

function coloured(line: string): string {
  return line.startsWith("+") ? pc.green(line) : pc.red(line);
}

function cut(line: string): string {
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function driftLines({ objects, unknown }: Drift): string[] {
  return [
    ...(objects.length === 0 && unknown.length === 0
      ? [`${pc.green("no drift")}: the cluster is as Helm has left it`]
      : []),
    ...objects.flatMap(({ kind, name, missing, fields }) => [
      `${pc.yellow("drift")}: ${kind} ${name}${missing ? " is not in the cluster any more" : " (- as Helm has left it, + as it is)"}`,
      ...fields.flatMap((field) => [`    ${field.path}`, ...changeLines(field).map((line) => `  ${line}`)]),
    ]),
    ...unknown.map((why) => `${pc.yellow("drift unknown")}: ${why}`),
  ];
}

function imageLines({ list, incomplete, outside }: ImageReport): string[] {
  return [
    pc.bold("images that are pulled:"),
    ...list.map(({ image, users }) => `  ${image}  ${pc.dim(users.join(", "))}`),
    ...outside.map((image) => `${pc.yellow("warning")}: ${image} does not come from milvus:imageRegistry`),
    ...(incomplete === undefined ? [] : [`those of the chart are missing, because ${incomplete}`]),
  ];
}
