import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

// The analyzer that makes the package's schema knows closed sets as such an object and its type, and nothing in between.

/** How an upgrade without a metadata migration is rolled out. */
export const UpgradeStrategy = {
  /** What fits the hop: component by component where both versions can serve beside each other. */
  Auto: "auto",
  /** Component by component in order, or refused. */
  Rolling: "rolling",
  /** All at once, as `helm upgrade` does it. */
  Helm: "helm",
} as const;
export type UpgradeStrategy = (typeof UpgradeStrategy)[keyof typeof UpgradeStrategy];

/** Which images of etcd, MinIO, Pulsar and Kafka run after an upgrade. */
export const DependencyImages = {
  /** Those that run. */
  Keep: "keep",
  /** Those of the new chart. */
  Chart: "chart",
} as const;
export type DependencyImages = (typeof DependencyImages)[keyof typeof DependencyImages];

/** Are images pulled onto the nodes before a plan takes something away? */
export const UpgradePrepull = {
  /** By a Job for each node, while Milvus serves. */
  Auto: "auto",
  /** No: a node pulls what it has not got while Milvus is away. */
  Off: "off",
} as const;
export type UpgradePrepull = (typeof UpgradePrepull)[keyof typeof UpgradePrepull];

/** Whose user, group and fsGroup the pods of the Jobs have. */
export const JobUser = {
  /** Those that the namespace assigns where the cluster serves security.openshift.io, else fixed ones. */
  Auto: "auto",
  /** The number 65532. */
  Fixed: "fixed",
  /** Those that the namespace assigns: the pods name none. */
  Assigned: "assigned",
} as const;
export type JobUser = (typeof JobUser)[keyof typeof JobUser];

/** What is verified after every `up`. */
export const VerifyMode = {
  /** Nothing. */
  Off: "off",
  /** Pods are ready with the right image, the Helm record says deployed, the service says the version. */
  Health: "health",
  /** Also collections, rows, indexes, load states and answers, compared with those before the upgrade. */
  Data: "data",
  /** Also that Milvus takes writes: a collection of the verification's own is made, filled, flushed, searched and dropped. */
  Write: "write",
} as const;
export type VerifyMode = (typeof VerifyMode)[keyof typeof VerifyMode];

/** How row counts are compared. */
export const VerifyRows = {
  /** The same number. */
  Exact: "exact",
  /** Clients go on writing during the upgrade. */
  NoFewer: "no fewer",
  /** Not at all. */
  Ignored: "ignored",
} as const;
export type VerifyRows = (typeof VerifyRows)[keyof typeof VerifyRows];

/** Where charts come from: at most one of repository, oci and folder. */
export interface ChartArgs {
  /** URL of a chart repository. Default: the public repository that serves the chart. */
  repository?: string;
  /** OCI reference without a tag, such as oci://registry.example.com/charts/milvus. Default: none. */
  oci?: string;
  /** Folder that holds unpacked charts as milvus-VERSION, relative to the program's folder. Default: none. */
  folder?: string;
  /** For a private repository; goes with password. Default: none. */
  username?: pulumi.Input<string>;
  /** For a private repository; goes with username. Encrypted in the state. Default: none. */
  password?: pulumi.Input<string>;
  /** PEM file of who signed the repository's certificate, relative to the program's folder. Default: the system's authorities. */
  caFile?: string;
  /** Chart version to use instead of the catalogue's choice; it must fit the Milvus version. Default: chosen. */
  version?: string;
}

/** How an upgrade is made, and what it may cost. */
export interface UpgradeArgs {
  /** auto, rolling (component by component in order) or helm (all at once). Default: auto. */
  strategy?: UpgradeStrategy;
  /** Longest interruption that a plan may be expected to cost, such as 5m; a plan that expects more is refused. Default: any. */
  maxDowntime?: string;
  /**
   * When an upgrade may be begun, such as `Sat 02:00-05:00 Europe/Berlin`; several with `;` between them. What was begun may be
   * ended at any time. Default: always.
   */
  window?: string;
  /** Stack whose last receipt must say that it has made the same hop, verified. Default: none is asked. */
  promoteFrom?: string;
  /** For how long that stack must have run since, such as 24h or 7d. Default: not at all. */
  soak?: string;
  /**
   * CronJobs of the namespace (cronjob/milvus-backup) of which a Job each runs before an upgrade touches anything; one that fails
   * ends the run there. Default: none.
   */
  runBefore?: string[];
  /** CronJobs of which a Job each runs after the verification of an upgrade. Default: none. */
  runAfter?: string[];
  /** runBefore: a plan without a way back is refused unless a Job of runBefore runs in it. Default: it needs nothing. */
  oneWayNeeds?: string;
  /** Are images pulled onto the nodes before a plan takes something away: auto or off. Default: auto. */
  prepull?: UpgradePrepull;
  /** Hash of the plan that may be run, as the preview shows it; any other plan is refused. Default: every plan may be run. */
  approvedPlan?: string;
  /** Go back over a finished metadata migration, or over a minor. What was written since the migration is lost. Default: false. */
  rollback?: boolean;
  /**
   * Name of a backup claim (my-release-meta-2.1.4-to-2.2.9-r7) whose backup may be put back although etcd holds something that
   * neither the backup nor its migration has left. Milvus loses what was written since the backup. Default: none.
   */
  overwriteMetadata?: string;
  /** The Milvus version that runs now, for images whose tag does not say it (a digest). Default: read from the cluster. */
  currentVersion?: string;
  /** Paths of values (pulsar.proxy.resources) that the release has and `values` may leave out. Default: none. */
  dropValues?: string[];
  /** Images of the dependencies that the chart brings: keep or chart. Default: keep. */
  dependencyImages?: DependencyImages;
  /**
   * The queue that Milvus 2.6 or later was switched to by its own API: pulsar, kafka, woodpecker or rocksmq. etcd keeps it, over
   * `values`. Default: it was not switched.
   */
  messageQueue?: string;
}

/** A search that must find the same after an upgrade. */
export interface VerifyQueryArgs {
  /** Name of the collection. */
  collection: string;
  /** Database of the collection. Default: the database "default". */
  database?: string;
  /** Name of the vector field. Default: the first one. */
  field?: string;
  /** What is searched for. Default: the vector of a stored row. */
  vector?: number[];
  /** How many neighbours are asked for, between 1 and 1000. Default: 10. */
  limit?: number;
  /** Search parameters, such as nprobe. Default: none. */
  params?: { [name: string]: string };
  /** Boolean expression. Default: none. */
  filter?: string;
  /** How many neighbours must be the same at least. Default: all. */
  same?: number;
}

/** Username and password, or token. */
export interface VerifyCredentialsArgs {
  /** Goes with password. Default: none. */
  username?: pulumi.Input<string>;
  /** Goes with username. Default: none. */
  password?: pulumi.Input<string>;
  /** Instead of username and password. Default: none. */
  token?: pulumi.Input<string>;
}

/** TLS to Milvus for the verification; PEM texts. */
export interface VerifyTlsArgs {
  /** Whether TLS is spoken. Default: true where any other part is given. */
  enabled?: boolean;
  /** Of who signed the server's certificate. Default: the authorities that Node trusts. */
  ca?: pulumi.Input<string>;
  /** Of the client. Default: none. */
  certificate?: pulumi.Input<string>;
  /** Of the client's certificate. Default: none. */
  key?: pulumi.Input<string>;
  /** Name for which the server's certificate is valid. Default: that of the address. */
  serverName?: string;
  /** Do not check the server's certificate. Default: false. */
  insecure?: boolean;
}

/** How the result is verified. */
export interface VerifyArgs {
  /** off, health, data or write. Default: health. */
  mode?: VerifyMode;
  /** Searches that must find the same. Default: one in every loaded collection, with the vector of a stored row. */
  queries?: VerifyQueryArgs[];
  /** How row counts are compared: exact, no fewer or ignored. Default: exact. */
  rows?: VerifyRows;
  /** Release and load a collection that does not answer after the upgrade. Its searches fail meanwhile. Default: false. */
  reload?: boolean;
  /** host:port at which Milvus is reached from where Pulumi runs. Default: a port-forward to a pod. */
  address?: string;
  /** As whom Milvus is asked. Default: nobody in particular. */
  credentials?: VerifyCredentialsArgs;
  /** How Milvus is reached by TLS. Default: plain text. */
  tls?: VerifyTlsArgs;
}

/** Kubernetes quantities, such as 500m and 256Mi. */
export interface ResourceAmountsArgs {
  /** Cores, such as 500m. Default: see resources. */
  cpu?: string;
  /** Such as 256Mi. Default: see resources. */
  memory?: string;
}

/** Of each container of the Jobs. */
export interface JobResourcesArgs {
  /** What a container is sure to have. Default: small. */
  requests?: ResourceAmountsArgs;
  /** What it may have at most. Default: none. */
  limits?: ResourceAmountsArgs;
}

/** A toleration of the pods of the Jobs. */
export interface JobTolerationArgs {
  /** Of the taint. Default: every key. */
  key?: string;
  /** Equal or Exists. Default: Equal. */
  operator?: string;
  /** Of the taint, with Equal. Default: none. */
  value?: string;
  /** NoSchedule, PreferNoSchedule or NoExecute. Default: every effect. */
  effect?: string;
  /** How long a pod stays on a node with a NoExecute taint. Default: for good. */
  tolerationSeconds?: number;
}

/** With what the Jobs on the metadata ask an etcd that speaks TLS: a Secret in the namespace of the release. */
export interface EtcdTlsArgs {
  /** Name of the Secret. */
  secret: string;
  /** Name in it of the CA that has signed etcd's certificate. Default: ca.crt. */
  caFile?: string;
  /** Name in it of the client's certificate, which need not be there. Default: tls.crt. */
  certificateFile?: string;
  /** Name in it of that certificate's key. Default: tls.key. */
  keyFile?: string;
  /** Oldest version of TLS: 1.0, 1.1, 1.2 or 1.3. Default: etcd.ssl.tlsMinVersion in user.yaml, else 1.3. */
  minVersion?: string;
}

/** How the upgrade's own Jobs are run. */
export interface JobsArgs {
  /** Image with kubectl as its entrypoint. Default: registry.k8s.io/kubectl:v1.36.3. */
  kubectlImage?: string;
  /** Image of the Milvus metadata migration tool (2.1 to 2.2). Default: milvusdb/meta-migration:v2.2.0. */
  metaMigrationImage?: string;
  /** With what the Jobs on the metadata ask an etcd that speaks TLS. Default: plain text. */
  etcdTls?: EtcdTlsArgs;
  /** Names of Secrets in the namespace with which the Jobs pull their images. Default: none. */
  imagePullSecrets?: string[];
  /** Node labels that the pods of the Jobs need. Default: none. */
  nodeSelector?: { [label: string]: string };
  /** Tolerations of the pods of the Jobs. Default: none. */
  tolerations?: JobTolerationArgs[];
  /** Labels of the Jobs and their pods, such as a policy asks for. Default: none. */
  labels?: { [label: string]: string };
  /** Annotations of the pods of the Jobs. Default: none. */
  annotations?: { [annotation: string]: string };
  /** Requests and limits of each container. Default: small requests and no limits. */
  resources?: JobResourcesArgs;
  /** Whose user, group and fsGroup the pods have: auto, fixed (65532) or assigned (by the namespace). Default: auto. */
  user?: JobUser;
  /** Size of the claim that keeps the metadata backup. Default: 10Gi. */
  backupSize?: string;
  /** Storage class of the backup claim. Default: the cluster's default class. */
  backupStorageClass?: string;
}

/** Durations after which a step gives up, such as 90s, 10m or 1h30m. */
export interface TimeoutsArgs {
  /** All images are on the nodes. Default: 15m. */
  prepull?: string;
  /** The pod of a Job is placed and its images are pulled, on top of the Job's own limit. Default: 5m. */
  start?: string;
  /** Pods are gone. Default: 10m. */
  stop?: string;
  /** The last session key in etcd is gone. Default: 3m. */
  sessions?: string;
  /** The metadata is backed up. Default: 15m. */
  backup?: string;
  /** The metadata is migrated. Default: 30m. */
  migrate?: string;
  /** Helm has the release ready. Default: 30m. */
  release?: string;
  /** One component is rolled out. Default: 30m. */
  rollout?: string;
  /** Limits of single components, by their names, instead of `rollout`. Default: none. */
  rolloutOf?: { [component: string]: string };
  /** One Job of runBefore or runAfter is done. Default: 30m. */
  ownJobs?: string;
  /** How long a Helm record that a killed run left must have been silent before it is cleared. Default: 10m. */
  pending?: string;
  /** How long another run must have been silent before its lock is taken over. Default: 1m. */
  lock?: string;
  /** How long pods must have been ready without a restart. Default: 20s. */
  settle?: string;
  /** All of it is healthy after an upgrade. Default: 10m. */
  verify?: string;
  /** A loaded collection answers. Default: 2m. */
  answers?: string;
  /** A write check has been through. Default: 2m. */
  writes?: string;
}

/** A Milvus cluster that Helm installs, the version it is to have, and how it gets there. */
export interface MilvusClusterArgs {
  /** The Milvus version to run: exact (2.2.9), newest of a minor (2.5, 2.5.x), newest patch from one on (~2.4.10), or latest. */
  version: string;
  /** Name of the Helm release. Default: my-release. */
  releaseName?: string;
  /** Namespace of the Helm release. Default: default. */
  namespace?: string;
  /**
   * Helm values of the release, complete: what is not here and not set by a rule has the chart's default. A leaf may be an
   * Output: nobody prints it, and no rule reads it. Default: none.
   */
  values?: k8s.helm.v3.ReleaseArgs["values"];
  /** Encrypt all values in the state, not only those whose key is named like a password. Default: false. */
  valuesAreSecret?: boolean;
  /** Where the chart comes from. Default: the public repository, the version that fits. */
  chart?: ChartArgs;
  /** Registry, with a path if need be, from which all images are pulled. Default: those that charts and Jobs name. */
  imageRegistry?: string;
  /** How an upgrade is made, and what it may cost. Default: what each part says. */
  upgrade?: UpgradeArgs;
  /** How the result is verified. Default: what each part says. */
  verify?: VerifyArgs;
  /** How the upgrade's own Jobs are run. Default: what each part says. */
  jobs?: JobsArgs;
  /** Levels of single checks before anything is touched, by name: error, warn or off. Default: as each check has it. */
  preflight?: { [check: string]: string };
  /** Durations after which a step gives up. Default: what each part says. */
  timeouts?: TimeoutsArgs;
  /** Path or contents of the kubeconfig. Default: kubernetes:kubeconfig of the stack, then KUBECONFIG, then ~/.kube/config. */
  kubeconfig?: pulumi.Input<string>;
  /** Context of the kubeconfig. Default: kubernetes:context of the stack, then the current one. */
  context?: pulumi.Input<string>;
  /** Name of a cluster in the kubeconfig that replaces the context's own. Default: kubernetes:cluster of the stack. */
  cluster?: pulumi.Input<string>;
  /** The stack config is where people set these, so messages name its keys (milvus:version). Default: false. */
  fromStackConfig?: boolean;
}
