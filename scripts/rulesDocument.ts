import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BAD_CHARTS, CHART_FITS } from "../upgrade/charts/rules";
import { FORMER_RULE_NAMES } from "../upgrade/formerRuleNames";
import { HOP_NOTES } from "../upgrade/hops/notes";
import { HOP_RULES } from "../upgrade/hops/rules";
import { PLAN_RULES } from "../upgrade/plan/rules";
import { PREFLIGHT_CHECKS } from "../upgrade/preflight/checks";
import { REQUIREMENTS } from "../upgrade/promotion/judge";
import { ROLLOUT_ORDERS } from "../upgrade/roll/order";
import { FINAL_RULES, VALUE_RULES } from "../upgrade/values/rules/all";
import { withFactLinks } from "./facts";

export const RULES_DOCUMENT = join(__dirname, "..", "docs", "upgrade-rules.md");

/** Every rule under its code name, from the tables that the planner itself asks. */
export function rulesDocument(): string {
  const lines = [
    "# Upgrade rules",
    "",
    "Every refusal and warning carries the name of the rule behind it. Each is here under that name, with its reason and source. Written by",
    "`npm run docs:rules` from the tables in `upgrade/`; a test holds the two together. Facts with a number are in",
    "[upgrade-facts.md](upgrade-facts.md), each with the place that it is from.",
    "",
    "## Hops that are refused",
    "",
    "Asked in this order; the first that refuses is the one named. Where a way leads on, the refusal names the next hop and the whole path.",
    "",
    ...[...new Map(HOP_RULES.map((rule) => [rule.name, rule])).values()].flatMap(
      ({ name, reason, source, final, remedy }) =>
        section(
          name,
          `${sentence(reason)}${final ? " No way leads there." : ""}${remedy === undefined ? "" : ` ${remedy}`}`,
          source,
        ),
    ),
    "## Hops with a word of warning",
    "",
    ...HOP_NOTES.flatMap(({ name, message, source }) => section(name, message, source)),
    "## Charts",
    "",
    ...[...new Set(BAD_CHARTS.map(({ name }) => name))].flatMap((name) => {
      const ranges = BAD_CHARTS.filter((range) => range.name === name);
      const what = ranges.map(
        ({ first, last, reason }) => `${first === last ? first : `${first} to ${last}`}: ${reason}.`,
      );
      return section(name, what.join(" "), ranges.map(({ source }) => source).join("; "));
    }),
    "Which charts run which Milvus (`the_chart_must_fit_the_version`):",
    "",
    "| charts | Milvus | source |",
    "|---|---|---|",
    ...CHART_FITS.map(
      ({ first, last, minors, source }) => `| ${first} to ${last} | ${minors.join(", ")} | ${source} |`,
    ),
    "",
    "## Values",
    "",
    "Laid under the user's values, which they must not contradict where it matters; what was added is shown in the preview.",
    "",
    ...[...VALUE_RULES, ...FINAL_RULES].flatMap(({ name, explanation, source }) => section(name, explanation, source)),
    "## Order of a roll",
    "",
    ...ROLLOUT_ORDERS.map(({ name, components, source }) => `- ${name}: ${components.join(" → ")} (${source})`),
    "",
    "Setting a roll back takes the reverse order.",
    "",
    "## Everything else",
    "",
    ...Object.entries(PLAN_RULES).flatMap(([name, { explanation, source }]) => section(name, explanation, source)),
    "## Promotion",
    "",
    "With `milvus:promoteFrom` a hop is refused until the last receipt of that stack says the same ([promotion.md](promotion.md)):",
    "",
    "| in the receipt | why |",
    "|---|---|",
    ...REQUIREMENTS.map(({ what, why }) => `| ${what} | ${why} |`),
    "",
    "## Checks before anything is touched",
    "",
    "Lowered by name: `pulumi config set --path milvus:preflight.storageClass warn`; the levels are error, warn and off. What one finds is said under the",
    "name `preflight_NAME`.",
    "",
    ...Object.entries(PREFLIGHT_CHECKS).flatMap(([name, { explanation, source }]) =>
      section(name, explanation, source),
    ),
    "## Names up to version 0.1",
    "",
    "These rules told too little by their names, and have new ones. This table goes with version 0.3.",
    "",
    "| up to 0.1 | now |",
    "|---|---|",
    ...Object.entries(FORMER_RULE_NAMES).map(([name, former]) => `| ${former} | [${name}](#${name}) |`),
  ];
  return withFactLinks(lines.join("\n")).replace(/\n*$/, "\n");
}

function section(name: string, text: string, source: string): string[] {
  return [`### ${name}`, "", text, "", `Source: ${source}.`, ""];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (require.main === module) writeFileSync(RULES_DOCUMENT, rulesDocument());
