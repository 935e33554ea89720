import type { ClusterClient } from "../api/client";
import { ClusterError } from "../errors";
import type { ReleaseAddress } from "../releaseAddress";
import { contentsOf, type RecordObject, recordsRequest } from "./record";

/**
 * What Helm has applied for a revision, as YAML without its hooks. May hold passwords: never print unmasked.
 *
 * @param recordName name of the Secret of that revision
 * @throws ClusterError
 */
export async function readManifest(
  client: ClusterClient,
  { namespace, recordName }: { readonly namespace: string; readonly recordName: string },
): Promise<string> {
  const record = (await client.read({ api: "v1", resource: "secrets", namespace, name: recordName })) as RecordObject;
  return manifestOf(record, recordName);
}

/**
 * The same from the list of all revisions, which a look at the cluster has read already.
 *
 * @throws ClusterError
 */
export async function listedManifest(
  client: ClusterClient,
  address: ReleaseAddress,
  recordName: string,
): Promise<string> {
  const { items = [] } = (await client.read(recordsRequest(address))) as { readonly items?: readonly RecordObject[] };
  return manifestOf(items.find(({ metadata }) => metadata?.name === recordName) ?? {}, recordName);
}

function manifestOf(record: RecordObject, recordName: string): string {
  const { manifest } = contentsOf(record, recordName);
  if (typeof manifest !== "string") {
    throw new ClusterError(
      "badRecord",
      `The Helm release record in the Secret ${recordName} has no manifest.`,
      "See whether Helm can read it: helm get manifest",
    );
  }
  return manifest;
}
