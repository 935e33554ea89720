import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config/schema";
import { judgeConditions } from "../run/conditions";
import { eventSink } from "../run/events";
import { type Look, shownPlan } from "../run/look";
import { approvalLines, CONFIRMED_PLAN_VARIABLE, refusalOfUnapproved, refusalOfUnconfirmed } from "../upgrade/approval";
import type { Refusal, UpgradePlan } from "../upgrade/model";
import { describePulls } from "../upgrade/prepull/describe";
import { SHOWN_PLAN_VARIABLE } from "../upgrade/progress/events";
import { RefusalError } from "../upgrade/refusal";
import { openVerification } from "../upgrade/verification";
import { describeClearUp } from "../upgrade/words/clearUp";
import { describePlan, planTitle } from "../upgrade/words/describe";
import { describeSentAgain, sentAgain } from "../upgrade/words/sentAgain";
import { describeVerification } from "../verify/describe";
import { keptAttempts } from "./declare/metadata";
import type { EarlierRun } from "./engine/earlierRun";
import type { ShownLines } from "./engine/shownLines";
import { readStagedStack } from "./engine/stagedStack";

export interface Speaker {
  /** As a person reads it. */
  readonly words: (text: string) => string;
  readonly say: (lines: readonly string[]) => Promise<void>;
  readonly shown: Pick<ShownLines, "keep" | "unsaid">;
}

/**
 * The plan of a look, once it is said and may be run: approved, promoted, and within its window. A preview asks for no approval and
 * no window.
 *
 * @throws RefusalError
 */
export async function allowedPlan(
  config: Config,
  look: Look,
  earlier: EarlierRun,
  { words, say, shown }: Speaker,
): Promise<UpgradePlan> {
  const { approvedPlan, verification, wanted } = config;
  const plan = shownPlan(look);
  if (plan.kind === "refused") {
    if (look.open.length > 0) await say(look.open);
    throw new RefusalError(plan);
  }
  const { state, hash } = look;
  const { window, promotion } = await judgeConditions(config, plan, state, readStagedStack);
  const kept = keptAttempts(state, earlier).map(({ claimName }) => claimName);
  const approval = hash === undefined ? [] : approvalLines(approvedPlan, hash);
  const lines = [
    ...look.open,
    ...describePlan(plan),
    ...(look.pulls ? describePulls(look.pulls) : []),
    ...describeSentAgain(sentAgain(plan, state, earlier), look.sentAgain),
    ...describeClearUp(plan, earlier.jobs ?? 0, kept),
    ...describeVerification(verification, plan, openVerification(plan, state), wanted.namespace),
    ...approval,
    ...promotion.lines,
    ...window.lines,
  ];
  const isPreview = pulumi.runtime.isDryRun();
  let said: Promise<void> | undefined;
  // Whoever has shown this very plan a moment ago need not read it again.
  if (hash === undefined || process.env[SHOWN_PLAN_VARIABLE] !== hash) {
    const unsaid = isPreview ? lines : shown.unsaid(lines);
    const isSame = approval.length > 0 && !approval.some((line) => unsaid.includes(line));
    // Awaited before a refusal alone: lines come in the order in which they are said, and what follows need not wait for them.
    const shortened = [`${planTitle(plan)}: as in the preview above, plan hash ${hash ?? ""}`, ...unsaid];
    said = say(isSame ? shortened : lines);
    if (isPreview) shown.keep(lines);
  }
  if (!isPreview) {
    eventSink(wanted, plan).tell({ event: "planned", ...(hash !== undefined && { hash }), lines: lines.map(words) });
  }
  const refusal = isPreview
    ? promotion.refusal
    : (refusalOfHash(approvedPlan, hash, plan) ?? promotion.refusal ?? window.refusal);
  if (refusal !== undefined) {
    await said;
    throw new RefusalError(refusal);
  }
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
