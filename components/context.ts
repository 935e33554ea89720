import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterState, UpgradePlan } from "../upgrade/model";
import type { StepTimeouts } from "../upgrade/stepLimits";
import type { UpgradeAccess } from "./access";
import type { RunGuard } from "./runGuard";
import type { StepGate } from "./stepGate";

/** How the upgrade's own Jobs are run; a part of the stack config. */
export interface UpgradeSettings {
  /** Official kubectl image: entrypoint kubectl, no shell. */
  readonly kubectlImage: string;
  /** Image that holds /milvus/bin/meta-migration and /bin/sh. */
  readonly metaMigrationImage: string;
  /** Names of Secrets in the release's namespace. */
  readonly imagePullSecrets: readonly string[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly k8s.types.input.core.v1.Toleration[];
  /** Of the Jobs and their pods, over those that keep a service mesh out; the program's own stay. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the pods, over those that keep a service mesh and the autoscalers of nodes out. Default: none. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of each container. Default, when nothing is given: small requests and no limits. */
  readonly resources: {
    readonly requests?: ResourceAmounts | undefined;
    readonly limits?: ResourceAmounts | undefined;
  };
  readonly backup: {
    /** Kubernetes quantity, e.g. `10Gi`. */
    readonly size: string;
    /** Default: the cluster's default storage class. */
    readonly storageClass?: string;
  };
  readonly timeouts: StepTimeouts;
}

/** Kubernetes quantities, e.g. `500m` and `256Mi`. */
export interface ResourceAmounts {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

/** What failed, by its name in Kubernetes or Helm. */
export interface FailedResource {
  readonly kind: "Release" | "Job";
  readonly name: string;
  readonly namespace: string;
}

/** Reads the cluster and says which pod or Job is stuck, why, and what to do; undefined when nothing is to be seen. */
export type Diagnose = (failed: FailedResource) => Promise<string | undefined>;

export interface MilvusClusterArgs {
  readonly plan: UpgradePlan;
  /** Hash by which the plan is approved, for the outputs. */
  readonly planHash?: string;
  /** What the outputs of the last run say of the upgrade before; kept while nothing is to be done. */
  readonly lastUpgrade?: unknown;
  /** The state from which the plan was made. */
  readonly state: ClusterState;
  readonly releaseName: string;
  readonly namespace: string;
  readonly settings: UpgradeSettings;
  /** True when the values come from encrypted config: all of them are encrypted in the state. Default: passwords only. */
  readonly valuesAreSecret?: boolean;
  /** For the step `markFailed`: what the record says then, as `data.release` of its Secret. */
  readonly failedRecord?: string;
  /** Default: a failure shows the provider's message alone. */
  readonly diagnose?: Diagnose;
  /** Default: nothing holds other runs off. */
  readonly guard?: RunGuard;
}

/** What every file that declares a step's resources gets. */
export interface StepContext extends MilvusClusterArgs {
  /** Parent and error hook of every resource; each step adds its dependsOn. */
  readonly options: pulumi.CustomResourceOptions;
  /** Different in each run of the program. */
  readonly run: string;
  /** Lets a step begin. */
  readonly gate: StepGate;
  /** Missing: the plan has no Jobs. */
  readonly access?: UpgradeAccess;
}

/** Resources that must be done before a step starts. */
export type After = readonly pulumi.Resource[];
