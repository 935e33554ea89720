import type { V1ObjectMeta } from "@kubernetes/client-node";
import type { Json } from "../json";

/** Who set the replicas of a workload last; undefined where the API server does not say. */
export interface ReplicasSet {
  /** Field manager: `argocd-controller`, `kubectl`. */
  readonly manager?: string;
  /** ISO 8601. */
  readonly time?: string;
}

type Metadata = Pick<Json<V1ObjectMeta>, "managedFields">;
type FieldsEntry = NonNullable<Metadata["managedFields"]>[number];

export function replicasSet(metadata: Metadata | undefined): ReplicasSet | undefined {
  const entry = (metadata?.managedFields ?? [])
    .filter(setsReplicas)
    .toSorted((a, b) => (a.time ?? "").localeCompare(b.time ?? ""))
    .at(-1);
  if (entry === undefined) return undefined;
  const { manager, time } = entry;
  return { ...(manager !== undefined && { manager }), ...(time !== undefined && { time }) };
}

function setsReplicas({ fieldsV1 }: FieldsEntry): boolean {
  const fields = fieldsV1 as { readonly "f:spec"?: { readonly "f:replicas"?: object } } | undefined;
  return fields?.["f:spec"]?.["f:replicas"] !== undefined;
}
