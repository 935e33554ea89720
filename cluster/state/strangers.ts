import { isOurs, upgradeServiceAccount } from "../../upgrade/marks";
import type { ClusterClient } from "../api/client";
import { hasCode } from "../errors";
import type { ObjectMeta } from "../json";
import type { ReleaseAddress } from "../releaseAddress";

const RBAC = "rbac.authorization.k8s.io/v1";
/** What the upgrade makes under a name that somebody else may have taken. */
const NAMED = [
  { kind: "ServiceAccount", api: "v1", resource: "serviceaccounts" },
  { kind: "Role", api: RBAC, resource: "roles" },
  { kind: "RoleBinding", api: RBAC, resource: "rolebindings" },
] as const;

/**
 * Objects under the upgrade's names that are not its own, as `Role my-release-upgrade`. One that may not be read is taken to
 * be none: whoever may not read it may not write over it either.
 *
 * @throws ClusterError
 */
export async function readStrangers(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
): Promise<readonly string[]> {
  const name = upgradeServiceAccount(releaseName);
  const found = await Promise.all(
    NAMED.map(async ({ kind, api, resource }) => {
      try {
        const { metadata } = (await client.read({ api, resource, namespace, name })) as {
          readonly metadata?: ObjectMeta;
        };
        return metadata === undefined || isOurs(metadata.labels) ? [] : [`${kind} ${name}`];
      } catch (error) {
        if (hasCode(error, "notFound") || hasCode(error, "forbidden")) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}
