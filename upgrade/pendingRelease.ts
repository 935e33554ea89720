import { duration } from "./interruption";
import type { ComponentState, HelmRelease, Step } from "./model";
import { refuse } from "./refusal";

/** Somebody may be at work: the only refusal that time mends. */
export const PENDING_RULE = "a_pending_release_may_have_somebody_at_work";

/** Seconds without any sign of life after which nobody is taken to be at work on a release. */
export const SILENT_SECONDS = 600;

/**
 * The step that clears a record left `pending-…` by a killed run, which otherwise blocks Helm for good. Somebody may
 * still be at work on a young one, or while the objects still move: then refused, with the command for who knows.
 *
 * @param observedAt ISO 8601, when the state was read
 * @param silentSeconds default 600
 */
export function clearPending(
  release: HelmRelease,
  components: readonly ComponentState[],
  observedAt: string | undefined,
  silentSeconds = SILENT_SECONDS,
): readonly Step[] {
  if (!release.status.startsWith("pending-")) return [];
  const now = Date.parse(observedAt ?? "");
  const signs = [
    { what: `Helm began revision ${release.revision}`, at: release.updatedAt },
    ...components.map(({ name, progressedAt }) => ({ what: `the rollout of ${name} came forward`, at: progressedAt })),
  ].flatMap(({ what, at }) => (at === undefined ? [] : [{ what, at: Date.parse(at) }]));
  // A time that cannot be read is no sign that nobody is at work.
  const isSilent = signs.every(({ at }) => now - at >= silentSeconds * 1000);
  if (isSilent) return [{ kind: "clearPendingRelease", recordName: release.recordName, revision: release.revision }];
  const [latest] = signs.filter(({ at }) => !Number.isNaN(at)).toSorted((a, b) => b.at - a.at);
  const last = latest ? `${latest.what} at ${new Date(latest.at).toISOString()}` : "when it began cannot be read";
  return refuse({
    rule: PENDING_RULE,
    reason: `The Helm release ${release.name} is ${release.status} (revision ${release.revision}): another run may be at work on it. Last sign: ${last}.`,
    remedy: `Wait ${duration(silentSeconds)} after the last sign and run pulumi up again: it then clears the record by itself. If you know that nobody is at work: kubectl -n ${release.namespace} delete secret ${release.recordName}`,
  });
}
