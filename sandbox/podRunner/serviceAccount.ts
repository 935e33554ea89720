/** The pod's own identity: a token bound to the pod, so that the API server enforces the ServiceAccount's roles. */
import type { ApiServer, Pod } from "./apiServer";
import type { Container } from "./environment";

/** Longer than any Job of an upgrade runs. */
const LIFETIME_SECONDS = 24 * 3600;

/** Where a client inside a pod looks for its token. */
const TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Whether a client inside this container would find a token. The API server has mounted one into every container of a pod
 * that does not say automountServiceAccountToken: false.
 */
export function hasToken(pod: Pod, { volumeMounts = [] }: Container): boolean {
  const withToken = (pod.spec?.volumes ?? []).filter(({ projected }) =>
    projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken),
  );
  return volumeMounts.some(
    ({ name, mountPath }) =>
      mountPath.replace(/\/$/, "") === TOKEN_FOLDER && withToken.some((volume) => volume.name === name),
  );
}

export async function requestToken(api: ApiServer, pod: Pod): Promise<string> {
  const namespace = pod.metadata?.namespace ?? "default";
  const account = pod.spec?.serviceAccountName ?? "default";
  const answer = await api.call<{ readonly status: { readonly token: string } }>(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    {
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          expirationSeconds: LIFETIME_SECONDS,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.metadata?.name, uid: pod.metadata?.uid },
        },
      },
    },
  );
  return answer.status.token;
}
