/**
 * Small charts of our own with the public Milvus charts' names, labels, keys and defaults, one folder for each chart
 * version. One template serves all; what differs from version to version is in the table below and, for what a
 * chart renders, in conditions on the chart's version (test/fixtures/charts/template).
 */
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gte, lt } from "semver";
import { stringify } from "yaml";
import { projectFolder } from "./folders";

/** Chart version → Milvus version, as in the public index. */
export const SANDBOX_CHARTS = {
  "3.1.8": "2.1.1",
  "3.2.18": "2.1.4",
  "3.3.0": "2.2.0",
  "3.3.6": "2.2.0",
  "4.0.8": "2.2.3",
  "4.0.27": "2.2.11",
  "4.0.31": "2.2.13",
  "4.0.34": "2.2.14",
  "4.1.15": "2.3.5",
  "4.1.28": "2.3.13",
  "4.1.36": "2.4.5",
  "4.2.0": "2.4.6",
  "4.2.20": "2.4.16",
  "4.2.33": "2.5.0",
  "4.2.58": "2.5.16",
  "5.0.0": "2.6.0",
  "5.0.1": "2.6.0",
  "5.0.19": "2.6.15",
} as const;
export type SandboxChart = keyof typeof SANDBOX_CHARTS;

const TEMPLATE = join(projectFolder, "test", "fixtures", "charts", "template");

/** Writes `<target>/milvus-<chart version>` for every chart of the table; returns `target`. */
export function materializeCharts(target: string): string {
  for (const [version, milvus] of Object.entries(SANDBOX_CHARTS)) {
    const folder = join(target, `milvus-${version}`);
    mkdirSync(folder, { recursive: true });
    cpSync(join(TEMPLATE, "templates"), join(folder, "templates"), { recursive: true });
    const chart = {
      apiVersion: "v1",
      name: "milvus",
      version,
      appVersion: milvus,
      kubeVersion: "^1.10.0-0",
      description: "Stand-in for the Milvus chart of this version, for tests",
    };
    writeFileSync(join(folder, "Chart.yaml"), stringify(chart));
    writeFileSync(join(folder, "values.yaml"), stringify(chartValues(version, milvus)));
  }
  return target;
}

/** The folder that MILVUS_CHARTS names, with real charts in it, or our own, written below `target`. */
export function chartsFolder(target: string): string {
  const real = process.env.MILVUS_CHARTS;
  if (!real) return materializeCharts(target);
  if (!existsSync(real))
    throw new Error(`MILVUS_CHARTS names ${real}, which does not exist. Unset it or unpack charts there.`);
  return real;
}

type Values = Record<string, unknown>;

/** Defaults of the public chart of that version, for the keys that the template uses. */
export function chartValues(chart: string, milvus: string): Values {
  const since = (version: string): boolean => gte(chart, version);
  const before = (version: string): boolean => lt(chart, version);
  const mixed = since("4.2.4");
  const coordinator = (enabled: boolean): Values => ({
    enabled,
    ...(since("4.0.4") ? { replicas: 1, activeStandby: { enabled: false } } : {}),
  });
  const worker = (hpa: boolean): Values => ({
    enabled: true,
    replicas: 1,
    ...(hpa && since("4.2.42") ? { hpa: { enabled: false, minReplicas: 1, maxReplicas: 10, cpuUtilization: 40 } } : {}),
  });
  const pulsarPart: Values = { replicaCount: 1, ...(before("5.0.20") ? { pdb: { usePolicy: before("3.3.6") } } : {}) };
  const pulsarParts = { zookeeper: pulsarPart, bookkeeper: pulsarPart, broker: pulsarPart, proxy: pulsarPart };
  return {
    ...(since("4.2.1") ? { nameOverride: "", fullnameOverride: "" } : {}),
    cluster: { enabled: true },
    image: {
      all: { repository: "milvusdb/milvus", tag: `v${milvus}`, pullPolicy: "IfNotPresent" },
      ...(since("3.3.2") && before("5.0.0")
        ? { tools: { repository: "milvusdb/milvus-config-tool", tag: "v0.1.1" } }
        : {}),
    },
    nodeSelector: {},
    tolerations: [],
    labels: {},
    annotations: {},
    extraConfigFiles: { "user.yaml": "# Settings of your own, laid over the chart's.\n" },
    service: { type: "ClusterIP", port: 19530 },
    ...(before("4.0.0")
      ? { metadata: { rootPath: "by-dev" }, msgChannel: { chanNamePrefix: { cluster: "by-dev" } } }
      : {}),
    log: { level: since("3.3.1") ? "info" : "debug" },
    standalone: {
      messageQueue: since("5.0.0") ? "woodpecker" : "rocksmq",
      persistence: { size: since("3.1.4") ? "50Gi" : "5Gi" },
    },
    proxy: worker(true),
    rootCoordinator: coordinator(!mixed),
    queryCoordinator: coordinator(!mixed),
    indexCoordinator: coordinator(!mixed),
    dataCoordinator: coordinator(!mixed),
    ...(since("4.0.10") ? { mixCoordinator: coordinator(mixed) } : {}),
    queryNode: worker(true),
    indexNode: { ...worker(true), enabled: before("5.0.0") },
    dataNode: worker(true),
    ...(since("4.2.8") ? { streaming: { enabled: since("5.0.0") }, streamingNode: { replicas: 1 } } : {}),
    attu: { enabled: false, image: { repository: "zilliz/attu", tag: "v2.1.5" } },
    etcd: {
      enabled: true,
      name: "etcd",
      replicaCount: 3,
      image: { repository: "milvusdb/etcd", tag: etcdTag(since) },
      service: { port: 2379 },
      clusterDomain: "cluster.local",
      persistence: { size: "10Gi" },
    },
    minio: { enabled: true, name: "minio", replicas: 4, image: { tag: since("4.2.55") ? "2024-05-28" : "2022-03-17" } },
    pulsar: { enabled: before("4.2.27"), name: "pulsar", ...pulsarParts },
    ...(since("4.2.21") ? { pulsarv3: { enabled: since("4.2.27"), name: "pulsarv3", ...pulsarParts } } : {}),
    kafka: { enabled: false, name: "kafka", replicaCount: 3 },
    externalEtcd: { enabled: false, endpoints: ["localhost:2379"] },
    externalPulsar: { enabled: false, host: "localhost", port: 6650 },
    externalKafka: { enabled: false, brokerList: "localhost:9092" },
    externalS3: { enabled: false, host: "", port: "" },
  };
}

function etcdTag(since: (version: string) => boolean): string {
  if (since("5.0.10")) return "3.5.25-r1";
  if (since("4.2.40")) return "3.5.18-r1";
  if (since("4.1.13")) return "3.5.5-r4";
  return since("4.0.7") ? "3.5.5-r2" : "3.5.0-r7";
}
