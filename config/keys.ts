/** Every key of the stack config with its type, default and description: the table in docs/configuration.md is made from them. */

export type PulumiType = "string" | "boolean" | "object" | "array";

export interface KeyDescription {
  readonly type: PulumiType;
  /** Missing: the key must be set. Empty (`""`, `{}`, `[]`) means "not set". */
  readonly default?: unknown;
  /** One paragraph; what an empty default means is said here. */
  readonly description: string;
}

/** Times after which a step gives up. */
export const DEFAULT_TIMEOUTS = {
  prepull: "15m",
  start: "5m",
  stop: "10m",
  sessions: "3m",
  backup: "15m",
  migrate: "30m",
  release: "30m",
  rollout: "30m",
  ownJobs: "30m",
  pending: "10m",
  lock: "1m",
  settle: "20s",
  verify: "10m",
  answers: "2m",
  writes: "2m",
} as const;
export type TimeoutName = keyof typeof DEFAULT_TIMEOUTS;

export const CONFIG_KEYS = {
  version: {
    type: "string",
    description:
      "The Milvus version to run: exact (2.2.9), newest of a minor (2.5, 2.5.x), newest patch from one on (~2.4.10), or latest. A range and latest take the newest version that has a chart of its own; a newer one has to be named exactly.",
  },
  release: { type: "string", default: "my-release", description: "Name of the Helm release." },
  namespace: { type: "string", default: "default", description: "Namespace of the Helm release." },
  values: {
    type: "object",
    default: {},
    description:
      "Helm values of the release, complete: what is not here and not set by a rule has the chart's default. Laid over valuesFiles. Encrypt a password with `pulumi config set --path --secret`.",
  },
  valuesFiles: {
    type: "array",
    default: [],
    description: "YAML files with Helm values, relative to the project folder; later files win, as with `helm -f`.",
  },
  chartSource: {
    type: "object",
    default: {},
    description:
      "Where charts come from; one of repository (URL), oci (reference without a tag) or folder (holds unpacked charts as milvus-VERSION). A private repository also takes username and password (`pulumi config set --path --secret milvus:chartSource.password`), and caFile, a PEM file. Empty: the public repository that serves the chart.",
  },
  chartVersion: {
    type: "string",
    default: "",
    description: "Chart version to use instead of the catalogue's choice; it must fit the Milvus version.",
  },
  currentVersion: {
    type: "string",
    default: "",
    description: "The Milvus version that runs now, for images whose tag does not say it (a digest).",
  },
  strategy: {
    type: "string",
    default: "auto",
    description:
      "How an upgrade without a metadata migration is rolled out: auto, rolling (component by component in order) or helm (all at once).",
  },
  rollback: {
    type: "boolean",
    default: false,
    description:
      "Go back to an older milvus:version: over a finished metadata migration (everything written since is lost), over a minor, or to an older patch. Take it out again afterwards.",
  },
  overwriteMetadata: {
    type: "string",
    default: "",
    description:
      "Name of a backup claim (my-release-meta-2.1.4-to-2.2.9-r7) whose backup may be put back although etcd holds something that neither the backup nor its migration has left. What etcd holds is first saved on the claim; Milvus loses what was written since the backup. Take it out again afterwards.",
  },
  dropValues: {
    type: "array",
    default: [],
    description:
      "Paths of values (pulsar.proxy.resources) that the release in the cluster has and the stack config may leave out; anything else missing is refused.",
  },
  approvedPlan: {
    type: "string",
    default: "",
    description:
      "Hash of the plan that may be run, as preview and `npm run plan` show it; `up` refuses any other plan and says what differs. Empty: every plan may be run.",
  },
  maxDowntime: {
    type: "string",
    default: "",
    description:
      "Longest interruption that a plan may be expected to cost, such as 5m; a plan that expects more is refused. Empty: any.",
  },
  window: {
    type: "string",
    default: "",
    description:
      "When an upgrade may be begun, such as `Sat 02:00-05:00 Europe/Berlin`; several with `;` between them. What was begun may be ended at any time. Empty: always.",
  },
  promoteFrom: {
    type: "string",
    default: "",
    description:
      "Stack (staging, or org/project/staging) whose last receipt must say that it has made the same hop, verified. Empty: none is asked.",
  },
  soak: {
    type: "string",
    default: "",
    description: "For how long the stack of promoteFrom must have run since, such as 24h or 7d. Empty: not at all.",
  },
  runBefore: {
    type: "array",
    default: [],
    description:
      "CronJobs of the namespace (cronjob/milvus-backup) of which a Job each runs before an upgrade touches anything; one that fails ends the run there.",
  },
  runAfter: {
    type: "array",
    default: [],
    description:
      "CronJobs of the namespace (cronjob/smoke-test) of which a Job each runs after the verification of an upgrade; one that fails ends the run there.",
  },
  oneWayNeeds: {
    type: "string",
    default: "",
    description:
      "runBefore: a plan without a way back is refused unless a Job of runBefore runs in it, such as a backup. Empty: it needs nothing.",
  },
  prepull: {
    type: "string",
    default: "auto",
    description:
      "Are images pulled onto the nodes before a plan takes something away: auto (one Job for each node, while Milvus serves; an image that cannot be pulled ends the run before anything is stopped) or off.",
  },
  backupSize: { type: "string", default: "10Gi", description: "Size of the claim that keeps the metadata backup." },
  backupStorageClass: {
    type: "string",
    default: "",
    description: "Storage class of the backup claim. Empty: the cluster's default class.",
  },
  kubectlImage: {
    type: "string",
    default: "registry.k8s.io/kubectl:v1.36.3",
    description: "Image with kubectl as its entrypoint, for the stop, pause and resume Jobs.",
  },
  metaMigrationImage: {
    type: "string",
    default: "milvusdb/meta-migration:v2.2.0",
    description: "Image of the Milvus metadata migration tool (2.1 to 2.2).",
  },
  etcdTls: {
    type: "object",
    default: {},
    description:
      "Certificates with which the metadata migration asks an etcd that speaks TLS: secret (name of a Secret in the namespace), and if wanted caFile, certificateFile and keyFile (names in it: ca.crt, tls.crt, tls.key) and minVersion (1.0 to 1.3; default: etcd.ssl.tlsMinVersion in user.yaml, else 1.3). Empty: plain text.",
  },
  imageRegistry: {
    type: "string",
    default: "",
    description:
      "Registry, with a path if need be (registry.example.com/mirror), from which all images are pulled: those of the chart, of its dependencies and of the Jobs. Empty: the registries that charts and Jobs name.",
  },
  dependencyImages: {
    type: "string",
    default: "keep",
    description:
      "Images of etcd, MinIO, Pulsar and Kafka that the chart brings: keep (those that run, whatever the new chart has) or chart (the new chart's).",
  },
  messageQueue: {
    type: "string",
    default: "",
    description:
      "The message queue that Milvus 2.6 or later was switched to by its own API (management/wal/alter): pulsar, kafka, woodpecker or rocksmq. etcd keeps it, over the values. Empty: it was not switched.",
  },
  imagePullSecrets: {
    type: "array",
    default: [],
    description: "Names of Secrets in the namespace with which the Jobs pull their images.",
  },
  nodeSelector: {
    type: "object",
    default: {},
    description: "Node labels the pods of the Jobs need.",
  },
  tolerations: {
    type: "array",
    default: [],
    description: "Tolerations of the pods of the Jobs.",
  },
  jobLabels: {
    type: "object",
    default: {},
    description:
      "Labels of the Jobs and their pods, such as a policy asks for. They replace sidecar.istio.io/inject=false, which this program sets to keep Istio's sidecar out, where they name it.",
  },
  jobAnnotations: {
    type: "object",
    default: {},
    description:
      "Annotations of the pods of the Jobs. They replace those which this program sets to keep Linkerd's sidecar and the autoscalers of nodes out, where they name them.",
  },
  jobResources: {
    type: "object",
    default: {},
    description: "Requests and limits (cpu, memory) of the containers of the Jobs.",
  },
  jobUser: {
    type: "string",
    default: "auto",
    description:
      "Whose user, group and fsGroup the pods of the Jobs have: fixed (65532), assigned (those that the namespace assigns; the pods name none, as OpenShift's restricted-v2 wants it) or auto (assigned where the cluster serves security.openshift.io, else fixed).",
  },
  preflight: {
    type: "object",
    default: {},
    description:
      "Levels of single checks before anything is touched, by name: error, warn or off. Checks: kubernetesVersion, servedApis, permissions, storageClass, componentsHealthy, dependenciesUp, imagesAsPinned, noOtherMilvus, chartThere, chartRenders, jobPods, serviceAccess, queueInEtcd, claimsBound, etcdCertificates.",
  },
  verify: {
    type: "string",
    default: "health",
    description:
      "What is verified after every up: off, health (pods ready at the right image, Helm record, the service says the version), data (also collections, rows, indexes, load states and answers, as before the upgrade) or write (also that Milvus takes writes: a collection of the verification's own is made, filled, flushed, searched and dropped).",
  },
  verifyQueries: {
    type: "array",
    default: [],
    description:
      "Searches that must find the same after an upgrade: collection, and if wanted database, field, vector, limit, params, filter, same (how many neighbours at least). Empty: one search in every loaded collection, with the vector of a stored row.",
  },
  verifyRows: {
    type: "string",
    default: "exact",
    description: "How row counts are compared: exact, no fewer (clients go on writing during the upgrade) or ignored.",
  },
  reload: {
    type: "boolean",
    default: false,
    description:
      "Release and load a collection that is loaded and does not answer after the upgrade. Its searches fail meanwhile.",
  },
  address: {
    type: "string",
    default: "",
    description:
      "host:port at which the verification reaches Milvus from where Pulumi runs. Empty: a port-forward to a pod.",
  },
  credentials: {
    type: "object",
    default: {},
    description:
      "username and password, or token, with which the verification asks Milvus. Set them with `pulumi config set --path --secret`.",
  },
  tls: {
    type: "object",
    default: {},
    description:
      "TLS to Milvus for the verification: enabled, ca, certificate, key (PEM texts), serverName, insecure. Empty: plain text.",
  },
  timeouts: {
    type: "object",
    default: DEFAULT_TIMEOUTS,
    description:
      "When a step gives up: prepull (all images are on the nodes), start (the pod of a Job is placed and its images are pulled, on top of the Job's own limit), stop (pods gone), sessions (last session key in etcd gone), backup, migrate, release (Helm), rollout (one component; rolloutOf sets another for single ones, such as {querynode: 1h}; its old pods get at least their grace period to end), ownJobs (one Job of runBefore or runAfter); pending: how long a Helm record that a killed run left behind must have been silent before it is cleared; lock: how long a run must have been silent before another one takes over its lock; settle: how long pods must have been ready without a restart, verify: until then, answers: until a loaded collection answers, writes: until a write check has been through. A part that is left out keeps its default.",
  },
} as const satisfies Record<string, KeyDescription>;

export type ConfigKey = keyof typeof CONFIG_KEYS;
export const CONFIG_KEY_NAMES = Object.keys(CONFIG_KEYS) as readonly ConfigKey[];
