/** What is to be seen in the cluster of a step at work. Plain data, read again and again while it is waited for. */

/** A pod, as far as waiting for it goes. */
export interface SeenPod {
  readonly name: string;
  /** Label `component`; empty for a pod that is not Milvus'. */
  readonly component: string;
  /** Of its Deployment; missing for a pod of something else. */
  readonly deployment?: string;
  /** Label `pod-template-hash`. */
  readonly template: string;
  readonly image: string;
  readonly node?: string;
  /** `pulls`: at least one of its images is not on its node yet. */
  readonly stage: "no node" | "pulls" | "starts" | "runs" | "ready" | "ends";
  /** Only of one that pulls. */
  readonly pulls?: string;
  /** Kubernetes' word for why a container waits, such as `ImagePullBackOff`. */
  readonly waiting?: string;
  /** Only of one that ends. ISO 8601: when the kubelet kills it. */
  readonly endsAt?: string;
  /** Only of one that ends. */
  readonly graceSeconds?: number;
}

/** A Deployment or StatefulSet. */
export interface SeenWorkload {
  readonly name: string;
  /** Short, for people: `querynode`, `etcd`. */
  readonly label: string;
  readonly isMilvus: boolean;
  readonly image: string;
  readonly replicas: number;
  /** Pods of its newest template that are ready. */
  readonly ready: number;
  readonly done: boolean;
}

/** The Job that a step is. */
export interface SeenJob {
  /** Missing: it has none yet. */
  readonly pod?: SeenPod;
  /** Name of the container at work. */
  readonly command?: string;
  /** The newest line of its log; missing where it was not read. */
  readonly line?: string;
}

export interface Seen {
  /** Milliseconds. */
  readonly at: number;
  readonly job?: SeenJob;
  readonly workloads: readonly SeenWorkload[];
  /** Of the release. */
  readonly pods: readonly SeenPod[];
}
