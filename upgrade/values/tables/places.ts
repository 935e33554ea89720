import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import type { Topology } from "../../plan/topology";
import type { MessageQueue } from "../rules/messageQueue";
import { asText, getValue, isTrue, path, type ValuePath } from "../tree";
import { userConfigValue } from "../userYaml";
import { chartReads } from "./chartReads";

/** From here user.yaml is laid over the chart's configuration (fact 5.1). */
export const USER_YAML_SINCE = "3.3.2";
/** From here the configuration can be a ConfigMap of the user's own, and the chart then renders none (fact 5.5). */
export const OWN_CONFIG_SINCE = "4.1.35";
export const OWN_CONFIG = "customConfigMap";

/** What runs, or will: values with the chart that reads them. */
export interface Setup {
  /** The user's values. */
  readonly values: HelmValues;
  readonly chart: string;
  /** The chart's own values where they are known, from the release record: a fork has others. */
  readonly defaults: HelmValues;
  readonly mode: Topology["mode"];
  readonly queue: MessageQueue;
}

/** Where Milvus keeps something, or finds it. */
export interface Place {
  readonly what: string;
  /** Milvus' own names for it in user.yaml; the first one is the present one. */
  readonly settings: readonly [ValuePath, ...ValuePath[]];
  /** What the chart writes into Milvus' configuration; undefined: nothing. Default: never anything. */
  readonly written?: (setup: Setup) => HelmValue | undefined;
  /** Value of the chart that decides; undefined where user.yaml alone does. */
  readonly key?: (setup: Setup) => string | undefined;
  /** Milvus' own default. */
  readonly byDefault: string;
  /** Default: always. */
  readonly isUsed?: (setup: Setup) => boolean;
  /** Another spelling of the same. */
  readonly normal?: (text: string) => string;
  /** Where it is found, which may be the same place under another name; default: what decides which data Milvus sees. */
  readonly isAddress?: true;
}

/** Stands for the address of a dependency that the chart brings. */
export const BUNDLED = "that of the bundled one";

/** The user's value or else the chart's. */
export function valueIn({ values, defaults }: Setup, key: string): HelmValue | undefined {
  return getValue(values, path(key)) ?? getValue(defaults, path(key));
}

export function isOn(setup: Setup, key: string, byDefault = false): boolean {
  return isTrue(valueIn(setup, key) ?? byDefault);
}

/** What user.yaml says, where the chart lets Milvus read it. */
export function configured({ values, chart }: Setup, settings: readonly ValuePath[]): HelmValue | undefined {
  if (!chartAtLeast(chart, USER_YAML_SINCE) || ownConfigMap(values, chart) !== "") return undefined;
  return settings.map((setting) => userConfigValue(values, setting)).find((value) => value !== undefined);
}

/** Name of the ConfigMap that takes the place of the chart's; empty: none. */
export function ownConfigMap(values: HelmValues, chart: string): string {
  return chartAtLeast(chart, OWN_CONFIG_SINCE) ? asText(getValue(values, path(OWN_CONFIG))) : "";
}

/** What Milvus takes for it: user.yaml goes over the chart's word, and that over Milvus' own. */
export function placed(place: Place, setup: Setup): string {
  const { settings, written, byDefault, normal = (text: string) => text } = place;
  const value = configured(setup, settings) ?? written?.(setup) ?? byDefault;
  return normal(Array.isArray(value) ? value.map(asText).toSorted().join(",") : asText(value));
}

const withoutSlash = (text: string) => text.replace(/(?<=.)\/+$/, "");
const isLocal = (text: string) => (text === "local" ? "local" : "remote");

/** The chart writes the value of this key, as long as its templates read it. */
const from =
  (key: string, byDefault: string) =>
  (setup: Setup): HelmValue | undefined =>
    chartReads(path(key), setup.chart) ? (valueIn(setup, key) ?? byDefault) : undefined;

const isExternalStorage = (setup: Setup) => isOn(setup, "externalS3.enabled");
const ofStorage =
  (field: string, external: string) =>
  (setup: Setup): string =>
    isExternalStorage(setup) ? `externalS3.${external}` : `minio.${field}`;
const bucketKey = (setup: Setup) =>
  isOn(setup, "minio.gcsgateway.enabled") && chartReads(path("externalGcs.bucketName"), setup.chart)
    ? "externalGcs.bucketName"
    : ofStorage("bucketName", "bucketName")(setup);
const rootKey = ofStorage("rootPath", "rootPath");
const runsOn =
  (...queues: readonly MessageQueue[]) =>
  ({ queue }: Setup) =>
    queues.includes(queue);
const hostAndPort = (setup: Setup, host: string, port: string) =>
  [valueIn(setup, host), valueIn(setup, port)]
    .map(asText)
    .filter((text) => text !== "")
    .join(":");

export const STANDALONE_MOUNT = "standalone.persistence.mountPath";
export const MILVUS_HOME = "/var/lib/milvus";

export const STORAGE_TYPE: Place = {
  what: "the kind of the object storage",
  settings: [["common", "storageType"]],
  // Below 4.0.0 charts write "minio", from 4.1.10 on "remote" for Azure: the same to what is asked here.
  byDefault: "remote",
  normal: isLocal,
};

export const LOCAL_STORAGE: Place = {
  what: "the folder of the local object storage",
  settings: [["localStorage", "path"]],
  byDefault: `${MILVUS_HOME}/data`,
  isUsed: (setup) => placed(STORAGE_TYPE, setup) === "local",
  normal: withoutSlash,
};

export const ROCKSMQ: Place = {
  what: "the folder of RocksMQ",
  settings: [["rocksmq", "path"]],
  written: (setup) =>
    chartOlderThan(setup.chart, "4.0.0")
      ? `${withoutSlash(asText(valueIn(setup, STANDALONE_MOUNT) ?? MILVUS_HOME))}/rdb_data`
      : undefined,
  key: ({ chart }) => (chartOlderThan(chart, "4.0.0") ? STANDALONE_MOUNT : undefined),
  byDefault: `${MILVUS_HOME}/rdb_data`,
  isUsed: runsOn("rocksmq"),
  normal: withoutSlash,
};

/** From here the chart writes where Woodpecker keeps its log. */
const WOODPECKER_SINCE = "5.0.8";
const isWoodpeckerService = (setup: Setup) =>
  valueIn(setup, "streaming.woodpecker.embedded") === false && isOn(setup, "woodpecker.enabled");

export const WOODPECKER_TYPE: Place = {
  what: "the kind of Woodpecker's storage",
  settings: [["woodpecker", "storage", "type"]],
  written: (setup) => {
    if (chartOlderThan(setup.chart, WOODPECKER_SINCE)) return undefined;
    return isWoodpeckerService(setup) ? "service" : (valueIn(setup, "streaming.woodpecker.storage.type") ?? "minio");
  },
  key: (setup) => (isWoodpeckerService(setup) ? "streaming.woodpecker.embedded" : "streaming.woodpecker.storage.type"),
  byDefault: "minio",
  isUsed: runsOn("woodpecker"),
};

export const WOODPECKER_FOLDER: Place = {
  what: "the folder of Woodpecker",
  settings: [["woodpecker", "storage", "rootPath"]],
  written: ({ chart, mode }) => {
    if (chartOlderThan(chart, WOODPECKER_SINCE)) return undefined;
    return mode === "cluster" ? "/woodpecker/data" : `${MILVUS_HOME}/wp`;
  },
  byDefault: `${MILVUS_HOME}/woodpecker`,
  // In the object storage its place is the root path there, whatever this says.
  isUsed: (setup) => runsOn("woodpecker")(setup) && placed(WOODPECKER_TYPE, setup) === "local",
  normal: withoutSlash,
};

const isEmbedded = (setup: Setup) => placed(EMBEDDED_ETCD, setup) === "true";
const EMBEDDED_ETCD: Place = {
  what: "whether etcd is embedded in Milvus",
  settings: [["etcd", "use", "embed"]],
  byDefault: "false",
};

export const EMBEDDED_ETCD_FOLDER: Place = {
  what: "the folder of the embedded etcd",
  settings: [["etcd", "data", "dir"]],
  byDefault: "default.etcd",
  isUsed: isEmbedded,
  normal: withoutSlash,
};

export const NATS_FOLDER: Place = {
  what: "the folder of NATS",
  settings: [["natsmq", "server", "storeDir"]],
  byDefault: `${MILVUS_HOME}/nats`,
  isUsed: runsOn("natsmq"),
  normal: withoutSlash,
};

const META_STORE: Place = {
  what: "the kind of the metadata's store",
  settings: [["metastore", "type"]],
  written: (setup) =>
    chartReads(["mysql", "enabled"], setup.chart) &&
    (isOn(setup, "mysql.enabled") || isOn(setup, "externalMysql.enabled"))
      ? "mysql"
      : "etcd",
  byDefault: "etcd",
};
const isTikv = (setup: Setup) => placed(META_STORE, setup) === "tikv";

const ofUserYaml = (what: string, setting: string, byDefault: string, isUsed?: Place["isUsed"]): Place => ({
  what,
  settings: [path(setting)],
  byDefault,
  ...(isUsed && { isUsed }),
});

const pulsarKey = (field: string) => (setup: Setup) =>
  isOn(setup, "externalPulsar.enabled") ? `externalPulsar.${field}` : undefined;
const ofPulsar = (what: string, field: "tenant" | "namespace", byDefault: string): Place => ({
  what,
  settings: [["pulsar", field]],
  written: (setup) => (pulsarKey(field)(setup) ? from(`externalPulsar.${field}`, byDefault)(setup) : undefined),
  key: pulsarKey(field),
  byDefault,
  isUsed: runsOn("externalPulsar", "pulsar", "pulsarv3"),
});

/** Everything that decides where metadata, messages and data are: config.tpl of all charts, and Milvus' milvus.yaml. */
export const PLACES: readonly Place[] = [
  {
    what: "the metadata's root path in etcd",
    settings: [["etcd", "rootPath"]],
    written: from("metadata.rootPath", "by-dev"),
    key: () => "metadata.rootPath",
    byDefault: "by-dev",
  },
  ofUserYaml("the metadata's sub path in etcd", "etcd.metaSubPath", "meta"),
  ofUserYaml("the sub path of key-value pairs in etcd", "etcd.kvSubPath", "kv"),
  META_STORE,
  EMBEDDED_ETCD,
  EMBEDDED_ETCD_FOLDER,
  ofUserYaml("the metadata's root path in TiKV", "tikv.rootPath", "by-dev", isTikv),
  ofUserYaml("the metadata's sub path in TiKV", "tikv.metaSubPath", "meta", isTikv),
  ofUserYaml("the sub path of key-value pairs in TiKV", "tikv.kvSubPath", "kv", isTikv),
  {
    what: "the prefix of the message channels",
    // The second name is that of 2.2, which later versions still read.
    settings: [
      ["msgChannel", "chanNamePrefix", "cluster"],
      ["common", "chanNamePrefix", "cluster"],
    ],
    written: from("msgChannel.chanNamePrefix.cluster", "by-dev"),
    key: () => "msgChannel.chanNamePrefix.cluster",
    byDefault: "by-dev",
  },
  {
    what: "the data's root path in the object storage",
    settings: [["minio", "rootPath"]],
    written: (setup) => valueIn(setup, rootKey(setup)) ?? (isExternalStorage(setup) ? "" : "file"),
    key: rootKey,
    byDefault: "files",
  },
  {
    what: "the bucket of the data",
    settings: [["minio", "bucketName"]],
    written: (setup) =>
      valueIn(setup, bucketKey(setup)) ?? (bucketKey(setup).startsWith("minio") ? "milvus-bucket" : ""),
    key: bucketKey,
    byDefault: "a-bucket",
  },
  STORAGE_TYPE,
  LOCAL_STORAGE,
  ROCKSMQ,
  NATS_FOLDER,
  WOODPECKER_TYPE,
  WOODPECKER_FOLDER,
  ofUserYaml("the prefix of Woodpecker's metadata", "woodpecker.meta.prefix", "woodpecker", runsOn("woodpecker")),
  ofPulsar("Pulsar's tenant", "tenant", "public"),
  ofPulsar("Pulsar's namespace", "namespace", "default"),
  {
    what: "the address of etcd",
    settings: [["etcd", "endpoints"]],
    written: (setup) =>
      isOn(setup, "externalEtcd.enabled") ? (valueIn(setup, "externalEtcd.endpoints") ?? []) : BUNDLED,
    key: (setup) => (isOn(setup, "externalEtcd.enabled") ? "externalEtcd.endpoints" : undefined),
    byDefault: "localhost:2379",
    isAddress: true,
  },
  {
    what: "the address of the object storage",
    settings: [["minio", "address"]],
    written: (setup) => (isExternalStorage(setup) ? hostAndPort(setup, "externalS3.host", "externalS3.port") : BUNDLED),
    key: (setup) => (isExternalStorage(setup) ? "externalS3.host" : undefined),
    byDefault: "localhost",
    isUsed: (setup) => placed(STORAGE_TYPE, setup) !== "local",
    isAddress: true,
  },
  {
    what: "the address of Pulsar",
    settings: [["pulsar", "address"]],
    written: (setup) =>
      pulsarKey("host")(setup) ? hostAndPort(setup, "externalPulsar.host", "externalPulsar.port") : BUNDLED,
    key: pulsarKey("host"),
    byDefault: "localhost",
    isUsed: runsOn("externalPulsar", "pulsar", "pulsarv3"),
    isAddress: true,
  },
  {
    what: "the address of Kafka",
    settings: [["kafka", "brokerList"]],
    written: (setup) =>
      isOn(setup, "externalKafka.enabled") ? (valueIn(setup, "externalKafka.brokerList") ?? "") : BUNDLED,
    key: (setup) => (isOn(setup, "externalKafka.enabled") ? "externalKafka.brokerList" : undefined),
    byDefault: "",
    isUsed: runsOn("externalKafka", "kafka"),
    isAddress: true,
  },
  {
    what: "the address of TiKV",
    settings: [["tikv", "endpoints"]],
    byDefault: "",
    isUsed: isTikv,
    isAddress: true,
  },
];
