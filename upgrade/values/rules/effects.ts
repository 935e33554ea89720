import { distance } from "fastest-levenshtein";
import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValues } from "../../model";
import { list, refuse } from "../../refusal";
import { chartRelease } from "../../versions/releases";
import { chartReads, ignoredSince, isOfSubchart, keysRead, readSince } from "../tables/chartReads";
import { USER_YAML_SINCE } from "../tables/places";
import { removedKeys } from "../tables/removedKeys";
import { SHORTCUTS_UNTIL, shortcutsIn } from "../tables/shortcuts";
import { asText, formatPath, getValue, isHidden, isTrue, leafPaths, path, sameValue, type ValuePath } from "../tree";
import { USER_YAML_NAME, userConfigPaths, userConfigValue } from "../userYaml";
import { NOTHING, type ValueContext, type ValueRule } from "./rule";

/** More of them would hide the other warnings. */
const SHOWN = 12;

function named(keys: readonly string[]): string {
  const more = keys.length - SHOWN;
  return more > 1 ? `${keys.slice(0, SHOWN).join(", ")} and ${more} more` : list(keys);
}

/** Values of Milvus' own chart, leaf by leaf, without those of what the layout does not have. */
function ownLeaves(values: HelmValues, mode: string | undefined): ValuePath[] {
  const isUsed = (part: string | undefined) =>
    mode === undefined || (mode === "standalone" ? !OF_CLUSTERS.has(part ?? "") : part !== "standalone");
  return leafPaths(values).filter((keys) => !isOfSubchart(keys) && isUsed(keys[0]) && keys[0] !== "extraConfigFiles");
}

const OF_CLUSTERS = new Set([
  "rootCoordinator",
  "dataCoordinator",
  "queryCoordinator",
  "indexCoordinator",
  "mixCoordinator",
  "queryNode",
  "dataNode",
  "indexNode",
  "streamingNode",
  "proxy",
  "cdc",
]);

export const addedKeyRule: ValueRule = {
  name: "a_key_that_begins_to_count",
  source: "docs/upgrade-facts.md 5.1 and 5.8: the templates of all charts compared",
  explanation:
    "A value that the release has had all along, and that no template of its chart read, takes effect with the new chart; each is named. So are the settings of user.yaml, which charts below 3.3.2 do not give to Milvus.",
  apply: ({ given, chart, now }) => {
    if (!now) return NOTHING;
    const begins = ownLeaves(given, now.topology.mode)
      .filter((keys) => getValue(now.values, keys) !== undefined)
      .filter((keys) => !chartReads(keys, now.chart) && chartReads(keys, chart));
    const settings = settingsThatBegin({ given, chart, now });
    const groups = bySince(begins, (keys) => readSince(keys, now.chart) ?? chart);
    return {
      warnings: [
        ...[...groups].map(([since, keys]) =>
          keys.length === 1
            ? `milvus:values.${keys[0] ?? ""} was ignored until now: charts from ${since} on do what it says.`
            : `milvus:values sets ${named(keys)}, which were ignored until now: charts from ${since} on do what they say.`,
        ),
        ...(settings.length === 0
          ? []
          : [
              `${USER_YAML_NAME} was ignored until now: charts from ${USER_YAML_SINCE} on give it to Milvus. It sets ${named(settings.map(formatPath))}.`,
            ]),
      ],
    };
  },
};

/** Settings that are in user.yaml already, where it has not been read so far. */
function settingsThatBegin({ given, chart, now }: Pick<ValueContext, "given" | "chart" | "now">): ValuePath[] {
  if (!now || chartAtLeast(now.chart, USER_YAML_SINCE) || chartOlderThan(chart, USER_YAML_SINCE)) return [];
  const known = new Set(userConfigPaths(now.values).map(formatPath));
  return userConfigPaths(given).filter((keys) => known.has(formatPath(keys)));
}

function bySince(leaves: readonly ValuePath[], since: (keys: ValuePath) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const keys of leaves) groups.set(since(keys), [...(groups.get(since(keys)) ?? []), formatPath(keys)]);
  return groups;
}

/** Settings by which clients that work now are turned away. */
const LOCKS: readonly {
  readonly setting: ValuePath;
  readonly what: string;
  readonly isOn: (text: string) => boolean;
}[] = [
  {
    setting: ["common", "security", "authorizationEnabled"],
    what: "clients without a user and password",
    isOn: (text) => text === "true",
  },
  { setting: ["common", "security", "tlsMode"], what: "clients without TLS", isOn: (text) => Number(text) > 0 },
];
const AUTHORIZATION = path("authorization.enabled");

export const lockOutRule: ValueRule = {
  name: "no_clients_locked_out",
  source: "docs/upgrade-facts.md 5.1 and 5.8: templates of charts 3.0.20, 3.0.21, 3.3.1 and 3.3.2",
  explanation:
    "Charts below 3.3.2 do not give user.yaml to Milvus, and those below 3.0.21 do not read authorization.enabled. Where authorization or TLS stands there without effect, the new chart would switch it on and reject every client: refused.",
  apply: ({ given, chart, now }) => {
    if (!now) return NOTHING;
    const begins = settingsThatBegin({ given, chart, now });
    // The shortcut has switched it on already.
    const hasBefore = chartReads(AUTHORIZATION, now.chart) && isTrue(getValue(now.values, AUTHORIZATION));
    const inYaml = LOCKS.filter(
      ({ setting, isOn }) =>
        begins.some((keys) => formatPath(keys) === formatPath(setting)) &&
        isOn(asText(userConfigValue(given, setting))) &&
        !(setting.includes("authorizationEnabled") && hasBefore),
    ).map(({ setting, what }) => ({ key: `${USER_YAML_NAME}: ${formatPath(setting)}`, what }));
    const isShortcut =
      [given, now.values].every((values) => isTrue(getValue(values, AUTHORIZATION))) &&
      !chartReads(AUTHORIZATION, now.chart) &&
      chartReads(AUTHORIZATION, chart);
    const locks = [...inYaml, ...(isShortcut ? [{ key: formatPath(AUTHORIZATION), what: LOCKS[0]?.what ?? "" }] : [])];
    const [first] = locks;
    if (first === undefined) return NOTHING;
    return refuse({
      rule: lockOutRule.name,
      reason: `milvus:values sets ${list(locks.map(({ key }) => key))}, which chart ${now.chart} ignores and chart ${chart} does: ${list(locks.map(({ what }) => what))} would be rejected.`,
      remedy: `Take ${locks.length > 1 ? "them" : "it"} out for this upgrade. To have ${locks.length > 1 ? "them" : "it"}, prepare the clients and set ${locks.length > 1 ? "them" : "it"} in a run of its own afterwards.`,
      source: lockOutRule.source,
    });
  },
};

/** Their values go to user.yaml, and that is shown; see keptPlaceRule. */
const CARRIED = new Set(["externalS3.region", "externalS3.iamEndpoint"]);

export const removedKeyRule: ValueRule = {
  name: "a_key_the_chart_lost",
  source: "docs/upgrade-facts.md 5.1 to 5.8: the values.yaml and templates of all charts compared",
  explanation:
    "A value of the user's at a key that the chart does not read any more is ignored by the chart, also where values.yaml still has the key; each is named.",
  apply: ({ given, chart, now }) => {
    // Their values were moved, and that is shown.
    const removed = removedKeys(given, chart).filter(
      ({ since, key }) => since !== SHORTCUTS_UNTIL && key !== "dataNode.flush",
    );
    const shortcuts = new Set(shortcutsIn(given).map(({ from }) => formatPath(from)));
    const lost = ownLeaves(given, now?.topology.mode).filter((keys) => {
      const key = formatPath(keys);
      const isNamed = removed.some((it) => key === it.key || key.startsWith(`${it.key}.`));
      return !isNamed && !shortcuts.has(key) && !CARRIED.has(key) && ignoredSince(keys, chart) !== undefined;
    });
    const groups = bySince(lost, (keys) => ignoredSince(keys, chart) ?? chart);
    return {
      warnings: [...removed.map(({ key, since }) => ({ since, keys: [key] })), ...asList(groups)].map(
        ({ keys, since }) => `milvus:values sets ${named(keys)}, which charts from ${since} on ignore.`,
      ),
    };
  },
};

function asList(groups: Map<string, string[]>) {
  return [...groups].map(([since, keys]) => ({ since, keys }));
}

export const unknownKeyRule: ValueRule = {
  name: "a_key_that_no_chart_reads",
  source: "docs/upgrade-facts.md 5.8: the templates of all charts",
  explanation:
    "A value at a key that no template of any public chart reads has no effect, most often since it is misspelt: each is named, with the key that is nearest. The values of subcharts, and charts that the catalogue does not have, are not looked at.",
  apply: ({ given, chart, now }) => {
    if (chartRelease(chart) === undefined) return NOTHING;
    const shortcuts = new Set(shortcutsIn(given).map(({ from }) => formatPath(from)));
    const unknown = ownLeaves(given, undefined)
      .filter((keys) => readSince(keys) === undefined && !shortcuts.has(formatPath(keys)))
      // A copy of the chart's values.yaml, which has a few such keys itself.
      .filter((keys) => isHidden(given, keys) || !isDefault(keys, given, now?.defaults))
      .filter(([part = ""]) => !part.startsWith("x-"))
      .map((keys) => formatPath(keys) + nearest(keys, chart));
    if (unknown.length === 0) return NOTHING;
    return { warnings: [`milvus:values sets what no chart of Milvus reads, so it has no effect: ${named(unknown)}.`] };
  },
};

/** Keys of values.yaml that no template has ever read. */
const IDLE = ["standalone.replicas", "service.externalIPs", "attu.name"];

function isDefault(keys: ValuePath, values: HelmValues, defaults: HelmValues | undefined): boolean {
  // A null that takes nothing away is the same as nothing.
  return IDLE.includes(formatPath(keys)) || sameValue(getValue(values, keys), getValue(defaults ?? {}, keys) ?? null);
}

/** ` (proxy.replicas?)`: a key that the chart reads, as deep as this one and two letters away at most. */
function nearest(keys: ValuePath, chart: string): string {
  const wanted = keys.join(".");
  const [best] = keysRead(chart)
    .map((key) => ({ key, steps: distance(key.toLowerCase(), wanted.toLowerCase()) }))
    .filter(({ key, steps }) => steps <= 2 && key !== wanted)
    .toSorted((a, b) => a.steps - b.steps);
  return best === undefined ? "" : ` (${best.key}?)`;
}
