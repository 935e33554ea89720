/** What a verification keeps in its ConfigMap, and how it is read back. */
import { gzipSync } from "node:zlib";
import { ClusterError } from "../cluster/errors";
import type { ConfigMapContent } from "../cluster/kept/configMaps";
import { LARGEST_SNAPSHOT, PACKED_SNAPSHOT_KEY, SNAPSHOT_KEY, SUMMARY_KEY } from "../cluster/kept/verifications";
import type { ReleaseAddress } from "../cluster/releaseAddress";
import { upgradeLabels } from "../upgrade/marks";
import { attemptLabels } from "../upgrade/metadata/attempt";
import { installationAnnotations } from "../upgrade/metadata/installation";
import type { VerificationState } from "../upgrade/model";
import { VERIFICATION_MARK } from "../upgrade/verification";
import type { Difference } from "./compare";
import { ServiceError } from "./service";
import { isSnapshot, type Snapshot } from "./snapshot";

/** Findings of a verification, as far as they are kept. */
export interface Findings {
  readonly problems: readonly string[];
  readonly differences: readonly Difference[];
  readonly version?: string;
}

/** Up to here a snapshot is kept as text, for whoever looks with kubectl; above, packed. */
const LONGEST_TEXT = 200_000;
/** A ConfigMap holds 1 MiB: this, the findings and the summary stay below it. */
const LARGEST_PACKED = 900_000;
const LONGEST_SUMMARY = 2_000;
const LONGEST_FINDINGS = 60_000;

/** @throws ServiceError when the snapshot is too large */
export function recordContent(
  { releaseName, namespace }: ReleaseAddress,
  { configMap: name, attempt, installation = {}, status, summary, snapshot, damaged }: VerificationState,
  findings?: Findings,
): ConfigMapContent {
  return {
    name,
    namespace,
    labels: { ...upgradeLabels(releaseName), ...attemptLabels(releaseName, attempt), [VERIFICATION_MARK]: "true" },
    annotations: { ...installationAnnotations(installation), [VERIFICATION_MARK]: status },
    data: {
      [SUMMARY_KEY]: cut(summary, LONGEST_SUMMARY),
      ...(snapshot !== undefined && isText(snapshot) && { [SNAPSHOT_KEY]: snapshot }),
      ...(findings && { "result.json": findingsText(findings) }),
    },
    binaryData: snapshot === undefined || isText(snapshot) ? {} : { [PACKED_SNAPSHOT_KEY]: packed(snapshot) },
    // Without it the record would look like one of the health alone, whose data need not be compared.
    ...(damaged !== undefined && { kept: [SNAPSHOT_KEY, PACKED_SNAPSHOT_KEY] }),
  };
}

/** Whether there is data to compare with, be it readable or not. */
export function hasSnapshot(record: VerificationState | undefined): record is VerificationState {
  return record?.snapshot !== undefined || record?.damaged !== undefined;
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
    return isSnapshot(found) ? { snapshot: found } : { problem: "it is JSON, but no snapshot" };
  } catch (error) {
    return { problem: `it is no JSON (${(error as Error).message})` };
  }
}

function isText(snapshot: string): boolean {
  return Buffer.byteLength(snapshot) <= LONGEST_TEXT;
}

function packed(snapshot: string): string {
  const size = Buffer.byteLength(snapshot);
  // The next run would refuse to unpack it.
  if (size > LARGEST_SNAPSHOT) throw tooLarge(`${Math.round(size / 1_000_000)} MB`);
  const bytes = gzipSync(snapshot);
  if (bytes.byteLength > LARGEST_PACKED) throw tooLarge(`${Math.round(bytes.byteLength / 1000)} kB packed`);
  return bytes.toString("base64");
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

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)} … (the run that failed listed everything)`;
}
