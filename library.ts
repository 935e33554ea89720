/**
 * For programs of your own: read a cluster, plan, and declare the plan's resources. What `index.ts` does for the stack of
 * this project, in three calls; examples/ownProgram shows them.
 */
export { type ClusterAccess, connect } from "./cluster/access";
export { ClusterError } from "./cluster/errors";
export { type ReleaseAddress, readCluster } from "./cluster/readCluster";
export type { MilvusClusterArgs, UpgradeSettings } from "./components/context";
export { MilvusCluster } from "./components/milvusCluster";
export type { MilvusOutputs } from "./components/outputs";
export { ConfigError } from "./config/configError";
export { parseConfig, type RawConfig } from "./config/parseConfig";
export type { Config } from "./config/schema";
export { approvalHash } from "./upgrade/approval";
export { describePlan } from "./upgrade/describe";
export type * from "./upgrade/model";
export { planUpgrade } from "./upgrade/plan";
