import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import { list, refuse } from "../../refusal";
import { type FoundShortcut, SHORTCUTS_UNTIL, shortcutsIn } from "../tables/shortcuts";
import { asText, formatPath, getValue, isTrue, path, sameValue, type ValuePath } from "../tree";
import { USER_YAML_NAME, userConfigValue } from "../userYaml";
import { NOTHING, type ValueRule } from "./rule";

/** From here user.yaml is laid over the chart's configuration (fact 5.1). */
const USER_YAML_SINCE = "3.3.2";

export const shortcutRule: ValueRule = {
  name: "config_shortcuts_move_to_user_yaml",
  source: "facts 5.2 and 5.3: milvus-helm chart 4.0.0 README, Breaking Changes",
  explanation:
    "Chart 4.0.0 ignores every shortcut into Milvus' configuration, metadata.rootPath first of all: Milvus would start empty. For such a chart the user's values move to extraConfigFiles[\"user.yaml\"]; one whose place there is not known is refused by name.",
  apply: ({ given, chart, now }) => {
    if (chartOlderThan(chart, SHORTCUTS_UNTIL)) return NOTHING;
    const all = shortcutsIn(given);
    // On a chart that ignored them already they are not in force, and moving them would change what runs.
    const isInForce = ({ to }: FoundShortcut) =>
      now === undefined ||
      chartOlderThan(now.chart, SHORTCUTS_UNTIL) ||
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
  source: "fact 5.1: values.yaml of charts 3.2.18 and 3.3.0",
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

interface Place {
  readonly what: string;
  readonly setting: ValuePath;
  /** The chart's value for it, and where the object storage is external. */
  readonly shortcut: string;
  readonly external?: string;
  readonly byDefault: string;
}

const PLACES: readonly Place[] = [
  {
    what: "the metadata's root path in etcd",
    setting: ["etcd", "rootPath"],
    shortcut: "metadata.rootPath",
    byDefault: "by-dev",
  },
  {
    what: "the prefix of the message channels",
    setting: ["msgChannel", "chanNamePrefix", "cluster"],
    shortcut: "msgChannel.chanNamePrefix.cluster",
    byDefault: "by-dev",
  },
  {
    what: "the data's root path in the object storage",
    setting: ["minio", "rootPath"],
    shortcut: "minio.rootPath",
    external: "externalS3.rootPath",
    byDefault: "file",
  },
  {
    what: "the bucket of the data",
    setting: ["minio", "bucketName"],
    shortcut: "minio.bucketName",
    external: "externalS3.bucketName",
    byDefault: "milvus-bucket",
  },
];

/** Switches that decide where metadata and data are. */
const EXTERNAL = ["externalEtcd.enabled", "externalS3.enabled"] as const;
/** Where they are then. Another name may lead to the same place, so these are said and not refused. */
const ADDRESSES = ["externalEtcd.endpoints", "externalS3.host"] as const;
/** From here the configuration can be a ConfigMap of the user's own, and the chart then renders none (fact 5.5). */
const OWN_CONFIG_SINCE = "4.1.35";
const OWN_CONFIG = "customConfigMap";

export const placeRule: ValueRule = {
  name: "metadata_and_data_stay_where_they_are",
  source: "facts 5.3 and 5.5; milvus issues 41018 and 19332",
  explanation:
    "Root path, channel prefix, bucket, the choice between bundled and external etcd and object storage, and whether the configuration is the chart's or a customConfigMap are those that are in force: with others Milvus starts empty. Another address of an external etcd or storage is said.",
  apply: ({ given, chart, now }) => {
    if (!now) return NOTHING;
    const ownConfig = (values: HelmValues, of: string) =>
      chartAtLeast(of, OWN_CONFIG_SINCE) ? asText(getValue(values, path(OWN_CONFIG))) : "";
    const [config, nextConfig] = [ownConfig(now.values, now.chart), ownConfig(given, chart)];
    if (config !== nextConfig) refusePlace("the ConfigMap with the configuration", OWN_CONFIG, config, nextConfig);
    for (const key of EXTERNAL) {
      const [running, wanted] = [now.values, given].map((values) => String(isTrue(getValue(values, path(key)))));
      if (running !== wanted) refusePlace(key, key, running ?? "", wanted ?? "");
    }
    for (const place of PLACES) {
      const running = placed(place, now.values, now.chart);
      const wanted = placed(place, given, chart);
      if (running !== wanted) refusePlace(place.what, keyOf(place, given), running, wanted);
    }
    const moved = ADDRESSES.filter((key) => {
      const [running, wanted] = [now.values, given].map((values) => getValue(values, path(key)));
      return running !== undefined && wanted !== undefined && !sameValue(running, wanted);
    });
    return {
      warnings: moved.map((key) => `milvus:values.${key} is not what runs: it must lead to the same data.`),
    };
  },
};

export const ownConfigRule: ValueRule = {
  name: "a_config_map_of_your_own_is_not_updated",
  source: "fact 5.5: customConfigMap, chart 4.1.35",
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

/** user.yaml goes over the chart's value; a chart that ignores a shortcut leaves Milvus' own default. */
function placed(place: Place, values: HelmValues, chart: string): string {
  const { setting, shortcut, byDefault } = place;
  const configured = chartAtLeast(chart, USER_YAML_SINCE) ? userConfigValue(values, setting) : undefined;
  const isIgnored = chartAtLeast(chart, SHORTCUTS_UNTIL) && !shortcut.startsWith("minio.");
  const key = keyOf(place, values);
  const given =
    configured ?? (isIgnored ? undefined : getValue(values, path(key))) ?? (key === shortcut ? byDefault : "");
  return typeof given === "string" ? given : JSON.stringify(given);
}

function keyOf({ shortcut, external }: Place, values: HelmValues): string {
  return external !== undefined && isTrue(getValue(values, path("externalS3.enabled"))) ? external : shortcut;
}

function refusePlace(what: string, key: string, running: string, wanted: string): never {
  return refuse({
    rule: placeRule.name,
    reason: `${what} is "${running}" in the running release and would become "${wanted}": Milvus would start without what it has.`,
    remedy: `Set milvus:values.${key} to what is in force.`,
    source: placeRule.source,
  });
}
