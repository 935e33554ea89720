import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue } from "../../model";
import { list, refuse } from "../../refusal";
import { chartRelease } from "../../versions/releases";
import { chartReads } from "../tables/chartReads";
import { OWN_CONFIG, OWN_CONFIG_SINCE } from "../tables/places";
import { type FoundShortcut, SHORTCUTS_UNTIL, shortcutsIn } from "../tables/shortcuts";
import { asText, formatPath, getValue, isTrue, path, sameValue, type ValuePath } from "../tree";
import { USER_YAML_NAME, userConfigValue } from "../userYaml";
import { NOTHING, type ValueRule } from "./rule";

export const shortcutRule: ValueRule = {
  name: "config_shortcuts_move_to_user_yaml",
  source: "docs/upgrade-facts.md 5.2 and 5.3: milvus-helm chart 4.0.0 README, Breaking Changes",
  explanation:
    "Chart 4.0.0 ignores every shortcut into Milvus' configuration, metadata.rootPath first of all: Milvus would start empty. For such a chart the user's values move to extraConfigFiles[\"user.yaml\"]; one whose place there is not known is refused by name.",
  apply: ({ given, chart, now }) => {
    if (chartOlderThan(chart, SHORTCUTS_UNTIL)) return NOTHING;
    const all = shortcutsIn(given);
    // On a chart that does not read them they are not in force, and moving them would change what runs.
    const isInForce = ({ from, to }: FoundShortcut) =>
      now === undefined ||
      isReadBy(now.chart, from) ||
      (to !== undefined && userConfigValue(now.values, to) !== undefined);
    const found = all.filter(isInForce);
    const warnings = all
      .filter((shortcut) => !isInForce(shortcut))
      .map(
        ({ from }) =>
          `milvus:values sets ${formatPath(from)}, which the chart that runs ignores; it stays without effect.`,
      );
    if (found.length === 0) return { warnings };
    const names = (all: readonly { readonly from: ValuePath }[]) => list(all.map(({ from }) => formatPath(from)));
    const unknown = found.filter(({ to }) => to === undefined);
    if (unknown.length > 0) return refuseShortcut(`${names(unknown)}: where Milvus itself keeps it is not known`);
    if (isTrue(getValue(given, path("customConfigMap")))) {
      return refuseShortcut(`${names(found)}: with customConfigMap set the chart reads no user.yaml`);
    }
    const moves = found.flatMap(({ from, to }) => (to ? [{ from, to, value: getValue(given, from) ?? null }] : []));
    const contradicted = moves.filter(({ to, value }) => {
      const configured = userConfigValue(given, to);
      return configured !== undefined && !sameSetting(configured, value);
    });
    if (contradicted.length > 0) return refuseShortcut(`${names(contradicted)}: user.yaml says something else`);
    return {
      warnings,
      moves: moves.map(({ from, to, value }) => ({
        from,
        to,
        value,
        into: "user.yaml" as const,
        reason: `chart ${chart} ignores ${formatPath(from)}`,
      })),
    };
  },
};

/** What a fork's templates read is not known: it is taken to be all, as long as the public chart had shortcuts. */
function isReadBy(chart: string, from: ValuePath): boolean {
  return chartRelease(chart) === undefined ? chartOlderThan(chart, SHORTCUTS_UNTIL) : chartReads(from, chart);
}

function refuseShortcut(what: string): never {
  return refuse({
    rule: shortcutRule.name,
    reason: `Charts from 4.0.0 on ignore values that milvus:values sets: ${what}.`,
    remedy: `Move the setting into ${USER_YAML_NAME} under Milvus' own name for it, and take it out of where it is.`,
    source: shortcutRule.source,
  });
}

/** Text and number are the same in Milvus' configuration. */
function sameSetting(a: HelmValue, b: HelmValue): boolean {
  return sameValue(a, b) || asText(a) === asText(b);
}

export const bufferRule: ValueRule = {
  name: "insert_buffer_size_has_a_new_name",
  source: "docs/upgrade-facts.md 5.1: values.yaml of charts 3.2.18 and 3.3.0",
  explanation:
    "dataNode.flush.insertBufSize is dataNode.segment.insertBufSize from chart 3.3.0 on, and is moved there.",
  apply: ({ given, chart }) => {
    const from = path("dataNode.flush.insertBufSize");
    const to = path("dataNode.segment.insertBufSize");
    const value = getValue(given, from);
    if (value === undefined || value === null || chartOlderThan(chart, "3.3.0") || chartAtLeast(chart, SHORTCUTS_UNTIL))
      return NOTHING;
    const present = getValue(given, to);
    if (present !== undefined && !sameSetting(present, value)) {
      return refuse({
        rule: bufferRule.name,
        reason: `milvus:values sets ${formatPath(from)} and, differently, ${formatPath(to)}: the chart knows the second only.`,
        remedy: `Take the first out: pulumi config rm --path 'milvus:values.${formatPath(from)}'`,
        source: bufferRule.source,
      });
    }
    return { moves: [{ from, to, into: "values", value, reason: `chart ${chart} calls it ${formatPath(to)}` }] };
  },
};

export const ownConfigRule: ValueRule = {
  name: "a_config_map_of_your_own_is_not_updated",
  source: "docs/upgrade-facts.md 5.5c: customConfigMap, chart 4.1.35",
  explanation:
    "With customConfigMap the chart renders no configuration: what a new version needs there is up to whoever wrote it.",
  apply: ({ given, chart, now, to }) => {
    const name = asText(getValue(given, path(OWN_CONFIG)));
    if (!now || name === "" || chartOlderThan(chart, OWN_CONFIG_SINCE) || now.version === to) return NOTHING;
    return {
      warnings: [
        `customConfigMap is ${name}: the chart renders no configuration. Compare it with what helm template shows for chart ${chart} without it, before this upgrade.`,
      ],
    };
  },
};
