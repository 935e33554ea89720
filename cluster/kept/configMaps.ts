import type { V1ConfigMap } from "@kubernetes/client-node";
import { isOurs, RELEASE_LABEL } from "../../upgrade/marks";
import type { ClusterClient } from "../api/client";
import { refusedWrite } from "../api/refusedWrite";
import type { WriteRequest } from "../api/request";
import { retry } from "../api/retry";
import { isDone, isPassing } from "../api/write";
import { foreignConfigMap, hasCode } from "../errors";
import type { Json } from "../json";

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

export const CONFIG_MAPS = { api: "v1", resource: "configmaps" } as const;
const FIELD_MANAGER = { fieldManager: "milvus-upgrade" } as const;
const PAUSES_MS = [500, 2000];
const CONFLICT = 409;

/** What a ConfigMap is for, in the words of whoever reads that it cannot be written. */
interface Purpose {
  /** `The verification needs that name for its snapshot and its result.` */
  readonly need: string;
  /** What is kept in it: a sentence. */
  readonly keeps: string;
  /** Name of the role by which it may be written. */
  readonly role: string;
}

const VERIFICATION: Purpose = {
  need: "The verification needs that name for its snapshot and its result. Nothing was written to it.",
  keeps: "The verification keeps its snapshot and its result in it.",
  role: "milvus-upgrade-verify",
};

/**
 * Creates a ConfigMap or brings it to this content: the same call twice changes nothing. One of that name that this
 * program has not made stays as it is, also when it is made while this looks.
 *
 * @throws ClusterError
 */
export async function applyConfigMap(client: ClusterClient, content: ConfigMapContent): Promise<void> {
  await changeConfigMap(client, content, VERIFICATION, PAUSES_MS, () => content);
}

/**
 * The same for a content that is made of what is there: it is made anew where somebody was faster.
 *
 * @param change undefined: nothing is to be written
 * @throws ClusterError
 */
export async function changeConfigMap(
  client: ClusterClient,
  place: Pick<ConfigMapContent, "name" | "namespace">,
  { need, keeps, role }: Purpose,
  pauses: readonly number[],
  change: (found: Json<V1ConfigMap> | undefined) => ConfigMapContent | undefined,
): Promise<void> {
  const { name, namespace } = place;
  const answer = await retry(pauses, async () => {
    const found = await readConfigMap(client, place);
    const labels = found?.metadata?.labels;
    // The records of earlier versions of this program name the release alone.
    if (found !== undefined && !isOurs(labels) && labels?.[RELEASE_LABEL] === undefined) {
      throw foreignConfigMap(namespace, name, need);
    }
    const content = change(found);
    if (content === undefined) return { result: undefined, again: false };
    const result = await client.write(found === undefined ? creationOf(content) : changeOf(content, found));
    // A conflict: somebody has made or changed it since it was read.
    return { result, again: isPassing(result) || result.status === CONFLICT };
  });
  if (answer === undefined || isDone(answer)) return;
  throw refusedWrite(answer, client, {
    subject: `The ConfigMap ${name} in the namespace ${namespace}`,
    namespace,
    need: keeps,
    role,
    verbs: "get,list,create,patch,delete",
    resource: CONFIG_MAPS.resource,
  });
}

/** Undefined where there is none of that name. @throws ClusterError */
export async function readConfigMap(
  client: ClusterClient,
  { name, namespace }: Pick<ConfigMapContent, "name" | "namespace">,
): Promise<Json<V1ConfigMap> | undefined> {
  try {
    return (await client.read({ ...CONFIG_MAPS, namespace, name })) as Json<V1ConfigMap>;
  } catch (error) {
    if (hasCode(error, "notFound")) return undefined;
    throw error;
  }
}

function creationOf({ name, namespace, labels, annotations, data, binaryData }: ConfigMapContent): WriteRequest {
  return {
    method: "POST",
    ...CONFIG_MAPS,
    namespace,
    query: FIELD_MANAGER,
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
    ...CONFIG_MAPS,
    namespace,
    name,
    query: FIELD_MANAGER,
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
  client: ClusterClient,
  { name, namespace }: Pick<ConfigMapContent, "name" | "namespace">,
): Promise<string | undefined> {
  const answer = await client.write({ method: "DELETE", ...CONFIG_MAPS, namespace, name });
  return isDone(answer) || answer.status === 404 ? undefined : answer.message;
}
