import type { HelmValues } from "../../../upgrade/model";
import { getValue, leafPaths, sameValue } from "../../../upgrade/values/tree";
import type { Breach, Hop, Invariant } from "./invariant";

/** Looked at by the invariants of the places, with addresses compared by where they lead. */
const PLACES =
  /^(etcd\.endpoints|etcd\.(root|meta|kv)|minio\.|pulsar\.|kafka\.brokerList|mq\.type|messageQueue|msgChannel)/;
/** Of processes that find each other by the sessions in etcd since 2.2. */
const ADDRESSES =
  /^(rootCoord|dataCoord|queryCoord|indexCoord|proxy|queryNode|dataNode|indexNode)\.(address|port|internalPort|ip)$/;

/** Values of the chart that are named instead. */
const CHART_NAMES: Readonly<Record<string, readonly string[]>> = { enableDisk: ["disk.enabled"] };

/** What the chart or the user has written into Milvus' configuration is there again with the same value. */
function settings({ before, after }: Hop): Breach[] {
  return leaves(before.config).flatMap(([key, path]): Breach[] => {
    if (PLACES.test(key) || ADDRESSES.test(key)) return [];
    const [old, next] = [getValue(before.config, path), getValue(after.config, path)];
    if (sameValue(old, next)) return [];
    const what = `${key}: ${JSON.stringify(old)} → ${next === undefined ? "not written" : JSON.stringify(next)}`;
    return [{ what, damage: "other", words: [key, path.at(-1) ?? key, ...(CHART_NAMES[path.at(-1) ?? ""] ?? [])] }];
  });
}

function leaves(config: HelmValues): [string, readonly string[]][] {
  return leafPaths(config).map((path) => [path.join("."), path]);
}

export const SETTINGS: readonly Invariant[] = [
  { name: "settings", explanation: "what was written into Milvus' configuration is written again", check: settings },
];
