import { gunzipSync } from "node:zlib";
import type { HelmRelease, HelmValues, ReleaseStatus } from "../../upgrade/model";
import { RELEASE_STATUSES } from "../../upgrade/model";
import { filledText, isMap } from "../../upgrade/values/tree";
import type { ApiRequest } from "../api/request";
import { ClusterError } from "../errors";
import type { ObjectMeta } from "../json";
import type { ReleaseAddress } from "../releaseAddress";

/** Secret (or ConfigMap) of one revision, as Helm 3 writes it: type helm.sh/release.v1, labels owner, name, status, version. */
export interface RecordObject {
  readonly metadata?: ObjectMeta;
  readonly type?: string;
  /** Base64 of what Helm stored, which itself is base64 of gzipped JSON. */
  readonly data?: Readonly<Record<string, string>>;
}

export const RECORD_TYPE = "helm.sh/release.v1";

/** All revisions of a release. */
export function recordsRequest({ releaseName, namespace }: ReleaseAddress) {
  return {
    api: "v1",
    resource: "secrets",
    namespace,
    labelSelector: `owner=helm,name=${releaseName}`,
    fieldSelector: `type=${RECORD_TYPE}`,
  } as const satisfies ApiRequest;
}

/** The same without their contents: names and labels only. */
export function recordLabelsRequest(address: ReleaseAddress): ApiRequest {
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
  return { ...recordsRequest(address), accept };
}

/** Revision and status of the newest record, as Helm writes them on it; undefined when there is none. */
export function latestRecordLabels(
  list: unknown,
): { readonly revision: number; readonly status: ReleaseStatus } | undefined {
  const { items = [] } = list as { readonly items?: readonly RecordObject[] };
  const [newest] = items.toSorted((a, b) => revisionOf(b) - revisionOf(a));
  return newest && { revision: revisionOf(newest), status: statusOf(newest.metadata?.labels?.status) };
}

/** A record is some hundred kilobytes of charts as text; this is the size of a bomb, not of a chart. */
const LARGEST_RECORD = 64 * 1024 * 1024;

/**
 * The newest revision of a release among its Secrets; undefined when there is none.
 *
 * @throws ClusterError `badRecord`, naming the Secret, when the newest record cannot be read. An older one that
 * cannot be read is not an error: it only tells what was deployed last.
 */
export function decodeRelease(secrets: readonly RecordObject[]): HelmRelease | undefined {
  const records = secrets
    .filter(({ type }) => type === RECORD_TYPE)
    .map((secret) => ({ secret, revision: revisionOf(secret) }))
    .sort((a, b) => b.revision - a.revision);
  const [newest, ...older] = records;
  if (newest === undefined) {
    return undefined;
  }
  const release = decodeRecord(newest.secret);
  if (release.status === "deployed" || release.status === "superseded") {
    return release;
  }
  const lastDeployed = firstReadable(older.map(({ secret }) => secret));
  return lastDeployed === undefined ? release : { ...release, lastDeployed };
}

/** Decodes one revision. @throws ClusterError `badRecord` */
export function decodeRecord(record: RecordObject): HelmRelease {
  const recordName = record.metadata?.name ?? "(without a name)";
  const json = contentsOf(record, recordName);
  const name = filledText(json.name);
  const namespace = filledText(json.namespace);
  const info = map(json.info);
  const chart = map(json.chart);
  const metadata = map(chart?.metadata);
  const chartName = filledText(metadata?.name);
  const chartVersion = filledText(metadata?.version);
  const firstDeployedAt = filledText(info?.first_deployed);
  const sources: readonly unknown[] = Array.isArray(metadata?.sources) ? metadata.sources : [];
  const chartOrigins = [metadata?.home, ...sources].map(filledText).filter((text) => text !== undefined);
  if (name === undefined || chartName === undefined || chartVersion === undefined || typeof json.version !== "number") {
    throw badRecord(recordName, "its JSON is not a Helm release: name, chart or revision is missing");
  }
  return {
    name,
    namespace: namespace ?? "",
    revision: json.version,
    status: statusOf(filledText(info?.status)),
    chartName,
    ...(chartOrigins.length > 0 && { chartOrigins }),
    chartVersion,
    appVersion: filledText(metadata?.appVersion) ?? "",
    userValues: map(json.config) ?? {},
    chartValues: map(chart?.values) ?? {},
    description: filledText(info?.description) ?? "",
    updatedAt: filledText(info?.last_deployed) ?? "",
    ...(firstDeployedAt !== undefined && { firstDeployedAt }),
    recordName,
  };
}

function firstReadable(records: readonly RecordObject[]): HelmRelease["lastDeployed"] {
  for (const record of records) {
    const status = record.metadata?.labels?.status;
    if (status === "deployed" || status === "superseded") {
      try {
        const { revision, chartVersion, appVersion, userValues, chartValues } = decodeRecord(record);
        return { revision, chartVersion, appVersion, userValues, chartValues };
      } catch {
        // An older revision tells as well.
      }
    }
  }
  return undefined;
}

const contents = new WeakMap<RecordObject, HelmValues>();

/** Not to be changed: of a record that one look has read, values and manifest are asked for in turn, and it is unpacked once. */
export function contentsOf(record: RecordObject, recordName: string): HelmValues {
  const known = contents.get(record) ?? unpackRecord(record.data?.release, recordName);
  contents.set(record, known);
  return known;
}

export function unpackRecord(data: string | undefined, recordName: string): HelmValues {
  if (data === undefined || data === "") {
    throw badRecord(recordName, "it has no data under the key release");
  }
  let parsed: unknown;
  try {
    const stored = Buffer.from(Buffer.from(data, "base64").toString("latin1"), "base64");
    // Helm reads records without gzip as well; very old ones are.
    const isGzip = stored[0] === 0x1f && stored[1] === 0x8b;
    const json = isGzip ? gunzipSync(stored, { maxOutputLength: LARGEST_RECORD }) : stored;
    parsed = JSON.parse(json.toString("utf8"));
  } catch {
    // The error would quote what it could read of the record, which may be a password.
    throw badRecord(recordName, "its data is cut off or is not base64 of gzipped JSON");
  }
  const release = map(parsed);
  if (release === undefined) {
    throw badRecord(recordName, "its JSON is not a Helm release");
  }
  return release;
}

function badRecord(recordName: string, why: string): ClusterError {
  return new ClusterError(
    "badRecord",
    `The Helm release record in the Secret ${recordName} cannot be read: ${why}.`,
    `See whether Helm can read it (helm history). If the Secret is damaged beyond repair and an older revision is intact, deleting it makes Helm go on from there: kubectl delete secret ${recordName}`,
  );
}

function revisionOf({ metadata }: RecordObject): number {
  const fromName = /\.v(\d+)$/.exec(metadata?.name ?? "")?.[1];
  return Number(metadata?.labels?.version ?? fromName ?? 0);
}

function statusOf(status: string | undefined): ReleaseStatus {
  return RELEASE_STATUSES.find((known) => known === status) ?? "unknown";
}

function map(value: unknown): HelmValues | undefined {
  return isMap(value) ? value : undefined;
}
