/** The pod's own identity: a token bound to the pod, so that the API server enforces the ServiceAccount's roles. */
import type { ApiServer, Pod } from "./apiServer";

/** Longer than any Job of an upgrade runs. */
const LIFETIME_SECONDS = 24 * 3600;

/** False when the pod mounts no token, as a client inside it would then find none. */
export function mountsToken(pod: Pod): boolean {
  return (pod.spec?.volumes ?? []).some((volume) =>
    volume.projected?.sources?.some((source) => source.serviceAccountToken),
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
