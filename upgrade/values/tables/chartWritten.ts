import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import { compareMinors, minorOf } from "../../versions/versions";
import { NOTHING, type Setting, type ValueContext, type ValueRule } from "../rules/rule";
import { asText, formatPath, getValue, isTrue, path, type ValuePath } from "../tree";
import { USER_YAML_NAME, userConfigValue } from "../userYaml";
import { SHORTCUTS_UNTIL, shortcutsIn } from "./shortcuts";

type Timeline = readonly (readonly [since: string, value: HelmValue | undefined])[];

interface Written {
  /** What charts wrote into Milvus' configuration by themselves, as `[first chart with it, value]`, oldest first. */
  readonly chart: Timeline;
  /** Milvus' own default, as `[first minor with it, value]`: what counts once the chart writes nothing. */
  readonly milvus: Timeline;
  readonly only?: "standalone";
}

/**
 * Settings of Milvus that config.tpl of charts before 4.0.0 wrote, with another value than Milvus' own, and that 4.0.0 does not
 * write any more. Found by rendering config.tpl of charts 3.1.0 to 3.3.6 with their own values, cluster and standalone, against
 * 4.0.0 and the configurations of Milvus 2.2.16 and 2.3.5. Left out: what no code of 2.2 reads, and names that are the same.
 */

/** Limits that clients and data in the queue live by: with Milvus' own, requests that were answered before are refused. */
const KEPT: Readonly<Record<string, Written>> = {
  "proxy.maxFieldNum": { chart: [["3.0.0", 256]], milvus: [["2.2", 64]] },
  "proxy.maxShardNum": { chart: [["3.0.0", 256]], milvus: [["2.2", 16]] },
  "rootCoord.dmlChannelNum": { chart: [["3.0.0", 256]], milvus: [["2.2", 16]] },
  // From 3.3.2 on the image's own configuration lies below the chart's, and its limit of the proxy counts.
  "proxy.grpc.serverMaxRecvSize": {
    chart: [
      ["3.0.0", 2147483647],
      ["3.3.2", undefined],
    ],
    milvus: [["2.2", 67108864]],
  },
  "proxy.grpc.serverMaxSendSize": {
    chart: [
      ["3.0.0", 2147483647],
      ["3.3.2", undefined],
    ],
    milvus: [["2.2", 67108864]],
  },
  "rocksmq.retentionTimeInMinutes": { chart: [["3.0.0", 10080]], milvus: [["2.2", 4320]], only: "standalone" },
};

/** How Milvus works inside: its makers have tuned these since. */
const SAID: Readonly<Record<string, Written>> = {
  "common.retentionDuration": {
    chart: [
      ["3.0.0", 432000],
      ["3.2.11", 0],
    ],
    milvus: [["2.2", 0]],
  },
  "dataCoord.gc.dropTolerance": {
    chart: [
      ["3.0.0", 3600],
      ["3.3.0", 86400],
    ],
    milvus: [["2.2", 10800]],
  },
  "dataCoord.gc.interval": {
    chart: [
      ["3.0.0", 60],
      ["3.3.0", 3600],
    ],
    milvus: [["2.2", 3600]],
  },
  "dataCoord.gc.missingTolerance": {
    chart: [
      ["3.0.0", 3600],
      ["3.3.0", 86400],
    ],
    milvus: [["2.2", 3600]],
  },
  "dataCoord.segment.maxIdleTime": { chart: [["3.2.11", 300]], milvus: [["2.2", 600]] },
  "dataCoord.segment.maxLife": {
    chart: [
      ["3.1.4", 86400],
      ["3.2.11", 3600],
    ],
    milvus: [["2.2", 86400]],
  },
  "dataCoord.segment.sealProportion": {
    chart: [
      ["3.0.0", 0.75],
      ["3.1.4", 0.25],
    ],
    milvus: [["2.2", 0.23]],
  },
  "dataCoord.segment.smallProportion": { chart: [["3.2.11", 0.9]], milvus: [["2.2", 0.5]] },
  "dataNode.dataSync.flowGraph.maxQueueLength": {
    chart: [["3.0.0", 1024]],
    milvus: [
      ["2.2", 1024],
      ["2.3", 16],
    ],
  },
  "grpc.client.dialTimeout": { chart: [["3.1.4", 5000]], milvus: [["2.2", 200]] },
  "grpc.client.maxBackoff": { chart: [["3.1.4", 60]], milvus: [["2.2", 10]] },
  "grpc.client.maxMaxAttempts": {
    chart: [["3.1.4", 5]],
    milvus: [
      ["2.2", 5],
      ["2.3", 10],
    ],
  },
  "queryCoord.checkInterval": {
    chart: [["3.2.11", 1000]],
    milvus: [
      ["2.2", 10000],
      ["2.3", 1000],
    ],
  },
  "queryCoord.loadTimeoutSeconds": {
    chart: [["3.2.11", 600]],
    milvus: [
      ["2.2", 1800],
      ["2.3", 600],
    ],
  },
  "queryCoord.taskMergeCap": {
    chart: [
      ["3.2.11", 8],
      ["3.2.14", 16],
    ],
    milvus: [
      ["2.2", 8],
      ["2.3", 1],
    ],
  },
  "queryNode.dataSync.flowGraph.maxQueueLength": {
    chart: [["3.0.0", 1024]],
    milvus: [
      ["2.2", 1024],
      ["2.3", 16],
    ],
  },
  "queryNode.grouping.maxNQ": {
    chart: [["3.1.4", 1000]],
    milvus: [
      ["2.2", 50000],
      ["2.3", 1000],
    ],
  },
  "queryNode.grouping.topKMergeRatio": {
    chart: [["3.1.4", 10]],
    milvus: [
      ["2.2", 10],
      ["2.3", 20],
    ],
  },
  "queryNode.loadMemoryUsageFactor": {
    chart: [["3.1.4", 3]],
    milvus: [
      ["2.2", 3],
      ["2.3", 1],
    ],
  },
  "queryNode.scheduler.maxReadConcurrentRatio": {
    chart: [["3.3.6", 2]],
    milvus: [
      ["2.2", 2],
      ["2.3", 1],
    ],
  },
  "queryNode.segcore.chunkRows": {
    chart: [
      ["3.0.0", 32768],
      ["3.1.4", 1024],
    ],
    milvus: [
      ["2.2", 1024],
      ["2.3", 128],
    ],
  },
  "quotaAndLimits.limitWriting.ttProtection.enabled": {
    chart: [
      ["3.2.11", true],
      ["3.2.18", false],
    ],
    milvus: [["2.2", false]],
  },
  "rocksmq.rocksmqPageSize": { chart: [["3.0.0", 2147483648]], milvus: [["2.2", 67108864]], only: "standalone" },
};

export const chartWrittenRule: ValueRule = {
  name: "settings_the_chart_used_to_write",
  source: "config.tpl and values.yaml of charts 3.1.0 to 4.0.0; configs/milvus.yaml of Milvus 2.2.16 and 2.3.5",
  explanation: `Charts before 4.0.0 wrote many settings into Milvus' configuration by themselves; from 4.0.0 on Milvus' own defaults count. Limits that clients and the queue live by (${Object.keys(KEPT).join(", ")}) are kept by writing them into user.yaml, unless milvus:values sets them. Every other one that changes is named with both values.`,
  apply: (context) => {
    const { chart, now } = context;
    if (!now || chartOlderThan(chart, SHORTCUTS_UNTIL)) return NOTHING;
    // With a configuration of one's own the chart mounts no user.yaml, and wrote nothing.
    if (isTrue(getValue(context.given, path("customConfigMap")))) return NOTHING;
    if (chartAtLeast(now.chart, SHORTCUTS_UNTIL)) return { settings: keptBefore(context, now.values) };
    const set = new Set(shortcutsIn(context.given).flatMap(({ to }) => (to ? [formatPath(to)] : [])));
    const changes = (table: Readonly<Record<string, Written>>) =>
      Object.entries(table).flatMap(([key, written]) => {
        const before = at(written.chart, (since) => chartAtLeast(now.chart, since));
        const after = at(written.milvus, (since) => compareMinors(minorOf(context.to), since) >= 0);
        const isUsed = written.only === undefined || written.only === now.topology.mode;
        const isSet = set.has(key) || userConfigValue(context.given, path(key)) !== undefined;
        return before === undefined || before === after || isSet || !isUsed ? [] : [{ key, before, after }];
      });
    const said = changes(SAID).map(({ key, before, after }) => `${key} ${asText(before)} becomes ${asText(after)}`);
    return {
      settings: changes(KEPT).map(({ key, before, after }) => ({
        to: path(key),
        value: before,
        reason: `chart ${now.chart} wrote it; Milvus' own default is ${asText(after)}`,
      })),
      warnings:
        said.length === 0
          ? []
          : [
              `Chart ${now.chart} wrote these into Milvus' configuration, chart ${chart} does not, and Milvus' own defaults count from now on: ${said.join("; ")}. To keep one, set it in ${USER_YAML_NAME}.`,
            ],
    };
  },
};

/** What an earlier run kept stays: the stack config does not have it. */
function keptBefore({ given }: ValueContext, inForce: HelmValues): Setting[] {
  return Object.entries(KEPT).flatMap(([key, written]) => {
    const keys: ValuePath = path(key);
    const value = userConfigValue(inForce, keys);
    const isOurs = value !== undefined && written.chart.some(([, it]) => it === value);
    if (!isOurs || userConfigValue(given, keys) !== undefined) return [];
    return [{ to: keys, value, reason: "it was kept when the chart stopped writing it" }];
  });
}

function at(timeline: Timeline, has: (since: string) => boolean): HelmValue | undefined {
  return timeline.findLast(([since]) => has(since))?.[1];
}
