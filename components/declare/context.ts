import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterState, Step, UpgradePlan } from "../../upgrade/model";
import type { StepResult } from "../../upgrade/progress/events";
import type { JobPodSettings } from "../../upgrade/steps/jobPod";
import type { StepTimeouts } from "../../upgrade/steps/limits";
import type { EarlierRun } from "../engine/earlierRun";
import type { RunGuard } from "../engine/guard";

/** How the upgrade's own Jobs are run; a part of the stack config. */
export interface UpgradeSettings extends JobPodSettings {
  /** Image that holds /milvus/bin/meta-migration and /bin/sh. */
  readonly metaMigrationImage: string;
  readonly tolerations: readonly k8s.types.input.core.v1.Toleration[];
  readonly backup: {
    /** Kubernetes quantity, e.g. `10Gi`. */
    readonly size: string;
    /** Default: the cluster's default storage class. */
    readonly storageClass?: string;
  };
  readonly timeouts: StepTimeouts;
}

/** What failed, by its name in Kubernetes or Helm. */
export interface FailedResource {
  readonly kind: "Release" | "Job";
  readonly name: string;
  readonly namespace: string;
}

/** Reads the cluster and says which pod or Job is stuck, why, and what to do; undefined when nothing is to be seen. */
export type Diagnose = (failed: FailedResource) => Promise<string | undefined>;

/** A Job of the user's that has begun. */
export interface BegunOwnJob {
  /** `cronjob/milvus-backup`. */
  readonly what: string;
  readonly name: string;
  readonly namespace: string;
  /** Seconds. */
  readonly limit: number;
  /** Resolved once it has ended; true: well. */
  readonly end: Promise<boolean>;
}

/** Told of each step as it begins and ends. A step that is not reached is not told of. */
export interface StepListener {
  /** Before anything of it is sent. It never fails. */
  begin(step: Step, at: StepPlace): Promise<void>;
  end(step: Step, result: StepResult): void;
}

/** Where a step shows itself. */
export interface StepPlace {
  /** Its line in Pulumi's display. */
  readonly urn: string;
  /** Name of its Job in Kubernetes, where it is one. */
  readonly job?: string;
}

/** What a private repository of charts is told. */
export interface RepositoryAccess {
  readonly username?: pulumi.Input<string>;
  /** Marked as secret. */
  readonly password?: pulumi.Input<string>;
  readonly caFile?: string;
}

/** What is declared for a plan. */
export interface PlannedRun {
  /** Of the component: its children are named after it. */
  readonly name: string;
  readonly plan: UpgradePlan;
  /** The state from which the plan was made. */
  readonly state: ClusterState;
  readonly releaseName: string;
  readonly namespace: string;
  readonly settings: UpgradeSettings;
  /** Helm values for the Release: those of the plan, with what is secret marked as such. */
  readonly values: pulumi.Input<Record<string, unknown>>;
  /** Default: the repository asks nobody. */
  readonly chartAccess?: RepositoryAccess;
  /** Of what earlier runs have left in the state. */
  readonly earlier: EarlierRun;
  /** Of the cluster that was looked at. */
  readonly provider?: k8s.Provider;
  /** For the step `markFailed`: what the record says then, as `data.release` of its Secret. */
  readonly failedRecord?: string;
  /** Messages as who wrote the program reads them, with its arguments or with the keys of the stack config. Default: the latter. */
  readonly words?: (text: string) => string;
  /** Tells of a Job of the user's. Default: nobody does. */
  readonly watch?: (job: BegunOwnJob) => void;
  /** Waited for once the user's Jobs before the upgrade are done, before anything is touched. Default: nothing is. */
  readonly ranBefore?: () => Promise<void>;
  /** Default: a failure shows the provider's message alone. */
  readonly diagnose?: Diagnose;
  /** How things stand and what to type, for whoever has interrupted the run. */
  readonly standing?: () => Promise<string>;
  /** Default: nothing holds other runs off. */
  readonly guard?: RunGuard;
  /** Default: nobody listens. */
  readonly listener?: StepListener;
}

/** Resources that must be done before a step starts. */
export type After = readonly pulumi.Resource[];

/** Lets a step begin. */
export interface Gate {
  /** What a step waits for, once it may begin; the promise is rejected where it may not. */
  open(after: After): pulumi.Resource[] | Promise<pulumi.Resource[]>;
}

export interface UpgradeAccess {
  /** Owner of the Jobs: a Job that a killed run made and no state knows goes with it. */
  readonly account: k8s.core.v1.ServiceAccount;
  /** What a Job has to wait for. */
  readonly ready: After;
}

/** What every file that declares a step's resources gets. */
export interface StepContext extends PlannedRun {
  /** Parent, provider and hooks of every resource; each step adds its dependsOn. */
  readonly options: pulumi.CustomResourceOptions;
  /** Different in each run of the program. */
  readonly run: string;
  readonly gate: Gate;
  /** Missing: the plan has no Jobs. */
  readonly access?: UpgradeAccess;
}
