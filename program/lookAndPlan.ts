import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../cluster/access";
import { oneLook } from "../cluster/oneLook";
import { preflight } from "../cluster/preflight";
import { readCluster } from "../cluster/readCluster";
import { type Previous, refuseMovedRelease, refuseOtherCluster } from "../components/previousRelease";
import type { Config } from "../config/schema";
import {
  approvalHash,
  approvalLines,
  CONFIRMED_PLAN_VARIABLE,
  refusalOfUnapproved,
  refusalOfUnconfirmed,
} from "../upgrade/approval";
import { describePlan } from "../upgrade/describe";
import type { ClusterState, UpgradePlan } from "../upgrade/model";
import { planUpgrade } from "../upgrade/plan";
import { describeRefusal } from "../upgrade/refusal";
import { describeVerification } from "../verify/describe";
import { openVerification } from "../verify/verify";

export interface Look {
  readonly state: ClusterState;
  readonly plan: UpgradePlan;
  /** By which the plan is approved; missing where nothing is to be done. */
  readonly hash?: string;
  /** What is said of it. */
  readonly lines: readonly string[];
}

/**
 * What is there, and what to do about it. Nothing is written.
 *
 * @param reading what earlier runs of this stack have left, while it is still being read
 * @throws RunError what is refused; ClusterError
 */
export async function lookAndPlan(access: ClusterAccess, config: Config, reading: Promise<Previous>): Promise<Look> {
  const { wanted, settings, approvedPlan, verification } = config;
  const cluster = oneLook(access);
  const [previous, found] = await Promise.allSettled([reading, readCluster(cluster, wanted)]);
  if (previous.status === "rejected") throw previous.reason;
  // Said first, also where the cluster cannot be read: it needs none.
  refuseMovedRelease(previous.value.release, wanted.namespace, wanted.releaseName);
  if (found.status === "rejected") throw found.reason;
  const state = found.value;
  refuseOtherCluster(previous.value, state, access);
  const planned = planUpgrade(wanted, state);
  const plan = await preflight(cluster, wanted, planned, state, config);
  const description = describePlan(plan);
  if (planned.kind === "refused" || plan.kind === "refused") throw new pulumi.RunError(description.join("\n"));
  // What the preflight warns of may come and go; what was approved is the plan.
  const verified = describeVerification(verification, plan, openVerification(plan, state), wanted.namespace);
  if (planned.kind === "nothing") return { state, plan, lines: [...description, ...verified] };
  const hash = await approvalHash({ wanted, settings, state, plan: planned });
  const lines = [...description, ...verified, ...approvalLines(approvedPlan, hash)];
  const unconfirmed = refusalOfUnconfirmed(process.env[CONFIRMED_PLAN_VARIABLE], hash, plan);
  const unapproved = unconfirmed ?? refusalOfUnapproved(approvedPlan, hash, plan);
  if (unapproved !== undefined && !pulumi.runtime.isDryRun()) {
    await pulumi.log.info(lines.join("\n"));
    throw new pulumi.RunError(describeRefusal(unapproved).join("\n"));
  }
  return { state, plan, hash, lines };
}
