import type * as pulumi from "@pulumi/pulumi";
import { attemptName } from "../upgrade/attempt";
import { describeExpected } from "../upgrade/interruption";
import { factsAfter, type LastFacts } from "../upgrade/lastFacts";
import type { HelmValues } from "../upgrade/model";
import { filledText, isMap } from "../upgrade/values/tree";
import type { MilvusClusterArgs } from "./context";
import type { LastUpgrade } from "./measure";

/** The chart's defaults. */
const PORT = 19530;
const CHART_NAME = "milvus";
const LONGEST_NAME = 63;

/** What a run tells: plain text only, no Helm values. */
export interface MilvusOutputs {
  /** `namespace/name` of the Helm release. */
  readonly release: string;
  /** Milvus version found at the start; missing for an install. */
  readonly versionFrom?: string;
  readonly versionTo: string;
  /** Chart name and version, e.g. `milvus-4.0.31`. */
  readonly chart: string;
  readonly plan: PlanOutput;
  /** `host:port` inside the Kubernetes cluster. */
  readonly endpoint: string;
  /** Claim with the metadata backup, kept in the cluster; missing when the plan does not touch the metadata. */
  readonly backupClaim?: string;
  /** e.g. `2.1.4-to-2.2.9-r7`. */
  readonly attempt?: string;
  /** How things are after this run, for a plan where the cluster cannot be reached. */
  readonly facts: LastFacts;
  /** What the last upgrade really took. */
  readonly lastUpgrade?: pulumi.Input<LastUpgrade | undefined>;
  /** What the verification found, once everything is in place; missing in a preview and where it is off. */
  readonly verification?: pulumi.Output<string>;
}

interface PlanOutput {
  readonly kind: string;
  /** To be set as milvus:approvedPlan. */
  readonly hash?: string;
  readonly reason: string;
  readonly steps: readonly string[];
  /** Paths of the values that rules have added, without the values. */
  readonly addedValues: readonly string[];
  readonly warnings: readonly string[];
  readonly interruption: string;
  /** What it is expected to cost, in words. */
  readonly expected?: string;
  readonly reversibility: string;
}

export function outputsOf({ plan, planHash, state, releaseName, namespace }: MilvusClusterArgs): MilvusOutputs {
  const attempt = plan.migration?.attempt;
  return {
    release: `${namespace}/${releaseName}`,
    ...(plan.from !== undefined && { versionFrom: plan.from }),
    versionTo: plan.to,
    chart: `${plan.chart.name}-${plan.chart.version}`,
    plan: {
      kind: plan.kind,
      ...(planHash !== undefined && { hash: planHash }),
      reason: plan.reason,
      steps: plan.steps.map((step) => (step.kind === "resume" ? `resume ${step.component}` : step.kind)),
      addedValues: plan.added.map(({ path }) => path),
      warnings: plan.warnings.map(({ rule, message }) => `${rule}: ${message}`),
      interruption: plan.interruption,
      ...(plan.expected && { expected: describeExpected(plan.expected) }),
      reversibility: plan.reversibility,
    },
    endpoint: `${serviceName(releaseName, plan.values)}.${namespace}.svc:${servicePort(plan.values)}`,
    ...(plan.migration && { backupClaim: plan.migration.claimName }),
    ...(attempt && { attempt: attemptName(attempt) }),
    facts: factsAfter(plan, state, releaseName),
  };
}

/** The chart's own rule (template `milvus.fullname`). */
function serviceName(releaseName: string, { fullnameOverride, nameOverride }: HelmValues): string {
  const chartName = filledText(nameOverride) ?? CHART_NAME;
  const name =
    filledText(fullnameOverride) ?? (releaseName.includes(chartName) ? releaseName : `${releaseName}-${chartName}`);
  return name.slice(0, LONGEST_NAME).replace(/-+$/, "");
}

function servicePort({ service }: HelmValues): number {
  const port = isMap(service) ? service.port : undefined;
  return typeof port === "number" ? port : PORT;
}
