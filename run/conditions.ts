import type { Config } from "../config/schema";
import type { Condition } from "../upgrade/condition";
import type { ClusterState, UpgradePlan } from "../upgrade/model";
import { judgePromotion, needsPromotion, type StagedStack } from "../upgrade/promotion/judge";
import { judgeWindow } from "../upgrade/window/judge";
import { RULES } from "./receipts";

/** What must hold before a plan may be begun, as it is now. */
export interface Conditions {
  /** Time mends it: a preview shows the plan, and says when. */
  readonly window: Condition;
  /** A preview is refused as well. */
  readonly promotion: Condition;
}

/**
 * @param staged the outputs of another stack; asked only where the plan needs them
 * @param now milliseconds
 */
export async function judgeConditions(
  { conditions }: Pick<Config, "conditions">,
  plan: UpgradePlan,
  state: ClusterState,
  staged: (stack: string) => Promise<StagedStack>,
  now: () => number = Date.now,
): Promise<Conditions> {
  const { promoteFrom, window } = conditions;
  const isAsked = promoteFrom !== undefined && needsPromotion(conditions, plan, state);
  const found = isAsked ? await staged(promoteFrom) : undefined;
  return {
    window: judgeWindow(window, plan, state, now()),
    promotion: judgePromotion({ ...conditions, rules: RULES }, plan, found, now()),
  };
}
