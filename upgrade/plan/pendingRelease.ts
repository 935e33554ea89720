import type { ComponentState, HelmRelease, StackFacts, Step, Warning } from "../model";
import { refuse } from "../refusal";
import { duration } from "./interruption";

/** Somebody may be at work: the only refusal that time mends. */
export const PENDING_RULE = "another_helm_run_may_be_active";

/** Seconds without any sign of life after which nobody is taken to be at work on a release. */
export const SILENT_SECONDS = 600;

/** Its install died, and nothing was ever deployed. */
export function isDeadInstall({ status, lastDeployed }: HelmRelease): boolean {
  return status === "pending-install" && lastDeployed === undefined;
}

/**
 * The step that settles a record left `pending-…` by a killed run, which otherwise blocks Helm for good. It is deleted,
 * and the revision before it counts again; that of a dead install is marked as failed where the stack's state has the
 * Release: Pulumi upgrades it then, and Helm upgrades nothing that has no record. Somebody may still be at work on a young
 * one, or while the objects still move: then refused, with the command for who knows.
 *
 * @param observedAt ISO 8601, when the state was read
 * @param silentSeconds default 600
 */
export function settlePending(
  release: HelmRelease,
  components: readonly ComponentState[],
  observedAt: string | undefined,
  { releaseInStack = false }: StackFacts,
  silentSeconds = SILENT_SECONDS,
): readonly Step[] {
  if (!release.status.startsWith("pending-")) return [];
  const now = Date.parse(observedAt ?? "");
  const signs = [
    { what: `Helm began revision ${release.revision}`, at: release.updatedAt },
    ...components.map(({ name, progressedAt }) => ({ what: `the rollout of ${name} made progress`, at: progressedAt })),
  ].flatMap(({ what, at }) => (at === undefined ? [] : [{ what, at: Date.parse(at) }]));
  // A time that cannot be read is no sign that nobody is at work.
  const isSilent = signs.every(({ at }) => now - at >= silentSeconds * 1000);
  const { recordName, revision } = release;
  if (isSilent) {
    const isMarked = releaseInStack && isDeadInstall(release);
    return [{ kind: isMarked ? "markFailed" : "clearPendingRelease", recordName, revision }];
  }
  const [latest] = signs.filter(({ at }) => !Number.isNaN(at)).toSorted((a, b) => b.at - a.at);
  const last = latest ? `${latest.what} at ${new Date(latest.at).toISOString()}` : "when it began cannot be read";
  return refuse({
    rule: PENDING_RULE,
    reason: `The Helm release ${release.name} is ${release.status} (revision ${release.revision}): another run may be at work on it. Last sign: ${last}.`,
    remedy: `Wait ${duration(silentSeconds)} after the last sign and run pulumi up again: ${sooner(release)}`,
  });
}

/** Of a plan that was made for a dead install without knowing what the stack's state has. */
export function unknownStack(stack: string, why: string): Warning {
  return {
    rule: "an_install_did_not_finish",
    message: `Whether the state of the stack ${stack} has the Release of the install that died could not be asked. Where it has, pulumi up marks the record as failed instead of clearing it, and its plan has another hash: see it with pulumi preview. Why it could not be asked: ${why}`,
  };
}

/** What the next run does, and how to have it at once. */
function sooner(release: HelmRelease): string {
  // A record that the state counts on must not be deleted by hand, and whether it does is not known to everybody who plans.
  return isDeadInstall(release)
    ? "it then goes on from the dead install by itself. If you know that nobody is at work: pulumi config set --path milvus:timeouts.pending 1s, then pulumi up, and after it pulumi config rm --path milvus:timeouts.pending"
    : `it then clears the record by itself. If you know that nobody is at work: kubectl -n ${release.namespace} delete secret ${release.recordName}`;
}
