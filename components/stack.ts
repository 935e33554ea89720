import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "../config/configError";
import { readStackArguments } from "../config/stackConfig";
import type { MilvusClusterArgs } from "./args";
import { describeLastUpgrade } from "./measure";
import type { MilvusCluster } from "./milvusCluster";

/**
 * The arguments that the config of the stack asks for.
 *
 * @throws RunError with everything that is wrong with it
 */
export function stackArguments(): MilvusClusterArgs {
  try {
    // Checked against the same schema as the arguments of every other program.
    return readStackArguments() as unknown as MilvusClusterArgs;
  } catch (error) {
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}

/** What a person sees after a run: a line for each thing. */
export function stackOutputs(cluster: MilvusCluster): Record<string, pulumi.Output<unknown>> {
  const { release, version, chart, endpoint, plan, verification, lastUpgrade, receipt, backupClaim, facts } = cluster;
  return {
    release,
    version,
    chart,
    endpoint,
    plan: plan.title,
    verification,
    lastUpgrade: lastUpgrade.apply((upgrade) => (upgrade === undefined ? "none yet" : describeLastUpgrade(upgrade))),
    receipt: receipt.apply((last) => last ?? "none yet"),
    backupClaim: backupClaim.apply((claim) => claim ?? "none"),
    facts,
  };
}
