import type { ClusterAccess } from "./access";

interface GroupList {
  readonly groups?: readonly { readonly versions?: readonly { readonly groupVersion: string }[] }[];
}
interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string }[];
}

/**
 * What the cluster serves, in the words of Helm's `--api-versions`: `apps/v1` and `apps/v1/Deployment`. A group whose
 * own server does not answer (metrics, for example) is left out, as Helm does.
 *
 * @throws ClusterError when the list of groups cannot be read
 */
export async function readApiVersions(access: ClusterAccess): Promise<string[]> {
  const { groups = [] } = (await access.read({ api: "apis" })) as GroupList;
  const versions = ["v1", ...groups.flatMap(({ versions: all = [] }) => all.map(({ groupVersion }) => groupVersion))];
  const lists = await Promise.all(versions.map((version) => kindsOf(access, version)));
  return [...new Set([...versions, ...lists.flat()])];
}

async function kindsOf(access: ClusterAccess, version: string): Promise<string[]> {
  try {
    const api = version.includes("/") ? `apis/${version}` : `api/${version}`;
    const { resources = [] } = (await access.read({ api, once: true })) as ResourceList;
    return resources.filter(({ name }) => !name.includes("/")).map(({ kind }) => `${version}/${kind}`);
  } catch {
    return [];
  }
}
