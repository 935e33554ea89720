import type { ClusterState, UpgradePlan, VerificationState } from "./model";
import { configLine, refuse } from "./refusal";

export const VERIFY_MODES = ["off", "health", "data", "write"] as const;
/** What is looked at after an upgrade: nothing, whether it runs, also whether it answers as before, or also whether it takes writes. */
export type VerifyMode = (typeof VERIFY_MODES)[number];

/** Whether the data is compared with a snapshot from before the upgrade. */
export function comparesData(mode: VerifyMode): boolean {
  return mode === "data" || mode === "write";
}

export const ROW_RULES = ["exact", "no fewer", "ignored"] as const;
/** How row counts are compared: `no fewer` where clients go on writing during the upgrade. */
export type RowRule = (typeof ROW_RULES)[number];

/** Annotation and label of the ConfigMap in which a verification keeps its snapshot and result. */
export const VERIFICATION_MARK = "milvus-upgrade/verification";

/** What the collection of a write check begins with. Milvus allows letters, digits and underscores. */
export const WRITE_CHECK_PREFIX = "milvus_upgrade_write_check_";
export const WRITTEN_ROWS = 64;

export const UNVERIFIED_RULE = "a_failed_verification_blocks_the_next_hop";

/** A verification of the upgrade that is planned, or of the one that ended here, which has not been passed. */
export function openVerification(
  plan: Pick<UpgradePlan, "to">,
  { verification }: Pick<ClusterState, "verification">,
): VerificationState | undefined {
  if (verification === undefined || verification.status === "passed") return undefined;
  const { from, to } = verification.attempt;
  return plan.to === to || plan.to === from ? verification : undefined;
}

/** What was found wrong blocks the next upgrade: only the versions that were verified, before and after, are let through. */
export function refuseUnverified(plan: UpgradePlan, verification: VerificationState | undefined): void {
  if (verification === undefined || verification.status === "passed") return;
  const { from, to } = verification.attempt;
  const goesOn = plan.from !== undefined && plan.to !== plan.from && plan.to !== to && plan.to !== from;
  // Not verified yet because the upgrade itself is not finished: that is for the other rules to judge.
  if (!goesOn || (verification.status === "pending" && plan.from !== to)) return;
  const { configMap, damaged } = verification;
  const found = foundBy(verification);
  refuse({
    rule: UNVERIFIED_RULE,
    ...(damaged === undefined
      ? { reason: found, remedy: wayOut(verification, "after repairing what is wrong") }
      : {
          reason: `${found} The snapshot from before it, in the ConfigMap ${configMap}, is damaged: ${damaged}.`,
          remedy: `Put a copy of that ConfigMap back if you have one, then npm run verify. To go on as it is: npm run verify -- --accept. It costs the comparison: nobody can say any more whether the data is as it was before that upgrade.`,
        }),
  });
}

/** Whether there is data to compare with, be it readable or not. */
export function hasSnapshot(record: VerificationState | undefined): record is VerificationState {
  return record?.snapshot !== undefined || record?.damaged !== undefined;
}

/** Whether a verification that finds nothing wrong settles what an earlier one has left open. */
export function settles(mode: VerifyMode, record: VerificationState): boolean {
  if (mode === "off") return false;
  if (record.writesFailed === true) return mode === "write";
  return comparesData(mode) || !hasSnapshot(record);
}

/** Of an open verification, where a run does not look at it again: what was wrong, what that means, and what settles it. */
export function openLine(verification: VerificationState, mode: VerifyMode): string {
  return `${foundBy({ ...verification, summary: shortened(verification.summary) })} With milvus:verify ${mode} that is not looked at again: it stays open (ConfigMap ${verification.configMap}), and the next upgrade is refused. ${wayOut(verification)}`;
}

/** Of a summary, which may name a hundred collections. */
const LONGEST_SHOWN = 300;

function shortened(summary: string): string {
  return summary.length <= LONGEST_SHOWN ? summary : `${summary.slice(0, LONGEST_SHOWN)} …`;
}

function foundBy({ attempt: { from, to }, status, summary }: VerificationState): string {
  const what = from === to ? `Milvus ${to}` : `The upgrade from ${from} to ${to}`;
  return status === "failed"
    ? `${what} was verified and something was wrong: ${summary}`
    : `${what} was never verified: the run ended before that.`;
}

/** What settles an open verification: without writing nobody knows whether Milvus takes writes. */
export function wayOut({ attempt, writesFailed, snapshot }: VerificationState, when = "once it is repaired"): string {
  const accept = "To go on as it is: npm run verify -- --accept";
  const version = configLine("version", attempt.to);
  if (writesFailed !== true) {
    const run =
      snapshot === undefined ? "pulumi up or npm run verify" : "npm run verify, or pulumi up with milvus:verify data";
    return `Verify it again, ${when}: ${version}, then ${run}. ${accept}`;
  }
  const compared = snapshot === undefined ? "" : " and compares the data";
  return `Verify it again, ${when}: ${version}, ${configLine("verify", "write")} (it writes into a collection of its own${compared}), then pulumi up or npm run verify. ${accept}. It costs the answer: nobody knows then whether Milvus takes writes.`;
}
