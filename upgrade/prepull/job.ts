import { STEP_LABEL, upgradeLabels } from "../marks";
import type { ClusterState, JobUser } from "../model";
import { digest, jobName } from "../steps/jobNames";
import { CONTAINER_SECURITY, NO_MESH_ANNOTATIONS, NO_MESH_LABELS, podSecurity } from "../steps/jobPod";
import type { Placement } from "./groups";
import type { PlacedGroup } from "./pulls";

/** Value of the step's label. */
export const PREPULL = "prepull";
/** Annotation of a pod: the node onto which it pulls. */
const NODE_ANNOTATION = "milvus-upgrade/node";

export interface PullJobSettings {
  readonly releaseName: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resources: { readonly requests?: object | undefined; readonly limits?: object | undefined };
  readonly user?: JobUser;
  /** Seconds until it ends by itself. */
  readonly limit: number;
  readonly state: Pick<ClusterState, "assignsUsers">;
}

/** A Job as the API takes it. */
export interface PullJob {
  readonly name: string;
  readonly node: string;
  readonly images: readonly string[];
  readonly body: object;
}

/** Kubernetes removes it so many seconds after it has ended, where the run that made it is gone. */
const REMOVED_AFTER = 300;
const TINY_REQUESTS = { cpu: "5m", memory: "16Mi" };

/**
 * One Job for each group and node. Each image is a container; whether it can be started does not matter, since the kubelet has
 * pulled it by then: an image without a shell ends in an error, which proves as much. The same pulls have the same name, so
 * that those of a run that was killed are gone on with.
 */
export function pullJobs(groups: readonly PlacedGroup[], settings: PullJobSettings): PullJob[] {
  return groups.flatMap(({ placement, images, nodes }) => {
    const containers = images.map(({ image, policy }, index) => ({
      name: `image-${index}`,
      image,
      imagePullPolicy: policy,
      command: ["/bin/sh", "-c", "exit 0"],
      resources: resourcesOf(settings),
      securityContext: CONTAINER_SECURITY,
    }));
    return nodes.map((node) => jobOf(node, placement, containers, settings));
  });
}

function jobOf(
  node: string,
  placement: Placement,
  containers: readonly { readonly image: string }[],
  settings: PullJobSettings,
): PullJob {
  const { releaseName, namespace, limit, user, state } = settings;
  const labels = { ...NO_MESH_LABELS, ...settings.labels, ...upgradeLabels(releaseName), [STEP_LABEL]: PREPULL };
  const { serviceAccount, runtimeClass, scheduler } = placement;
  const spec = {
    backoffLimit: 0,
    activeDeadlineSeconds: limit,
    ttlSecondsAfterFinished: REMOVED_AFTER,
    template: {
      metadata: {
        labels,
        annotations: { ...NO_MESH_ANNOTATIONS, ...settings.annotations, [NODE_ANNOTATION]: node },
      },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
        ...(runtimeClass !== undefined && { runtimeClassName: runtimeClass }),
        ...(scheduler !== undefined && { schedulerName: scheduler }),
        securityContext: podSecurity(user, state),
        imagePullSecrets: placement.pullSecrets.map((name) => ({ name })),
        nodeSelector: placement.nodeSelector,
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: onNode(node, placement) } },
        tolerations: placement.tolerations,
        containers,
      },
    },
  };
  const name = jobName(releaseName, `${PREPULL}-${digest(spec)}`);
  return {
    name,
    node,
    images: containers.map(({ image }) => image),
    body: { apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace, labels }, spec },
  };
}

/** As a DaemonSet does it: by way of the scheduler, so that a node that takes no pods gets none. */
function onNode(node: string, { nodeTerms = [{}] }: Placement) {
  const field = { key: "metadata.name", operator: "In", values: [node] };
  return {
    nodeSelectorTerms: nodeTerms.map((term) => ({ ...(term as object), matchFields: [field] })),
  };
}

/** All or nothing: a small request beside a smaller limit would not be accepted. */
function resourcesOf({ resources: { requests, limits } }: PullJobSettings): object {
  return requests === undefined && limits === undefined
    ? { requests: TINY_REQUESTS }
    : { ...(requests && { requests }), ...(limits && { limits }) };
}
