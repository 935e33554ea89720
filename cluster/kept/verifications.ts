import { gunzipSync, gzipSync } from "node:zlib";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { upgradeLabels } from "../../upgrade/marks";
import { attemptFromLabels, attemptLabels } from "../../upgrade/metadata/attempt";
import { installationAnnotations, isForeign } from "../../upgrade/metadata/installation";
import {
  type Installation,
  VERIFICATION_STATUSES,
  type VerificationState,
  type VerificationStatus,
} from "../../upgrade/model";
import { VERIFICATION_MARK } from "../../upgrade/verification";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";
import type { ConfigMapContent } from "./configMaps";

/** Keys of a verification's ConfigMap. */
const SNAPSHOT_KEY = "snapshot.json";
/** A large one, in binaryData. */
const PACKED_SNAPSHOT_KEY = "snapshot.json.gz";
const SUMMARY_KEY = "summary";
const FINDINGS_KEY = "result.json";
const WRITES_KEY = "writes";
const WRITES_FAILED = "failed";
/** Up to here a snapshot is kept as text, for whoever looks with kubectl; above, packed. */
const LONGEST_TEXT = 200_000;
/** A ConfigMap holds 1 MiB: this, the findings and the summary stay below it. */
const LARGEST_PACKED = 900_000;
const LONGEST_SUMMARY = 2_000;
/**
 * Bytes of a snapshot as text. No more is written, and no more is unpacked: what fits into a ConfigMap may unpack to a
 * thousand times as much, and every command reads it.
 */
export const LARGEST_SNAPSHOT = 32_000_000;

/**
 * The verifications of an installation, the oldest first. ConfigMaps that are none, or of another installation, are passed
 * over. Never throws: of a damaged one the status still counts, and few commands need its snapshot.
 */
export function verificationStates(
  configMaps: readonly Json<V1ConfigMap>[],
  installation: Installation,
): VerificationState[] {
  return configMaps
    .flatMap(({ metadata, data, binaryData }) => {
      const attempt = attemptFromLabels(metadata?.labels ?? {});
      const status = metadata?.annotations?.[VERIFICATION_MARK];
      const marked = { annotations: metadata?.annotations ?? {}, createdAt: metadata?.creationTimestamp ?? "" };
      if (attempt === undefined || !isStatus(status) || isForeign(marked, installation)) return [];
      const text = data?.[SNAPSHOT_KEY];
      const state: VerificationState = {
        configMap: metadata?.name ?? "",
        attempt,
        status,
        summary: data?.[SUMMARY_KEY] ?? "",
        ...(data?.[WRITES_KEY] === WRITES_FAILED && { writesFailed: true }),
        ...(text === undefined ? unpacked(binaryData?.[PACKED_SNAPSHOT_KEY]) : { snapshot: text }),
      };
      return [{ state, createdAt: metadata?.creationTimestamp ?? "" }];
    })
    .sort((a, b) => a.state.attempt.revision - b.state.attempt.revision || a.createdAt.localeCompare(b.createdAt))
    .map(({ state }) => state);
}

/**
 * What a verification keeps, as a ConfigMap that `verificationStates` reads back.
 *
 * @param findings JSON for whoever looks with kubectl
 * @returns `tooLarge`: the size of a snapshot that does not fit
 */
export function verificationContent(
  { releaseName, namespace }: ReleaseAddress,
  { configMap: name, attempt, installation = {}, status, summary, snapshot, damaged, writesFailed }: VerificationState,
  findings: string | undefined,
): ConfigMapContent | { readonly tooLarge: string } {
  const packed = snapshot === undefined || isText(snapshot) ? undefined : packedSnapshot(snapshot);
  if (typeof packed === "object") return packed;
  return {
    name,
    namespace,
    labels: { ...upgradeLabels(releaseName), ...attemptLabels(releaseName, attempt), [VERIFICATION_MARK]: "true" },
    annotations: { ...installationAnnotations(installation), [VERIFICATION_MARK]: status },
    data: {
      [SUMMARY_KEY]: cut(summary, LONGEST_SUMMARY),
      ...(snapshot !== undefined && packed === undefined && { [SNAPSHOT_KEY]: snapshot }),
      ...(findings !== undefined && { [FINDINGS_KEY]: findings }),
      ...(writesFailed && { [WRITES_KEY]: WRITES_FAILED }),
    },
    binaryData: packed === undefined ? {} : { [PACKED_SNAPSHOT_KEY]: packed },
    // Without it the record would look like one of the health alone, whose data need not be compared.
    ...(damaged !== undefined && { kept: [SNAPSHOT_KEY, PACKED_SNAPSHOT_KEY] }),
  };
}

function isText(snapshot: string): boolean {
  return Buffer.byteLength(snapshot) <= LONGEST_TEXT;
}

/** In base64. */
function packedSnapshot(snapshot: string): string | { readonly tooLarge: string } {
  const size = Buffer.byteLength(snapshot);
  // The next run would refuse to unpack it.
  if (size > LARGEST_SNAPSHOT) return { tooLarge: `${Math.round(size / 1_000_000)} MB` };
  const bytes = gzipSync(snapshot);
  if (bytes.byteLength > LARGEST_PACKED) return { tooLarge: `${Math.round(bytes.byteLength / 1000)} kB packed` };
  return bytes.toString("base64");
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)} … (the run that failed listed everything)`;
}

function unpacked(base64: string | undefined): Pick<VerificationState, "snapshot" | "damaged"> {
  if (base64 === undefined) return {};
  try {
    const bytes = gunzipSync(Buffer.from(base64, "base64"), { maxOutputLength: LARGEST_SNAPSHOT });
    return { snapshot: bytes.toString("utf8") };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      damaged:
        code === "ERR_BUFFER_TOO_LARGE"
          ? `it unpacks to more than ${LARGEST_SNAPSHOT / 1_000_000} MB`
          : `it cannot be unpacked (${message})`,
    };
  }
}

function isStatus(status: string | undefined): status is VerificationStatus {
  return (VERIFICATION_STATUSES as readonly (string | undefined)[]).includes(status);
}
