/** What every pod's worker needs of the runner. */
import type { MilvusSettings } from "../milvus/settings";
import type { ApiServer, Pod } from "./apiServer";
import type { EventRecorder } from "./events";
import type { FaultFile } from "./faults";
import type { Tools } from "./images";
import type { NodeImages } from "./nodeImages";

export interface RunnerContext {
  readonly api: ApiServer;
  readonly folder: string;
  readonly tools: Tools;
  /** `host:port` of the metadata etcd. */
  readonly metadataEtcd: string;
  /** Fixed host names, beside those of the Services, as they are now: the faults file may change them. */
  readonly hosts: () => Readonly<Record<string, string>>;
  readonly faults: FaultFile;
  /** As they are now: the faults file may change them. */
  readonly milvus: () => MilvusSettings;
  readonly events: EventRecorder;
  readonly images: NodeImages;
  readonly log: (line: string) => void;
  /** Aborted when the runner stops. */
  readonly signal: AbortSignal;
}

/** One pod from its assignment to a node to its end. */
export interface PodWorker {
  /** The pod has changed; a deletion timestamp means: terminate within the grace period, then let go of the object. */
  update(pod: Pod): void;
  /** The object is gone: end everything at once. */
  kill(): void;
  /** Resolves when nothing of the pod runs any more. */
  readonly finished: Promise<void>;
}

/** `namespace/name`, for messages. */
export function podName(pod: Pod): string {
  return `${pod.metadata?.namespace ?? "default"}/${pod.metadata?.name ?? ""}`;
}
