import type { V1ConfigMap } from "@kubernetes/client-node";
import { isOurs, RELEASE_LABEL } from "../upgrade/marks";
import type { ClusterAccess } from "./access";
import { ClusterError, foreignConfigMap, hasCode } from "./errors";
import type { Json } from "./json";
import type { AccessSettings } from "./kubeConfig";
import { retry } from "./retry";
import { isDone, isPassing, openWriter, type WriteRequest } from "./write";

export interface ConfigMapContent {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  /** In base64. */
  readonly binaryData: Readonly<Record<string, string>>;
  /** Keys that stay as they are where they are there already. */
  readonly kept?: readonly string[];
}

const FIELD_MANAGER = "fieldManager=milvus-upgrade";
const PAUSES_MS = [500, 2000];
const CONFLICT = 409;

/**
 * Creates a ConfigMap or brings it to this content: the same call twice changes nothing. One of that name that this
 * program has not made stays as it is, also when it is made while this looks.
 *
 * @throws ClusterError
 */
export async function applyConfigMap(
  access: ClusterAccess,
  settings: AccessSettings,
  content: ConfigMapContent,
): Promise<void> {
  const { name, namespace } = content;
  const write = openWriter(settings);
  const answer = await retry(PAUSES_MS, async () => {
    const found = await readConfigMap(access, content);
    const labels = found?.metadata?.labels;
    // The records of earlier versions of this program name the release alone.
    if (found !== undefined && !isOurs(labels) && labels?.[RELEASE_LABEL] === undefined) {
      throw foreignConfigMap(
        namespace,
        name,
        "The verification needs that name for its snapshot and its result. Nothing was written to it.",
      );
    }
    const result = await write(found === undefined ? creationOf(content) : changeOf(content, found));
    // A conflict: somebody has made or changed it since it was read.
    return { result, again: isPassing(result) || result.status === CONFLICT };
  });
  if (isDone(answer)) return;
  throw new ClusterError(
    answer.status === 403 ? "forbidden" : "serverError",
    `The ConfigMap ${name} in the namespace ${namespace} cannot be written: ${answer.message}`,
    `The verification keeps its snapshot and its result in it. Allow it: kubectl create role milvus-upgrade-verify --namespace ${namespace} --verb=get,list,create,patch,delete --resource=configmaps`,
  );
}

async function readConfigMap(
  access: ClusterAccess,
  { name, namespace }: ConfigMapContent,
): Promise<Json<V1ConfigMap> | undefined> {
  try {
    return (await access.read({ api: "v1", resource: "configmaps", namespace, name })) as Json<V1ConfigMap>;
  } catch (error) {
    if (hasCode(error, "notFound")) return undefined;
    throw error;
  }
}

function creationOf({ name, namespace, labels, annotations, data, binaryData }: ConfigMapContent): WriteRequest {
  return {
    method: "POST",
    path: `${configMapsPath(namespace)}?${FIELD_MANAGER}`,
    contentType: "application/json",
    body: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, labels, annotations },
      data,
      binaryData,
    },
  };
}

/** Only if nobody has written to it since it was read. What it does not hold any more is taken out. */
function changeOf(
  { name, namespace, labels, annotations, data, binaryData, kept = [] }: ConfigMapContent,
  found: Json<V1ConfigMap>,
): WriteRequest {
  const { resourceVersion } = found.metadata ?? {};
  return {
    method: "PATCH",
    path: `${configMapPath(namespace, name)}?${FIELD_MANAGER}`,
    contentType: "application/merge-patch+json",
    body: {
      metadata: { labels, annotations, resourceVersion },
      data: { ...removal(found.data, kept), ...data },
      binaryData: { ...removal(found.binaryData, kept), ...binaryData },
    },
  };
}

/** As a merge patch says it. */
function removal(table: Readonly<Record<string, string>> | undefined, kept: readonly string[]): Record<string, null> {
  const gone = Object.keys(table ?? {}).filter((key) => !kept.includes(key));
  return Object.fromEntries(gone.map((key) => [key, null]));
}

/** Deletes one; that it is gone already is fine. One try: returns why it is still there, undefined when it is not. */
export async function deleteConfigMap(
  settings: AccessSettings,
  { name, namespace }: Pick<ConfigMapContent, "name" | "namespace">,
): Promise<string | undefined> {
  const answer = await openWriter(settings)({
    method: "DELETE",
    path: configMapPath(namespace, name),
    contentType: "application/json",
    body: {},
  });
  return isDone(answer) || answer.status === 404 ? undefined : answer.message;
}

/** Of a namespace's ConfigMaps, encoded. */
export function configMapsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
}

/** Of one ConfigMap, each part encoded. */
export function configMapPath(namespace: string, name: string): string {
  return `${configMapsPath(namespace)}/${encodeURIComponent(name)}`;
}
