import { gunzipSync } from "node:zlib";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { attemptFromLabels } from "../../upgrade/metadata/attempt";
import { isForeign } from "../../upgrade/metadata/installation";
import {
  type Installation,
  VERIFICATION_STATUSES,
  type VerificationState,
  type VerificationStatus,
} from "../../upgrade/model";
import { VERIFICATION_MARK } from "../../upgrade/verification";
import type { Json } from "../json";

/** Keys of a verification's ConfigMap. */
export const SNAPSHOT_KEY = "snapshot.json";
/** A large one, in binaryData. */
export const PACKED_SNAPSHOT_KEY = "snapshot.json.gz";
export const SUMMARY_KEY = "summary";
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
        ...(text === undefined ? unpacked(binaryData?.[PACKED_SNAPSHOT_KEY]) : { snapshot: text }),
      };
      return [{ state, createdAt: metadata?.creationTimestamp ?? "" }];
    })
    .sort((a, b) => a.state.attempt.revision - b.state.attempt.revision || a.createdAt.localeCompare(b.createdAt))
    .map(({ state }) => state);
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
