import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { attemptFromLabels, claimPrefix, isOfAttempt, PHASE_ANNOTATION } from "../../upgrade/metadata/attempt";
import { isForeign } from "../../upgrade/metadata/installation";
import { ATTEMPT_PHASES, type AttemptPhase, type AttemptState, type Installation } from "../../upgrade/model";
import { ClusterError } from "../errors";
import type { Json } from "../json";

export type Claim = Json<V1PersistentVolumeClaim>;

/**
 * A release's attempts among all claims of its namespace, oldest first.
 *
 * @throws ClusterError `badAttempt`
 */
export function attemptStates(
  claims: readonly Claim[],
  releaseName: string,
  installation: Installation,
): AttemptState[] {
  return claims
    .filter(({ metadata }) => isOfAttempt(metadata?.labels ?? {}, releaseName))
    .map((claim) => attemptState(claim, installation))
    .sort(
      (a, b) => a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal || a.claimName.localeCompare(b.claimName),
    );
}

/** Names that begin like those of a release's backup claims; a person may have let go of some, or made them. */
export function takenClaimNames(claims: readonly Claim[], releaseName: string): string[] {
  return claims
    .map(({ metadata }) => metadata?.name ?? "")
    .filter((name) => name.startsWith(claimPrefix(releaseName)))
    .sort();
}

/**
 * The attempt that a backup claim belongs to. A claim without a phase was created and nothing more.
 *
 * @throws ClusterError `badAttempt`: guessing how far a migration went can cost the metadata.
 */
function attemptState({ metadata }: Claim, installation: Installation): AttemptState {
  const claimName = metadata?.name ?? "";
  const id = attemptFromLabels(metadata?.labels ?? {});
  if (id === undefined) {
    throw badAttempt(claimName, "its labels milvus-upgrade/… do not name an attempt");
  }
  const phase = metadata?.annotations?.[PHASE_ANNOTATION] ?? "prepared";
  if (!isPhase(phase)) {
    throw badAttempt(
      claimName,
      `its annotation ${PHASE_ANNOTATION} is ${JSON.stringify(phase)}, not one of ${ATTEMPT_PHASES.join(", ")}`,
    );
  }
  const createdAt = metadata?.creationTimestamp ?? "";
  const foreign = isForeign({ annotations: metadata?.annotations ?? {}, createdAt }, installation);
  return { id, claimName, phase, createdAt, ...(foreign && { isForeign: true }) };
}

function isPhase(phase: string): phase is AttemptPhase {
  return (ATTEMPT_PHASES as readonly string[]).includes(phase);
}

function badAttempt(claimName: string, why: string): ClusterError {
  return new ClusterError(
    "badAttempt",
    `The metadata backup claim ${claimName} does not say how far its migration went: ${why}.`,
    `Somebody edited it. Put labels and annotation back (kubectl describe pvc ${claimName}); only when the backup is surely not needed any more, remove the label milvus-upgrade/release from it.`,
  );
}
