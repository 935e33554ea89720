import { gzipSync } from "node:zlib";
import type { HelmValues } from "../../upgrade/model";
import type { ClusterClient } from "../api/client";
import { type RecordObject, unpackRecord } from "./record";

/**
 * The record of an install that died with the status `failed`, as `data.release` of its Secret. May hold passwords.
 *
 * @throws ClusterError
 */
export async function failedRecordOf(
  client: ClusterClient,
  { namespace, recordName }: { readonly namespace: string; readonly recordName: string },
): Promise<string> {
  const found = (await client.read({ api: "v1", resource: "secrets", namespace, name: recordName })) as RecordObject;
  const record = unpackRecord(found.data?.release, recordName);
  const info = record.info as HelmValues | undefined;
  const failed = {
    ...record,
    info: { ...info, status: "failed", description: "This install did not finish. A later run continued" },
  };
  const stored = gzipSync(JSON.stringify(failed)).toString("base64");
  return Buffer.from(stored).toString("base64");
}
