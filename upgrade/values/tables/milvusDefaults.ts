import { chartOlderThan } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import { atLeast, olderThan } from "../../versions/versions";
import { NOTHING, type ValueContext, type ValueRule } from "../rules/rule";
import { asText, path } from "../tree";
import { USER_YAML_NAME, userConfigValue } from "../userYaml";
import { ownConfigMap } from "./places";
import { SHORTCUTS_UNTIL } from "./shortcuts";

/** A default in Milvus' own image that changes, and that no chart writes. */
interface OwnDefault {
  readonly key: string;
  /** First release with the new one. */
  readonly since: string;
  /** Missing: there was no such limit. */
  readonly before?: HelmValue;
  readonly after: HelmValue;
  /** What is noticed. */
  readonly means: string;
  /** Value that keeps what was, where `before` does not say it. */
  readonly keeps?: HelmValue;
  /** With one of these set in user.yaml the default does not count. */
  readonly unless?: readonly string[];
  /** Default: always. */
  readonly when?: (context: ValueContext) => boolean;
}

const SEND_SIZE = path("proxy.grpc.serverMaxSendSize");
const OUTPUT_SIZE = 104857600;

/**
 * Compared: configuration of Milvus 2.2.16 and 2.3.5, component_param.go, quota_param.go and grpc_param.go of milvus/pkg 2.5.7 and
 * 2.6.6. Left out: what was made larger, and how Milvus works inside without anybody noticing.
 */
const OWN_DEFAULTS: readonly OwnDefault[] = [
  {
    // quota_param.go: version 2.3.0.
    key: "quotaAndLimits.limits.maxOutputSize",
    since: "2.3.0",
    after: OUTPUT_SIZE,
    means: "a larger result of a search or query is refused, whatever proxy.grpc.serverMaxSendSize allows",
    keeps: 2147483647,
    when: ({ given, now }) =>
      sendSize(given) > OUTPUT_SIZE || (now !== undefined && sendSize(now.values) > OUTPUT_SIZE),
  },
  {
    // Pull requests 29845 and 30017.
    key: "rootCoord.maxGeneralCapacity",
    since: "2.3.5",
    after: 65536,
    means:
      "with more partitions times shards over all collections than that, to create a collection or partition is refused; what is there stays",
    keeps: 2147483647,
  },
  {
    key: "dataCoord.segment.maxSize",
    since: "2.4.0",
    before: 512,
    after: 1024,
    means: "segments grow to 1 GB, and nodes that load, index or compact them need the memory for it",
  },
  {
    // Pull requests 29567 and 33864.
    key: "quotaAndLimits.flushRate.collection.max",
    since: "2.4.5",
    after: 0.1,
    means: 'a client that flushes a collection more often than once in 10 s is refused ("rate limit exceeded")',
    keeps: -1,
    unless: ["quotaAndLimits.enabled", "quotaAndLimits.flushRate.enabled"],
  },
  {
    // Issue 30059, pull request 33950.
    key: "rootCoord.maxPartitionNum",
    since: "2.4.6",
    before: 4096,
    after: 1024,
    means: "no collection gets more partitions than that; those that it has stay",
  },
  {
    key: "queryNode.mmap.vectorField",
    since: "2.6.0",
    before: false,
    after: true,
    means:
      "vectors that are loaded without an index, or beside one without them, lie on the query nodes' local disk: with a limit on ephemeral-storage, or a small disk, pods are evicted",
    unless: ["queryNode.mmap.mmapEnabled"],
  },
];

export const ownDefaultRule: ValueRule = {
  name: "milvus_defaults_change",
  source:
    "docs/upgrade-facts.md 5.13: milvus pull requests 29845, 29567, 33864 and 33950, issue 30059; milvus/pkg 2.5.7 and 2.6.6, util/paramtable; configs/milvus.yaml of 2.2.16 and 2.3.5",
  explanation: `Some defaults of Milvus itself, which no chart writes, change with its version and refuse what was accepted before, or need more memory or disk: ${OWN_DEFAULTS.map(({ key, since }) => `${key} (${since})`).join(", ")}. Where user.yaml does not set them, the hop that crosses the version names each with both values, what is noticed, and the line that keeps it as it was.`,
  apply: (context) => {
    const { chart, given, now, to } = context;
    // Below it the chart's file takes the place of the image's.
    if (!now || chartOlderThan(chart, SHORTCUTS_UNTIL)) return NOTHING;
    const own = ownConfigMap(given, chart);
    const changes = OWN_DEFAULTS.filter(
      ({ key, since, unless = [], when }) =>
        olderThan(now.version, since) &&
        atLeast(to, since) &&
        [key, ...unless].every((it) => userConfigValue(given, path(it)) === undefined) &&
        (when?.(context) ?? true),
    );
    if (changes.length === 0) return NOTHING;
    const said = changes.map(
      ({ key, before, after, means }) =>
        `${key} ${before === undefined ? "(no limit before)" : asText(before)} becomes ${asText(after)}: ${means}`,
    );
    const lines = changes.map(({ key, before, keeps = before }) => `${key} ${asText(keeps)}`);
    return {
      warnings: [
        `Milvus ${to} has other defaults of its own than ${now.version}, and ${own === "" ? "milvus:values does not set them" : `whether the ConfigMap ${own} sets them is not seen`}: ${said.join("; ")}. To keep what was, set in ${own === "" ? USER_YAML_NAME : `the ConfigMap ${own}`}: ${lines.join(", ")}.`,
      ],
    };
  },
};

function sendSize(values: HelmValues): number {
  return Number(userConfigValue(values, SEND_SIZE) ?? 0);
}
