import type { HelmValue, HelmValues } from "../../../upgrade/model";
import { asText, filledText, getValue, sameValue } from "../../../upgrade/values/tree";
import { type Destination, destinationOf, mountsOf, type Picture, volumeOf } from "../picture";
import type { Breach, Damage, Hop, Invariant } from "./invariant";

/** What Milvus takes where nothing is written (milvus configs/milvus.yaml, the same from 2.1 to 2.6 for these). */
const DEFAULTS: Readonly<Record<string, HelmValue>> = {
  "etcd.rootPath": "by-dev",
  "etcd.metaSubPath": "meta",
  "etcd.kvSubPath": "kv",
  "etcd.use.embed": false,
  "metastore.type": "etcd",
  "minio.bucketName": "a-bucket",
  "minio.rootPath": "files",
  "minio.useSSL": false,
  "minio.useIAM": false,
  "minio.cloudProvider": "aws",
  "msgChannel.chanNamePrefix.cluster": "by-dev",
  "pulsar.tenant": "public",
  "pulsar.namespace": "default",
};

const LOCAL_STORAGE = "/var/lib/milvus/data";
const ROCKSMQ = "/var/lib/milvus/rdb_data";

/** What charts 3.2 and 3.3 write instead, and Milvus reads as well. */
const SECOND_NAMES: Readonly<Record<string, string>> = {
  "msgChannel.chanNamePrefix.cluster": "common.chanNamePrefix.cluster",
};

function setting({ config }: Picture, key: string): HelmValue | undefined {
  const names = [key, SECOND_NAMES[key]].filter((name) => name !== undefined);
  const found = names.map((name) => getValue(config, name.split("."))).find((it) => it !== undefined) ?? null;
  // Two names of the same storage (milvus pkg/util/paramtable: minio is taken for remote).
  if (key === "common.storageType") return found === null || found === "minio" ? "remote" : found;
  return found === null || found === "" ? DEFAULTS[key] : found;
}

/** The message queue that Milvus takes: what is named, or else the first that has a place. */
export function queueOf({ config, mode }: Picture): string {
  const named = filledText(getValue(config, ["mq", "type"])) ?? filledText(config.messageQueue);
  if (named !== undefined && named !== "default") return named;
  const has = (...keys: string[]) => filledText(getValue(config, keys)) !== undefined;
  if (has("pulsar", "address")) return "pulsar";
  if (has("kafka", "brokerList")) return "kafka";
  return mode === "standalone" ? "rocksmq" : "none";
}

function changed(hop: Hop, keys: readonly string[], damage: Damage): Breach[] {
  return keys.flatMap((key) => {
    const [old, next] = [setting(hop.before, key), setting(hop.after, key)];
    if (sameValue(old, next)) return [];
    return [{ what: `${key}: ${shown(old)} → ${shown(next)}`, damage, words: [key, key.split(".").at(-1) ?? key] }];
  });
}

function shown(value: HelmValue | undefined): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

/** Where addresses lead before and after: to the same workload, which answers there. */
function moved(hop: Hop, what: string, addresses: (picture: Picture) => readonly string[], damage: Damage): Breach[] {
  const [old, next] = [hop.before, hop.after].map((picture) =>
    addresses(picture).map((address) => ({ address, ...destinationOf(address, picture) })),
  ) as [Found[], Found[]];
  const places = (found: readonly Found[]) => [...new Set(found.map(({ to }) => to))].sort().join(", ");
  const breaches: Breach[] = [];
  if (places(old) !== places(next)) {
    breaches.push({ what: `${what}: ${places(old)} → ${places(next)}`, damage, words: [what, ...words(what)] });
  }
  // What was dead before is the user's.
  const wasDead = old.some(({ dead }) => dead !== undefined);
  for (const { dead } of wasDead ? [] : next) {
    if (dead === undefined) continue;
    breaches.push({ what: `${what}: ${dead}`, damage: "outage", words: [what, ...words(what)] });
  }
  return breaches;
}
type Found = Destination & { readonly address: string };

/** Keys of the chart and of Milvus that decide the place. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  etcd: ["etcd.service", "externalEtcd", "etcd.enabled", "etcd.endpoints", "etcd.name", "clusterDomain"],
  "object storage": ["minio.", "externalS3", "externalGcs"],
  "message queue": ["pulsar", "kafka", "externalPulsar", "externalKafka"],
};

function words(what: string): readonly string[] {
  return WORDS[what] ?? [];
}

function etcdAddresses({ config }: Picture): string[] {
  const endpoints = getValue(config, ["etcd", "endpoints"]);
  if (Array.isArray(endpoints)) return endpoints.map(asText);
  const text = asText(endpoints);
  return text === "" ? [] : text.split(",");
}

function withPort(config: HelmValues, section: string): string[] {
  const [address, port] = [getValue(config, [section, "address"]), getValue(config, [section, "port"])];
  const host = asText(address).replace(/^\w+:\/\//, "");
  if (host === "") return [];
  return [host.includes(":") ? host : `${host}:${asText(port)}`];
}

function queueAddresses(picture: Picture): string[] {
  const queue = queueOf(picture);
  if (queue === "pulsar") return withPort(picture.config, "pulsar");
  if (queue === "kafka") return asText(getValue(picture.config, ["kafka", "brokerList"])).split(",");
  return [];
}

/** Paths in which the one process of a standalone keeps what must not be lost, and whatever is local to a cluster. */
function localPlaces(picture: Picture): Map<string, string> {
  const places = new Map<string, string>();
  const at = (...keys: string[]) => filledText(getValue(picture.config, keys));
  if (at("common", "storageType") === "local") {
    places.set("the objects (localStorage.path)", at("localStorage", "path") ?? LOCAL_STORAGE);
  }
  if (picture.mode === "standalone") {
    const queue = queueOf(picture);
    if (queue === "rocksmq") places.set("the queue (rocksmq.path)", at("rocksmq", "path") ?? ROCKSMQ);
    if (queue === "natsmq") {
      places.set("the queue (natsmq.server.storeDir)", at("natsmq", "server", "storeDir") ?? "/var/lib/milvus/nats");
    }
    if (queue === "woodpecker" && at("woodpecker", "storage", "type") === "local") {
      places.set("the queue (woodpecker.storage.rootPath)", at("woodpecker", "storage", "rootPath") ?? "");
    }
    if (getValue(picture.config, ["etcd", "use", "embed"]) === true) {
      places.set("the metadata (etcd.data.dir)", at("etcd", "data", "dir") ?? "default.etcd");
    }
  }
  return places;
}

function localMoves({ before, after }: Hop): Breach[] {
  const [old, next] = [localPlaces(before), localPlaces(after)];
  return [...old].flatMap(([what, path]): Breach[] => {
    const then = next.get(what);
    const key = /\((.+)\)/.exec(what)?.[1] ?? what;
    const keys = [key, "persistence.mountPath", "/var/lib/milvus"];
    if (then === undefined) return [];
    // All parts of a cluster share the configuration; those that are there both times are compared.
    return [...before.components].flatMap(([component, workload]): Breach[] => {
      const later = after.components.get(component);
      if (later === undefined) return [];
      const [was, is] = [volumeOf(path, workload), volumeOf(then, later)];
      if (was === is || !was.startsWith("claim")) return [];
      return [{ what: `${component}: ${what} lies in ${was}, then in ${is}`, damage: "data lost", words: keys }];
    });
  });
}

/** A volume that comes to lie over a folder of a claim hides what is in it. */
function covered({ before, after }: Hop): Breach[] {
  return [...before.components].flatMap(([component, workload]): Breach[] => {
    const later = after.components.get(component);
    if (later === undefined) return [];
    const [old, next] = [mountsOf(workload), mountsOf(later)];
    return next
      .filter(({ path }) => !old.some((mount) => mount.path === path))
      .flatMap(({ path, source }): Breach[] => {
        const under = old.find((mount) => mount.source.startsWith("claim") && path.startsWith(`${mount.path}/`));
        if (under === undefined) return [];
        return [
          {
            what: `${component}: ${source} comes to lie at ${path}, inside of ${under.source}`,
            damage: "other",
            words: [path, "disk.enabled"],
          },
        ];
      });
  });
}

export const PLACES: readonly Invariant[] = [
  {
    name: "message queue",
    explanation: "the same message queue",
    check: ({ before, after }) => {
      const [old, next] = [queueOf(before), queueOf(after)];
      return old === next
        ? []
        : [{ what: `message queue: ${old} → ${next}`, damage: "data lost", words: ["message queue", "mq.type"] }];
    },
  },
  {
    name: "place of the queue",
    explanation: "the message queue at the same place, and it answers there; the same topics",
    check: (hop) => [
      ...moved(hop, "message queue", queueAddresses, "data lost"),
      ...changed(hop, ["msgChannel.chanNamePrefix.cluster"], "data lost"),
      ...(queueOf(hop.before) === "pulsar" ? changed(hop, ["pulsar.tenant", "pulsar.namespace"], "data lost") : []),
    ],
  },
  {
    name: "place of the metadata",
    explanation: "the same etcd, which answers there, and the same paths in it",
    check: (hop) => [
      ...moved(hop, "etcd", etcdAddresses, "data lost"),
      ...changed(
        hop,
        ["etcd.rootPath", "etcd.metaSubPath", "etcd.kvSubPath", "etcd.use.embed", "metastore.type"],
        "data lost",
      ),
    ],
  },
  {
    name: "place of the objects",
    explanation: "the same object storage, which answers there, and the same bucket and path in it",
    check: (hop) => [
      ...moved(hop, "object storage", ({ config }) => withPort(config, "minio"), "data lost"),
      ...changed(hop, ["minio.bucketName", "minio.rootPath", "common.storageType"], "data lost"),
      ...changed(hop, ["minio.useSSL", "minio.cloudProvider", "minio.useIAM", "minio.region"], "outage"),
    ],
  },
  {
    name: "local places",
    explanation: "what Milvus keeps on a disk of its own stays on the same claim",
    check: localMoves,
  },
  {
    name: "nothing over a claim",
    explanation: "no new volume lies inside of a claim's",
    check: covered,
  },
  {
    name: "one meaning",
    explanation: "no key twice in the chart's configuration that was there once",
    check: ({ before, after }) =>
      after.twice
        .filter((key) => !before.twice.includes(key))
        .map((key) => ({ what: `the configuration has the key ${key} twice`, damage: "outage", words: [key] })),
  },
];
