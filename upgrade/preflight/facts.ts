/** What the preflight is told of the cluster, beside the state. What could not be read is missing, and is in the notes. */

import type { EtcdTls } from "../model";

/** One question to the API server: may the user of the kubeconfig do this? */
export interface Permission {
  readonly verb: string;
  /** Empty: the core group. */
  readonly group: string;
  /** Plural; with a subresource as `deployments/scale`. */
  readonly resource: string;
  /** Missing: every object. */
  readonly name?: string;
  /** Missing: the kind has no namespace. */
  readonly namespace?: string;
}

export const DEPENDENCY_ROLES = ["etcd", "zookeeper", "object storage", "message queue", "other"] as const;
export type DependencyRole = (typeof DEPENDENCY_ROLES)[number];

/** A StatefulSet or Deployment of the release that is not Milvus. */
export interface Dependency {
  readonly kind: "StatefulSet" | "Deployment";
  readonly name: string;
  readonly role: DependencyRole;
  readonly replicas: number;
  readonly ready: number;
}

export interface StorageClass {
  readonly name: string;
  readonly isDefault: boolean;
}

export interface ClaimState {
  readonly name: string;
  /** `Pending`, `Bound` or `Lost`. */
  readonly phase: string;
}

/** A change that would not be taken. */
export interface RefusedChange {
  /** `StatefulSet/my-release-etcd`. */
  readonly object: string;
  /** `spec.volumeClaimTemplates`; empty where the whole object is meant. */
  readonly path: string;
  readonly why: string;
}

/** What came of rendering the chart of the plan; texts are without secrets. */
export type RenderFacts =
  /** Helm cannot render the chart with these values. */
  | { readonly kind: "failed"; readonly why: string }
  /** Nothing was looked at. */
  | { readonly kind: "unseen"; readonly why: string }
  | {
      readonly kind: "compared";
      readonly refused: readonly RefusedChange[];
      /** Why the API server did not judge some of the changes, each reason once. */
      readonly unjudged: readonly string[];
    };

/** What the API server says to a pod like those of the Jobs. */
export type PodFacts =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly why: string }
  /** It was not asked, or did not judge. */
  | { readonly kind: "unknown"; readonly why: string };

/** A certificate file: the contents stay where they are read. */
export interface CertificateFile {
  readonly state: "absent" | "unreadable" | "there";
  /** ISO 8601; of several certificates the last that ends. */
  readonly endsAt?: string;
}

/** What is seen of the Secret with which etcd is asked by TLS. */
export type EtcdSecretFacts =
  | { readonly kind: "missing" }
  | { readonly kind: "forbidden" }
  | {
      readonly kind: "read";
      /** Names in the Secret. */
      readonly names: readonly string[];
      readonly ca: CertificateFile;
      readonly certificate: CertificateFile;
      readonly key: { readonly state: CertificateFile["state"]; readonly fits?: boolean };
    };

export interface PreflightFacts {
  /** Of those that were asked. */
  readonly denied?: readonly Permission[];
  /** `apps/v1/Deployment`, `v1/Service`. */
  readonly servedKinds?: readonly string[];
  /** Kinds in the manifest of the release in force, written the same way. */
  readonly recordedKinds?: readonly string[];
  readonly storageClasses?: readonly StorageClass[];
  readonly dependencies?: readonly Dependency[];
  /** Claims of the release's StatefulSets. */
  readonly claims?: readonly ClaimState[];
  /** Other releases of Milvus in the namespace; only for an install. */
  readonly otherReleases?: readonly string[];
  /** File that a chart of a folder would have and has not. */
  readonly missingChart?: string;
  readonly rendered?: RenderFacts;
  /** Only where the plan has Jobs. */
  readonly jobPod?: PodFacts;
  /** Settings that etcd has over the values; only where Milvus 2.6 or later runs. */
  readonly settingsInEtcd?: SettingsInEtcd;
  /** Only where the plan touches the metadata of an etcd that speaks TLS. */
  readonly etcdSecret?: EtcdSecretFacts;
  readonly notes: readonly string[];
}

export interface SettingsInEtcd {
  /** Where they are: `by-dev/config/`. */
  readonly prefix: string;
  /** Names below the prefix, without the values; missing: they could not be read. */
  readonly names?: readonly string[];
  /** Of `mq.type`. */
  readonly queue?: string;
  /** Why they could not be read. */
  readonly why?: string;
}

/** What the judge wants to be read: nothing is asked that the plan does not need. */
export interface PreflightQuestions {
  readonly permissions: readonly Permission[];
  readonly storageClasses: boolean;
  readonly jobPod: boolean;
  /** Root path of the metadata under which Milvus keeps settings; missing: what runs keeps none. */
  readonly settingsRoot?: string;
  /** Missing: etcd is not asked, or in plain text. */
  readonly etcdTls?: EtcdTls;
}
