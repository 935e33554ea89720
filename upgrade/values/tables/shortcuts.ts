import type { HelmValues } from "../../model";
import { formatPath, getValue, isMap, leafPaths, path, type ValuePath } from "../tree";

/** Chart 4.0.0 dropped these without a word: they are ignored from there on (fact 5.2). */
export const SHORTCUTS_UNTIL = "4.0.0";

/**
 * Where Milvus itself keeps what a shortcut of the chart's values set: a key, or a whole map whose keys keep their
 * names. From config.tpl of chart 3.3.6 against Milvus' own milvus.yaml.
 */
const SHORTCUTS: readonly (readonly [chart: string, milvus: string])[] = [
  ["metadata.rootPath", "etcd.rootPath"],
  ["msgChannel.chanNamePrefix.cluster", "msgChannel.chanNamePrefix.cluster"],
  ["authorization.enabled", "common.security.authorizationEnabled"],
  ["common.compaction.retentionDuration", "common.retentionDuration"],
  ["common.simdType", "common.simdType"],
  ["common.threadCoreCoefficient", "common.threadCoreCoefficient"],
  ["quotaAndLimits", "quotaAndLimits"],
  ["dataCoordinator.compaction.enableAutoCompaction", "dataCoord.compaction.enableAutoCompaction"],
  ["dataCoordinator.enableCompaction", "dataCoord.enableCompaction"],
  ["dataCoordinator.enableGarbageCollection", "dataCoord.enableGarbageCollection"],
  ["dataCoordinator.gc", "dataCoord.gc"],
  ["dataCoordinator.segment", "dataCoord.segment"],
  ["dataNode.segment", "dataNode.segment"],
  ["dataNode.flush.insertBufSize", "dataNode.segment.insertBufSize"],
  ["indexCoordinator.gc", "indexCoord.gc"],
  ["indexNode.scheduler", "indexNode.scheduler"],
  ["proxy.http.enabled", "proxy.http.enabled"],
  ["proxy.http.debugMode.enabled", "proxy.http.debug_mode"],
  ["proxy.maxFieldNum", "proxy.maxFieldNum"],
  ["proxy.maxShardNum", "proxy.maxShardNum"],
  ["proxy.maxTaskNum", "proxy.maxTaskNum"],
  ["proxy.timeTickInterval", "proxy.timeTickInterval"],
  ["queryCoordinator.autoBalance", "queryCoord.autoBalance"],
  ["queryCoordinator.autoHandoff", "queryCoord.autoHandoff"],
  ["queryCoordinator.channelTaskTimeout", "queryCoord.channelTaskTimeout"],
  ["queryCoordinator.checkHandoffInterval", "queryCoord.checkHandoffInterval"],
  ["queryCoordinator.checkInterval", "queryCoord.checkInterval"],
  ["queryCoordinator.distPullInterval", "queryCoord.distPullInterval"],
  ["queryCoordinator.loadTimeoutSeconds", "queryCoord.loadTimeoutSeconds"],
  ["queryCoordinator.segmentTaskTimeout", "queryCoord.segmentTaskTimeout"],
  ["queryCoordinator.taskMergeCap", "queryCoord.taskMergeCap"],
  ["queryNode.grouping", "queryNode.grouping"],
  ["queryNode.scheduler", "queryNode.scheduler"],
  ["queryNode.segcore", "queryNode.segcore"],
  ["rootCoordinator.dmlChannelNum", "rootCoord.dmlChannelNum"],
  ["rootCoordinator.maxPartitionNum", "rootCoord.maxPartitionNum"],
  ["rootCoordinator.minSegmentSizeToEnableIndex", "rootCoord.minSegmentSizeToEnableIndex"],
  ["standalone.rocksmq", "rocksmq"],
];

/** Shortcuts under these have no known place in Milvus' configuration and are refused by name. */
const FAMILIES = ["metadata", "msgChannel", "authorization", "common", "dataCoordinator.compaction", "dataNode.flush"];

export interface FoundShortcut {
  /** In the chart's values. */
  readonly from: ValuePath;
  /** In user.yaml; missing when its place is not known. */
  readonly to?: ValuePath;
}

/** Every shortcut that these values set, leaf by leaf. */
export function shortcutsIn(values: HelmValues): FoundShortcut[] {
  const mapped = SHORTCUTS.flatMap(([chart, milvus]) => {
    const found = getValue(values, path(chart));
    if (found === undefined || found === null) return [];
    const below = isMap(found) ? leafPaths(found) : [[]];
    return below.map((rest) => ({ from: [...path(chart), ...rest], to: [...path(milvus), ...rest] }));
  });
  const known = new Set(mapped.map(({ from }) => formatPath(from)));
  const unknown = FAMILIES.flatMap((family) => {
    const found = getValue(values, path(family));
    return isMap(found) ? leafPaths(found).map((rest) => ({ from: [...path(family), ...rest] })) : [];
  }).filter(({ from }) => !known.has(formatPath(from)) && getValue(values, from) !== null);
  return [...mapped, ...unknown];
}
