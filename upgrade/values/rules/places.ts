import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import { list, refuse } from "../../refusal";
import {
  BUNDLED,
  configured,
  isOn,
  LOCAL_STORAGE,
  OWN_CONFIG,
  ownConfigMap,
  PLACES,
  type Place,
  placed,
  ROCKSMQ,
  type Setup,
  valueIn,
  WOODPECKER_FOLDER,
} from "../tables/places";
import { asText, formatPath, getValue, path, sameValue } from "../tree";
import { USER_YAML_NAME } from "../userYaml";
import { NOTHING, type Setting, type ValueRule } from "./rule";
import { runningSetup, wantedSetup } from "./setup";
import { isOnAVolume, mountOf } from "./volumes";

/** Places that charts moved by themselves: written by an old chart and no more, or from a new one on. */
const KEPT: readonly { readonly place: Place; readonly why: string }[] = [
  { place: ROCKSMQ, why: "charts below 4.0.0 wrote this path, and the queue lies there" },
  { place: WOODPECKER_FOLDER, why: "charts from 5.0.8 on write another path, and the queue lies here" },
];

/** Settings of an external object storage that these charts take from minio.* instead. */
const S3_READ_FROM_MINIO = { since: "4.1.36", until: "4.2.2", fields: ["region", "iamEndpoint"] };

export const keptPlaceRule: ValueRule = {
  name: "a_place_that_the_chart_moves_is_kept",
  source: "docs/upgrade-facts.md 5.9: config.tpl of charts 3.3.6, 4.0.0, 4.1.35, 4.1.36, 5.0.7 and 5.0.8",
  explanation:
    "Chart 4.0.0 writes rocksmq.path no more, which was below standalone.persistence.mountPath, and 5.0.8 begins to write woodpecker.storage.rootPath: the path in force goes to user.yaml, or the queue would be left behind. So do externalS3.region and iamEndpoint for charts 4.1.36 to 4.2.1, which read minio's instead.",
  apply: (context) => {
    const { given, chart } = context;
    if (ownConfigMap(given, chart) !== "") return NOTHING;
    const [now, next] = [runningSetup(context), wantedSetup(context)];
    const kept = KEPT.flatMap(({ place, why }): Setting[] => {
      if (!now || place.isUsed?.(now) === false || configured(next, place.settings) !== undefined) return [];
      const running = placed(place, now);
      return placed(place, next) === running ? [] : [{ to: place.settings[0], value: running, reason: why }];
    });
    return { settings: [...kept, ...s3Settings(next)] };
  },
};

function s3Settings(next: Setup): Setting[] {
  const { since, until, fields } = S3_READ_FROM_MINIO;
  if (!isOn(next, "externalS3.enabled") || chartOlderThan(next.chart, since) || chartAtLeast(next.chart, until)) {
    return [];
  }
  return fields.flatMap((field) => {
    const value = valueIn(next, `externalS3.${field}`) ?? "";
    const to = ["minio", field];
    if (value === "" || configured(next, [to]) !== undefined) return [];
    return [{ to, value, reason: `chart ${next.chart} does not read externalS3.${field}` }];
  });
}

/** Switches that decide where metadata and data are. */
const EXTERNAL = ["externalEtcd.enabled", "externalS3.enabled"] as const;

export const placeRule: ValueRule = {
  name: "metadata_and_data_stay_where_they_are",
  source: "docs/upgrade-facts.md 5.3, 5.5 and 5.9; milvus issues 41018 and 19332",
  explanation:
    "Everything that decides where metadata, messages and data are is what is in force, in the chart's values and in user.yaml: root paths, prefixes, bucket, tenant, folders, kinds of store, bundled or external, the chart's configuration or a customConfigMap. With others Milvus starts empty. Another address is said: it may lead to the same place.",
  apply: (context) => {
    const { given, chart, releaseName } = context;
    const now = runningSetup(context);
    if (!now) return NOTHING;
    const next = wantedSetup(context);
    const [config, nextConfig] = [ownConfigMap(now.values, now.chart), ownConfigMap(given, chart)];
    if (config !== nextConfig) refusePlace("the ConfigMap with the configuration", OWN_CONFIG, config, nextConfig);
    for (const key of EXTERNAL) {
      const [running, wanted] = [now, next].map((setup) => String(isOn(setup, key)));
      if (running !== wanted) refusePlace(key, key, running ?? "", wanted ?? "");
    }
    refuseSwitchedOff(now, next);
    // What a ConfigMap of the user's own says is not read.
    if (config !== "") return NOTHING;
    const changed = PLACES.filter(
      (place) => (place.isUsed?.(now) ?? true) && placed(place, now) !== placed(place, next),
    );
    return { warnings: changed.map((place) => sayOrRefuse(place, now, next, releaseName)) };
  },
};

function sayOrRefuse(place: Place, now: Setup, next: Setup, releaseName: string): string {
  const [running, wanted] = [placed(place, now), placed(place, next)];
  const key = keyOf(place, next);
  if (place === LOCAL_STORAGE && !isOnAVolume(mountOf(running, now))) {
    return `${key} moves the data from ${running}, which is on no volume, to ${wanted}: only what was copied there is found again.`;
  }
  const leaves = (address: string) => address !== BUNDLED && !address.includes(`${releaseName}-`);
  const isSwitch = (running === BUNDLED && leaves(wanted)) || (wanted === BUNDLED && leaves(running));
  if (place.isAddress && !isSwitch) return `${key} is not what runs: it must lead to the same data.`;
  // An address may hold a password.
  const shown = (text: string) => (place.isAddress && text !== BUNDLED ? "one of your own" : `"${text}"`);
  return refusePlace(place.what, key, shown(running), shown(wanted), true);
}

/** What the user has to look at: user.yaml, or the chart's value. */
function keyOf(place: Place, setup: Setup): string {
  const key = place.key?.(setup);
  return key === undefined || configured(setup, place.settings) !== undefined
    ? `milvus:values.${USER_YAML_NAME}, ${formatPath(place.settings[0])},`
    : `milvus:values.${key}`;
}

/** A dependency that the chart no longer brings, and nothing in its place. */
function refuseSwitchedOff(now: Setup, next: Setup): void {
  for (const [part, external, setting] of [
    ["etcd", "externalEtcd.enabled", ["etcd", "endpoints"]],
    ["minio", "externalS3.enabled", ["minio", "address"]],
  ] as const) {
    const key = `${part}.enabled`;
    const isReplaced = isOn(next, external) || configured(next, [setting]) !== undefined;
    if (isReplaced || !isOn(now, key, true) || isOn(next, key, true)) continue;
    refusePlace(key, key, "true", "false");
  }
}

function refusePlace(what: string, key: string, running: string, wanted: string, isShown = false): never {
  const shown = (text: string) => (isShown ? text : `"${text}"`);
  const where = key.startsWith("milvus:values") ? key.replace(/,$/, "") : `milvus:values.${key}`;
  return refuse({
    rule: placeRule.name,
    reason: `${what} is ${shown(running)} in the running release and would become ${shown(wanted)}: Milvus would start without what it has.`,
    remedy: `Set ${where} to what is in force.`,
    source: placeRule.source,
  });
}

interface MemberCount {
  readonly key: string;
  readonly isUsed: (setup: Setup) => boolean;
}

const isBundledEtcd = (setup: Setup) => !isOn(setup, "externalEtcd.enabled");
const runsOn =
  (queue: Setup["queue"]) =>
  (setup: Setup): boolean =>
    setup.queue === queue;

const MEMBERS: readonly MemberCount[] = [
  { key: "etcd.replicaCount", isUsed: isBundledEtcd },
  ...["pulsar", "pulsarv3"].flatMap((name) =>
    ["zookeeper", "bookkeeper"].map((part) => ({
      key: `${name}.${part}.replicaCount`,
      isUsed: runsOn(name as Setup["queue"]),
    })),
  ),
  { key: "kafka.replicaCount", isUsed: runsOn("kafka") },
  { key: "kafka.zookeeper.replicaCount", isUsed: runsOn("kafka") },
  { key: "woodpecker.replicaCount", isUsed: runsOn("woodpecker") },
];

export const memberRule: ValueRule = {
  name: "members_change_in_a_run_of_their_own",
  source:
    "etcd documentation, runtime reconfiguration; BookKeeper documentation, decommission; docs/upgrade-facts.md 4.2",
  explanation:
    "etcd, ZooKeeper, BookKeeper, Kafka and Woodpecker keep data on each member. Another count of them together with another Milvus version or chart is refused, and said where nothing else changes.",
  apply: (context) => {
    const now = runningSetup(context);
    if (!now || !context.now) return NOTHING;
    const changed = MEMBERS.filter(({ isUsed }) => isUsed(now))
      .map(({ key }) => {
        // Where the record does not have the chart's own count, leaving a key out says nothing.
        const recorded = context.now?.defaults ?? {};
        const [running, wanted] = [now.values, context.given].map(
          (values) => getValue(values, path(key)) ?? getValue(recorded, path(key)),
        );
        return { key, running, wanted };
      })
      .filter(({ running, wanted }) => running !== undefined && wanted !== undefined && !sameValue(running, wanted));
    if (changed.length === 0) return NOTHING;
    const what = list(changed.map(({ key, running, wanted }) => `${key} from ${asText(running)} to ${asText(wanted)}`));
    if (context.now.version === context.to && context.now.chart === context.chart) {
      return {
        warnings: [
          `milvus:values changes the members of a store: ${what}. A member that goes takes what only it has with it: look at the store's own documentation first.`,
        ],
      };
    }
    return refuse({
      rule: memberRule.name,
      reason: `milvus:values changes the members of a store together with Milvus or its chart: ${what}. If something goes wrong then, its cause is not known; and a member that goes may take data with it.`,
      remedy: `Set ${changed.length > 1 ? "them" : "it"} as in the running release now, and change ${changed.length > 1 ? "them" : "it"} in a run of its own, with the version and chart that run.`,
      source: memberRule.source,
    });
  },
};
