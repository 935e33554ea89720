import type { FieldChange, ObjectChange } from "../../manifests/diff";
import type { Drift } from "../../manifests/drift";
import type { Refusal } from "../../upgrade/model";
import { describeWay } from "../../upgrade/refusal";
import { stepGroups } from "../../upgrade/words/stepGroups";
import { onOneLine } from "../../upgrade/words/visible";
import type { ImageReport, ManifestReport, PlanPart, PlanReport } from "../plan/report";
import { code, codeCell, cutCode, fenced, prose } from "./escape";

/** GitHub takes 65,536 characters in a comment; bytes are counted, to be safe for other hosts. */
export const LONGEST_COMMENT = 65_536;
/** Left for the folded parts when the plan alone fills the comment. */
const FOLDED = 2000;
const MOST_LINES = 60;
const MOST_NOTES = 20;
/** By which a workflow finds the comment to write anew. */
const MARK = "<!-- milvus-upgrade plan -->";

/** The report as a comment on a pull request: the plan first, details folded, what does not fit left out and counted. */
export function asMarkdown(given: PlanReport, longest = LONGEST_COMMENT): string {
  const report = onOneLine(given);
  const head = [
    `${MARK}\n## Milvus: ${titleOf(report)}`,
    `Release ${code(report.release)}, stack ${code(report.stack)}.`,
    ...(report.basis === "cluster" ? [] : ["**Made without the cluster**, from the outputs of the last run."]),
    ...(report.open ? [`> [!WARNING]\n${report.open.map((line) => `> ${prose(line)}  `).join("\n")}`] : []),
    ...(report.refusal ? refusalBlocks(report.refusal) : []),
    ...(report.plan ? planBlocks(report.plan) : []),
    ...(report.drift ? driftBlocks(report.drift) : []),
  ];
  const shown = wholeBlocks(head, longest - FOLDED);
  const room = Math.max(longest - Buffer.byteLength(shown), FOLDED) - 2;
  const images = report.images ? imageBlock(report.images) : undefined;
  const manifests = report.manifests
    ? manifestBlock(report.manifests, room - Buffer.byteLength(images ?? "") - 4)
    : undefined;
  const parts = [manifests, images].filter((part) => part !== undefined);
  return `${[shown, ...parts].join("\n\n")}\n`;
}

function titleOf({ outcome, plan }: PlanReport): string {
  return outcome === "refused" || plan === undefined ? "refused" : prose(plan.title);
}

function refusalBlocks({ rule, reason, remedy, source, nextHop, path = [] }: Refusal): string[] {
  return [
    `> [!CAUTION]\n> **${prose(rule)}**: ${prose(reason)}`,
    ...(nextHop ? [`Next: Milvus ${prose(nextHop.to)} on chart ${prose(nextHop.chart)}.`] : []),
    ...(path.length > 0 ? [`The whole way: ${prose(describeWay(path))}.`] : []),
    `What to do: ${prose(remedy)}`,
    ...(source ? [`Source: ${prose(source)}.`] : []),
  ];
}

function planBlocks(plan: PlanPart): string[] {
  const isNothing = plan.kind === "nothing";
  return [
    `${prose(plan.reason)}.`,
    [
      "| | |",
      "|---|---|",
      `| Chart | ${prose(`${plan.chart.name} ${plan.chart.version} from ${plan.chart.location}`)} |`,
      ...(isNothing
        ? []
        : [`| Interruption | ${prose(plan.interruption)} |`, `| Way back | ${prose(plan.reversibility)} |`]),
      ...(plan.expected ? [`| Expected | ${prose(plan.expected)} |`] : []),
      ...(plan.attempt ? [`| Backup | claim ${codeCell(plan.backupClaim ?? "")}, kept |`] : []),
    ].join("\n"),
    ...(isNothing ? [] : [stepTable(plan.steps)]),
    verificationBlock(plan.verification),
    ...(plan.pulls ? [`Before anything stops:\n\n${plan.pulls.map((line) => `- ${prose(line)}`).join("\n")}`] : []),
    ...(plan.hash
      ? [`To approve this plan and no other: ${code(`pulumi config set milvus:approvedPlan ${plan.hash}`)}`]
      : []),
    ...(plan.conditions ?? []).map((line) => `> [!NOTE]\n> ${prose(line)}`),
    ...plan.approval.slice(1).map((line) => `> [!WARNING]\n> ${prose(line)}`),
    ...(plan.warnings.length === 0 ? [] : [warningBlock(plan.warnings)]),
    ...(plan.added.length === 0
      ? []
      : [
          details(
            `${plan.added.length} values that rules add`,
            [
              "| Value | Set to | Rule |",
              "|---|---|---|",
              ...plan.added.map(
                ({ path, shown, rule, reason }) =>
                  `| ${codeCell(path)} | ${codeCell(shown)} | ${prose(rule)}: ${prose(reason)} |`,
              ),
            ].join("\n"),
          ),
        ]),
  ];
}

/** What is written into Milvus must not be in a fold. */
function verificationBlock(lines: readonly string[]): string {
  return lines.map((line) => `- ${prose(line)}`).join("\n");
}

function driftBlocks({ objects, unknown }: Drift): string[] {
  const lines = [
    ...objects.map(({ kind, name, missing, fields }) => {
      const what = missing ? "is gone" : fields.map(({ path }) => code(path)).join(", ");
      return `${prose(kind)} ${code(name)}: ${what}`;
    }),
    ...unknown.map((why) => `unknown: ${prose(why)}`),
  ];
  if (lines.length === 0) return ["No drift: the cluster is as Helm has left it."];
  return [
    `> [!WARNING]\n> **Changed past Helm**\n${firstOf(lines)
      .map((line) => `> - ${line}`)
      .join("\n")}`,
  ];
}

/** A row for the steps that have the same way back: of an ordered roll that is one for all components. */
function stepTable(steps: PlanPart["steps"]): string {
  return [
    "| Steps | Way back | Why |",
    "|---|---|---|",
    ...stepGroups(steps).map(({ indexes, reversibility, why, source }) => {
      const names = indexes.map((index) => `${index + 1}. ${prose(steps[index]?.step ?? "")}`).join("<br>");
      return `| ${names} | ${prose(reversibility)} | ${prose(why)} (${prose(source)}) |`;
    }),
  ].join("\n");
}

function warningBlock(warnings: PlanPart["warnings"]): string {
  return ["> [!WARNING]", ...warnings.map(({ rule, message }) => `> - **${prose(rule)}**: ${prose(message)}`)].join(
    "\n",
  );
}

function manifestBlock(manifests: ManifestReport, room: number): string {
  if (!manifests.compared) return `Manifests were not compared: ${prose(manifests.why)}.`;
  const { common, objects, revision, dryRun } = manifests;
  const count = (change: ObjectChange["change"]) => objects.filter((object) => object.change === change).length;
  const summary = `Manifests: ${count("added")} added, ${count("removed")} removed, ${count("changed")} changed${
    revision === undefined ? "" : ` since revision ${revision}`
  }${dryRun.judged === 0 ? "" : `; dry run by the API server: ${dryRun.judged} objects`}`;
  const refused = objects.flatMap(({ kind, name, refused: fields }) =>
    fields.map(
      ({ path, why }) =>
        `> [!CAUTION]\n> The API server will refuse ${path === "" ? "" : `the change of ${code(path)} in `}${prose(kind)} ${code(name)}: ${prose(why)}.`,
    ),
  );
  const unknown = dryRun.unknown.map((why) => `> [!NOTE]\n> Not judged by the API server's dry run: ${prose(why)}`);
  const shared = common.map(
    ({ path, change, objects: users }) => `${code(path)} in ${users.length} objects:\n\n${changeBlock(change)}`,
  );
  const blocks = [...shared, ...objects.map(objectBlock)];
  const notes = firstOf([...refused, ...unknown]);
  const top = notes.length === 0 ? "" : `${notes.join("\n\n")}\n\n`;
  return `${top}${details(summary, fitting(blocks, room - Buffer.byteLength(top) - summary.length - 300))}`;
}

/** A webhook that refuses everything says so for every object. */
function firstOf(notes: readonly string[]): string[] {
  const left = notes.length - MOST_NOTES;
  return left > 0
    ? [...notes.slice(0, MOST_NOTES), `**${left} more of this kind**; \`npm run plan\` shows them.`]
    : [...notes];
}

/** As many blocks as there is room for; the rest is counted. */
function fitting(blocks: readonly string[], room: number): string {
  const taken: string[] = [];
  let used = 0;
  for (const block of blocks) {
    used += Buffer.byteLength(block) + 2;
    if (used > room) break;
    taken.push(block);
  }
  const left = blocks.length - taken.length;
  if (left > 0) taken.push(`**${left} more changes do not fit into a comment**; \`npm run plan\` shows all of them.`);
  return taken.join("\n\n");
}

function objectBlock({ change, kind, name, fields, kept }: ObjectChange): string {
  const head = `**${change}** ${prose(kind)} ${code(name)}${kept ? " (Helm leaves it in the cluster)" : ""}`;
  return fields.length === 0
    ? head
    : `${head}\n\n${fields.map((field) => `${code(field.path)}\n\n${changeBlock(field)}`).join("\n\n")}`;
}

function changeBlock({ before, after, lines }: Omit<FieldChange, "path">): string {
  const all = lines ?? [
    ...(before === undefined ? [] : [`- ${before}`]),
    ...(after === undefined ? [] : [`+ ${after}`]),
  ];
  if (all.length === 0) return "what changes is hidden";
  const shown = all.slice(0, MOST_LINES).map(cutCode);
  if (all.length > shown.length) shown.push(`… ${all.length - shown.length} more lines`);
  return fenced(shown);
}

function imageBlock({ list, incomplete, outside }: ImageReport): string {
  const warnings = outside.map(
    (image) => `> [!WARNING]\n> ${code(image)} does not come from milvus:imageRegistry.\n\n`,
  );
  const note = incomplete === undefined ? "" : `\n\nThose of the chart are missing: ${prose(incomplete)}.`;
  const all = `${fenced(list.map(({ image }) => image))}${note}`;
  return `${warnings.join("")}${details(`${list.length} images that are pulled`, all)}`;
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** As many whole blocks as there is room for: half a block would leave the rest in its fold, quote or code. */
function wholeBlocks(blocks: readonly string[], room: number): string {
  const note = "**Cut: it does not fit into a comment.**";
  const taken: string[] = [];
  let left = room - note.length - 2;
  for (const block of blocks) {
    left -= Buffer.byteLength(block) + 2;
    if (left < 0) return [...taken, note].join("\n\n");
    taken.push(block);
  }
  return taken.join("\n\n");
}
