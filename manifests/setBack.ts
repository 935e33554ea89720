import type { ChangedPastHelm } from "../upgrade/words/setBack";
import type { ObjectChange } from "./diff";
import { type DriftRequest, driftOf } from "./drift";
import { WORKLOADS } from "./restarts";

/**
 * Workloads that somebody changed past Helm where the manifest says something else: an upgrade sets that back, also one with the same
 * manifest (helm pkg/kube/client.go: the patch is made from the old manifest, the new one and the live object). What the manifest says
 * nothing of stays. What could not be looked at is left out.
 *
 * @param request `recorded` with all objects of the manifest in force
 */
export async function setBackOf(request: Omit<DriftRequest, "patch">): Promise<ChangedPastHelm[]> {
  const recorded = request.recorded.filter(({ kind }) => WORKLOADS.has(kind));
  const { objects } = await driftOf({ ...request, recorded, patch: "strategic" });
  return objects.flatMap(({ kind, name, missing, fields }) => {
    const paths = fields.map(({ path }) => path).filter((path) => !path.startsWith("metadata."));
    return missing || paths.length > 0 ? [{ object: `${kind}/${name}`, paths, isMissing: missing }] : [];
  });
}

/**
 * Without what the upgrade changes anyway, whatever somebody made of it, and without the images of these workloads: an ordered
 * rolling upgrade that was interrupted has changed those itself.
 *
 * @param changes of the new manifest beside the one in force
 * @param rolled names of Deployments
 */
export function besideUpgrade(
  setBack: readonly ChangedPastHelm[],
  changes: readonly ObjectChange[],
  rolled: readonly string[],
): ChangedPastHelm[] {
  const changesOf = new Map(changes.map((change) => [`${change.kind}/${change.name}`, change]));
  return setBack.flatMap((one) => {
    const { change, fields = [] } = changesOf.get(one.object) ?? {};
    if (change === "removed") return [];
    if (one.isMissing) return [one];
    const isRolled = rolled.some((name) => one.object === `Deployment/${name}`);
    const paths = one.paths.filter(
      (path) => !(isRolled && path.endsWith("].image")) && !fields.some((field) => isWithin(path, field.path)),
    );
    return paths.length === 0 ? [] : [{ ...one, paths }];
  });
}

/** The same field, one below the other, or the other way round. */
function isWithin(path: string, other: string): boolean {
  const [short, long] = path.length < other.length ? [path, other] : [other, path];
  return long.startsWith(short) && /^($|[.[])/.test(long.slice(short.length));
}
