/**
 * For programs of your own: the component, and for tools a look at the cluster that changes nothing, the plan as data and its
 * words. There is no other way to declare a plan.
 */
export { type ClusterClient, connect } from "./cluster/api/client";
export { ClusterError } from "./cluster/errors";
export type {
  ChartArgs,
  EtcdTlsArgs,
  JobResourcesArgs,
  JobsArgs,
  JobTolerationArgs,
  MilvusClusterArgs,
  ResourceAmountsArgs,
  TimeoutsArgs,
  UpgradeArgs,
  VerifyArgs,
  VerifyCredentialsArgs,
  VerifyQueryArgs,
  VerifyTlsArgs,
} from "./components/args";
export type { LastUpgrade, StepDuration } from "./components/measure";
export { MilvusCluster } from "./components/milvusCluster";
export type { ClusterOutputs, PlanOutput } from "./components/outputs";
export type {
  ReceiptAnswers,
  ReceiptInterruption,
  ReceiptOutput,
  ReceiptRun,
  ReceiptStep,
  ReceiptVerification,
} from "./components/receipt";
export { ConfigError } from "./config/configError";
export { parseConfig, type RawConfig } from "./config/parseConfig";
export type { Config } from "./config/schema";
export { type Look, type LookOptions, look, shownPlan } from "./run/look";
export type * from "./upgrade/model";
export { describePlan } from "./upgrade/words/describe";
