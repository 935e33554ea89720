import * as pulumi from "@pulumi/pulumi";
import { type Declared, declareChain } from "../../components/declare/chain";
import type { PlannedRun, UpgradeSettings } from "../../components/declare/context";
import { NO_EARLIER_RUN } from "../../components/engine/earlierRun";
import { releaseValues } from "../../components/values";
import type { ClusterState, ComponentState, HelmRelease, Step, UpgradePlan } from "../../upgrade/model";
import { type Recording, record } from "./recordingMonitor";

export const SETTINGS: UpgradeSettings = {
  kubectlImage: "registry.example.com/kubectl:v1.36.3",
  metaMigrationImage: "registry.example.com/meta-migration:v2.2.0",
  imagePullSecrets: ["mirror"],
  backup: { size: "10Gi", storageClass: "fast" },
  nodeSelector: { pool: "ops" },
  tolerations: [{ key: "ops", operator: "Exists" }],
  resources: {},
  timeouts: {
    prepull: 900,
    release: 1800,
    start: 300,
    stop: 600,
    sessions: 180,
    backup: 900,
    migrate: 1200,
    rollout: 1500,
    ownJobs: 1800,
  },
};

export const COMPONENTS = ["rootcoord", "querynode", "proxy"] as const;

export function component(name: string, changes: Partial<ComponentState> = {}): ComponentState {
  return {
    name: `my-release-milvus-${name}`,
    component: name,
    image: "milvusdb/milvus:v2.1.4",
    replicas: name === "querynode" ? 3 : 1,
    readyReplicas: 1,
    updatedReplicas: 1,
    pods: 1,
    paused: false,
    rolledOut: true,
    strategyType: "RollingUpdate",
    ...changes,
  };
}

export const RELEASE: HelmRelease = {
  name: "my-release",
  namespace: "milvus",
  revision: 7,
  status: "deployed",
  chartName: "milvus",
  chartVersion: "3.2.18",
  appVersion: "2.1.4",
  userValues: {},
  chartValues: {},
  description: "Install complete",
  updatedAt: "2026-01-01T00:00:00Z",
  recordName: "sh.helm.release.v1.my-release.v7",
  firstDeployedAt: "2026-01-01T08:00:00.5Z",
};

export function state(changes: Partial<ClusterState> = {}): ClusterState {
  return {
    kubernetesVersion: "1.36.3",
    namespaceExists: true,
    namespaceUid: "4f0c",
    release: RELEASE,
    components: COMPONENTS.map((name) => component(name)),
    attempts: [],
    notes: [],
    ...changes,
  };
}

const STOPPED = COMPONENTS.map((name) => ({
  name: `my-release-milvus-${name}`,
  component: name,
  replicas: name === "querynode" ? 3 : 1,
}));
const DEPLOYMENTS = STOPPED.map(({ name }) => name);

/** One step of every kind, to be put together to plans. */
export const STEP = {
  prepull: { kind: "prepull", image: "milvusdb/milvus:v2.2.9" },
  clearPendingRelease: { kind: "clearPendingRelease", recordName: "sh.helm.release.v1.my-release.v8", revision: 8 },
  markFailed: { kind: "markFailed", recordName: "sh.helm.release.v1.my-release.v1", revision: 1 },
  probe: { kind: "probe" },
  stop: { kind: "stop", deployments: STOPPED },
  backup: { kind: "backup" },
  migrate: { kind: "migrate" },
  restore: { kind: "restore" },
  pause: { kind: "pause", deployments: DEPLOYMENTS },
  ownJob: { kind: "ownJob", when: "before", cronJob: "milvus-backup", version: "u 1" },
  release: { kind: "release", awaitReady: true },
  unawaitedRelease: { kind: "release", awaitReady: false },
} as const satisfies Record<string, Step>;

export const RESUMES: readonly Step[] = STOPPED.map(({ name, component: it }) => ({
  kind: "resume",
  component: it,
  deployment: name,
}));

const BASE: UpgradePlan = {
  kind: "helm",
  from: "2.2.8",
  to: "2.2.9",
  steps: [STEP.release],
  chart: { name: "milvus", version: "4.0.31", location: "https://charts.example.com", kind: "repository" },
  values: {
    image: { all: { tag: "v2.2.9" } },
    minio: { accessKey: "minioadmin", secretKey: "s3cret", mode: "distributed" },
  },
  added: [{ path: "image.all.tag", value: "v2.2.9", rule: "the_image_tag_is_explicit", reason: "explicit" }],
  warnings: [{ rule: "requests_fail_for_a_short_time", message: "proxy has one replica" }],
  reason: "a patch upgrade",
  adopt: true,
  interruption: "none",
  reversibility: "reversible",
};

const MIGRATION = {
  attempt: { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 },
  claimName: "my-release-meta-2.1.4-to-2.2.9-r7",
  store: { endpoints: ["my-release-etcd:2379"], rootPath: "by-dev", metaSubPath: "meta", kvSubPath: "kv" },
  sourceVersion: "2.1.4",
  targetVersion: "2.2.9",
  installation: "2026-01-01T08:00:00.5Z",
} as const;

/** One plan of every kind, as the planner makes them. */
export const PLANS = {
  install: { ...BASE, kind: "install", adopt: false },
  nothing: { ...BASE, kind: "nothing", from: "2.2.9" },
  helm: BASE,
  rolling: { ...BASE, kind: "rolling", steps: [STEP.pause, STEP.unawaitedRelease, ...RESUMES] },
  migration: {
    ...BASE,
    kind: "migration",
    from: "2.1.4",
    steps: [STEP.clearPendingRelease, STEP.probe, STEP.stop, STEP.backup, STEP.migrate, STEP.release],
    migration: MIGRATION,
  },
  giveUp: {
    ...BASE,
    kind: "giveUp",
    from: "2.1.4",
    to: "2.1.4",
    steps: [STEP.stop, STEP.restore, STEP.release],
    migration: MIGRATION,
  },
  rollback: {
    ...BASE,
    kind: "rollback",
    from: "2.2.9",
    to: "2.1.4",
    steps: [STEP.stop, STEP.restore, STEP.release],
    migration: MIGRATION,
  },
} as const satisfies Record<UpgradePlan["kind"], UpgradePlan>;

export function plannedRun(plan: UpgradePlan, changes: Partial<PlannedRun> = {}): PlannedRun {
  return {
    name: "milvus",
    plan,
    values: releaseValues(plan.values, [], false),
    earlier: NO_EARLIER_RUN,
    state:
      plan.kind === "install"
        ? { kubernetesVersion: "1.36.3", namespaceExists: false, components: [], attempts: [], notes: [] }
        : state(),
    releaseName: "my-release",
    namespace: "milvus",
    settings: SETTINGS,
    ...changes,
  };
}

/** A component with nothing of its own, to be the parent of what is declared. */
class Holder extends pulumi.ComponentResource {}

/** Declares a plan under a component of its own. */
export function declare(run: PlannedRun): Declared {
  return declareChain(new Holder("test:index:Holder", run.name), run);
}

const recorded = new WeakMap<UpgradePlan, Promise<Recording>>();

/** What a plan declares: as it is, recorded once for all tests that look at it. */
export function recordPlan(
  plan: UpgradePlan,
  changes: Partial<PlannedRun> = {},
  options: { readonly preview?: boolean } = {},
): Promise<Recording> {
  const isPlain = Object.keys(changes).length + Object.keys(options).length === 0;
  const known = isPlain ? recorded.get(plan) : undefined;
  if (known !== undefined) return known;
  const recording = record(() => declare(plannedRun(plan, changes)), options);
  if (isPlain) recorded.set(plan, recording);
  return recording;
}
