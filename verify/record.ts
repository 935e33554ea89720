/** What a verification has found, and the snapshot that it compares with, as they are kept in the cluster. */
import { ClusterError } from "../cluster/errors";
import type { ConfigMapContent } from "../cluster/kept/configMaps";
import { verificationContent } from "../cluster/kept/verifications";
import type { ReleaseAddress } from "../cluster/releaseAddress";
import type { VerificationState } from "../upgrade/model";
import { hasSnapshot } from "../upgrade/verification";
import type { Difference } from "./compare";
import { ServiceError } from "./service";
import { isSnapshot, type Snapshot } from "./snapshot";

/** Findings of a verification, as far as they are kept. */
export interface Findings {
  readonly problems: readonly string[];
  readonly differences: readonly Difference[];
  readonly version?: string;
}

const LONGEST_FINDINGS = 60_000;

/** @throws ServiceError when the snapshot is too large */
export function recordContent(
  address: ReleaseAddress,
  record: VerificationState,
  findings?: Findings,
): ConfigMapContent {
  const content = verificationContent(address, record, findings && findingsText(findings));
  if ("tooLarge" in content) throw tooLarge(content.tooLarge);
  return content;
}

/**
 * The snapshot that a record keeps; undefined where only the health was looked at.
 *
 * @throws ClusterError when it is damaged
 */
export function readSnapshot(namespace: string, record: VerificationState | undefined): Snapshot | undefined {
  if (!hasSnapshot(record)) return undefined;
  const { configMap, attempt, damaged } = record;
  const found = damaged === undefined ? parsed(record.snapshot ?? "") : { problem: damaged };
  if ("snapshot" in found) return found.snapshot;
  throw new ClusterError(
    "badSnapshot",
    `The snapshot in the ConfigMap ${configMap} in the namespace ${namespace}, taken before the upgrade from ${attempt.from} to ${attempt.to}, is damaged: ${found.problem}. So nothing can be compared with it.`,
    `Put a copy back if you have one. If not, give it up: kubectl -n ${namespace} delete configmap ${configMap}, then pulumi up. It costs the comparison: nobody can say any more whether the data is as it was before that upgrade.`,
  );
}

function parsed(text: string): { readonly snapshot: Snapshot } | { readonly problem: string } {
  try {
    const found: unknown = JSON.parse(text);
    return isSnapshot(found) ? { snapshot: found } : { problem: "it is JSON, but not a snapshot" };
  } catch (error) {
    return { problem: `it is not JSON (${(error as Error).message})` };
  }
}

function tooLarge(size: string): ServiceError {
  return new ServiceError(
    `The snapshot (${size}) does not fit into a ConfigMap: there are too many collections. Verify the health alone: pulumi config set milvus:verify health`,
  );
}

/** As many findings as fit, the first ones first, and how many more there were. */
function findingsText({ problems, differences, version }: Findings): string {
  for (let count = differences.length; ; count = Math.floor(count / 2)) {
    const left = differences.length - count;
    const shown = { problems: problems.slice(0, 100), differences: differences.slice(0, count), version };
    const text = JSON.stringify({ ...shown, ...(left > 0 && { notShown: left }) }, null, 2);
    if (count === 0 || Buffer.byteLength(text) <= LONGEST_FINDINGS) return text;
  }
}
