import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { attemptFromLabels, PHASE_ANNOTATION } from "../upgrade/attempt";
import { ATTEMPT_PHASES, type AttemptPhase, type AttemptState } from "../upgrade/model";
import { ClusterError } from "./errors";
import type { Json } from "./json";

export type Claim = Json<V1PersistentVolumeClaim>;

/** Oldest first. @throws ClusterError `badAttempt` */
export function attemptStates(claims: readonly Claim[]): AttemptState[] {
  return claims
    .map(attemptState)
    .sort(
      (a, b) => a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal || a.claimName.localeCompare(b.claimName),
    );
}

/**
 * The attempt that a backup claim belongs to. A claim without a phase was created and nothing more: the stop is done.
 *
 * @throws ClusterError `badAttempt`: guessing how far a migration went can cost the metadata.
 */
function attemptState({ metadata }: Claim): AttemptState {
  const claimName = metadata?.name ?? "";
  const id = attemptFromLabels(metadata?.labels ?? {});
  if (id === undefined) {
    throw badAttempt(claimName, "its labels milvus-upgrade/… do not name an attempt");
  }
  const phase = metadata?.annotations?.[PHASE_ANNOTATION] ?? "stopped";
  if (!isPhase(phase)) {
    throw badAttempt(
      claimName,
      `its annotation ${PHASE_ANNOTATION} is ${JSON.stringify(phase)}, not one of ${ATTEMPT_PHASES.join(", ")}`,
    );
  }
  return { id, claimName, phase, createdAt: metadata?.creationTimestamp ?? "" };
}

function isPhase(phase: string): phase is AttemptPhase {
  return (ATTEMPT_PHASES as readonly string[]).includes(phase);
}

function badAttempt(claimName: string, why: string): ClusterError {
  return new ClusterError(
    "badAttempt",
    `The metadata backup claim ${claimName} does not tell how far its migration went: ${why}.`,
    `Somebody edited it. Put labels and annotation back (kubectl describe pvc ${claimName}); only when the backup is surely not needed any more, take the label milvus-upgrade/release off it.`,
  );
}
