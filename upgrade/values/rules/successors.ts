import { type MilvusComponent, VALUES_KEYS } from "../../milvusComponents";
import type { ComponentState, HelmValue, HelmValues } from "../../model";
import { list } from "../../refusal";
import { atLeast } from "../../versions/versions";
import { largestQuantity, sumOfQuantities } from "../quantities";
import { effectiveValue, type KnownKey } from "../tables/chartDefaults";
import { type ComponentKey, keysReadOf, type NewComponent, SHARED_KEYS } from "../tables/componentKeys";
import { formatPath, getValue, isHidden, isMap, isTrue, leafPaths, path, sameValue, type ValuePath } from "../tree";
import { type Addition, NOTHING, type ValueContext, type ValueRule } from "./rule";
import { wantsMix } from "./topology";

const COORDINATORS = ["rootcoord", "datacoord", "querycoord", "indexcoord"] as const;
/** Whose work a streaming node takes over: the writes and the flushes, and what is searched before it is flushed. */
const WRITERS = ["datanode", "querynode"] as const;
/** With a streaming node in place of the index node. */
const OTHERS = ["proxy", "mixcoord"] as const;

type Part = keyof typeof VALUES_KEYS;

/** A component that a hop brings in, and those whose work it does from then on. */
interface Succession {
  readonly component: Part;
  readonly key: NewComponent;
  readonly enabled: KnownKey;
  readonly from: readonly Part[];
  /** What it takes over, for people. */
  readonly does: string;
}

const SUCCESSIONS: readonly Succession[] = [
  {
    component: "mixcoord",
    key: "mixCoordinator",
    enabled: "mixCoordinator.enabled",
    from: COORDINATORS,
    does: "does the work of",
  },
  {
    component: "streamingnode",
    key: "streamingNode",
    enabled: "streaming.enabled",
    from: WRITERS,
    does: "takes over the writes from",
  },
];

/** What a key of several components comes to in one. */
interface Merged {
  /** Missing: they have nothing there that all of it would be true of. */
  readonly value?: HelmValue;
  readonly reason?: string;
  /** Something that they have is not in it. */
  readonly isPartial?: boolean;
}

interface Source {
  readonly part: Part;
  /** Missing: nothing, or what the chart has as well. */
  readonly value?: HelmValue;
}

export const successorRule: ValueRule = {
  name: "a_new_component_takes_over_settings",
  source:
    "docs/upgrade-facts.md 7.8: templates of charts 4.1.36, 4.2.58 and 5.0.19; milvus internal/streamingcoord/server/balancer/balancer_impl.go",
  explanation:
    "A mixcoord that takes the place of separate coordinators, and the streaming node of 2.6, would start with the chart's defaults. They get what all those have whose work they do (the coordinators; data and query nodes): tolerations, affinity, node selector, security contexts and the like. Of the environment every variable that no two of them set differently, since one process does the work of all; of the resources a mixcoord gets the sum of the limits and the largest request. A key at which they differ is named, and what milvus:values says of the new component wins.",
  apply: (context) => {
    const { now } = context;
    if (!now || !isTrue(effectiveValue("cluster.enabled", context.given, context.chart))) return NOTHING;
    const outcomes = SUCCESSIONS.filter((succession) => isWanted(succession, context)).map((it) =>
      succeed(it, context),
    );
    return {
      additions: outcomes.flatMap(({ additions }) => additions),
      warnings: outcomes.flatMap(({ warnings }) => warnings),
    };
  },
};

function isWanted({ component }: Succession, context: ValueContext): boolean {
  return component === "streamingnode" ? atLeast(context.to, "2.6.0") : wantsMix(context);
}

function succeed(
  succession: Succession,
  context: ValueContext,
): { readonly additions: readonly Addition[]; readonly warnings: readonly string[] } {
  const found = keysReadOf(succession.key, context.chart).map((name) => ({
    name,
    at: [succession.key, ...path(name)],
    ...mergedAt(name, succession, context),
  }));
  return wasThere(succession, context) ? stays(succession, found, context) : comes(succession, found, context);
}

/** By the values in force, which a run that died half way has not changed; and seen. */
function wasThere({ component, enabled }: Succession, { now }: ValueContext): boolean {
  if (!now) return false;
  const { coordinators, streamingNode } = now.topology;
  const isSeen = component === "streamingnode" ? streamingNode : coordinators !== "separate";
  return isSeen && isTrue(effectiveValue(enabled, now.values, now.chart, now.defaults));
}

interface Found extends Merged {
  readonly name: ComponentKey;
  /** In the values of the new component. */
  readonly at: ValuePath;
}

function comes(succession: Succession, found: readonly Found[], { given }: ValueContext) {
  const additions = found.flatMap(({ at, value, reason = "" }): Addition[] =>
    value === undefined || isSaid(given, at) ? [] : [{ path: at, value, reason }],
  );
  // An empty list or map in the config is what a copy of the chart's values has; it is taken as it is, and said.
  const partial = found.filter(({ at, value, isPartial }) =>
    isSaid(given, at) ? value !== undefined && isEmptied(given, at) : isPartial,
  );
  return { additions, warnings: partial.length > 0 ? [differenceOf(succession, partial, given)] : [] };
}

/** What an earlier run has laid stays, though the values do not say it: the next run changes nothing. */
function stays({ component, key }: Succession, found: readonly Found[], { given, now }: ValueContext) {
  const laid = found.flatMap((it) => {
    const value = filled(getValue(now?.values ?? {}, it.at));
    // The count that runs is kept by a rule of its own.
    const isKept = it.name === "replicas" || isSaid(given, it.at);
    return value === undefined || isKept ? [] : [{ ...it, inForce: value }];
  });
  const additions = laid.flatMap(({ at, value, isPartial, inForce }): Addition[] =>
    value === undefined && isPartial !== true
      ? []
      : [{ path: at, value: inForce, reason: `${component} has it since it took over` }],
  );
  const gone = laid.filter(({ at }) => !additions.some((addition) => addition.path === at));
  const names = gone.map(({ at }) => formatPath(at));
  const warnings =
    names.length === 0
      ? []
      : [
          `${component} runs with ${list(names)}, which milvus:values has neither under ${key} nor under the components it took them over from: with this run it loses ${names.length > 1 ? "them" : "it"}. To keep ${names.length > 1 ? "them" : "it"}, write ${names.length > 1 ? "them" : "it"} into milvus:values (helm get values shows what runs).`,
        ];
  return { additions, warnings };
}

/** At the key or above it: what the user says of the component is taken as it is. */
function isSaid(values: HelmValues, at: ValuePath): boolean {
  return isHidden(values, at) || (getValue(values, at) ?? undefined) !== undefined;
}

function isEmptied(values: HelmValues, at: ValuePath): boolean {
  return !isHidden(values, at) && filled(getValue(values, at)) === undefined;
}

function partsOf({ from }: Succession, given: HelmValues): readonly Part[] {
  const isOff = (part: Part) => getValue(given, [VALUES_KEYS[part], "enabled"]) === false;
  // All four off is how a mixcoord is asked for.
  return from.every(isOff) ? from : from.filter((part) => !isOff(part));
}

function mergedAt(key: ComponentKey, succession: Succession, { given }: ValueContext): Merged {
  const parts = partsOf(succession, given);
  if (parts.some((part) => isHidden(given, [VALUES_KEYS[part], ...path(key)]))) return { isPartial: true };
  const sources = parts.map((part) => sourceOf(part, key, given));
  if (sources.every(({ value }) => value === undefined)) return {};
  const merged = merge(key, sources, succession, given);
  // The chart takes what stands at the root by itself.
  return sameValue(merged.value, sharedAt(key, given)) ? { isPartial: merged.isPartial === true } : merged;
}

function sharedAt(key: ComponentKey, given: HelmValues): HelmValue | undefined {
  return SHARED_KEYS.includes(key) ? filled(readable(given, path(key))) : undefined;
}

/** Undefined for what is kept from the program: nobody can tell whether it is as that of another component. */
function readable(values: HelmValues, at: ValuePath): HelmValue | undefined {
  return isHidden(values, at) ? undefined : getValue(values, at);
}

function sourceOf(part: Part, key: ComponentKey, given: HelmValues): Source {
  const value = filled(readable(given, [VALUES_KEYS[part], ...path(key)])) ?? sharedAt(key, given);
  return { part, ...(value !== undefined && { value }) };
}

/** Undefined for what the charts have by themselves: one replica, nothing switched on, empty lists and maps. */
function filled(value: HelmValue | undefined): HelmValue | undefined {
  const isDefault = value === 1 || value === null || value === false || value === "";
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return isDefault || isEmpty ? undefined : value;
}

function merge(key: ComponentKey, sources: readonly Source[], succession: Succession, given: HelmValues): Merged {
  const { component } = succession;
  switch (key) {
    case "extraEnv":
      return environment(sources);
    case "tolerations":
      return commonItems(sources);
    case "nodeSelector":
    case "annotations":
    case "service.annotations":
    case "service.labels":
      return commonKeys(sources);
    case "resources":
      return component === "mixcoord" ? together(sources) : sameInAll(sources, given);
    case "replicas":
      return component === "mixcoord" ? standbys(sources, succession, given) : { isPartial: true };
    default:
      return same(sources);
  }
}

function hasSame(sources: readonly Source[]): boolean {
  return sources.every(({ value }) => value !== undefined && sameValue(value, sources[0]?.value));
}

function same(sources: readonly Source[]): Merged {
  const [first] = sources;
  return hasSame(sources) && first?.value !== undefined
    ? { value: first.value, reason: `as ${keysOf(sources)} have it` }
    : { isPartial: true };
}

/** The size of a data or query node says nothing of a streaming node; one size for all does. */
function sameInAll(sources: readonly Source[], given: HelmValues): Merged {
  const all = [...sources, ...OTHERS.map((part) => sourceOf(part, "resources", given))];
  return hasSame(all) ? same(sources) : { isPartial: true };
}

/** Without active standby a second replica of a coordinator never gets ready. */
function standbys(sources: readonly Source[], succession: Succession, given: HelmValues): Merged {
  const own = getValue(given, path("mixCoordinator.activeStandby.enabled"));
  const standby = partsOf(succession, given).map((part) => sourceOf(part, "activeStandby.enabled", given));
  const count = sources[0]?.value;
  const isStandby = isTrue(own ?? hasSame(standby));
  return isStandby && typeof count === "number" && count > 1
    ? same(sources)
    : { isPartial: !sources.every(isNegative) };
}

/** Left to an autoscaler, of which the new component has none. */
function isNegative({ value }: Source): boolean {
  return typeof value === "number" && value < 0;
}

function commonItems(sources: readonly Source[]): Merged {
  const lists = sources.map(({ value }) => (Array.isArray(value) ? value : []));
  const [first = [], ...others] = lists;
  const common = first.filter((item) => others.every((items) => items.some((other) => sameValue(item, other))));
  return partial(
    sources,
    common,
    lists.every(({ length }) => length === common.length),
  );
}

function commonKeys(sources: readonly Source[]): Merged {
  const maps = sources.map(({ value }) => (isMap(value) ? value : {}));
  const [first = {}, ...others] = maps;
  const common = Object.entries(first).filter(([key, value]) => others.every((map) => sameValue(map[key], value)));
  const isAll = maps.every((map) => Object.keys(map).length === common.length);
  return partial(sources, Object.fromEntries(common), isAll);
}

function partial(sources: readonly Source[], common: HelmValue, isAll: boolean): Merged {
  const value = filled(common);
  const reason = isAll ? `as ${keysOf(sources)} have it` : `what ${keysOf(sources)} have in common`;
  return { ...(value !== undefined && { value, reason }), isPartial: !isAll };
}

/** Of one process only, whatever else is in it: how much memory and how many threads the runtime of Go takes. */
const OF_ONE_PROCESS = ["GOMEMLIMIT", "GOMAXPROCS", "GOGC"];

/** What one of them needs in its environment, the process that does the work of all needs too. */
function environment(sources: readonly Source[]): Merged {
  const lists = sources.map(({ value }) => (Array.isArray(value) ? value.filter(isMap) : []));
  const names = [...new Set(lists.flat().map(({ name }) => name))];
  const kept = names.flatMap((name) => {
    const found = lists.map((items) => items.find((item) => item.name === name)).filter((item) => item !== undefined);
    const [first] = found;
    const isOwn = typeof name === "string" && OF_ONE_PROCESS.includes(name) && found.length < lists.length;
    return first !== undefined && !isOwn && found.every((item) => sameValue(item, first)) ? [first] : [];
  });
  const value = filled(kept);
  return {
    ...(value !== undefined && { value, reason: `what ${keysOf(sources)} have, where no two differ` }),
    isPartial: kept.length < names.length,
  };
}

const KINDS = ["requests", "limits"];

/**
 * One process does the work of all, so it may take what all might. It asks for no more than the largest of them did, which
 * had room on a node: what asks for the sum may have none.
 */
function together(sources: readonly Source[]): Merged {
  const maps = sources.map(({ value }) => (isMap(value) ? value : {}));
  const of = (map: HelmValues, kind: string): HelmValues => (isMap(map[kind]) ? map[kind] : {});
  const names = [...new Set(maps.flatMap((map) => KINDS.flatMap((kind) => Object.keys(of(map, kind)))))];
  const isKnown = maps.every((map) => Object.keys(map).every((kind) => KINDS.includes(kind)));
  const limits = names.map((name) => {
    const set = maps.flatMap((map) => of(map, "limits")[name] ?? []);
    // One without a limit may take any amount, and so may what does its work.
    return { name, isSet: set.length > 0, value: set.length === maps.length ? sumOfQuantities(set) : undefined };
  });
  const requests = names.map((name) => {
    const set = maps.flatMap((map) => of(map, "requests")[name] ?? of(map, "limits")[name] ?? []);
    return { name, isSet: set.length > 0, value: largestQuantity(set) };
  });
  const entries = (found: readonly { readonly name: string; readonly value?: HelmValue | undefined }[]) =>
    Object.fromEntries(
      found.flatMap(({ name, value }): [string, HelmValue][] => (value === undefined ? [] : [[name, value]])),
    );
  const [asked, most] = [filled(entries(requests)), filled(entries(limits))];
  const value = filled({
    ...(asked !== undefined && { requests: asked }),
    ...(most !== undefined && { limits: most }),
  });
  return {
    ...(value !== undefined && {
      value,
      reason: `from ${keysOf(sources)}: the limits are the sum of theirs, the requests the largest one`,
    }),
    isPartial: !isKnown || [...limits, ...requests].some(({ isSet, value: found }) => isSet && found === undefined),
  };
}

/** `rootCoordinator, dataCoordinator and queryCoordinator`. */
function keysOf(sources: readonly Source[]): string {
  return list(sources.map(({ part }) => VALUES_KEYS[part]));
}

/** Of a setting of those whose work it does. */
function whyNotAll(name: ComponentKey, at: ValuePath, given: HelmValues): string {
  if (isSaid(given, at)) return `milvus:values leaves ${formatPath(at)} empty`;
  return name === "resources" || name === "replicas" ? "of the size of one component" : "they differ";
}

function differenceOf(
  succession: Succession,
  partial: readonly { readonly name: ComponentKey; readonly at: ValuePath }[],
  given: HelmValues,
): string {
  const { component, does } = succession;
  const parts = partsOf(succession, given);
  const theirs = partial.flatMap(({ name, at }) => {
    const said = parts.map((part) => [VALUES_KEYS[part], ...path(name)]).filter((it) => isSaid(given, it));
    return said.length === 0 ? [] : [`${list(said.map(formatPath))} (${whyNotAll(name, at, given)})`];
  });
  const own = partial.map(({ at }) => `milvus:values.${formatPath(at)}`);
  const cost =
    component === "mixcoord"
      ? "no coordinator works until it starts"
      : "nothing can be written until it starts, and there is no way back from 2.6";
  return `${component} is new and ${does} ${list(parts)}. It does not get all of ${list(theirs)}. Before pulumi up, say in ${list(own)} what it shall have. Where it finds no node, or does not reach etcd or the object storage, ${cost}.`;
}

/** What an index node has that a data node has no key for, in any chart. */
const NOT_IN_DATA_NODES = ["runtimeClassName"];
const SWITCHES = ["enabled", "hpa"];

export const indexNodeRule: ValueRule = {
  name: "settings_of_index_nodes_end",
  source: "docs/upgrade-facts.md 4.6 and 7.8: milvus-helm chart 5.0.19 README, step 3",
  explanation:
    "From 2.6 on data nodes build the indexes, with their own settings: what milvus:values says of index nodes no longer counts. Each setting is named, with how many index nodes go and what their resources have that data nodes have not, such as a GPU.",
  apply: ({ given, to, now }) => {
    if (!now?.topology.indexNode || now.topology.mode !== "cluster" || !atLeast(to, "2.6.0")) return NOTHING;
    const isCounted = (keys: readonly string[]) => !SWITCHES.includes(keys[0] ?? "");
    const found = readable(given, ["indexNode"]);
    const settings = [...new Set((isMap(found) ? leafPaths(found) : []).filter(isCounted).map(([key]) => key ?? ""))];
    const running = countOf("indexnode", now.components);
    if (settings.length === 0 && running < 2) return NOTHING;
    const named = settings.map((key) => `indexNode.${key}`);
    const missing = resourceNames(given, "indexNode").filter(
      (name) => !resourceNames(given, "dataNode").includes(name),
    );
    const lost = settings.filter((key) => NOT_IN_DATA_NODES.includes(key));
    return {
      warnings: [
        [
          `Milvus ${to} has no index node: its ${countOf("datanode", now.components)} data nodes build the indexes, and ${running} index nodes go with the Release.`,
          ...(named.length > 0 ? [`These settings no longer count: ${list(named)}.`] : []),
          ...(missing.length > 0
            ? [`Of the resources data nodes have no ${list(missing)}: an index that needs it cannot be built.`]
            : []),
          ...(lost.length > 0 ? [`A data node has no ${list(lost)} in any chart.`] : []),
          "Give data nodes what they need for it, in milvus:values.dataNode (replicas, resources, tolerations), or new indexes take longer.",
        ].join(" "),
      ],
    };
  },
};

function countOf(part: MilvusComponent, components: readonly ComponentState[]): number {
  return components.filter(({ component }) => component === part).reduce((sum, { replicas }) => sum + replicas, 0);
}

/** `cpu`, `memory`, `nvidia.com/gpu`. */
function resourceNames(given: HelmValues, component: string): string[] {
  const names = KINDS.flatMap((kind) => {
    const found = readable(given, [component, "resources", kind]);
    return isMap(found) ? Object.keys(found) : [];
  });
  return [...new Set(names)];
}
