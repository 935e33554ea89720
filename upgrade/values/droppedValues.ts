import { chartAtLeast, isChartVersion } from "../charts/versions";
import type { HelmValues } from "../model";
import type { InForce } from "../plan/observed";
import { list, refuse } from "../refusal";
import type { ComposedValues } from "./compose";
import { FINAL_RULES, VALUE_RULES } from "./rules/all";
import { USER_YAML_SINCE } from "./tables/places";
import { shortcutsIn } from "./tables/shortcuts";
import { formatPath, getValue, hasValue, leafPaths, USER_YAML, type ValuePath } from "./tree";
import { USER_YAML_NAME, userConfigPaths } from "./userYaml";

const owned = new Set([...VALUE_RULES, ...FINAL_RULES].flatMap(({ owns = [] }) => owns).map(formatPath));

/**
 * User values of the release that the new values do not have, as paths. What the rules lay is not the user's, and a
 * shortcut that was moved is still there. A null counts where it takes a default of the chart away.
 */
export function droppedValues(
  { userValues: inForce, chartValues, chart }: Pick<InForce, "userValues" | "chartValues" | "chart">,
  { values: next, moved: movedNow }: Pick<ComposedValues, "values" | "moved">,
  dropValues: readonly string[],
): string[] {
  const moved = new Set([
    ...movedNow,
    ...shortcutsIn(inForce).flatMap(({ from, to }) => (to && hasSetting(next, to) ? [formatPath(from)] : [])),
  ]);
  const values = leafPaths(inForce)
    .filter((keys) => (getValue(inForce, keys) ?? getValue(chartValues, keys) ?? null) !== null)
    .filter((keys) => formatPath(keys) !== USER_YAML_NAME)
    .filter((keys) => !hasValue(next, keys))
    .map((keys) => ({ keys, name: formatPath(keys) }))
    .filter(({ name }) => !owned.has(name) && !moved.has(name));
  // What Milvus has never been given may go.
  const isRead = !isChartVersion(chart) || chartAtLeast(chart, USER_YAML_SINCE);
  const settings = (isRead ? droppedSettings(inForce, next) : []).map((keys) => ({
    keys: [...USER_YAML, ...keys],
    name: `${USER_YAML_NAME}: ${formatPath(keys)}`,
  }));
  return [...values, ...settings].filter(({ keys }) => !isAllowed(keys, dropValues)).map(({ name }) => name);
}

function droppedSettings(inForce: HelmValues, next: HelmValues): ValuePath[] {
  const kept = new Set(userConfigPaths(next).map(formatPath));
  return userConfigPaths(inForce).filter((keys) => !kept.has(formatPath(keys)));
}

function hasSetting(values: HelmValues, keys: ValuePath): boolean {
  return userConfigPaths(values).some((present) => formatPath(present) === formatPath(keys));
}

/** `dropValues` names paths, each with everything below it; keys are joined with dots, as the config has them. */
function isAllowed(keys: ValuePath, dropValues: readonly string[]): boolean {
  return dropValues.some((dropped) => {
    const plain = keys.join(".");
    return plain === dropped || plain.startsWith(`${dropped}.`) || formatPath(keys) === dropped;
  });
}

/** Helm keeps nothing by itself: what the stack config does not repeat would be gone. Names keys, never values. */
export function refuseDroppedValues(dropped: readonly string[]): void {
  if (dropped.length === 0) return;
  refuse({
    rule: "no_user_value_is_dropped_silently",
    reason: `The running release has user values that milvus:values does not have: ${list(dropped)}.`,
    remedy:
      "Put them into milvus:values (helm get values shows them), or, if they may go, name each with everything below it: pulumi config set --path 'milvus:dropValues[0]' KEY",
    source: "milvus-helm README: --reset-then-reuse-values",
  });
}
