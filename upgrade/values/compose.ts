import type { AddedValue, HelmValues, Warning } from "../model";
import { topologyOf } from "../plan/topology";
import { refuse } from "../refusal";
import { FINAL_RULES, VALUE_RULES } from "./rules/all";
import type { Addition, Move, ValueContext, ValueRule } from "./rules/rule";
import { formatPath, getValue, sameValue, type ValuePath, withoutValue, withValue } from "./tree";
import { USER_YAML_NAME, withUserConfig } from "./userYaml";

export interface ComposedValues {
  /** Complete values for the Release. */
  readonly values: HelmValues;
  readonly added: readonly AddedValue[];
  readonly warnings: readonly Warning[];
  /** Paths of the user's values that stand elsewhere now. */
  readonly moved: readonly string[];
}

/** Lays what the rules ask for under the user's values, and refuses what contradicts them. */
export function composeValues(context: ValueContext): ComposedValues {
  const outcomes = VALUE_RULES.map((rule) => ({ rule, ...rule.apply(context) }));
  const moves = outcomes.flatMap(({ rule, moves = [] }) => moves.map((move) => ({ ...move, rule })));
  const settings = outcomes.flatMap(({ rule, settings = [] }) => settings.map((setting) => ({ ...setting, rule })));
  const additions = outcomes.flatMap(({ rule, additions = [] }) =>
    additions.filter((addition) => isNews(addition, rule, context.given)).map((addition) => ({ ...addition, rule })),
  );
  const remaining = moves.reduce((values, move) => withoutValue(values, move.from), context.given);
  const laid = [...additions, ...moves.filter(({ into }) => into === "values").map(asAddition)].reduce(
    (values, { path, value }) => withValue(values, path, value),
    remaining,
  );
  const values = withUserConfig(
    laid,
    [...moves.filter(({ into }) => into === "user.yaml"), ...settings].map(({ to, value }) => ({ keys: to, value })),
  );
  const final = FINAL_RULES.map((rule) => ({ rule, ...rule.apply({ ...context, given: values }) }));
  checkLayout(context, values);
  return {
    values,
    moved: moves.map(({ from }) => formatPath(from)),
    added: [
      ...additions.map(({ path, value, rule, reason }) => ({ path: formatPath(path), value, rule: rule.name, reason })),
      ...[...moves, ...settings.map((setting) => ({ ...setting, into: "user.yaml" as const }))].map(asAdded),
    ],
    warnings: [...outcomes, ...final].flatMap(({ rule, warnings = [] }) =>
      warnings.map((message) => ({ rule: rule.name, message })),
    ),
  };
}

/** False when the user's values have it already. @throws RefusalError when they say otherwise and must not. */
function isNews(addition: Addition, rule: ValueRule, given: HelmValues): boolean {
  const present = getValue(given, addition.path);
  if (present === undefined || present === null) return true;
  if (sameValue(present, addition.value) || addition.contradiction === "win") return false;
  const key = formatPath(addition.path);
  return refuse({
    rule: rule.name,
    reason: `milvus:values sets ${key} to ${JSON.stringify(present)}, but it must be ${JSON.stringify(addition.value)}: ${addition.reason}.`,
    remedy: `Take it out: pulumi config rm --path 'milvus:values.${key}'`,
    source: rule.source,
  });
}

function asAddition({ to, value }: Move): Pick<Addition, "path" | "value"> {
  return { path: to, value };
}

function asAdded({
  to,
  into,
  value,
  rule,
  reason,
}: Pick<Move, "to" | "into" | "value" | "reason"> & { readonly rule: ValueRule }): AddedValue {
  const place = into === "values" ? formatPath(to) : userYamlPath(to);
  return { path: place, value, rule: rule.name, reason };
}

function userYamlPath(keys: ValuePath): string {
  return `${USER_YAML_NAME}: ${formatPath(keys)}`;
}

/** The last look: whatever the rules above did, what is sent must give the message queue and mode that run. */
function checkLayout({ chart, now, given }: ValueContext, values: HelmValues): void {
  if (!now) return;
  const layout = topologyOf(values, chart, { firstRevision: false, said: given });
  for (const field of ["mode", "queue", "queueOverride"] as const) {
    if (layout[field] === now.topology[field]) continue;
    refuse({
      rule: "the_queue_and_mode_stay",
      reason: `With chart ${chart} these values would change the ${field === "mode" ? "mode" : "message queue"}: ${String(now.topology[field])} runs, ${String(layout[field])} would.`,
      remedy: "Say in milvus:values what runs now; a message queue or mode is never changed together with the version.",
      source: "milvus-docs fragments/mq_upgrade_limitation.md",
    });
  }
}
