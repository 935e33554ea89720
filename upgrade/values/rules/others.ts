import { chartOlderThan } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import { list, refuse } from "../../refusal";
import { minorOf, olderThan } from "../../versions/versions";
import { objectBehind } from "../tables/fixedObjects";
import { formatPath, getValue, isTrue, path, sameValue } from "../tree";
import { userConfigValue } from "../userYaml";
import type { MessageQueue } from "./messageQueue";
import { NOTHING, type ValueRule } from "./rule";

export const ingressRule: ValueRule = {
  name: "ingress_hosts_are_rules",
  source: "docs/upgrade-facts.md 5.4b: values.yaml of chart 4.0.10",
  explanation:
    "From chart 4.0.10 on the ingress is made from ingress.rules; hosts alone would be replaced by an example host.",
  apply: ({ given, chart }) => {
    if (chartOlderThan(chart, "4.0.10") || !isTrue(getValue(given, path("ingress.enabled")))) return NOTHING;
    if (getValue(given, path("ingress.hosts")) === undefined || getValue(given, path("ingress.rules")) !== undefined) {
      return NOTHING;
    }
    return refuse({
      rule: ingressRule.name,
      reason: `milvus:values sets ingress.hosts, which chart ${chart} ignores: it would serve milvus-example.local instead.`,
      remedy:
        "Write them as milvus:values.ingress.rules, a list of {host, path, pathType}, and take ingress.hosts out.",
      source: ingressRule.source,
    });
  },
};

export const messageSizeRule: ValueRule = {
  name: "the_message_size_is_text",
  source: "docs/upgrade-facts.md 5.4d: values.yaml of chart 4.0.33",
  explanation:
    "pulsar.maxMessageSize and externalPulsar.maxMessageSize are text from chart 4.0.33 on; a number would be rendered as 5.24288e+06, so it is rewritten as text.",
  apply: ({ given, chart }) => {
    if (chartOlderThan(chart, "4.0.33")) return NOTHING;
    const moves = ["pulsar.maxMessageSize", "externalPulsar.maxMessageSize"].map(path).flatMap((key) => {
      const value = getValue(given, key);
      if (typeof value !== "number") return [];
      return [
        {
          from: key,
          to: key,
          into: "values" as const,
          value: String(value),
          reason: "a number would be rendered with an exponent",
        },
      ];
    });
    return { moves };
  },
};

export const gatewayRule: ValueRule = {
  name: "no_gcs_gateway_from_4_1_26",
  source: "docs/upgrade-facts.md 5.5b: values.yaml of chart 4.1.26",
  explanation: "MinIO's GCS gateway is gone from chart 4.1.26 on: the data would be looked for in an empty MinIO.",
  apply: ({ given, chart }) => {
    const key = "minio.gcsgateway.enabled";
    if (chartOlderThan(chart, "4.1.26") || !isTrue(getValue(given, path(key)))) return NOTHING;
    return refuse({
      rule: gatewayRule.name,
      reason: `${key} in milvus:values is not known to chart ${chart}: Milvus would look for its data in an empty MinIO.`,
      remedy: "Reach the bucket through externalS3 with cloudProvider gcp, in a step of its own, before this upgrade.",
      source: gatewayRule.source,
    });
  },
};

export const etcdAuthRule: ValueRule = {
  name: "etcd_auth_has_a_new_name",
  source: "docs/upgrade-facts.md 5.7a: etcd subchart 8.12.0 of chart 5.0.5",
  explanation:
    "etcd.auth.rbac.enabled is called etcd.auth.rbac.create from chart 5.0.5 on. etcd's chart 8.12.0 still reads the old name too; the new one is written, so that authentication stays on when the old name goes.",
  apply: ({ given, chart }) => {
    const [old, current] = [path("etcd.auth.rbac.enabled"), path("etcd.auth.rbac.create")];
    if (chartOlderThan(chart, "5.0.5") || !isTrue(getValue(given, old)) || getValue(given, current) !== undefined)
      return NOTHING;
    return {
      moves: [
        {
          from: old,
          to: current,
          into: "values",
          value: true,
          reason: `chart ${chart} calls it ${formatPath(current)}`,
        },
      ],
    };
  },
};

/** Values behind fields that nobody can change in a StatefulSet or a claim, or behind names and addresses, by dependency. */
const CLAIMED = ["enabled", "size", "storageClass", "accessMode", "accessModes", "existingClaim"].map(
  (key) => `persistence.${key}`,
);
const NAMED = ["name", "nameOverride", "fullnameOverride"];
const OF_PULSAR = [
  ...NAMED,
  "persistence",
  "volumes.persistence",
  "zookeeper.volumes.persistence",
  "bookkeeper.volumes.persistence",
  "bookkeeper.volumes.useSingleCommonVolume",
  ...["zookeeper.volumes.data", "bookkeeper.volumes.journal", "bookkeeper.volumes.ledgers"].flatMap((volume) => [
    `${volume}.size`,
    `${volume}.storageClassName`,
  ]),
  ...["zookeeper", "bookkeeper", "broker", "proxy"].map((part) => `${part}.podManagementPolicy`),
];
const FIXED_OF: Readonly<Record<string, readonly string[]>> = {
  etcd: [...NAMED, ...CLAIMED, "podManagementPolicy"],
  minio: [...NAMED, ...CLAIMED, "mode", "replicas", "zones", "drivesPerNode"],
  kafka: [...NAMED, ...CLAIMED, "podManagementPolicy"],
  pulsar: OF_PULSAR,
  pulsarv3: OF_PULSAR,
  woodpecker: CLAIMED,
};
const FIXED = [
  "nameOverride",
  "fullnameOverride",
  "standalone.persistence.persistentVolumeClaim.storageClass",
  "log.persistence.persistentVolumeClaim.storageClass",
];

/** Of what does not run nothing can be in the way. */
function fixedKeys(given: HelmValues, queue: MessageQueue): string[] {
  const isExternal = (key: string) => isTrue(getValue(given, path(key)));
  const used = [
    ...(isExternal("externalEtcd.enabled") ? [] : ["etcd"]),
    ...(isExternal("externalS3.enabled") ? [] : ["minio"]),
    queue,
  ];
  return [...FIXED, ...used.flatMap((name) => (FIXED_OF[name] ?? []).map((key) => `${name}.${key}`))];
}

export const fixedRule: ValueRule = {
  name: "fields_that_cannot_change_stay",
  source: "docs/upgrade-facts.md 10.1; milvus-operator issues 168 and 351",
  explanation:
    "Values behind immutable fields (volume claim templates, storage classes, MinIO's layout) and behind the objects' names, those of the dependencies included, must be those in force: Helm would fail half way, or make a second set of objects.",
  apply: ({ given, now, releaseName }) => {
    if (!now) return NOTHING;
    // Said or left to the chart is the same, as long as it is the chart's own value.
    const effective = (values: HelmValues, key: string) =>
      getValue(values, path(key)) ?? getValue(now.defaults, path(key));
    const changed = fixedKeys(given, now.topology.queue).filter(
      (key) => !sameValue(effective(now.values, key), effective(given, key)),
    );
    if (changed.length === 0) return NOTHING;
    return refuse({
      rule: fixedRule.name,
      reason: `milvus:values changes what cannot be changed in a running release: ${list(changed.map((key) => `${key} (${objectBehind(key, releaseName)})`))}.`,
      remedy: `Set ${changed.length > 1 ? "them" : "it"} as in the running release (helm get values). A larger volume is a change of the claim itself, by hand, if its storage class allows that.`,
      source: fixedRule.source,
    });
  },
};

const STANDALONE_SIZE = path("standalone.persistence.persistentVolumeClaim.size");

export const standaloneVolumeRule: ValueRule = {
  name: "the_standalone_volume_keeps_its_size",
  source: "docs/upgrade-facts.md 10.4a: default 5Gi, from chart 3.1.4 on 50Gi",
  explanation: "The chart's default size grew from 5Gi to 50Gi at 3.1.4; a claim that was made before keeps its size.",
  owns: [STANDALONE_SIZE],
  apply: ({ now }) => {
    if (now?.topology.mode !== "standalone") return NOTHING;
    const value: HelmValue | undefined =
      getValue(now.values, STANDALONE_SIZE) ?? (chartOlderThan(now.chart, "3.1.4") ? "5Gi" : undefined);
    if (value === undefined) return NOTHING;
    return { additions: [{ path: STANDALONE_SIZE, value, reason: "the claim has this size", contradiction: "win" }] };
  },
};

export const mmapRule: ValueRule = {
  name: "mmap_is_a_property_of_collections_in_2_4",
  source: "milvus cmd/tools/migration/mmap/mmap_230_240.go",
  explanation:
    "queryNode.mmapDirPath of 2.3 is a property of collections and indexes in 2.4, which Milvus does not carry over by itself.",
  apply: ({ given, now, to }) => {
    if (!now || minorOf(now.version) !== "2.3" || olderThan(to, "2.4.0")) return NOTHING;
    if (userConfigValue(given, ["queryNode", "mmapDirPath"]) === undefined) return NOTHING;
    return {
      warnings: [
        "queryNode.mmapDirPath is set: in 2.4 mmap is a property of a collection or index. After the upgrade set mmap.enabled there, or everything is loaded into memory.",
      ],
    };
  },
};

export const groupRule: ValueRule = {
  name: "resource_groups_make_new_deployments",
  source: "docs/upgrade-facts.md 5.7c: replicaResourceGroups, chart 5.0.17",
  explanation:
    "replicaResourceGroups renames the query and streaming nodes' Deployments: the old ones go, new ones come.",
  apply: ({ given, now, chart }) => {
    const key = path("replicaResourceGroups");
    if (
      // Only the nodes of a cluster have them.
      now?.topology.mode !== "cluster" ||
      chartOlderThan(chart, "5.0.17") ||
      sameValue(getValue(given, key) ?? [], getValue(now.values, key) ?? [])
    )
      return NOTHING;
    return {
      warnings: [
        "replicaResourceGroups changes: query and streaming nodes are made anew under other names, and loaded data is loaded again.",
      ],
    };
  },
};
