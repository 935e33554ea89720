import { RELEASE_LABEL } from "../marks";
import type { AttemptId, AttemptPhase } from "../model";
import { isVersion } from "../versions/versions";

/** `2.1.4-to-2.2.9-r7`, with `-2` at the end for a second attempt in the same Helm revision. */
export function attemptName({ from, to, revision, ordinal }: AttemptId): string {
  return `${from}-to-${to}-r${revision}${ordinal > 1 ? `-${ordinal}` : ""}`;
}

/** Name of the claim that keeps the backup: `RELEASE-meta-2.1.4-to-2.2.9-r7`. */
export function claimName(releaseName: string, attempt: AttemptId): string {
  return `${claimPrefix(releaseName)}${attemptName(attempt)}`;
}

/** With which the names of all backup claims of a release begin. */
export function claimPrefix(releaseName: string): string {
  return `${releaseName}-meta-`;
}

const PHASES = {
  prepared: "begun, and nothing is changed yet",
  backedUp: "its backup is written",
  migrating: "the metadata is half migrated",
  migrated: "the metadata is migrated",
  restoring: "the backup is being put back",
  restored: "the backup is put back",
} as const satisfies Record<AttemptPhase, string>;

/** How far an attempt has come, in words. */
export function phaseWords({ phase }: { readonly phase: AttemptPhase }): string {
  return PHASES[phase];
}

/** The phase of an attempt (`AttemptPhase`), an annotation of its claim. */
export const PHASE_ANNOTATION = "milvus-upgrade/phase";

const LABELS = {
  release: RELEASE_LABEL,
  from: "milvus-upgrade/from",
  to: "milvus-upgrade/to",
  revision: "milvus-upgrade/revision",
  ordinal: "milvus-upgrade/ordinal",
} as const;

/** Labels of everything that belongs to an attempt. */
export function attemptLabels(releaseName: string, attempt: AttemptId): Record<string, string> {
  return {
    [LABELS.release]: releaseName,
    [LABELS.from]: attempt.from,
    [LABELS.to]: attempt.to,
    [LABELS.revision]: String(attempt.revision),
    [LABELS.ordinal]: String(attempt.ordinal),
  };
}

/** Selects the ConfigMaps that belong to a release's attempts. */
export function attemptSelector(releaseName: string): string {
  return `${LABELS.release}=${releaseName},${LABELS.from},${LABELS.to},${LABELS.revision},${LABELS.ordinal}`;
}

/** Do these labels say that the object belongs to an attempt of this release? Without the release's label it is let go. */
export function isOfAttempt(labels: Readonly<Record<string, string>>, releaseName: string): boolean {
  return labels[LABELS.release] === releaseName && Object.values(LABELS).every((label) => label in labels);
}

/** The attempt that these labels name; undefined when one is missing, no version or no number. */
export function attemptFromLabels(labels: Readonly<Record<string, string>>): AttemptId | undefined {
  const from = labels[LABELS.from];
  const to = labels[LABELS.to];
  const revision = Number(labels[LABELS.revision]);
  const ordinal = Number(labels[LABELS.ordinal]);
  if (from === undefined || to === undefined || !isVersion(from) || !isVersion(to)) return undefined;
  if (!isPositive(revision) || !isPositive(ordinal)) return undefined;
  return { from, to, revision, ordinal };
}

function isPositive(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
