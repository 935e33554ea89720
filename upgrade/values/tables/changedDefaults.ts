import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue, HelmValues } from "../../model";
import type { Topology } from "../../plan/topology";
import { NOTHING, type ValueContext, type ValueRule } from "../rules/rule";
import { getValue, isTrue, path } from "../tree";
import { chartReads, isOfSubchart } from "./chartReads";
import { SHORTCUTS_UNTIL } from "./shortcuts";

/**
 * Defaults that a chart release changed, as `[first chart with it, default]`, oldest first: those that no other rule
 * pins or names. Found by comparing the values.yaml of all chart releases 3.1.0 to 5.0.19 (fact 4.2). Left out:
 * GODEBUG=madvdontneed=1, gone at 4.0.0, which is what Go does by itself since 1.16.
 */
const DEFAULTS: Readonly<Record<string, readonly (readonly [string, HelmValue | undefined])[]>> = {
  "standalone.disk.enabled": [
    ["3.0.0", false],
    ["3.2.15", true],
  ],
  "queryNode.disk.enabled": [
    ["3.0.0", false],
    ["3.2.15", true],
  ],
  "indexNode.disk.enabled": [
    ["3.0.0", false],
    ["3.2.15", true],
  ],
  "attu.ingress.enabled": [
    ["3.0.0", true],
    ["3.0.29", false],
  ],
  "log.level": [
    ["3.0.0", "debug"],
    ["3.3.1", "info"],
  ],
  "proxy.http.enabled": [
    ["3.0.0", false],
    ["3.3.1", true],
  ],
  "dataCoordinator.profiling.enabled": [
    ["3.2.14", true],
    ["4.1.6", false],
  ],
  "pulsar.broker.configData.subscriptionExpirationTimeMinutes": [
    ["3.0.0", undefined],
    ["3.3.5", "30"],
    ["4.0.21", "3"],
  ],
  "pulsar.broker.configData.backlogQuotaDefaultRetentionPolicy": [
    ["3.0.12", "producer_exception"],
    ["4.2.53", "producer_request_hold"],
  ],
  "pulsarv3.broker.configData.backlogQuotaDefaultRetentionPolicy": [
    ["4.2.21", "producer_exception"],
    ["4.2.49", "producer_request_hold"],
  ],
  "pulsarv3.broker.configData.managedLedgerDefaultEnsembleSize": [
    ["4.2.21", "3"],
    ["4.2.49", "2"],
  ],
  "pulsarv3.broker.configData.managedLedgerDefaultWriteQuorum": [
    ["4.2.21", "3"],
    ["4.2.49", "2"],
  ],
};

/** The same for settings of Milvus that only charts before 4.0.0 wrote into its configuration. */
const SHORTCUT_DEFAULTS: typeof DEFAULTS = {
  "queryNode.segcore.chunkRows": [
    ["3.0.0", 32768],
    ["3.1.4", 1024],
  ],
  "quotaAndLimits.enabled": [
    ["3.2.0", false],
    ["3.2.11", true],
  ],
  "queryCoordinator.taskMergeCap": [
    ["3.2.0", 8],
    ["3.2.14", 16],
  ],
  "dataCoordinator.gc.interval": [
    ["3.0.0", 60],
    ["3.3.0", 3600],
  ],
  "dataCoordinator.gc.missingTolerance": [
    ["3.0.0", 3600],
    ["3.3.0", 86400],
  ],
  "dataCoordinator.gc.dropTolerance": [
    ["3.0.0", 3600],
    ["3.3.0", 86400],
  ],
};

const ROWS = Object.entries(DEFAULTS);
const OLD_ROWS = [...ROWS, ...Object.entries(SHORTCUT_DEFAULTS)];

/** Whether the layout that runs reads the key at all. */
function isUsed(key: string, given: HelmValues, { mode, queue }: Topology): boolean {
  const [part] = path(key);
  if (part === "attu") return isTrue(getValue(given, path("attu.enabled")));
  if (part === "pulsar" || part === "pulsarv3") return queue === part;
  return part === "log" || (part === "standalone") === (mode === "standalone");
}

export const changedDefaultRule: ValueRule = {
  name: "chart_defaults_change",
  source: "docs/upgrade-facts.md 4.2 and 5.1: the values.yaml of all charts compared",
  explanation:
    "A default that the new chart changes, that no other rule keeps as it was and that milvus:values does not set, is named with both values.",
  apply: ({ given, chart, now }: ValueContext) => {
    if (!now) return NOTHING;
    const changed = (chartOlderThan(chart, SHORTCUTS_UNTIL) ? OLD_ROWS : ROWS).flatMap(([key, rows]) => {
      const at = (of: string) => rows.findLast(([since]) => chartAtLeast(of, since))?.[1];
      const [before, after] = [at(now.chart), at(chart)];
      if (before === after || !isUsed(key, given, now.topology) || getValue(given, path(key)) !== undefined) return [];
      // What the new chart does not read cannot be kept by setting it there.
      if (!isOfSubchart(path(key)) && !chartReads(path(key), chart)) return [];
      return [`${key} ${shown(before)} becomes ${shown(after)}`];
    });
    if (changed.length === 0) return NOTHING;
    return {
      warnings: [
        `With chart ${chart} these defaults change: ${changed.join("; ")}. To keep one, set it in milvus:values.`,
      ],
    };
  },
};

function shown(value: HelmValue | undefined): string {
  return value === undefined ? "(not set)" : JSON.stringify(value);
}
