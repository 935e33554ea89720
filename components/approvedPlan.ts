import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config/schema";
import { judgeConditions } from "../run/conditions";
import { eventSink } from "../run/events";
import { type Look, shownPlan } from "../run/look";
import { approvalLines, CONFIRMED_PLAN_VARIABLE, refusalOfUnapproved, refusalOfUnconfirmed } from "../upgrade/approval";
import type { UpgradePlan } from "../upgrade/model";
import { SHOWN_PLAN_VARIABLE } from "../upgrade/progress/events";
import { RefusalError } from "../upgrade/refusal";
import { describeClearUp } from "../upgrade/words/clearUp";
import { describePlan } from "../upgrade/words/describe";
import { describeVerification } from "../verify/describe";
import { openVerification } from "../verify/verify";
import { keptAttempts } from "./declare/metadata";
import type { EarlierRun } from "./engine/earlierRun";
import { readStagedStack } from "./engine/stagedStack";

export interface Speaker {
  /** As a person reads it. */
  readonly words: (text: string) => string;
  readonly say: (lines: readonly string[]) => Promise<void>;
}

/**
 * Says what is planned.
 *
 * @throws RefusalError of a plan that may not be run
 */
export async function approvedPlan(
  look: Look,
  config: Config,
  earlier: EarlierRun,
  { words, say }: Speaker,
): Promise<UpgradePlan> {
  const { approvedPlan: approved, verification, wanted } = config;
  const plan = shownPlan(look);
  if (plan.kind === "refused") {
    if (look.open.length > 0) await say(look.open);
    throw new RefusalError(plan);
  }
  const { state, hash } = look;
  const { window, promotion } = await judgeConditions(config, plan, state, readStagedStack);
  const kept = keptAttempts(state, earlier).map(({ claimName }) => claimName);
  const lines = [
    ...look.open,
    ...describePlan(plan),
    ...describeClearUp(plan, earlier.jobs ?? 0, kept),
    ...describeVerification(verification, plan, openVerification(plan, state), wanted.namespace),
    ...(hash === undefined ? [] : approvalLines(approved, hash)),
    ...promotion.lines,
    ...window.lines,
  ];
  // Whoever has shown this very plan a moment ago need not read it again.
  if (hash === undefined || process.env[SHOWN_PLAN_VARIABLE] !== hash) await say(lines);
  if (pulumi.runtime.isDryRun()) {
    // A window opens by itself: who reviews sees the plan before.
    if (promotion.refusal !== undefined) throw new RefusalError(promotion.refusal);
    return plan;
  }
  eventSink(wanted, plan).tell({ event: "planned", ...(hash !== undefined && { hash }), lines: lines.map(words) });
  if (hash !== undefined) {
    const unconfirmed = refusalOfUnconfirmed(process.env[CONFIRMED_PLAN_VARIABLE], hash, plan);
    const refusal = unconfirmed ?? refusalOfUnapproved(approved, hash, plan);
    if (refusal !== undefined) throw new RefusalError(refusal);
  }
  const refusal = promotion.refusal ?? window.refusal;
  if (refusal !== undefined) throw new RefusalError(refusal);
  return plan;
}
