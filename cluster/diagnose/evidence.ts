import type {
  CoreV1Event,
  V1Deployment,
  V1Job,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
} from "@kubernetes/client-node";
import type { Json } from "../json";
import type { Cause } from "./causes";

export type Pod = Json<V1Pod>;
export type KubernetesEvent = Json<CoreV1Event>;

/** What failed: the two kinds of resource of the program that the provider waits for. */
export interface Subject {
  readonly kind: "Release" | "Job";
  readonly name: string;
  readonly namespace: string;
}

/** Everything a diagnosis is made from; read once after a failure. */
export interface Evidence {
  readonly subject: Subject;
  /** ISO 8601, for ages. */
  readonly now: string;
  readonly job?: Json<V1Job>;
  readonly pods: readonly Pod[];
  readonly deployments: readonly Json<V1Deployment>[];
  readonly statefulSets: readonly Json<V1StatefulSet>[];
  readonly claims: readonly Json<V1PersistentVolumeClaim>[];
  /** Of the namespace; those that belong to others are passed over. */
  readonly events: readonly KubernetesEvent[];
}

/** One thing that keeps an object from getting on. */
export interface Finding {
  readonly cause: Cause;
  /** `pod my-release-milvus-proxy-5d7f-abcde`. */
  readonly object: string;
  /** Name of the pod, when there is one to read a log from. */
  readonly pod?: string;
  readonly container?: string;
  /** The log wanted is that of the start before this one. */
  readonly previous?: boolean;
  /** `Pending, waiting: ImagePullBackOff`. */
  readonly state?: string;
  /** What Kubernetes or the container said. */
  readonly message?: string;
  /** Exit code of the container. */
  readonly exitCode?: number;
}
