import { ClusterError } from "./errors";
import { type AccessSettings, loadKubeConfig } from "./kubeConfig";
import { transportFor } from "./transport";

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
const TIMEOUT_MS = 20_000;
const PAUSES_MS = [500, 2000];

/**
 * Creates a ConfigMap or brings it to this content, by server-side apply: the same call twice changes nothing.
 *
 * @throws ClusterError
 */
export async function applyConfigMap(settings: AccessSettings, content: ConfigMapContent): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const problem = await apply(settings, content);
    if (problem === undefined) return;
    const pause = PAUSES_MS[tries];
    if (!problem.passing || pause === undefined) {
      throw new ClusterError(
        problem.forbidden ? "forbidden" : "serverError",
        `The ConfigMap ${content.name} in the namespace ${content.namespace} cannot be written: ${problem.message}`,
        `The verification keeps its snapshot and its result in it. Allow it: kubectl create role milvus-upgrade-verify --namespace ${content.namespace} --verb=get,list,create,patch --resource=configmaps`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

interface Problem {
  readonly message: string;
  readonly passing: boolean;
  readonly forbidden: boolean;
}

async function apply(
  settings: AccessSettings,
  { name, namespace, labels, annotations, data, binaryData }: ConfigMapContent,
): Promise<Problem | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
  try {
    const { status, text } = await transportFor(loadKubeConfig(settings))({
      method: "PATCH",
      path: `${path}?fieldManager=${MANAGER}&force=true`,
      headers: { "content-type": "application/apply-patch+yaml" },
      body: JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace, labels, annotations },
        data,
        binaryData,
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (status >= 200 && status < 300) return undefined;
    return { message: messageOf(text, status), passing: status >= 500 || status === 429, forbidden: status === 403 };
  } catch (error) {
    const { name: kind, message } = error as Error;
    const isLate = kind === "TimeoutError" || kind === "AbortError";
    return { message: isLate ? "no answer in time" : message, passing: true, forbidden: false };
  }
}

function messageOf(text: string, status: number): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: string };
    return message ?? `HTTP ${status}`;
  } catch {
    return `HTTP ${status}`;
  }
}
