/** What a verification keeps in its ConfigMap. */
import { gzipSync } from "node:zlib";
import type { ConfigMapContent } from "../cluster/configMaps";
import { PACKED_SNAPSHOT_KEY, SNAPSHOT_KEY, SUMMARY_KEY } from "../cluster/verifications";
import { attemptLabels } from "../upgrade/attempt";
import { upgradeLabels } from "../upgrade/labels";
import type { VerificationState } from "../upgrade/model";
import { VERIFICATION_MARK } from "../upgrade/verification";
import type { Difference } from "./compare";
import { ServiceError } from "./service";

/** Findings of a verification, as far as they are kept. */
export interface Findings {
  readonly problems: readonly string[];
  readonly differences: readonly Difference[];
  readonly version?: string;
}

/** Up to here a snapshot is kept as text, for whoever looks with kubectl; above, packed. */
const LONGEST_TEXT = 200_000;
/** A ConfigMap holds 1 MiB: this, the findings and the summary stay below it. */
const LARGEST_SNAPSHOT = 900_000;
const LONGEST_SUMMARY = 2_000;
const LONGEST_FINDINGS = 60_000;

/** @throws ServiceError when the snapshot is too large */
export function recordContent(
  { releaseName, namespace }: { readonly releaseName: string; readonly namespace: string },
  { configMap: name, attempt, status, summary, snapshot }: VerificationState,
  findings?: Findings,
): ConfigMapContent {
  return {
    name,
    namespace,
    labels: { ...upgradeLabels(releaseName), ...attemptLabels(releaseName, attempt), [VERIFICATION_MARK]: "true" },
    annotations: { [VERIFICATION_MARK]: status },
    data: {
      [SUMMARY_KEY]: cut(summary, LONGEST_SUMMARY),
      ...(snapshot !== undefined && isText(snapshot) && { [SNAPSHOT_KEY]: snapshot }),
      ...(findings && { "result.json": findingsText(findings) }),
    },
    binaryData: snapshot === undefined || isText(snapshot) ? {} : { [PACKED_SNAPSHOT_KEY]: packed(snapshot) },
  };
}

function isText(snapshot: string): boolean {
  return Buffer.byteLength(snapshot) <= LONGEST_TEXT;
}

function packed(snapshot: string): string {
  const bytes = gzipSync(snapshot);
  if (bytes.byteLength > LARGEST_SNAPSHOT) {
    throw new ServiceError(
      `The snapshot (${Math.round(bytes.byteLength / 1000)} kB packed) does not fit into a ConfigMap: there are too many collections. Verify the health alone: pulumi config set milvus:verify health`,
    );
  }
  return bytes.toString("base64");
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
