/** What decides whether a namespace takes the pods of the upgrade's Jobs, as plain data: declared, and rehearsed before. */
import { STEP_LABEL, upgradeLabels } from "../marks";
import type { ClusterState, JobUser } from "../model";

/** Kubernetes quantities, e.g. `500m` and `256Mi`. */
interface ResourceAmounts {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

/** The part of the stack config that is about these pods. */
export interface JobPodSettings {
  /** Official kubectl image: entrypoint kubectl, no shell. */
  readonly kubectlImage: string;
  /** Names of Secrets in the release's namespace. */
  readonly imagePullSecrets: readonly string[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly object[];
  /** Of the Jobs and their pods, over those that keep a service mesh out; the program's own stay. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the pods, over those that keep a service mesh and the autoscalers of nodes out. Default: none. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: numbers of ours, or those of the namespace where it assigns some. */
  readonly user?: JobUser;
  /** Of each container. Default, when nothing is given: small requests and no limits. */
  readonly resources: {
    readonly requests?: ResourceAmounts | undefined;
    readonly limits?: ResourceAmounts | undefined;
  };
}

const SMALL_REQUESTS = { cpu: "50m", memory: "128Mi" };
/** "nobody" of distroless images; any number that is not root would do. */
export const JOB_UID = 65532;
/**
 * No sidecar of a service mesh: it would not end with the pod's work, and the commands, which are init containers, would have
 * no network before it runs.
 */
export const NO_MESH_LABELS = { "sidecar.istio.io/inject": "false" } as const;
export const NO_MESH_ANNOTATIONS = { "linkerd.io/inject": "disabled" } as const;
const ANNOTATIONS = {
  ...NO_MESH_ANNOTATIONS,
  // A pod at work on the metadata must not be moved to save a node.
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
};

export function jobLabels(settings: JobPodSettings, releaseName: string, step: string): Record<string, string> {
  return { ...NO_MESH_LABELS, ...settings.labels, ...upgradeLabels(releaseName), [STEP_LABEL]: step };
}

export function jobAnnotations(settings: JobPodSettings): Record<string, string> {
  return { ...ANNOTATIONS, ...settings.annotations };
}

/** Where the namespace assigns ids, those that are left out are filled in, and others are refused. */
function hasOwnIds(user: JobUser = "auto", { assignsUsers = false }: Assigner): boolean {
  return user === "auto" ? !assignsUsers : user === "fixed";
}
type Assigner = Pick<ClusterState, "assignsUsers">;

/** Passes the Pod Security standard "restricted", with that of the containers. */
export function podSecurity(user: JobUser | undefined, state: Assigner) {
  return {
    runAsNonRoot: true,
    ...(hasOwnIds(user, state) && { runAsUser: JOB_UID, runAsGroup: JOB_UID, fsGroup: JOB_UID }),
    seccompProfile: { type: "RuntimeDefault" },
  };
}

export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** All or nothing: a small request beside a smaller limit would not be accepted. */
export function jobResources({ resources: { requests, limits } }: JobPodSettings) {
  return requests === undefined && limits === undefined
    ? { requests: SMALL_REQUESTS }
    : { ...(requests && { requests: amounts(requests) }), ...(limits && { limits: amounts(limits) }) };
}

function amounts(given: ResourceAmounts): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * A pod like those of the Jobs, to be shown to the API server and never made. It has the ServiceAccount of every pod that names
 * none: that of the upgrade is not there before the run.
 */
export function rehearsedPod(settings: JobPodSettings, state: Assigner, release: Address): object {
  const { kubectlImage: image, imagePullSecrets, nodeSelector, tolerations } = settings;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${release.releaseName}-rehearsal-`.slice(-50),
      namespace: release.namespace,
      labels: jobLabels(settings, release.releaseName, "rehearsal"),
      annotations: jobAnnotations(settings),
    },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      securityContext: podSecurity(settings.user, state),
      imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
      nodeSelector,
      tolerations,
      containers: [
        { name: "rehearsal", image, resources: jobResources(settings), securityContext: CONTAINER_SECURITY },
      ],
    },
  };
}
interface Address {
  readonly releaseName: string;
  readonly namespace: string;
}
