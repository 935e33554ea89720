import { chartAtLeast } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import { getValue, path } from "../tree";

/**
 * Defaults of the chart's values.yaml that rules depend on, as `[first chart with it, default]`, oldest first; a key
 * that is missing from a chart has no row below it or an `undefined`. Found by comparing the values.yaml of all 211
 * chart releases 3.0.0 to 5.0.19 (fact 4.2).
 */
const TIMELINES = {
  "cluster.enabled": [["3.0.0", true]],
  "metadata.rootPath": [
    ["3.0.0", "by-dev"],
    ["4.0.0", undefined],
  ],
  "standalone.messageQueue": [
    ["3.0.0", undefined],
    ["3.0.23", "rocksmq"],
    ["5.0.0", "woodpecker"],
  ],
  "pulsar.enabled": [
    ["3.0.0", true],
    ["4.2.27", false],
  ],
  "pulsarv3.enabled": [
    ["4.2.21", false],
    ["4.2.27", true],
  ],
  "kafka.enabled": [["3.0.14", false]],
  "woodpecker.enabled": [["4.2.42", false]],
  "externalPulsar.enabled": [["3.0.0", false]],
  "externalKafka.enabled": [["3.0.14", false]],
  "externalEtcd.enabled": [["3.0.0", false]],
  "etcd.name": [["3.0.0", "etcd"]],
  "etcd.service.port": [["3.0.0", 2379]],
  "etcd.replicaCount": [["3.0.0", 3]],
  "etcd.clusterDomain": [["3.0.0", "cluster.local"]],
  "mysql.enabled": [
    ["3.1.1", false],
    ["4.1.8", undefined],
  ],
  "externalMysql.enabled": [
    ["3.1.1", false],
    ["4.1.8", undefined],
  ],
  "streaming.enabled": [
    ["4.2.8", false],
    ["5.0.0", true],
  ],
  "indexNode.enabled": [
    ["3.0.0", true],
    ["5.0.0", false],
  ],
  "dataNode.enabled": [["3.0.0", true]],
  "queryNode.enabled": [["3.0.0", true]],
  "proxy.enabled": [["3.0.0", true]],
  "mixCoordinator.enabled": [
    ["4.0.10", false],
    ["4.2.4", true],
  ],
  "rootCoordinator.enabled": [
    ["3.0.0", true],
    ["4.2.4", false],
  ],
  "dataCoordinator.enabled": [
    ["3.0.0", true],
    ["4.2.4", false],
  ],
  "queryCoordinator.enabled": [
    ["3.0.0", true],
    ["4.2.4", false],
  ],
  "indexCoordinator.enabled": [
    ["3.0.0", true],
    ["4.2.4", false],
  ],
  "cdc.enabled": [["5.0.8", false]],
} as const satisfies Record<string, readonly (readonly [string, HelmValue | undefined])[]>;

export type KnownKey = keyof typeof TIMELINES;

/** The chart's own default; undefined when the chart has no such key. */
export function chartDefault(key: KnownKey, chart: string): HelmValue | undefined {
  const rows: readonly (readonly [string, HelmValue | undefined])[] = TIMELINES[key];
  return rows.findLast(([since]) => chartAtLeast(chart, since))?.[1];
}

/** True when the chart knows the key. */
export function chartHas(key: KnownKey, chart: string): boolean {
  return chartDefault(key, chart) !== undefined;
}

/**
 * What the chart renders with: the user's value, or else the chart's default.
 *
 * @param recorded the chart's values from the release record, which tell the defaults of a fork; default: the public chart's
 */
export function effectiveValue(
  key: KnownKey,
  values: HelmValues,
  chart: string,
  recorded: HelmValues = {},
): HelmValue | undefined {
  return getValue(values, path(key)) ?? getValue(recorded, path(key)) ?? chartDefault(key, chart);
}
