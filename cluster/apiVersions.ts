import type { ClusterAccess } from "./access";

interface GroupList {
  readonly groups?: readonly { readonly versions?: readonly { readonly groupVersion: string }[] }[];
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
 * What the cluster serves. A group whose own server does not answer (metrics, for example) has no kinds, as for Helm.
 *
 * @throws ClusterError when the list of groups cannot be read
 */
export async function readServedApis(access: ClusterAccess): Promise<ServedApis> {
  const { groups = [] } = (await access.read({ api: "apis" })) as GroupList;
  const versions = ["v1", ...groups.flatMap(({ versions: all = [] }) => all.map(({ groupVersion }) => groupVersion))];
  const kinds = await Promise.all(versions.map((version) => kindsOf(access, version)));
  return { versions, kinds: kinds.flat() };
}

/** In the words of Helm's `--api-versions`: `apps/v1` and `apps/v1/Deployment`. */
export function apiVersions({ versions, kinds }: ServedApis): string[] {
  return [...new Set([...versions, ...kinds.map(({ api, kind }) => `${api}/${kind}`)])];
}

async function kindsOf(access: ClusterAccess, api: string): Promise<ServedKind[]> {
  try {
    const { resources = [] } = (await access.read({
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
