import { chartAtLeast } from "../../charts/versions";
import type { HelmValues } from "../../model";
import { getValue, path } from "../tree";
import { SHORTCUTS_UNTIL } from "./shortcuts";

/**
 * Keys that a chart release took out of its values and that are of a subchart, or a whole family: `first chart without it →
 * keys`, topmost key only. A user's value there is ignored without a word. Found by comparing the values.yaml of all 211
 * chart releases 3.0.0 to 5.0.19. Single keys of Milvus' own chart are in chartReads.ts, the shortcuts that 4.0.0 dropped in
 * shortcuts.ts.
 */
const REMOVED: Readonly<Record<string, readonly string[]>> = {
  "3.0.5": ["pulsar.image.function"],
  "3.0.12": [
    "pulsar.autoRecovery",
    "pulsar.bookkeeper.configData.BOOKIE_MEM",
    "pulsar.enableAntiAffinity",
    "pulsar.function",
    "pulsar.image",
    "pulsar.proxy.wsResources",
  ],
  "3.3.0": ["dataNode.flush"],
  "4.0.10": ["ingress.hosts"],
  "4.1.8": ["externalMysql", "mysql"],
  "4.1.26": ["minio.gcsgateway"],
};

const SHORTCUT_MAPS = ["metadata", "msgChannel", "authorization", "common", "quotaAndLimits"];

/** Keys of the values that the chart does not have any more, with the first chart without them. */
export function removedKeys(values: HelmValues, chart: string): { readonly key: string; readonly since: string }[] {
  return Object.entries({ ...REMOVED, [SHORTCUTS_UNTIL]: SHORTCUT_MAPS })
    .filter(([since]) => chartAtLeast(chart, since))
    .flatMap(([since, keys]) =>
      keys.filter((key) => getValue(values, path(key)) !== undefined).map((key) => ({ key, since })),
    );
}
