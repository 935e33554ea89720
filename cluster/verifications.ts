import { gunzipSync } from "node:zlib";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { attemptFromLabels } from "../upgrade/attempt";
import { isForeign } from "../upgrade/installation";
import {
  type Installation,
  VERIFICATION_STATUSES,
  type VerificationState,
  type VerificationStatus,
} from "../upgrade/model";
import { VERIFICATION_MARK } from "../upgrade/verification";
import type { Json } from "./json";

/** Keys of a verification's ConfigMap. */
export const SNAPSHOT_KEY = "snapshot.json";
/** A large one, in binaryData. */
export const PACKED_SNAPSHOT_KEY = "snapshot.json.gz";
export const SUMMARY_KEY = "summary";

/** The verifications of an installation, the oldest first. ConfigMaps that are none, or of another one, are passed over. */
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
      const snapshot = data?.[SNAPSHOT_KEY] ?? unpacked(binaryData?.[PACKED_SNAPSHOT_KEY]);
      const state: VerificationState = {
        configMap: metadata?.name ?? "",
        attempt,
        status,
        summary: data?.[SUMMARY_KEY] ?? "",
        ...(snapshot !== undefined && { snapshot }),
      };
      return [{ state, createdAt: metadata?.creationTimestamp ?? "" }];
    })
    .sort((a, b) => a.state.attempt.revision - b.state.attempt.revision || a.createdAt.localeCompare(b.createdAt))
    .map(({ state }) => state);
}

function unpacked(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : gunzipSync(Buffer.from(base64, "base64")).toString("utf8");
}

function isStatus(status: string | undefined): status is VerificationStatus {
  return (VERIFICATION_STATUSES as readonly (string | undefined)[]).includes(status);
}
