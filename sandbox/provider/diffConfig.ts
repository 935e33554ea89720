import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { type Properties, text } from "./values";

export interface ConfigDiff {
  readonly changed: readonly string[];
  /** For each of these the engine would replace every object. */
  readonly replaces: readonly string[];
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly { readonly name: string; readonly context?: { readonly cluster?: string } }[];
  readonly clusters?: readonly { readonly name: string; readonly cluster?: object }[];
}

const IDENTIFIER = "clusterIdentifier";

/**
 * The official provider's judgement of another configuration: another server or certificate of the active cluster replaces
 * everything, unless `clusterIdentifier` is set and stays the same.
 */
export function diffConfig(before: Properties, after: Properties): ConfigDiff {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !isDeepStrictEqual(before[key], after[key]),
  );
  const [old, wanted] = [text(before[IDENTIFIER]), text(after[IDENTIFIER])];
  if (old !== undefined && wanted !== undefined) return { changed, replaces: old === wanted ? [] : [IDENTIFIER] };
  const [cluster, other] = [activeCluster(before), activeCluster(after)];
  const isAnother = cluster !== undefined && other !== undefined && !isDeepStrictEqual(cluster, other);
  return {
    changed,
    replaces: isAnother ? changed.filter((key) => ["kubeconfig", "context", "cluster"].includes(key)) : [],
  };
}

function activeCluster({ kubeconfig, context, cluster }: Properties): object | undefined {
  const given = text(kubeconfig);
  if (given === undefined) return undefined;
  const config = parse(existsSync(given) ? readFileSync(given, "utf8") : given) as Kubeconfig;
  const name = text(context) ?? config["current-context"];
  const chosen = text(cluster) ?? config.contexts?.find((it) => it.name === name)?.context?.cluster;
  return config.clusters?.find((it) => it.name === chosen)?.cluster;
}
