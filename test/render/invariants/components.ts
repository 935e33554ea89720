import { VALUES_KEYS } from "../../../upgrade/milvusComponents";
import type { HelmValue, HelmValues } from "../../../upgrade/model";
import { asText, getValue, sameValue } from "../../../upgrade/values/tree";
import { listOfMaps, mapAt, mountsOf, type Workload } from "../picture";
import type { Breach, Damage, Hop, Invariant } from "./invariant";

/** A part of a pod that a user may have asked for, item by item. */
interface Trait {
  /** As Helm's values call it. */
  readonly name: string;
  readonly damage: Damage;
  readonly of: (workload: Workload) => ReadonlyMap<string, HelmValue>;
}

const entries = (map: HelmValues) => new Map(Object.entries(map));
const items = (value: HelmValue | undefined) =>
  new Map(listOfMaps(value).map((item) => [asText(item.name) || JSON.stringify(item), item]));

const TRAITS: readonly Trait[] = [
  { name: "extraEnv", damage: "outage", of: ({ containers }) => items(containers[0]?.env) },
  { name: "envFrom", damage: "outage", of: ({ containers }) => items(containers[0]?.envFrom) },
  { name: "tolerations", damage: "outage", of: ({ pod }) => items(pod.tolerations) },
  { name: "nodeSelector", damage: "outage", of: ({ pod }) => entries(mapAt(pod, "nodeSelector")) },
  { name: "affinity", damage: "outage", of: ({ pod }) => entries(mapAt(pod, "affinity")) },
  { name: "topologySpreadConstraints", damage: "other", of: ({ pod }) => items(pod.topologySpreadConstraints) },
  { name: "imagePullSecrets", damage: "outage", of: ({ pod }) => items(pod.imagePullSecrets) },
  {
    name: "serviceAccount",
    damage: "outage",
    of: ({ pod: { serviceAccountName: name } }) =>
      new Map(name === undefined || name === "default" ? [] : [["name", name]]),
  },
  { name: "securityContext", damage: "outage", of: ({ pod }) => entries(mapAt(pod, "securityContext")) },
  { name: "resources", damage: "outage", of: ({ containers }) => resourcesOf(containers[0]) },
  {
    name: "volumeMounts",
    damage: "outage",
    // What Milvus is configured with, and the tools for that, are the chart's own.
    of: (workload) =>
      new Map(mountsOf(workload).flatMap(({ path, source }) => (path.startsWith("/milvus/") ? [] : [[path, source]]))),
  },
  { name: "annotations", damage: "other", of: ({ content }) => podAnnotations(content) },
  { name: "labels", damage: "other", of: ({ podLabels }) => withoutKey(entries(podLabels), "component") },
];

function resourcesOf(container: HelmValues | undefined): ReadonlyMap<string, HelmValue> {
  const resources = mapAt(container ?? {}, "resources");
  return new Map(
    ["limits", "requests"].flatMap((kind) =>
      Object.entries(mapAt(resources, kind)).map(([name, amount]): [string, HelmValue] => [`${kind}.${name}`, amount]),
    ),
  );
}

function podAnnotations(content: HelmValues): ReadonlyMap<string, HelmValue> {
  const annotations = entries(mapAt(content, "spec", "template", "metadata", "annotations"));
  return new Map([...annotations].filter(([key]) => !key.startsWith("checksum/")));
}

function withoutKey(map: ReadonlyMap<string, HelmValue>, key: string): ReadonlyMap<string, HelmValue> {
  return new Map([...map].filter(([name]) => name !== key));
}

/** How the values call each part; a standalone is called so there too. */
const VALUES_OF: Readonly<Record<string, string>> = VALUES_KEYS;

/** Which parts a new one takes the work of. */
const PREDECESSORS: Readonly<Record<string, readonly string[]>> = {
  mixcoord: ["rootcoord", "datacoord", "indexcoord", "querycoord"],
  rootcoord: ["mixcoord"],
  datacoord: ["mixcoord"],
  indexcoord: ["mixcoord"],
  querycoord: ["mixcoord"],
};

function lost({ given }: Hop, trait: Trait, component: string, before: readonly Workload[], after: Workload): Breach[] {
  const [first, ...others] = before.map(trait.of);
  if (first === undefined) return [];
  const then = trait.of(after);
  const key = VALUES_OF[component] ?? component;
  return [...first].flatMap(([name, value]): Breach[] => {
    // Of several, what they agree on.
    if (!others.every((other) => sameValue(other.get(name), value))) return [];
    const next = then.get(name);
    if (sameValue(next, value)) return [];
    const what = `${component}: ${trait.name} ${name} ${next === undefined ? "is gone" : `${text(value)} → ${text(next)}`}`;
    // What only the chart asked for is the chart's to change.
    const asked = JSON.stringify(given);
    const isGiven = asked.includes(name) || asked.includes(JSON.stringify(name.split(".").at(-1)));
    const damage = isGiven ? trait.damage : "other";
    return [{ what, damage, words: [`${key}.${trait.name}`, name.length > 3 ? name : what] }];
  });
}

function text(value: HelmValue | undefined): string {
  return JSON.stringify(value ?? null).slice(0, 60);
}

function kept(hop: Hop): Breach[] {
  const { before, after } = hop;
  return [...before.components].flatMap(([component, workload]) => {
    const later = after.components.get(component);
    if (later === undefined) return [];
    return [
      ...TRAITS.flatMap((trait) => lost(hop, trait, component, [workload], later)),
      ...replicas(component, workload, later),
    ];
  });
}

function replicas(component: string, before: Workload, after: Workload): Breach[] {
  const [old, next] = [before, after].map(({ content }) => getValue(content, ["spec", "replicas"]) ?? null);
  if (sameValue(old ?? null, next ?? null)) return [];
  const key = `${VALUES_OF[component] ?? component}.replicas`;
  return [{ what: `${component}: replicas ${text(old)} → ${text(next)}`, damage: "outage", words: [key, component] }];
}

/** Those that the plan switches on, or that the chart brings. */
function born(hop: Hop): Breach[] {
  const { before, after } = hop;
  const every = [...before.components.values()];
  return [...after.components].flatMap(([component, workload]) => {
    if (before.components.has(component)) return [];
    const former = (PREDECESSORS[component] ?? []).flatMap((name) => before.components.get(name) ?? []);
    const sources = former.length > 0 ? former : every;
    const comparable = TRAITS.filter(({ name }) => former.length > 0 || name !== "resources");
    const [standby] = former.map(({ content }) => Number(getValue(content, ["spec", "replicas"]) ?? 1));
    const now = Number(getValue(workload.content, ["spec", "replicas"]) ?? 1);
    return [
      ...comparable.flatMap((trait) => lost(hop, trait, component, sources, workload)),
      ...(standby !== undefined && now < standby
        ? [
            {
              what: `${component}: ${now} replicas for ${standby}`,
              damage: "outage" as const,
              words: [
                `${VALUES_OF[component] ?? component}.replicas`,
                `${VALUES_OF[component] ?? component}.activeStandby`,
              ],
            },
          ]
        : []),
    ];
  });
}

export const COMPONENTS: readonly Invariant[] = [
  {
    name: "parts that stay",
    explanation: "each part of Milvus keeps environment, placement, rights, limits, volumes and replicas",
    check: kept,
  },
  {
    name: "parts that are new",
    explanation: "a new part has what all parts that it takes the work of, or else all parts, have",
    check: born,
  },
];
