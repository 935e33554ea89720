import type { ClusterState, Plan, Wanted } from "../../upgrade/model";
import { isDeadInstall, unknownStack } from "../../upgrade/plan/pendingRelease";
import { planUpgrade } from "../../upgrade/plan/plan";
import type { Project } from "../pulumi/project";
import { readStackFacts } from "../pulumi/stackConfig";

/**
 * The plan as `up` makes it. Only what becomes of an install that died depends on the stack's state, which `up` knows: Pulumi is
 * asked for it there, and where it does not answer the plan says what is not known.
 */
export async function planOfStack(project: Project, stack: string, wanted: Wanted, state: ClusterState): Promise<Plan> {
  const plan = planUpgrade(wanted, state);
  if (plan.kind === "refused" || state.release === undefined || !isDeadInstall(state.release)) return plan;
  try {
    return planUpgrade(wanted, state, await readStackFacts(project, stack));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...plan, warnings: [...plan.warnings, unknownStack(stack, why)] };
  }
}
