/** Clusters and requests of any kind, and clusters as upgrades leave them, for fast-check. */
import fc from "fast-check";
import { newestChartFor } from "../../../upgrade/charts/choice";
import { findPath } from "../../../upgrade/hops/path";
import { MILVUS_COMPONENTS } from "../../../upgrade/milvusComponents";
import type {
  AttemptState,
  ClusterState,
  ComponentState,
  HelmRelease,
  HelmValues,
  Wanted,
} from "../../../upgrade/model";
import { ATTEMPT_PHASES, RELEASE_STATUSES, STRATEGIES } from "../../../upgrade/model";
import { componentsOf } from "../../../upgrade/roll/rollout";
import { CHART_RELEASES } from "../../../upgrade/versions/releases";
import { component, DOWN, NOW, release, wanted } from "./support";

const VERSIONS = [
  "2.1.4",
  "2.2.0",
  "2.2.9",
  "2.2.14",
  "2.3.13",
  "2.4.16",
  "2.5.16",
  "2.6.15",
  "2.6.20",
  "3.0.1",
  "2.4.13-hotfix",
];
const version = fc.constantFrom(...VERSIONS);
const chart = fc.constantFrom(...CHART_RELEASES);

const values: fc.Arbitrary<HelmValues> = fc
  .array(
    fc.constantFrom<HelmValues>(
      { cluster: { enabled: false } },
      { kafka: { enabled: true }, pulsar: { enabled: false } },
      { pulsarv3: { enabled: true } },
      { woodpecker: { enabled: true } },
      { metadata: { rootPath: "x" } },
      { metadata: "no map" },
      { mixCoordinator: { enabled: true } },
      { rootCoordinator: { enabled: false } },
      { standalone: { messageQueue: "rocksmq" } },
      { externalEtcd: { enabled: true, endpoints: [] } },
      { extraConfigFiles: { "user.yaml": "etcd:\n  rootPath: y\n" } },
      { extraConfigFiles: { "user.yaml": 7 } },
      { extraConfigFiles: null },
      { image: { all: { tag: "v2.2.9" } } },
      { image: { all: { tag: "v2.6.15-gpu" } } },
      { queryNode: { replicas: -1, hpa: { enabled: true } } },
    ),
    { maxLength: 3 },
  )
  .map((parts) => Object.assign({}, ...parts) as HelmValues);

const components: fc.Arbitrary<ComponentState[]> = fc.array(
  fc
    .record({
      name: fc.constantFrom<string>(...MILVUS_COMPONENTS, "attu", "sidekick"),
      version,
      replicas: fc.constantFrom(0, 1, 3),
      pods: fc.constantFrom(0, 1, 3),
      paused: fc.boolean(),
      rolledOut: fc.boolean(),
      restarting: fc.boolean(),
      image: fc.constantFrom(undefined, "milvusdb/milvus@sha256:ab"),
      old: fc.option(version, { nil: undefined }),
    })
    .map(({ name, version: of, image, old, ...over }) =>
      component(name, of, { ...over, ...(image && { image }), ...(old && { podImages: [`m/milvus:v${old}`] }) }),
    ),
  { maxLength: 8 },
);

const attempts: fc.Arbitrary<AttemptState[]> = fc.array(
  fc.record({
    id: fc.record({
      from: fc.constantFrom("2.1.4", "2.1.0"),
      to: fc.constantFrom("2.2.9", "2.2.14"),
      revision: fc.integer({ min: 5, max: 8 }),
      ordinal: fc.integer({ min: 1, max: 3 }),
    }),
    phase: fc.constantFrom(...ATTEMPT_PHASES),
    claimName: fc.constant("claim"),
    createdAt: fc.constant(NOW),
  }),
  { maxLength: 3 },
);

const releases: fc.Arbitrary<HelmRelease> = fc
  .record({
    chart,
    fork: fc.constantFrom("", "", "-acme.1", "+acme.1", " our own"),
    status: fc.constantFrom(...RELEASE_STATUSES),
    userValues: values,
    revision: fc.integer({ min: 1, max: 8 }),
    updatedAt: fc.constantFrom(NOW, "2026-01-01T00:00:00Z", ""),
    last: fc.option(chart, { nil: undefined }),
  })
  .map(({ chart: of, last, fork, ...over }) =>
    release(`${of.chart}${fork}`, `${of.milvus}${fork}`, {
      ...over,
      ...(last && { lastDeployed: { revision: 5, chartVersion: last.chart, appVersion: last.milvus } }),
    }),
  );

export const states: fc.Arbitrary<ClusterState> = fc.record({
  kubernetesVersion: fc.constantFrom("1.19.0", "1.24.3", "1.36.3", "unknown"),
  observedAt: fc.constant(NOW),
  namespaceExists: fc.boolean(),
  release: releases,
  components,
  attempts,
  notes: fc.constant([]),
});

export const requests: fc.Arbitrary<Wanted> = fc
  .record({
    version: fc.oneof(version, fc.constantFrom("latest", "2.4", "~2.2.3", "2.9.9", "", "2.2.9-gpu")),
    values,
    strategy: fc.constantFrom(...STRATEGIES),
    rollback: fc.boolean(),
    chartVersion: fc.option(fc.constantFrom("4.0.24", "4.2.25", "9.9.9"), { nil: undefined }),
    currentVersion: fc.option(version, { nil: undefined }),
    dropValues: fc.constantFrom<readonly string[]>([], ["metadata", "image", "kafka", "cluster"]),
  })
  .map(({ version: request, chartVersion, currentVersion, ...over }) =>
    wanted(request, { ...over, ...(chartVersion && { chartVersion }), ...(currentVersion && { currentVersion }) }),
  );

/** Clusters as upgrades leave them: one chart, some components further than others, attempts of the migration. */
export const plausible = fc
  .record({
    from: fc.constantFrom("2.1.4", "2.1.4", "2.1.4", ...VERSIONS),
    target: fc.constantFrom("2.1.4", "2.2.9", "2.2.9", ...VERSIONS),
    conditions: fc.array(fc.constantFrom("up", "up", "up", "down", "down", "paused", "ahead", "ill"), {
      minLength: 1,
      maxLength: 8,
    }),
    mixed: fc.boolean(),
    status: fc.constantFrom("deployed", "deployed", "deployed", "failed", "pending-upgrade" as const),
    phases: fc.array(fc.constantFrom(...ATTEMPT_PHASES), { maxLength: 2 }),
    attemptRevision: fc.constantFrom(6, 7),
    rollback: fc.boolean(),
    strategy: fc.constantFrom("auto", "helm" as const),
  })
  .map(({ from, target, conditions, mixed, status, phases, attemptRevision, rollback, strategy }) => {
    const to = findPath(from, target)?.[0] ?? target;
    const chartVersion = newestChartFor(from) ?? "";
    const names = componentsOf({}, chartVersion).filter((name) => name !== "cdc");
    const made = names.map((name, index) => {
      const condition = (mixed ? conditions[index % conditions.length] : conditions[0]) ?? "up";
      return component(name, condition === "ahead" ? to : from, CONDITIONS[condition]);
    });
    const state: ClusterState = {
      kubernetesVersion: "1.24.0",
      observedAt: NOW,
      namespaceExists: true,
      release: release(chartVersion, from, {
        status,
        ...(status !== "deployed" && { lastDeployed: { revision: 7, chartVersion, appVersion: from }, revision: 8 }),
      }),
      components: made,
      attempts: phases.map((phase, index) => ({
        id: { from: "2.1.4", to: "2.2.9", revision: attemptRevision, ordinal: index + 1 },
        phase,
        claimName: `claim-${index}`,
        createdAt: NOW,
      })),
      notes: [],
    };
    return { request: wanted(to, { rollback, strategy }), state };
  });

const CONDITIONS: Record<string, Partial<ComponentState>> = {
  up: {},
  ahead: {},
  down: DOWN,
  paused: { paused: true },
  ill: { rolledOut: false, readyReplicas: 0 },
  restarting: { rolledOut: false, readyReplicas: 0, restarting: true },
};
