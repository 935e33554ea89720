/** Why a Release or a Job does not get on. In order: what stands higher explains what stands lower. */
export const CAUSES = [
  "quotaExceeded",
  "securityConstraintRefused",
  "podSecurityRefused",
  "admissionRefused",
  "serviceAccountMissing",
  "creationForbidden",
  "storageClassMissing",
  "noStorageClass",
  "claimMissing",
  "claimNotBound",
  "unschedulableResources",
  "unschedulableTaints",
  "unschedulableNodeSelector",
  "unschedulableVolumeZone",
  "unschedulable",
  "invalidImageName",
  "imageNotFound",
  "imagePullDenied",
  "registryUnreachable",
  "imagePullFailed",
  "configMissing",
  "volumeAttachedElsewhere",
  "volumeMountFailed",
  "volumeTooSmall",
  "evicted",
  "nodeLost",
  "outOfMemory",
  "commandNotFound",
  "initContainerFailed",
  "crashLoop",
  "containerFailed",
  "livenessProbeFailed",
  "readinessProbeFailed",
  "startupProbeFailed",
  "stuckTerminating",
  "sandboxFailed",
  "deadlineExceeded",
  "backoffLimitExceeded",
  "notStarted",
] as const;
export type Cause = (typeof CAUSES)[number];

export interface CauseText {
  /** Ends the sentence "pod X: …". */
  readonly title: string;
  /** What to do now; NS and NAME stand for namespace and object. */
  readonly remedy: string;
}

const UP_AGAIN = "then run pulumi up again";

export const CAUSE_TEXTS = {
  quotaExceeded: {
    title: "a quota of the namespace is used up",
    remedy: `Raise the quota or free some of it (kubectl -n NS describe quota), ${UP_AGAIN}.`,
  },
  securityConstraintRefused: {
    title: "no security context constraint of OpenShift allows the pod",
    remedy: `A pod of the upgrade's own Jobs must name no user: pulumi config set milvus:jobUser assigned. For a pod of Milvus leave out of milvus:values what the message names (runAsUser, fsGroup), or grant its service account a constraint that allows it: oc -n NS adm policy add-scc-to-user nonroot-v2 -z ACCOUNT; the pod may then have any user but root, ${UP_AGAIN}.`,
  },
  podSecurityRefused: {
    title: "the namespace's Pod Security level forbids the pod",
    remedy: `Give the chart a security context that the level allows (charts from 4.2.44 on have securityContext), or lower the namespace's label pod-security.kubernetes.io/enforce, ${UP_AGAIN}.`,
  },
  admissionRefused: {
    title: "an admission webhook or policy refuses the pod",
    remedy: `Ask the owner of the policy that the message names, or change what it objects to in milvus:values, ${UP_AGAIN}.`,
  },
  serviceAccountMissing: {
    title: "its service account does not exist",
    remedy: `Create the service account that the message names, or correct it in milvus:values, ${UP_AGAIN}.`,
  },
  creationForbidden: {
    title: "the pod may not be created",
    remedy: `See the message; after the cause is gone, ${UP_AGAIN.replace("then ", "")}.`,
  },
  storageClassMissing: {
    title: "its storage class does not exist",
    remedy: `Name one that exists (kubectl get storageclass) in milvus:values or milvus:backupStorageClass. The class of an existing claim cannot be changed: delete the unbound claim, ${UP_AGAIN}.`,
  },
  noStorageClass: {
    title: "no storage class is named and the cluster has no default one",
    remedy: `Mark a class as default or name one in milvus:values or milvus:backupStorageClass, delete the unbound claim, ${UP_AGAIN}.`,
  },
  claimMissing: {
    title: "a claim that it uses does not exist",
    remedy: `Somebody deleted the claim that the message names, or a value names the wrong one. Do not create an empty one where data should be; ${UP_AGAIN.replace("then ", "correct it, then ")}.`,
  },
  claimNotBound: {
    title: "no volume is bound to its claim",
    remedy: `See why the provisioner does not make one: kubectl -n NS describe pvc; ${UP_AGAIN}.`,
  },
  unschedulableResources: {
    title: "no node has room for it",
    remedy: `Add nodes, free room, or lower resources.requests in milvus:values. A rolling update needs room for one more pod than runs; ${UP_AGAIN}.`,
  },
  unschedulableTaints: {
    title: "the nodes have taints that it does not tolerate",
    remedy: `Add tolerations in milvus:values (for the upgrade's own Jobs: milvus:tolerations), ${UP_AGAIN}.`,
  },
  unschedulableNodeSelector: {
    title: "no node fits its node selector or affinity",
    remedy: `Compare nodeSelector and affinity with kubectl get nodes --show-labels and correct milvus:values (for the upgrade's own Jobs: milvus:nodeSelector), ${UP_AGAIN}.`,
  },
  unschedulableVolumeZone: {
    title: "its volume lives where no fitting node is",
    remedy: `A node is needed in the zone of the volume that the message names; ${UP_AGAIN}.`,
  },
  unschedulable: {
    title: "no node takes it",
    remedy: `The message says why, for each node (kubectl -n NS describe pod NAME); ${UP_AGAIN}.`,
  },
  invalidImageName: {
    title: "its image name is not valid",
    remedy: `Correct the image in milvus:values, milvus:kubectlImage or milvus:metaMigrationImage, ${UP_AGAIN}.`,
  },
  imageNotFound: {
    title: "its image does not exist",
    remedy: `Check repository and tag; on a site without internet, mirror the image first. Then correct milvus:values (image.all), milvus:kubectlImage or milvus:metaMigrationImage and run pulumi up again.`,
  },
  imagePullDenied: {
    title: "the registry refuses its image",
    remedy: `The pull secret is missing or wrong: image.all.pullSecrets in milvus:values, milvus:imagePullSecrets for the upgrade's own Jobs; ${UP_AGAIN}. Registries also answer "denied" for an image that does not exist.`,
  },
  registryUnreachable: {
    title: "the registry of its image cannot be reached from the node",
    remedy: `Check DNS, proxy and firewall of the nodes, or use a mirror (image.all.repository in milvus:values, milvus:kubectlImage, milvus:metaMigrationImage), ${UP_AGAIN}.`,
  },
  imagePullFailed: {
    title: "its image cannot be pulled",
    remedy: `See the message; kubectl -n NS describe pod NAME shows it in full. Then run pulumi up again.`,
  },
  configMissing: {
    title: "a ConfigMap or Secret that it uses is missing",
    remedy: `Create what the message names, or correct the name in milvus:values, ${UP_AGAIN}.`,
  },
  volumeAttachedElsewhere: {
    title: "its volume is still attached to another node",
    remedy: `The pod that had it must be gone first (kubectl -n NS get pods -o wide); a node that is down keeps it until the attachment times out, after about six minutes. Then run pulumi up again.`,
  },
  volumeMountFailed: {
    title: "a volume cannot be mounted",
    remedy: `See the message and the storage driver's logs; ${UP_AGAIN}.`,
  },
  volumeTooSmall: {
    title: "its scratch volume holds more than it may, and the kubelet ended it",
    remedy: `For a Job on the metadata set a larger milvus:backupSize, three times of which its scratch volume may hold; for Milvus itself raise the volume's sizeLimit in milvus:values. Then run pulumi up again: what was begun on the metadata is put back first.`,
  },
  evicted: {
    title: "its node was short of a resource and evicted it",
    remedy: `Free the disk or memory that the message names, or set requests and limits that fit, ${UP_AGAIN}.`,
  },
  nodeLost: {
    title: "its node does not answer any more",
    remedy: `Bring the node back, or remove it for good (kubectl delete node) so that its pods move; ${UP_AGAIN}.`,
  },
  outOfMemory: {
    title: "it was killed because it used more memory than its limit",
    remedy: `Raise resources.limits.memory of this component in milvus:values (for the upgrade's own Jobs: milvus:jobResources), ${UP_AGAIN}. Query nodes need more memory while they load.`,
  },
  commandNotFound: {
    title: "its command does not exist in the image",
    remedy: `The image is not the one that this chart or Job expects; check its repository and tag, ${UP_AGAIN}.`,
  },
  initContainerFailed: {
    title: "its init container failed",
    remedy: `The log says why: kubectl -n NS logs NAME --all-containers. After the cause is gone run pulumi up again.`,
  },
  crashLoop: {
    title: "it starts and ends again and again",
    remedy: `The log of the last start says why: kubectl -n NS logs NAME --previous. After the cause is gone run pulumi up again.`,
  },
  containerFailed: {
    title: "it failed",
    remedy: `The log says why: kubectl -n NS logs NAME --all-containers. After the cause is gone run pulumi up again; the plan goes on from where it stands.`,
  },
  livenessProbeFailed: {
    title: "it is restarted because its liveness probe fails",
    remedy: `It hangs or needs longer to start: see kubectl -n NS logs NAME --previous; ${UP_AGAIN}.`,
  },
  readinessProbeFailed: {
    title: "it runs but does not get ready",
    remedy: `It waits for something, mostly etcd, the message queue, the object storage or another component: see its log, kubectl -n NS logs NAME. Then run pulumi up again.`,
  },
  startupProbeFailed: {
    title: "its startup probe fails",
    remedy: `It needs longer than the probe allows or hangs: see kubectl -n NS logs NAME; ${UP_AGAIN}.`,
  },
  stuckTerminating: {
    title: "it does not end",
    remedy: `Its node may be gone or a finalizer may hold it: kubectl -n NS describe pod NAME. Deleting it by force can corrupt data; be sure that its process is gone first.`,
  },
  sandboxFailed: {
    title: "the node cannot set up its network or sandbox",
    remedy: `This is the node's or the network plugin's trouble: see the message and the node's logs; ${UP_AGAIN}.`,
  },
  deadlineExceeded: {
    title: "the Job took longer than its time limit",
    remedy: `If it was only slow, raise the limit in milvus:timeouts, ${UP_AGAIN}.`,
  },
  backoffLimitExceeded: {
    title: "the Job's pod failed, and nothing of it is left to look at",
    remedy: `Run pulumi up again and watch it: kubectl -n NS get pods -w.`,
  },
  notStarted: {
    title: "it has not started yet",
    remedy: `The node is still at it (pulling an image, attaching a volume): kubectl -n NS describe pod NAME. Then run pulumi up again, with a longer limit in milvus:timeouts.`,
  },
} as const satisfies Record<Cause, CauseText>;
