import type { UpgradePlan, VerificationState } from "./model";
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

export const UNVERIFIED_RULE = "a_failed_verification_blocks_the_next_hop";

/** What was found wrong blocks the next upgrade: only the versions that were verified, before and after, are let through. */
export function refuseUnverified(plan: UpgradePlan, verification: VerificationState | undefined): void {
  if (verification === undefined || verification.status === "passed") return;
  const { from, to } = verification.attempt;
  const goesOn = plan.from !== undefined && plan.to !== plan.from && plan.to !== to && plan.to !== from;
  // Not verified yet because the upgrade itself is not finished: that is for the other rules to judge.
  if (!goesOn || (verification.status === "pending" && plan.from !== to)) return;
  const { configMap, status, summary, damaged } = verification;
  const failed = status === "failed";
  const what = from === to ? `Milvus ${to}` : `The upgrade from ${from} to ${to}`;
  const found = failed
    ? `${what} was verified and something was wrong: ${summary}`
    : `${what} was never verified: the run ended before that.`;
  refuse({
    rule: UNVERIFIED_RULE,
    ...(damaged === undefined
      ? {
          reason: found,
          remedy: `Verify it again, after repairing what is wrong: ${configLine("version", to)}, then pulumi up or npm run verify. To go on as it is: npm run verify -- --accept`,
        }
      : {
          reason: `${found} The snapshot from before it, in the ConfigMap ${configMap}, is damaged: ${damaged}.`,
          remedy: `Put a copy of that ConfigMap back if you have one, then npm run verify. To go on as it is: npm run verify -- --accept. It costs the comparison: nobody can say any more whether the data is as it was before that upgrade.`,
        }),
  });
}
