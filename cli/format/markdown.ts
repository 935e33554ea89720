import type { Refusal } from "../../upgrade/model";
import { describeWay } from "../../upgrade/refusal";
import type { FieldChange, ObjectChange } from "../manifests/diff";
import type { Drift } from "../manifests/drift";
import type { ImageReport, ManifestReport, PlanPart, PlanReport } from "../plan/report";

/** GitHub takes 65,536 characters in a comment; bytes are counted, to be safe for other hosts. */
export const LONGEST_COMMENT = 65_536;
/** Left for the folded parts when the plan alone fills the comment. */
const FOLDED = 2000;
const MOST_LINES = 60;
const MOST_NOTES = 20;
const LONGEST_VALUE = 200;
/** By which a workflow finds the comment to write anew. */
const MARK = "<!-- milvus-upgrade plan -->";

/** The report as a comment on a pull request: the plan first, details folded, what does not fit left out and counted. */
export function asMarkdown(report: PlanReport, longest = LONGEST_COMMENT): string {
  const head = [
    `${MARK}\n## Milvus: ${titleOf(report)}`,
    `Release \`${report.release}\`, stack \`${report.stack}\`.`,
    ...(report.basis === "cluster" ? [] : ["**Made without the cluster**, from the outputs of the last run."]),
    ...(report.refusal ? refusalBlocks(report.refusal) : []),
    ...(report.plan ? planBlocks(report.plan) : []),
    ...(report.drift ? driftBlocks(report.drift) : []),
  ].join("\n\n");
  const room = Math.max(longest - Buffer.byteLength(head), FOLDED) - 2;
  const images = report.images ? imageBlock(report.images) : undefined;
  const manifests = report.manifests
    ? manifestBlock(report.manifests, room - Buffer.byteLength(images ?? "") - 4)
    : undefined;
  const parts = [manifests, images].filter((part) => part !== undefined);
  return `${[cutTo(head, longest - FOLDED), ...parts].join("\n\n")}\n`;
}

function titleOf({ outcome, plan }: PlanReport): string {
  return outcome === "refused" || plan === undefined ? "refused" : plan.title;
}

function refusalBlocks({ rule, reason, remedy, source, nextHop, path = [] }: Refusal): string[] {
  return [
    `> [!CAUTION]\n> **${rule}**: ${reason}`,
    ...(nextHop ? [`Next: Milvus ${nextHop.to} on chart ${nextHop.chart}.`] : []),
    ...(path.length > 0 ? [`The whole way: ${describeWay(path)}.`] : []),
    `What to do: ${remedy}`,
    ...(source ? [`Source: ${source}.`] : []),
  ];
}

function planBlocks(plan: PlanPart): string[] {
  const isNothing = plan.kind === "nothing";
  return [
    `${plan.reason}.`,
    [
      "| | |",
      "|---|---|",
      `| Chart | ${cell(`${plan.chart.name} ${plan.chart.version} from ${plan.chart.location}`)} |`,
      ...(isNothing ? [] : [`| Interruption | ${cell(plan.interruption)} |`, `| Way back | ${plan.reversibility} |`]),
      ...(plan.expected ? [`| Expected | ${cell(plan.expected)} |`] : []),
      ...(plan.attempt ? [`| Backup | claim \`${plan.backupClaim ?? ""}\`, kept |`] : []),
    ].join("\n"),
    ...(isNothing ? [] : [stepTable(plan.steps)]),
    ...(plan.hash ? [`To approve this plan and no other: \`pulumi config set milvus:approvedPlan ${plan.hash}\``] : []),
    ...plan.approval.slice(1).map((line) => `> [!WARNING]\n> ${line}`),
    ...plan.warnings.map(({ rule, message }) => `> [!WARNING]\n> **${rule}**: ${message.replaceAll("\n", " ")}`),
    ...(plan.added.length === 0
      ? []
      : [
          details(
            `${plan.added.length} values that rules add`,
            [
              "| Value | Set to | Rule |",
              "|---|---|---|",
              ...plan.added.map(
                ({ path, shown, rule, reason }) => `| ${code(path)} | ${code(shown)} | ${rule}: ${cell(reason)} |`,
              ),
            ].join("\n"),
          ),
        ]),
  ];
}

function driftBlocks({ objects, unknown }: Drift): string[] {
  const lines = [
    ...objects.map(({ kind, name, missing, fields }) => {
      const what = missing ? "is gone" : fields.map(({ path }) => code(path)).join(", ");
      return `${kind} ${code(name)}: ${what}`;
    }),
    ...unknown.map((why) => `unknown: ${cell(cut(why))}`),
  ];
  if (lines.length === 0) return ["No drift: the cluster is as Helm has left it."];
  return [
    `> [!WARNING]\n> **Changed past Helm**\n${firstOf(lines)
      .map((line) => `> - ${line}`)
      .join("\n")}`,
  ];
}

function stepTable(steps: PlanPart["steps"]): string {
  return [
    "| Step | Way back | Why |",
    "|---|---|---|",
    ...steps.map(
      ({ step, reversibility, why, source }, index) =>
        `| ${index + 1}. ${cell(step)} | ${reversibility} | ${cell(why)} (${cell(source)}) |`,
    ),
  ].join("\n");
}

function manifestBlock(manifests: ManifestReport, room: number): string {
  if (!manifests.compared) return `Manifests were not compared: ${manifests.why}.`;
  const { common, objects, revision, dryRun } = manifests;
  const count = (change: ObjectChange["change"]) => objects.filter((object) => object.change === change).length;
  const summary = `Manifests: ${count("added")} added, ${count("removed")} removed, ${count("changed")} changed${
    revision === undefined ? "" : ` since revision ${revision}`
  }${dryRun.judged === 0 ? "" : `; dry run by the API server: ${dryRun.judged} objects`}`;
  const refused = objects.flatMap(({ kind, name, refused: fields }) =>
    fields.map(
      ({ path, why }) =>
        `> [!CAUTION]\n> The API server will refuse ${path === "" ? "" : `the change of ${code(path)} in `}${kind} ${code(name)}: ${why}.`,
    ),
  );
  const unknown = dryRun.unknown.map((why) => `> [!NOTE]\n> Not judged by the API server's dry run: ${cell(cut(why))}`);
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
  const head = `**${change}** ${kind} ${code(name)}${kept ? " (Helm leaves it in the cluster)" : ""}`;
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
  const shown = all.slice(0, MOST_LINES).map((line) => cut(line));
  if (all.length > shown.length) shown.push(`… ${all.length - shown.length} more lines`);
  return fenced(shown.join("\n"));
}

function imageBlock({ list, incomplete, outside }: ImageReport): string {
  const warnings = outside.map(
    (image) => `> [!WARNING]\n> ${code(image)} does not come from milvus:imageRegistry.\n\n`,
  );
  const note = incomplete === undefined ? "" : `\n\nThose of the chart are missing: ${incomplete}.`;
  const all = `${fenced(list.map(({ image }) => image).join("\n"))}${note}`;
  return `${warnings.join("")}${details(`${list.length} images that are pulled`, all)}`;
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}diff\n${text}\n${fence}`;
}

function code(text: string): string {
  return `\`${cell(cut(text)).replaceAll("`", "'")}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function cut(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** By bytes, never in the middle of a character. */
function cutTo(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return `${Buffer.from(text).subarray(0, Math.max(0, bytes)).toString("utf8").replace(/�+$/, "")}\n\n**Cut: it does not fit into a comment.**`;
}
