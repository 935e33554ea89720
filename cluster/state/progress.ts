import type { ClusterState, ComponentState } from "../../upgrade/model";
import type { ClusterClient } from "../api/client";
import { latestRecordLabels, recordLabelsRequest } from "../helm/record";
import type { ReleaseAddress } from "../releaseAddress";
import { nameLabelOf } from "./readCluster";
import { componentStates, type Deployment, type Pod } from "./workloads";

/** What moves while pods get ready. */
export interface Progress {
  readonly components: readonly ComponentState[];
  /** The Helm record is another one than before, or in another state: the cluster has to be read anew. */
  readonly hasNewRecord: boolean;
}

/**
 * What has become of a cluster that was read a moment ago, in three calls and without the contents of the Helm records, which are
 * some hundred kilobytes each.
 *
 * @throws ClusterError
 */
export async function readProgress(
  client: ClusterClient,
  address: ReleaseAddress,
  { release }: ClusterState,
): Promise<Progress> {
  const { namespace, releaseName } = address;
  const labelSelector = `app.kubernetes.io/instance=${releaseName}`;
  const list = async <T>(request: Parameters<ClusterClient["read"]>[0]): Promise<readonly T[]> => {
    const { items } = (await client.read(request)) as { readonly items?: readonly T[] };
    return items ?? [];
  };
  const [deployments, pods, records] = await Promise.all([
    list<Deployment>({ api: "apps/v1", resource: "deployments", namespace, labelSelector }),
    list<Pod>({ api: "v1", resource: "pods", namespace, labelSelector }),
    client.read(recordLabelsRequest(address)),
  ]);
  const newest = latestRecordLabels(records);
  const workloads = { deployments, pods, autoscalers: [], scaledObjects: [] };
  return {
    components: componentStates(workloads, new Date().toISOString(), nameLabelOf(release)),
    hasNewRecord: newest?.revision !== release?.revision || newest?.status !== release?.status,
  };
}
