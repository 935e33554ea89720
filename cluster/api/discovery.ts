import type { ClusterClient } from "./client";
import type { ApiRequest } from "./request";

/** What a server of 1.26 or newer answers: every group with every kind. */
interface Discovery {
  readonly kind: "APIGroupDiscoveryList";
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      /** Stale: its own server does not answer now. */
      readonly freshness?: "Current" | "Stale";
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind?: string };
        readonly scope?: "Namespaced" | "Cluster";
      }[];
    }[];
  }[];
}
/** What an older one answers: the groups, whose kinds have to be asked for one by one. */
interface GroupList {
  readonly kind?: "APIGroupList" | "APIVersions";
  readonly groups?: readonly {
    readonly name: string;
    readonly versions?: readonly { readonly groupVersion: string }[];
  }[];
}
interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced?: boolean }[];
}

/** A kind that the cluster serves. */
export interface ServedKind {
  /** `apps/v1`. */
  readonly api: string;
  readonly kind: string;
  /** Plural, as in the URL: `deployments`. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** Groups with their versions, and the kinds of each. */
export interface ServedApis {
  readonly versions: readonly string[];
  readonly kinds: readonly ServedKind[];
}

/**
 * Aggregated discovery, in the order of preference; servers that know none of it answer with plain JSON.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
const ACCEPT = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
  "application/json",
].join(",");
/** The same request wherever the groups are wanted, so that they are read once. */
const GROUPS: ApiRequest = { api: "apis", accept: ACCEPT };
const CORE: ApiRequest = { api: "api", accept: ACCEPT };

/**
 * Names of the API groups the cluster serves.
 *
 * @throws ClusterError
 */
export async function readGroupNames(client: ClusterClient): Promise<ReadonlySet<string>> {
  const answer = (await client.read(GROUPS)) as Discovery | GroupList;
  const names = isDiscovery(answer)
    ? (answer.items ?? []).map(({ metadata }) => metadata?.name ?? "")
    : (answer.groups ?? []).map(({ name }) => name);
  return new Set(names);
}

/** Has within one look the answer under way that `readServedApis` will ask for beside the groups; whether it comes shows there. */
export function askAhead(look: ClusterClient): void {
  look.read(CORE).catch(() => undefined);
}

/**
 * What the cluster serves, in two calls. A group whose own server does not answer (metrics, for example) has no kinds,
 * as for Helm.
 *
 * @throws ClusterError when the list of groups cannot be read
 */
export async function readServedApis(client: ClusterClient): Promise<ServedApis> {
  const [groups, core] = (await Promise.all([client.read(GROUPS), client.read(CORE)])) as [
    Discovery | GroupList,
    Discovery | GroupList,
  ];
  const all = await Promise.all([servedBy(client, core, ["v1"]), servedBy(client, groups, [])]);
  return { versions: all.flatMap(({ versions }) => versions), kinds: all.flatMap(({ kinds }) => kinds) };
}

/** In the words of Helm's `--api-versions`: `apps/v1` and `apps/v1/Deployment`. */
export function apiVersions({ versions, kinds }: ServedApis): string[] {
  return [...new Set([...versions, ...kinds.map(({ api, kind }) => `${api}/${kind}`)])];
}

async function servedBy(
  client: ClusterClient,
  answer: Discovery | GroupList,
  unlisted: readonly string[],
): Promise<ServedApis> {
  if (isDiscovery(answer)) return served(answer);
  const listed = (answer.groups ?? []).flatMap(({ versions = [] }) => versions.map((it) => it.groupVersion));
  const versions = [...unlisted, ...listed];
  const kinds = await Promise.all(versions.map((version) => kindsOf(client, version)));
  return { versions, kinds: kinds.flat() };
}

function isDiscovery(answer: Discovery | GroupList): answer is Discovery {
  return answer.kind === "APIGroupDiscoveryList";
}

function served({ items = [] }: Discovery): ServedApis {
  const groups = items.flatMap(({ metadata, versions = [] }) => {
    const group = metadata?.name ?? "";
    return versions.map(({ version, freshness, resources = [] }) => ({
      api: group === "" ? version : `${group}/${version}`,
      resources: freshness === "Stale" ? [] : resources,
    }));
  });
  return {
    versions: groups.map(({ api }) => api),
    kinds: groups.flatMap(({ api, resources }) =>
      resources.flatMap(({ resource, responseKind: { kind } = {}, scope }) =>
        // Without a kind it has only subresources.
        kind === undefined || kind === "" ? [] : [{ api, kind, resource, namespaced: scope === "Namespaced" }],
      ),
    ),
  };
}

async function kindsOf(client: ClusterClient, api: string): Promise<ServedKind[]> {
  try {
    const { resources = [] } = (await client.read({
      api: api.includes("/") ? `apis/${api}` : `api/${api}`,
      once: true,
    })) as ResourceList;
    return resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced }) => ({ api, kind, resource: name, namespaced: namespaced === true }));
  } catch {
    return [];
  }
}
