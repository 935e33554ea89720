import { ClusterError } from "./errors";
import type { AccessSettings } from "./kubeConfig";
import { isDone, isPassing, openWriter } from "./write";

export interface ConfigMapContent {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  /** In base64. */
  readonly binaryData: Readonly<Record<string, string>>;
}

const MANAGER = "milvus-upgrade";
const PAUSES_MS = [500, 2000];

/**
 * Creates a ConfigMap or brings it to this content, by server-side apply: the same call twice changes nothing.
 *
 * @throws ClusterError
 */
export async function applyConfigMap(
  settings: AccessSettings,
  { name, namespace, labels, annotations, data, binaryData }: ConfigMapContent,
): Promise<void> {
  const write = openWriter(settings);
  for (let tries = 0; ; tries += 1) {
    const answer = await write({
      method: "PATCH",
      path: `${configMapPath(namespace, name)}?fieldManager=${MANAGER}&force=true`,
      contentType: "application/apply-patch+yaml",
      body: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace, labels, annotations },
        data,
        binaryData,
      },
    });
    if (isDone(answer)) return;
    const pause = PAUSES_MS[tries];
    if (!isPassing(answer) || pause === undefined) {
      throw new ClusterError(
        answer.status === 403 ? "forbidden" : "serverError",
        `The ConfigMap ${name} in the namespace ${namespace} cannot be written: ${answer.message}`,
        `The verification keeps its snapshot and its result in it. Allow it: kubectl create role milvus-upgrade-verify --namespace ${namespace} --verb=get,list,create,patch,delete --resource=configmaps`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
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

/** Of one ConfigMap, each part encoded. */
export function configMapPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
}
