import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config/schema";
import { judgeConditions } from "../run/conditions";
import { type Look, shownPlan } from "../run/look";
import { approvalLines, CONFIRMED_PLAN_VARIABLE, refusalOfUnapproved, refusalOfUnconfirmed } from "../upgrade/approval";
import type { Refusal, UpgradePlan } from "../upgrade/model";
import { RefusalError } from "../upgrade/refusal";
import { describePlan } from "../upgrade/words/describe";
import { describeVerification } from "../verify/describe";
import { openVerification } from "../verify/verify";
import { readStagedStack } from "./engine/stagedStack";

/**
 * The plan of a look, once it is said and may be run: approved, promoted, and within its window. A preview asks for no approval and
 * no window.
 *
 * @throws RefusalError
 */
export async function allowedPlan(
  config: Config,
  look: Look,
  say: (...lines: readonly string[]) => Promise<void>,
): Promise<UpgradePlan> {
  const { approvedPlan, verification, wanted } = config;
  const plan = shownPlan(look);
  if (plan.kind === "refused") throw new RefusalError(plan);
  const { state, hash } = look;
  const { window, promotion } = await judgeConditions(config, plan, state, readStagedStack);
  await say(
    ...describePlan(plan),
    ...describeVerification(verification, plan, openVerification(plan, state), wanted.namespace),
    ...(hash === undefined ? [] : approvalLines(approvedPlan, hash)),
    ...promotion.lines,
    ...window.lines,
  );
  const refusal = pulumi.runtime.isDryRun()
    ? promotion.refusal
    : (refusalOfHash(approvedPlan, hash, plan) ?? promotion.refusal ?? window.refusal);
  if (refusal !== undefined) throw new RefusalError(refusal);
  return plan;
}

function refusalOfHash(approved: string | undefined, hash: string | undefined, plan: UpgradePlan): Refusal | undefined {
  if (hash === undefined) return undefined;
  return (
    refusalOfUnconfirmed(process.env[CONFIRMED_PLAN_VARIABLE], hash, plan) ?? refusalOfUnapproved(approved, hash, plan)
  );
}

/** Who has agreed to the plan that is run. */
export function approvalOf({ approvedPlan }: Config): "approvedPlan" | "confirmed" | "none" {
  if (approvedPlan !== undefined) return "approvedPlan";
  return (process.env[CONFIRMED_PLAN_VARIABLE] ?? "") === "" ? "none" : "confirmed";
}
