import type { RefusalRule, ValueRuleName, WarningRule } from "./ruleNames";

/**
 * The values that travel through the program: what is wanted, what is there, and the plan between them.
 * Plain data only, so that every decision can be tested without a cluster and without Pulumi.
 */

/** A JSON-like tree: Helm values as YAML gives them. */
export type HelmValue = string | number | boolean | null | HelmValue[] | HelmValues;
export interface HelmValues {
  [key: string]: HelmValue;
}

// ---------------------------------------------------------------------------------------------- wanted

/** Where charts come from. A `folder` holds one unpacked chart per release: `<folder>/milvus-<chart version>`. */
export type ChartSource =
  | { readonly kind: "repository"; readonly url?: string }
  | { readonly kind: "oci"; readonly reference: string }
  | { readonly kind: "folder"; readonly path: string };

export const STRATEGIES = ["auto", "rolling", "helm"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Message queues by the names that Milvus' `mq.type` has for those that can be switched while it runs. */
export const QUEUE_TYPES = ["pulsar", "kafka", "woodpecker", "rocksmq"] as const;
export type QueueType = (typeof QUEUE_TYPES)[number];

export const JOB_USERS = ["auto", "fixed", "assigned"] as const;
/** Whose user, group and volume group the pods of the Jobs have: numbers of ours, or those that the namespace assigns. */
export type JobUser = (typeof JOB_USERS)[number];

/** Images of the chart's dependencies (etcd, MinIO, Pulsar, Kafka): those that run, or those of the new chart. */
export const DEPENDENCY_IMAGES = ["keep", "chart"] as const;
export type DependencyImages = (typeof DEPENDENCY_IMAGES)[number];

/** Are images pulled onto the nodes before anything that runs is taken away? */
export const PREPULLS = ["auto", "off"] as const;
export type Prepull = (typeof PREPULLS)[number];

export const TLS_VERSIONS = ["1.0", "1.1", "1.2", "1.3"] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

/** With what the Jobs on the metadata ask an etcd that speaks TLS: a Secret of the release's namespace. */
export interface EtcdTls {
  /** Name of the Secret. */
  readonly secret: string;
  /** Names in the Secret: of who signed etcd's certificate, and of the client's certificate and its key, which need not be there. */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Oldest version of TLS that is spoken; missing: what Milvus is told, or else the tool's own, 1.3. */
  readonly minVersion?: TlsVersion;
}

/** What the stack config asks for, checked and with defaults filled in; only what the planner needs. */
export interface Wanted {
  /** As written: `2.2.9`, `2.5`, `2.5.x`, `~2.4.10` or `latest`. */
  readonly version: string;
  readonly releaseName: string;
  readonly namespace: string;
  readonly values: HelmValues;
  readonly chartSource: ChartSource;
  /** Wins over the catalogue's choice, after a check that it fits. */
  readonly chartVersion?: string;
  /** What runs now, for images whose tag names no version (a digest). */
  readonly currentVersion?: string;
  readonly strategy: Strategy;
  /** Go back over a finished metadata migration, losing everything written since. */
  readonly rollback: boolean;
  /** Claim whose backup may be put over metadata that is neither the backup nor left by its migration. */
  readonly overwriteMetadata?: string;
  /** Missing: the metadata's etcd is asked in plain text. */
  readonly etcdTls?: EtcdTls;
  /** User values found in the release that may be dropped although the stack config does not repeat them. */
  readonly dropValues: readonly string[];
  /** Seconds without a sign of life after which a `pending-…` record is cleared. Default 600. */
  readonly pendingSilentSeconds?: number;
  /** Default `keep`. */
  readonly dependencyImages?: DependencyImages;
  /** The queue that Milvus was switched to by its own API; missing: it was not. */
  readonly messageQueue?: QueueType;
  /** Prefix of every image, `registry.example.com/mirror`; missing: the charts' own registries. */
  readonly imageRegistry?: string;
  /** Names of CronJobs of which a Job each runs before anything is touched, and after the verification. Default: none. */
  readonly runBefore?: readonly string[];
  readonly runAfter?: readonly string[];
  /** A plan without a way back needs one of `runBefore`. Default: it does not. */
  readonly oneWayNeedsRun?: boolean;
  /** Seconds of interruption that a plan may be expected to cost; missing: any. */
  readonly maxDowntimeSeconds?: number;
  /** Missing: nothing is pulled, and the images are taken to be on the nodes. */
  readonly prepull?: Prepull;
}

// ---------------------------------------------------------------------------------------------- observed

export const RELEASE_STATUSES = [
  "unknown",
  "deployed",
  "uninstalled",
  "superseded",
  "failed",
  "uninstalling",
  "pending-install",
  "pending-upgrade",
  "pending-rollback",
] as const;
export type ReleaseStatus = (typeof RELEASE_STATUSES)[number];

/** The newest revision of the Helm release record. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly status: ReleaseStatus;
  readonly chartName: string;
  /** Home and sources that the chart names, from its Chart.yaml: charts of several projects are called milvus. */
  readonly chartOrigins?: readonly string[];
  readonly chartVersion: string;
  readonly appVersion: string;
  /** The values the user gave, without the chart's defaults. May hold passwords: never print. */
  readonly userValues: HelmValues;
  /** The chart's own defaults, as recorded in the release. */
  readonly chartValues: HelmValues;
  readonly description: string;
  /** ISO 8601. */
  readonly updatedAt: string;
  /** As Helm wrote it: the same for every revision, another one after a reinstall. */
  readonly firstDeployedAt?: string;
  /** Name of the Secret that holds this revision. */
  readonly recordName: string;
  /** The last revision with status `deployed` or `superseded`, when the newest one is neither. */
  readonly lastDeployed?: {
    readonly revision: number;
    readonly chartVersion: string;
    readonly appVersion: string;
    /** As in the release; without them the newest record's are taken for what runs. */
    readonly userValues?: HelmValues;
    readonly chartValues?: HelmValues;
  };
}

/** One Deployment with the labels app.kubernetes.io/instance=RELEASE, app.kubernetes.io/name=milvus. */
export interface ComponentState {
  /** Name of the Deployment. */
  readonly name: string;
  /** Label `component`: rootcoord, proxy, querynode, standalone, attu … */
  readonly component: string;
  readonly image: string;
  /** Images of its pods, each once: older than `image` while it is paused or rolls. Default: `image` alone. */
  readonly podImages?: readonly string[];
  /** Its pods by the template they are made from, terminating ones included. */
  readonly podTemplates?: readonly PodTemplate[];
  /** ISO 8601: when its rollout last made progress (condition Progressing). */
  readonly progressedAt?: string;
  /** `spec.replicas`. */
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly updatedReplicas: number;
  /** Pods of this Deployment that run or will, terminating ones included; evicted ones that lie about are none. */
  readonly pods: number;
  readonly paused: boolean;
  /** observedGeneration is current and every replica is updated and available. */
  readonly rolledOut: boolean;
  /** Not rolled out for no other reason than pods that are getting ready, none of them for long: it passes by itself. */
  readonly restarting?: boolean;
  /** Update strategy type of the live object. */
  readonly strategyType: "RollingUpdate" | "Recreate";
  /** Name and kind of an autoscaler (HPA or KEDA ScaledObject) that sets the replicas. */
  readonly autoscaler?: string;
  /** Who else manages the object: an owner reference or a GitOps label, for a refusal. */
  readonly managedBy?: string;
  /** Replica count remembered by the stop step, while stopped. */
  readonly rememberedReplicas?: number;
  /** ISO 8601: when it was scaled to 0; missing where it is not, and where the API server does not say. */
  readonly stoppedAt?: string;
  /** Message queue of a standalone, as its Deployment is annotated by charts from 5.0.0 on. */
  readonly messageQueue?: string;
  /** Made to be recreated for the hop that it is on; its own strategy is not back yet. */
  readonly recreating?: boolean;
}

/** The pods of one ReplicaSet. */
export interface PodTemplate {
  /** Label `pod-template-hash`. */
  readonly hash: string;
  readonly image: string;
  /** Seconds that a pod gets to end: the longest of them. */
  readonly graceSeconds: number;
}

/** How far a metadata migration attempt has come, as recorded on its backup claim; `prepared`: the claim is there, and nothing else. */
export const ATTEMPT_PHASES = ["prepared", "backedUp", "migrating", "migrated", "restoring", "restored"] as const;
export type AttemptPhase = (typeof ATTEMPT_PHASES)[number];

/** An attempt found in the cluster: its backup claim with labels and annotations. */
export interface AttemptState {
  readonly id: AttemptId;
  readonly claimName: string;
  readonly phase: AttemptPhase;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Of an earlier installation under this name, or of another cluster: it is named, and never used. */
  readonly isForeign?: boolean;
}

/**
 * What is one installation: `helm upgrade` and `helm rollback` keep it, `helm uninstall` ends it. Parts that are not known
 * are missing.
 */
export interface Installation {
  /** Of the release, as Helm wrote it. */
  readonly firstDeployedAt?: string;
  /** Of the namespace: a copy of it in another cluster is another installation. */
  readonly namespaceUid?: string;
}

/** Identity of an attempt; everything it creates is named after it. */
export interface AttemptId {
  readonly from: string;
  readonly to: string;
  /** Helm revision found at the start. */
  readonly revision: number;
  /** 1 unless the cluster ran again in the same revision (scaled up by hand): then a new attempt with a new backup. */
  readonly ordinal: number;
}

export type LeftoverPart = "etcd" | "object storage" | "message queue" | "standalone" | "logs";

/** A claim that an earlier Milvus of this name has left, and that an install under the same name takes up again. */
export interface Leftover {
  readonly claimName: string;
  /** What it holds. `standalone`: everything that a standalone keeps itself. */
  readonly part: LeftoverPart;
  /** ISO 8601. */
  readonly createdAt: string;
  /** `milvus-4.0.34`, as its labels say; those of a StatefulSet's claims say none. */
  readonly chart?: string;
  /** What that chart calls its Milvus. */
  readonly version?: string;
}

export const VERIFICATION_STATUSES = ["pending", "passed", "failed"] as const;
export type VerificationStatus = (typeof VERIFICATION_STATUSES)[number];

/** The newest verification of an upgrade, as its ConfigMap says. `pending`: the snapshot is taken, nothing compared yet. */
export interface VerificationState {
  /** Name of the ConfigMap. */
  readonly configMap: string;
  readonly attempt: AttemptId;
  /** Of which it is, where this program makes the record anew. */
  readonly installation?: Installation;
  readonly status: VerificationStatus;
  /** What was wrong, in one line; empty when nothing was. */
  readonly summary: string;
  /** JSON of the snapshot taken before the upgrade; missing where only the health was looked at, or where it is damaged. */
  readonly snapshot?: string;
  /** Why the snapshot that was taken cannot be read, e.g. `it cannot be unpacked (unexpected end of file)`. */
  readonly damaged?: string;
  /** Milvus did not take writes: only a write check that passes settles it, or a person. */
  readonly writesFailed?: boolean;
}

/** An upgrade that a run has begun and none has ended, as its receipt in the cluster says. */
export interface OpenUpgrade {
  readonly from?: string;
  readonly to: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601: when Milvus, or a part of it, was first taken away; missing while it was not. */
  readonly stoppedAt?: string;
  /** How many have worked on it, as far as the receipt names them. Missing: one. */
  readonly runs?: number;
  /** CronJobs of which a Job has run to its end before anything was touched. Missing: none. */
  readonly ranBefore?: readonly string[];
  /** The same after its verification. */
  readonly ranAfter?: readonly string[];
}

/** A CronJob of the namespace, from which a step's Job is made. */
export interface CronJobState {
  readonly name: string;
  /** Another one when somebody has changed it. */
  readonly version: string;
  /** `spec.jobTemplate`, as it is. May hold passwords: never print. */
  readonly template: Readonly<Record<string, unknown>>;
}

/** Everything read from the cluster before anything is declared. */
export interface ClusterState {
  /** e.g. `1.36.3`. */
  readonly kubernetesVersion: string;
  /** ISO 8601: when this was read, by the same clock as the times in it. Without it a pending record is never cleared. */
  readonly observedAt?: string;
  readonly namespaceExists: boolean;
  /** Tells one cluster from another; missing where the namespace may not be read. */
  readonly namespaceUid?: string;
  /** The namespace assigns users to pods, and a pod that names one of its own is refused (OpenShift). */
  readonly assignsUsers?: boolean;
  /** It is being deleted: nothing can be created in it any more. */
  readonly namespaceEnds?: boolean;
  /** Missing: no release of that name in that namespace, and nothing forbade looking. */
  readonly release?: HelmRelease;
  readonly components: readonly ComponentState[];
  readonly attempts: readonly AttemptState[];
  /** Only where nothing is installed. */
  readonly leftovers?: readonly Leftover[];
  /** Names that a new attempt's claim cannot have, whoever's those claims are. */
  readonly takenClaimNames?: readonly string[];
  /** Objects under names that the upgrade's own would have, and that are somebody else's: `Role my-release-upgrade`. */
  readonly strangers?: readonly string[];
  /** The upgrade's Jobs on the metadata that a run which is gone has left at work. */
  readonly activeJobs?: readonly string[];
  readonly verification?: VerificationState;
  /** Missing: none is open, or that may not be read. */
  readonly openUpgrade?: OpenUpgrade;
  /** Receipt of the upgrade that was ended last, as the cluster keeps it: no plan depends on it. Missing: there is none, or it may not be read. */
  readonly lastReceipt?: unknown;
  /** Where the release is not there: other namespaces with a Milvus of its name that this program has not made. Missing: none is seen. */
  readonly otherNamespaces?: readonly string[];
  /** Those that the config names and that are there; missing: they were not looked at. */
  readonly cronJobs?: readonly CronJobState[];
  /** Names of the ConfigMaps of those that have passed, the oldest first. */
  readonly passedVerifications?: readonly string[];
  /** Milvus custom resources of the Milvus Operator that own something under this name. */
  readonly operatorResource?: string;
  /** Warnings of the reader, such as a kind it was not allowed to list. */
  readonly notes: readonly string[];
}

/** What Pulumi's stack knows, apart from its config. */
export interface StackFacts {
  /** Its state has the Release, so that Pulumi upgrades it, though Helm may never have deployed it. Default false. */
  readonly releaseInStack?: boolean;
  /** Pulumi sends the Release also where nothing is to be done. Default false. */
  readonly sendsRelease?: boolean;
}

// ---------------------------------------------------------------------------------------------- plan

export interface ChartReference {
  readonly name: string;
  readonly version: string;
  /** Repository URL, OCI reference or folder of the unpacked chart. */
  readonly location: string;
  readonly kind: ChartSource["kind"];
}

/** Where Milvus keeps its metadata (facts 6.2 to 6.4). */
export interface MetaStore {
  /** `host:port`. */
  readonly endpoints: readonly string[];
  readonly rootPath: string;
  readonly metaSubPath: string;
  readonly kvSubPath: string;
  /** Missing: plain text. */
  readonly tls?: EtcdTls;
}

/** A value that a rule put under the user's values. */
export interface AddedValue {
  /** Dotted path, e.g. `pulsarv3.enabled`. */
  readonly path: string;
  readonly value: HelmValue;
  readonly rule: ValueRuleName;
  readonly reason: string;
}

export interface Warning {
  readonly rule: WarningRule;
  readonly message: string;
}

/** How far a step can be undone. */
export const REVERSIBILITIES = ["reversible", "restore only", "one way"] as const;
export type Reversibility = (typeof REVERSIBILITIES)[number];

export const INTERRUPTIONS = ["none", "gaps", "failing requests", "outage"] as const;
export type InterruptionKind = (typeof INTERRUPTIONS)[number];

/** An estimate before the upgrade; what it really took is in the outputs afterwards. */
export interface ExpectedInterruption {
  readonly kind: InterruptionKind;
  readonly seconds: number;
  readonly parts: readonly { readonly what: string; readonly seconds: number }[];
  /** Milvus is down already, and the seconds are those that are still to come. */
  readonly isDown?: true;
  /** ISO 8601: since when; missing where that is not known. */
  readonly downSince?: string;
  /** Seconds that are not in `seconds`, because the images are on the nodes before. */
  readonly savedSeconds?: number;
}

export type Step =
  /** Images are pulled onto the nodes by pods that do nothing else, while all that runs goes on. `image` is Milvus' own. */
  | { readonly kind: "prepull"; readonly image: string }
  | { readonly kind: "clearPendingRelease"; readonly recordName: string; readonly revision: number }
  /** The record of an install that died is kept, and says so: no Job, but a Secret that Pulumi writes. */
  | { readonly kind: "markFailed"; readonly recordName: string; readonly revision: number }
  /** Milvus is up: shows that image, claim, network and the place of the metadata are right before anything is stopped. */
  | { readonly kind: "probe" }
  | { readonly kind: "stop"; readonly deployments: readonly StoppedDeployment[] }
  | { readonly kind: "backup" }
  | { readonly kind: "migrate" }
  | { readonly kind: "restore" }
  | { readonly kind: "pause"; readonly deployments: readonly string[] }
  /** A Job of the user's, made from a CronJob: before anything is touched, or after the verification. */
  | { readonly kind: "ownJob"; readonly when: "before" | "after"; readonly cronJob: string; readonly version: string }
  | { readonly kind: "release"; readonly awaitReady: boolean }
  | {
      readonly kind: "resume";
      readonly component: string;
      readonly deployment: string;
      /** Pods of an older version, which must be gone before the next component: by template, with their grace period. */
      readonly oldPods?: { readonly hashes: readonly string[]; readonly graceSeconds: number };
      /** All its old pods end before the first new one starts; then it gets this strategy back. */
      readonly recreated?: { readonly strategy: HelmValues };
    };
export type StepKind = Step["kind"];

export interface StoppedDeployment {
  readonly name: string;
  readonly component: string;
  /** Replicas to remember, so that a start restores them where the chart omits the field. */
  readonly replicas: number;
  /** Somebody paused it: it must not be when it is started, or its old pods would come back. */
  readonly paused?: boolean;
}

export const PLAN_KINDS = ["install", "nothing", "helm", "rolling", "migration", "giveUp", "rollback"] as const;
export type PlanKind = (typeof PLAN_KINDS)[number];

/** What will be done. A value: two runs over the same facts give the same plan. */
export interface UpgradePlan {
  readonly kind: PlanKind;
  /** Milvus version that runs now; missing for an install. */
  readonly from?: string;
  readonly to: string;
  readonly steps: readonly Step[];
  readonly chart: ChartReference;
  /** Complete values for the Release: the rules' values under the user's. May hold passwords: never print. */
  readonly values: HelmValues;
  readonly added: readonly AddedValue[];
  readonly warnings: readonly Warning[];
  /** Why this kind of plan was chosen, one sentence. */
  readonly reason: string;
  /** True when the release lives in the cluster already, so that it is adopted by import. */
  readonly adopt: boolean;
  /** What the interruption is expected to be, one sentence. */
  readonly interruption: string;
  /** Set by planUpgrade. */
  readonly expected?: ExpectedInterruption;
  readonly reversibility: Reversibility;
  /** Only for kinds that touch the metadata. */
  readonly migration?: MigrationPlan;
}

export interface MigrationPlan {
  readonly attempt: AttemptId;
  readonly claimName: string;
  readonly store: MetaStore;
  /** Strict semver without `v` (fact 6.3), what the tool is told. */
  readonly sourceVersion: string;
  readonly targetVersion: string;
  /** `firstDeployedAt` of the installation; the backup is of no other one. */
  readonly installation?: string;
  /** milvus:overwriteMetadata names this attempt's claim: its backup may go over what etcd holds now. */
  readonly overwrite?: boolean;
}

export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly chart: string;
}

/** A refusal creates nothing. */
export interface Refusal {
  readonly kind: "refused";
  /** Name of the rule that refuses; docs/upgrade-rules.md explains each under this name. */
  readonly rule: RefusalRule;
  /** What is wrong, with the values found. */
  readonly reason: string;
  /** What to do now. */
  readonly remedy: string;
  readonly source?: string;
  /** The next version that works, and the whole way to the wanted one. */
  readonly nextHop?: Hop;
  readonly path?: readonly Hop[];
}

export type Plan = UpgradePlan | Refusal;
