import type { Comparison } from "./compare";
import type { ObjectChange } from "./diff";

export const WORKLOADS: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet"]);

/** True where an upgrade leaves every workload of the revision it is compared with as it is, apart from its metadata. */
export function changesNoPod(comparison: Comparison | undefined): boolean {
  return comparison?.revision !== undefined && !comparison.changes.some(movesPods);
}

function movesPods({ kind, change, fields }: ObjectChange): boolean {
  if (!WORKLOADS.has(kind) || change === "added") return false;
  return change === "removed" || fields.some(({ path }) => !path.startsWith("metadata."));
}
