import type {
  AttemptState,
  ClusterState,
  ComponentState,
  HelmRelease,
  HelmValues,
  Plan,
  Refusal,
  StackFacts,
  UpgradePlan,
  Wanted,
} from "../../../upgrade/model";
import { planUpgrade } from "../../../upgrade/plan/plan";
import { stepName } from "../../../upgrade/steps/steps";

export const NOW = "2026-05-01T12:00:00Z";

export function wanted(version: string, over: Partial<Wanted> = {}): Wanted {
  return {
    version,
    releaseName: "my-release",
    namespace: "milvus",
    values: {},
    chartSource: { kind: "repository" },
    strategy: "auto",
    rollback: false,
    dropValues: [],
    ...over,
  };
}

export function component(name: string, version: string, over: Partial<ComponentState> = {}): ComponentState {
  const replicas = over.replicas ?? (name === "querynode" ? 3 : 1);
  return {
    name: `my-release-milvus-${name}`,
    component: name,
    image: `milvusdb/milvus:v${version}`,
    replicas,
    readyReplicas: replicas,
    updatedReplicas: replicas,
    pods: replicas,
    paused: false,
    rolledOut: true,
    strategyType: name.endsWith("coord") || name === "standalone" ? "Recreate" : "RollingUpdate",
    ...over,
  };
}

export const SEPARATE = [
  "rootcoord",
  "datacoord",
  "indexcoord",
  "querycoord",
  "indexnode",
  "datanode",
  "querynode",
  "proxy",
];
export const MIXED = ["mixcoord", "indexnode", "datanode", "querynode", "proxy"];
export const STREAMING = ["mixcoord", "streamingnode", "datanode", "querynode", "proxy"];

export function release(chart: string, milvus: string, over: Partial<HelmRelease> = {}): HelmRelease {
  return {
    name: "my-release",
    namespace: "milvus",
    revision: 7,
    status: "deployed",
    chartName: "milvus",
    chartVersion: chart,
    appVersion: milvus,
    userValues: {},
    chartValues: {},
    description: "Upgrade complete",
    updatedAt: "2026-04-01T12:00:00Z",
    recordName: "sh.helm.release.v1.my-release.v7",
    ...over,
  };
}

export function cluster(over: Partial<ClusterState> = {}): ClusterState {
  return {
    kubernetesVersion: "1.24.0",
    observedAt: NOW,
    namespaceExists: true,
    components: [],
    attempts: [],
    notes: [],
    ...over,
  };
}

/** A healthy cluster of this chart and version. */
export function running(chart: string, milvus: string, over: RunningOptions = {}): ClusterState {
  const names = over.names ?? SEPARATE;
  return cluster({
    release: release(chart, milvus, { ...(over.values && { userValues: over.values }), ...over.release }),
    components: names.map((name) => component(name, milvus, over.component)),
    ...over.state,
  });
}

export interface RunningOptions {
  readonly names?: readonly string[];
  readonly values?: HelmValues;
  readonly release?: Partial<HelmRelease>;
  readonly component?: Partial<ComponentState>;
  readonly state?: Partial<ClusterState>;
}

/** Scaled to 0 by the stop step, which remembered the replicas. */
export const DOWN: Partial<ComponentState> = {
  replicas: 0,
  readyReplicas: 0,
  updatedReplicas: 0,
  pods: 0,
  rememberedReplicas: 2,
};

export function attempt(phase: AttemptState["phase"], over: Partial<AttemptState["id"]> = {}): AttemptState {
  const id = { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1, ...over };
  return { id, phase, claimName: `claim-${id.revision}-${id.ordinal}`, createdAt: "2026-05-01T10:00:00Z" };
}

export function planned(request: Wanted, state: ClusterState, stack: StackFacts = {}): UpgradePlan {
  const plan = planUpgrade(request, state, stack);
  if (plan.kind === "refused") throw new Error(`refused by ${plan.rule}: ${plan.reason}`);
  return plan;
}

export function refused(request: Wanted, state: ClusterState): Refusal {
  const plan: Plan = planUpgrade(request, state);
  if (plan.kind !== "refused") throw new Error(`planned ${plan.kind} to ${plan.to} instead of a refusal`);
  return plan;
}

export function stepKinds(plan: UpgradePlan): string[] {
  return plan.steps.map(stepName);
}
