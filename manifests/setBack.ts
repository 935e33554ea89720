import type { ChangedPastHelm } from "../upgrade/words/setBack";
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
