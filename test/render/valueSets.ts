import { chartAtLeast } from "../../upgrade/charts/versions";
import type { HelmValues } from "../../upgrade/model";
import { mergeValues } from "../../upgrade/values/tree";

/** Helm values as people have them. */
export interface ValueSet {
  readonly name: string;
  readonly values: HelmValues;
}

interface Part {
  readonly name: string;
  readonly values: HelmValues;
  /** First chart that has these keys. Default: any. */
  readonly since?: string;
  /** First chart that has them no more. Default: none. */
  readonly before?: string;
  /** Default: both. */
  readonly mode?: "cluster" | "standalone";
}

const COORDINATORS = ["rootCoordinator", "dataCoordinator", "indexCoordinator", "queryCoordinator"] as const;
const NODES = ["proxy", "queryNode", "dataNode", "indexNode"] as const;
const each = (keys: readonly string[], values: HelmValues): HelmValues =>
  Object.fromEntries(keys.map((key) => [key, values]));
const inUserYaml = (text: string): HelmValues => ({ extraConfigFiles: { "user.yaml": text } });

const STANDALONE: HelmValues = {
  cluster: { enabled: false },
  etcd: { replicaCount: 1 },
  minio: { mode: "standalone" },
  pulsar: { enabled: false },
};
const EXTERNAL_S3: HelmValues = {
  minio: { enabled: false },
  externalS3: {
    enabled: true,
    host: "s3.eu-central-1.amazonaws.com",
    port: "443",
    accessKey: "AKIAEXAMPLE",
    secretKey: "s3cret-of-the-bucket",
    useSSL: true,
    bucketName: "vectors",
    rootPath: "prod",
  },
};
const EXTERNAL_ETCD: HelmValues = {
  etcd: { enabled: false },
  externalEtcd: { enabled: true, endpoints: ["etcd-0.shared.example.com:2379", "etcd-1.shared.example.com:2379"] },
};
const NO_QUEUE: HelmValues = { pulsar: { enabled: false }, pulsarv3: { enabled: false } };

/** Mode and message queue. */
const BASES: readonly Part[] = [
  { name: "cluster", mode: "cluster", values: {} },
  {
    name: "cluster, Pulsar 2",
    mode: "cluster",
    values: { pulsar: { enabled: true }, pulsarv3: { enabled: false } },
    since: "4.2.21",
  },
  { name: "cluster, Kafka", mode: "cluster", values: { ...NO_QUEUE, kafka: { enabled: true } }, since: "3.0.14" },
  {
    name: "cluster, external Kafka",
    mode: "cluster",
    values: {
      ...NO_QUEUE,
      externalKafka: { enabled: true, brokerList: "kafka-0.example.com:9092,kafka-1.example.com:9092" },
    },
    since: "3.0.14",
  },
  {
    name: "cluster, external Pulsar",
    mode: "cluster",
    values: { ...NO_QUEUE, externalPulsar: { enabled: true, host: "pulsar.example.com", port: 6650 } },
  },
  {
    name: "cluster, Woodpecker",
    mode: "cluster",
    values: { ...NO_QUEUE, woodpecker: { enabled: true }, streaming: { enabled: true } },
    since: "5.0.0",
  },
  {
    name: "cluster, all external",
    mode: "cluster",
    values: {
      ...NO_QUEUE,
      ...EXTERNAL_ETCD,
      ...EXTERNAL_S3,
      externalKafka: { enabled: true, brokerList: "kafka-0.example.com:9092" },
    },
    since: "3.0.14",
  },
  { name: "standalone", mode: "standalone", values: STANDALONE },
  {
    name: "standalone, RocksMQ by name",
    mode: "standalone",
    values: mergeValues(STANDALONE, { standalone: { messageQueue: "rocksmq" }, pulsarv3: { enabled: false } }),
    since: "3.1.0",
  },
  {
    name: "standalone, external etcd and S3",
    mode: "standalone",
    values: mergeValues(STANDALONE, { ...EXTERNAL_ETCD, ...EXTERNAL_S3 }),
  },
  {
    name: "standalone, NATS",
    mode: "standalone",
    values: mergeValues(STANDALONE, { standalone: { messageQueue: "natsmq" } }),
    since: "4.1.0",
    before: "5.0.0",
  },
  {
    name: "standalone, Kafka",
    mode: "standalone",
    values: mergeValues(STANDALONE, { standalone: { messageQueue: "kafka" }, kafka: { enabled: true } }),
    since: "3.1.0",
  },
];

/** What people add to it. */
const EXTRAS: readonly Part[] = [
  { name: "nothing else", values: {} },
  {
    name: "persistence at /data/milvus",
    mode: "standalone",
    values: { standalone: { persistence: { mountPath: "/data/milvus" } } },
  },
  { name: "no persistence", mode: "standalone", values: { standalone: { persistence: { enabled: false } } } },
  {
    name: "a claim of one's own",
    mode: "standalone",
    values: { standalone: { persistence: { persistentVolumeClaim: { existingClaim: "vectors", subPath: "milvus" } } } },
  },
  {
    name: "a smaller claim",
    mode: "standalone",
    values: { standalone: { persistence: { persistentVolumeClaim: { size: "20Gi", storageClass: "fast" } } } },
  },
  {
    name: "local objects",
    mode: "standalone",
    values: mergeValues(inUserYaml("common:\n  storageType: local\n"), { minio: { enabled: false } }),
    since: "3.3.2",
  },
  {
    name: "queue elsewhere by user.yaml",
    mode: "standalone",
    values: inUserYaml("rocksmq:\n  path: /var/lib/milvus/rocks\nlocalStorage:\n  path: /var/lib/milvus/local\n"),
    since: "3.3.2",
  },
  {
    name: "embedded etcd",
    mode: "standalone",
    values: mergeValues(inUserYaml("etcd:\n  use:\n    embed: true\n  data:\n    dir: /var/lib/milvus/etcd\n"), {
      etcd: { enabled: false },
    }),
    since: "3.3.2",
  },
  { name: "a local disk", mode: "standalone", values: { standalone: { disk: { enabled: true } } }, since: "4.0.23" },
  {
    name: "placed standalone",
    mode: "standalone",
    values: {
      standalone: {
        nodeSelector: { pool: "vectors" },
        tolerations: [{ key: "vectors", operator: "Exists" }],
        resources: { limits: { memory: "8Gi" }, requests: { cpu: "2" } },
        extraEnv: [{ name: "MINIO_ACCESS_KEY", valueFrom: { secretKeyRef: { name: "minio", key: "access" } } }],
      },
    },
  },
  {
    name: "placed for all",
    values: { nodeSelector: { pool: "vectors" }, tolerations: [{ key: "vectors", operator: "Exists" }] },
  },
  {
    name: "affinity for all",
    values: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "In", values: ["vectors"] }] }],
          },
        },
      },
    },
  },
  {
    name: "coordinators placed",
    mode: "cluster",
    values: each(COORDINATORS, {
      tolerations: [{ key: "control", operator: "Exists" }],
      nodeSelector: { pool: "control" },
      resources: { limits: { cpu: "1", memory: "2Gi" } },
    }),
  },
  {
    name: "credentials in extraEnv",
    mode: "cluster",
    values: each([...COORDINATORS, ...NODES], {
      extraEnv: [{ name: "MINIO_ACCESS_KEY", valueFrom: { secretKeyRef: { name: "minio", key: "access" } } }],
    }),
    since: "3.1.0",
  },
  {
    name: "standby coordinators",
    mode: "cluster",
    values: each(COORDINATORS, { replicas: 2, activeStandby: { enabled: true } }),
    since: "4.0.4",
  },
  {
    name: "standby mixcoord",
    mode: "cluster",
    values: mergeValues(
      { mixCoordinator: { enabled: true, replicas: 2, activeStandby: { enabled: true } } },
      each(COORDINATORS, { enabled: false }),
    ),
    since: "4.0.10",
  },
  {
    name: "index nodes with a GPU",
    mode: "cluster",
    values: {
      indexNode: {
        replicas: 3,
        resources: { limits: { "nvidia.com/gpu": "1" } },
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
      },
    },
    before: "5.0.0",
  },
  {
    name: "more replicas",
    mode: "cluster",
    values: { queryNode: { replicas: 5 }, dataNode: { replicas: 3 }, proxy: { replicas: 2 } },
  },
  {
    name: "replicas left to an autoscaler",
    mode: "cluster",
    values: { queryNode: { replicas: -1 }, proxy: { replicas: -1 } },
    since: "4.1.5",
  },
  { name: "etcd at another port", values: { etcd: { service: { port: 2380 } } } },
  {
    name: "one etcd, larger",
    values: { etcd: { replicaCount: 1, persistence: { size: "30Gi", storageClass: "fast" } } },
  },
  {
    name: "etcd with a password",
    values: { etcd: { auth: { rbac: { enabled: true, rootPassword: "s3cret-of-etcd" } } } },
    before: "5.0.5",
  },
  {
    name: "etcd image of one's own",
    values: { etcd: { image: { repository: "registry.example.com/etcd", tag: "3.5.5-r4" } } },
  },
  {
    name: "MinIO with keys",
    values: { minio: { accessKey: "vectors", secretKey: "s3cret-of-minio", bucketName: "vectors", rootPath: "prod" } },
  },
  { name: "MinIO, larger", values: { minio: { persistence: { size: "100Gi", storageClass: "slow" } } } },
  { name: "MinIO as a NAS gateway", values: { minio: { mode: "standalone" } } },
  { name: "external S3", values: EXTERNAL_S3 },
  {
    name: "S3 by IAM",
    values: mergeValues(EXTERNAL_S3, {
      externalS3: { useIAM: true, cloudProvider: "aws", iamEndpoint: "", accessKey: "", secretKey: "" },
      serviceAccount: {
        create: true,
        name: "milvus",
        annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/milvus" },
      },
    }),
  },
  { name: "external etcd", values: EXTERNAL_ETCD },
  { name: "root path", values: { metadata: { rootPath: "prod" } }, before: "4.0.0" },
  { name: "root path in user.yaml", values: inUserYaml("etcd:\n  rootPath: prod\n"), since: "3.3.2" },
  { name: "topics of one's own", values: { msgChannel: { chanNamePrefix: { cluster: "prod" } } }, before: "4.0.0" },
  { name: "authorization", values: { authorization: { enabled: true } }, before: "4.0.0" },
  {
    name: "authorization in user.yaml",
    values: inUserYaml("common:\n  security:\n    authorizationEnabled: true\n"),
  },
  {
    name: "TLS in user.yaml",
    values: mergeValues(
      inUserYaml(
        "tls:\n  serverPemPath: /certs/tls.crt\n  serverKeyPath: /certs/tls.key\ncommon:\n  security:\n    tlsMode: 1\n",
      ),
      {
        volumes: [{ name: "certs", secret: { secretName: "milvus-tls" } }],
        volumeMounts: [{ name: "certs", mountPath: "/certs" }],
      },
    ),
    since: "4.2.31",
  },
  {
    name: "shortcuts",
    values: { dataCoordinator: { segment: { maxSize: 1024 } }, proxy: { maxTaskNum: 2048 } },
    before: "4.0.0",
  },
  {
    name: "quota",
    values: { quotaAndLimits: { enabled: true, ddl: { enabled: true } } },
    since: "3.3.0",
    before: "4.0.0",
  },
  {
    name: "logs on a claim",
    values: { log: { persistence: { enabled: true, persistentVolumeClaim: { size: "5Gi" } } } },
  },
  { name: "log level", values: { log: { level: "warn" } } },
  {
    name: "a load balancer",
    values: { service: { type: "LoadBalancer", port: 29530, annotations: { lb: "internal" } } },
  },
  { name: "a node port", values: { service: { type: "NodePort", nodePort: 31530 } } },
  {
    name: "an Ingress with hosts",
    values: { ingress: { enabled: true, hosts: ["milvus.example.com"] } },
    before: "4.0.10",
  },
  {
    name: "an Ingress with rules",
    values: { ingress: { enabled: true, rules: [{ host: "milvus.example.com", path: "/", pathType: "Prefix" }] } },
    since: "4.0.10",
  },
  { name: "Attu", values: { attu: { enabled: true } } },
  { name: "monitors", values: { metrics: { serviceMonitor: { enabled: true } } } },
  {
    name: "labels and annotations",
    values: { labels: { team: "search" }, annotations: { "sidecar.istio.io/inject": "false" } },
  },
  {
    name: "images of a mirror",
    values: { image: { all: { repository: "registry.example.com/milvus", pullSecrets: ["mirror"] } } },
  },
  { name: "a service account", values: { serviceAccount: { create: true, name: "milvus" } } },
  { name: "names of one's own", values: { fullnameOverride: "vectors" }, since: "4.2.1" },
  {
    name: "volumes",
    values: {
      volumes: [{ name: "plugins", emptyDir: {} }],
      volumeMounts: [{ name: "plugins", mountPath: "/plugins" }],
    },
    since: "4.2.31",
  },
  {
    name: "Pulsar, larger",
    mode: "cluster",
    values: { pulsar: { bookkeeper: { replicaCount: 4, volumes: { journal: { size: "200Gi" } } } } },
    before: "4.2.27",
  },
  { name: "Pulsar's Jobs again", mode: "cluster", values: { pulsar: { initialize: true } }, before: "4.2.27" },
  {
    name: "disk index",
    mode: "cluster",
    values: { queryNode: { disk: { enabled: true, size: { enabled: true } } }, indexNode: { disk: { enabled: true } } },
    since: "4.0.0",
    before: "5.0.0",
  },
];

/** Every mode with everything that people add to it, as far as the chart has the keys. */
export function valueSetsFor(chart: string): ValueSet[] {
  const fits = ({ since, before }: Part) =>
    (since === undefined || chartAtLeast(chart, since)) && (before === undefined || !chartAtLeast(chart, before));
  return BASES.filter(fits).flatMap((base) =>
    EXTRAS.filter(fits)
      .filter(({ mode }) => mode === undefined || mode === base.mode)
      .map((extra) => ({
        name: extra.name === "nothing else" ? base.name : `${base.name}; ${extra.name}`,
        values: mergeValues(base.values, extra.values),
      })),
  );
}
