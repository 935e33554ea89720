import type { ClusterState, JobUser } from "../model";

/** "nobody" of distroless images; any number that is not root would do. */
const NON_ROOT = 65532;
const FIXED_IDS = { runAsUser: NON_ROOT, runAsGroup: NON_ROOT, fsGroup: NON_ROOT };

/**
 * No sidecar of a service mesh: it would not end with the pod's work, and the commands, which are init containers, would have
 * no network before it runs.
 */
export const NO_MESH_LABELS = { "sidecar.istio.io/inject": "false" } as const;
export const NO_MESH_ANNOTATIONS = { "linkerd.io/inject": "disabled" } as const;

/** Of a pod that passes the Pod Security standard "restricted". */
export function podSecurity(user: JobUser | undefined, state: Pick<ClusterState, "assignsUsers">) {
  return {
    runAsNonRoot: true,
    ...(hasOwnIds(user, state) && FIXED_IDS),
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** Of each container in it. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** Where the namespace assigns ids, those that are left out are filled in, and others are refused. */
function hasOwnIds(user: JobUser = "auto", { assignsUsers = false }: Pick<ClusterState, "assignsUsers">): boolean {
  return user === "auto" ? !assignsUsers : user === "fixed";
}
