import { expect } from "chai";
import { CAUSES, type Cause } from "../../../../cluster/diagnose/causes";
import { describeDiagnosis, diagnose } from "../../../../cluster/diagnose/diagnose";
import type { Evidence, KubernetesEvent, Pod } from "../../../../cluster/diagnose/evidence";

const NOW = "2026-01-01T01:00:00Z";
const RECENT = "2026-01-01T00:59:00Z";
/** Of a container that started after what happened at that time, and ended. */
const STARTED = { lastState: { terminated: { exitCode: 1, startedAt: "2026-01-01T00:59:30Z" } } };
const DEPLOYMENT = "my-release-milvus-proxy";
const POD = `${DEPLOYMENT}-7d5f9c-abcde`;

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

function pod(status: Pod["status"], over: Partial<NonNullable<Pod["metadata"]>> = {}, name = POD): Pod {
  return { metadata: { name, ...over }, spec: { nodeName: "node-1", containers: [] }, ...(status ? { status } : {}) };
}

function container(state: ContainerStatus["state"], over: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name: "proxy",
    image: "i",
    imageID: "",
    ready: false,
    restartCount: 0,
    ...(state ? { state } : {}),
    ...over,
  };
}

const pending = (...containerStatuses: ContainerStatus[]) => pod({ phase: "Pending", containerStatuses });
const running = (...containerStatuses: ContainerStatus[]) => pod({ phase: "Running", containerStatuses });
const waiting = (reason: string, message?: string) =>
  container({ waiting: { reason, ...(message === undefined ? {} : { message }) } });
const ended = (exitCode: number, over: { readonly reason?: string; readonly message?: string } = {}) =>
  container({ terminated: { exitCode, ...over } });
const crashed = (exitCode: number, reason = "Error", message?: string) =>
  container(
    { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" } },
    { restartCount: 7, lastState: { terminated: { exitCode, reason, ...(message === undefined ? {} : { message }) } } },
  );
const unscheduled = (message: string) =>
  pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] });

function event(
  kind: string,
  name: string,
  reason: string,
  message: string,
  over: Partial<KubernetesEvent> = {},
): KubernetesEvent {
  return { metadata: {}, involvedObject: { kind, name }, reason, message, count: 1, lastTimestamp: RECENT, ...over };
}

function release(over: Partial<Evidence> = {}): Evidence {
  return {
    subject: { kind: "Release", name: "my-release", namespace: "milvus" },
    now: NOW,
    pods: [],
    deployments: [
      { metadata: { name: DEPLOYMENT }, spec: { replicas: 1, selector: {}, template: {} }, status: { replicas: 0 } },
    ],
    statefulSets: [],
    claims: [],
    events: [],
    ...over,
  };
}

function job(over: Partial<Evidence> = {}, reason = "BackoffLimitExceeded"): Evidence {
  return release({
    subject: { kind: "Job", name: "my-release-migrate", namespace: "milvus" },
    deployments: [],
    job: {
      metadata: { name: "my-release-migrate", creationTimestamp: "2026-01-01T00:10:00Z" },
      status: { conditions: [{ type: "Failed", status: "True", reason, message: "Job has reached it" }] },
    },
    ...over,
  });
}

/** What is seen, the cause it must lead to, and words the text must hold. Messages as real clusters give them. */
const TABLE: readonly {
  readonly cause: Cause;
  readonly seen: string;
  readonly evidence: Evidence;
  readonly says: readonly string[];
}[] = [
  {
    cause: "quotaExceeded",
    seen: "a ReplicaSet that may not create pods",
    evidence: release({
      events: [
        event(
          "ReplicaSet",
          `${DEPLOYMENT}-7d5f9c`,
          "FailedCreate",
          'Error creating: pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
        ),
      ],
    }),
    says: ["exceeded quota: q", "kubectl -n milvus describe quota"],
  },
  {
    cause: "securityConstraintRefused",
    seen: "OpenShift's refusal of a fixed user",
    evidence: job({
      events: [
        event(
          "Job",
          "my-release-migrate",
          "FailedCreate",
          'Error creating: pods "x" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: []int64{65532}: 65532 is not an allowed group]',
        ),
      ],
    }),
    says: ["65532 is not an allowed group", "pulumi config set milvus:jobUser assigned"],
  },
  {
    cause: "podSecurityRefused",
    seen: "a Pod Security refusal",
    evidence: release({
      events: [
        event(
          "ReplicaSet",
          `${DEPLOYMENT}-7d5f9c`,
          "FailedCreate",
          'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged (container "c" must not set securityContext.privileged=true)',
        ),
      ],
    }),
    says: ["securityContext.privileged=true", "pod-security.kubernetes.io/enforce"],
  },
  {
    cause: "admissionRefused",
    seen: "a webhook's refusal of a Job's pod",
    evidence: job({
      events: [
        event(
          "Job",
          "my-release-migrate",
          "FailedCreate",
          'Error creating: admission webhook "validate.kyverno.svc" denied the request: registry not allowed',
        ),
      ],
    }),
    says: ["registry not allowed", "owner of the policy"],
  },
  {
    cause: "serviceAccountMissing",
    seen: "a service account that does not exist",
    evidence: release({
      events: [
        event(
          "ReplicaSet",
          `${DEPLOYMENT}-7d5f9c`,
          "FailedCreate",
          'Error creating: pods "x-" is forbidden: error looking up service account milvus/nope: serviceaccount "nope" not found',
        ),
      ],
    }),
    says: ['serviceaccount "nope" not found'],
  },
  {
    cause: "creationForbidden",
    seen: "another reason why a pod may not be created",
    evidence: release({
      events: [event("ReplicaSet", `${DEPLOYMENT}-7d5f9c`, "FailedCreate", 'pods "x" is forbidden: maximum cpu is 2')],
    }),
    says: ["maximum cpu is 2"],
  },
  {
    cause: "storageClassMissing",
    seen: "a claim whose class does not exist",
    evidence: release({
      pods: [unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")],
      claims: [{ metadata: { name: "data" }, status: { phase: "Pending" } }],
      events: [
        event("PersistentVolumeClaim", "data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
      ],
    }),
    says: ["claim data", '"fast" not found', "milvus:backupStorageClass", "no volume is bound to its claim"],
  },
  {
    cause: "noStorageClass",
    seen: "a claim without a class where no default is",
    evidence: job({
      pods: [unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")],
      claims: [{ metadata: { name: "backup" }, status: { phase: "Pending" } }],
      events: [
        event(
          "PersistentVolumeClaim",
          "backup",
          "FailedBinding",
          "no persistent volumes available for this claim and no storage class is set",
        ),
      ],
    }),
    says: ["claim backup", "cluster has no default one"],
  },
  {
    cause: "claimMissing",
    seen: "a claim that somebody deleted",
    evidence: release({ pods: [unscheduled('0/3 nodes are available: persistentvolumeclaim "data" not found.')] }),
    says: ['"data" not found', "Do not create an empty one"],
  },
  {
    cause: "claimNotBound",
    seen: "a claim that no provisioner serves",
    evidence: release({ pods: [unscheduled("pod has unbound immediate PersistentVolumeClaims.")] }),
    says: ["kubectl -n milvus describe pvc"],
  },
  {
    cause: "unschedulableResources",
    seen: "nodes without enough cpu and memory",
    evidence: release({
      pods: [unscheduled("0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory. preemption: …")],
    }),
    says: ["3 Insufficient cpu, 3 Insufficient memory", "one more pod than runs"],
  },
  {
    cause: "unschedulableTaints",
    seen: "nodes with taints",
    evidence: release({ pods: [unscheduled("0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}.")] }),
    says: ["{gpu: true}", "tolerations"],
  },
  {
    cause: "unschedulableNodeSelector",
    seen: "a Job that ran out of time, its pod removed, of which only the scheduler's event is left",
    evidence: job(
      {
        events: [
          event(
            "Pod",
            "my-release-migrate-zfcxz",
            "FailedScheduling",
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
          ),
        ],
      },
      "DeadlineExceeded",
    ),
    says: ["pod my-release-migrate-zfcxz", "milvus:nodeSelector", "longer than its time limit"],
  },
  {
    cause: "unschedulableVolumeZone",
    seen: "a volume in another zone",
    evidence: release({ pods: [unscheduled("0/3 nodes are available: 3 node(s) had volume node affinity conflict.")] }),
    says: ["zone"],
  },
  {
    cause: "unschedulable",
    seen: "a scheduler that says something new",
    evidence: release({ pods: [unscheduled("0/3 nodes are available: 3 node(s) were unhappy.")] }),
    says: ["were unhappy"],
  },
  {
    cause: "invalidImageName",
    seen: "an image name with a space",
    evidence: release({ pods: [pending(waiting("InvalidImageName", "couldn't parse image name"))] }),
    says: ["not valid", "container proxy"],
  },
  {
    cause: "imageNotFound",
    seen: "a tag that does not exist",
    evidence: release({
      pods: [
        pending(
          waiting(
            "ErrImagePull",
            'rpc error: code = NotFound desc = failed to resolve reference "docker.io/milvusdb/milvus:v2.2.99": not found',
          ),
        ),
      ],
    }),
    says: ["waiting: ErrImagePull", "v2.2.99", "mirror the image"],
  },
  {
    cause: "imageNotFound",
    seen: "back-off whose reason is in the event only",
    evidence: release({
      pods: [
        pending(waiting("ImagePullBackOff", 'Back-off pulling image "milvusdb/milvus:v2.2.99": manifest unknown')),
      ],
    }),
    says: ["ImagePullBackOff"],
  },
  {
    cause: "imagePullDenied",
    seen: "a registry that wants credentials",
    evidence: release({
      pods: [
        pending(
          waiting("ImagePullBackOff", "pull access denied, repository does not exist or may require authorization"),
        ),
      ],
    }),
    says: ["milvus:imagePullSecrets"],
  },
  {
    cause: "registryUnreachable",
    seen: "a node without a way to the registry",
    evidence: release({ pods: [pending(waiting("ErrImagePull", "dial tcp 1.2.3.4:443: i/o timeout"))] }),
    says: ["i/o timeout", "mirror"],
  },
  {
    cause: "imagePullFailed",
    seen: "a pull that fails in a new way",
    evidence: release({ pods: [pending(waiting("ErrImagePull", "no space left on device"))] }),
    says: ["no space left"],
  },
  {
    cause: "configMissing",
    seen: "a Secret that a container's environment needs",
    evidence: release({ pods: [pending(waiting("CreateContainerConfigError", 'secret "minio" not found'))] }),
    says: ['secret "minio" not found'],
  },
  {
    cause: "configMissing",
    seen: "a ConfigMap that a volume needs",
    evidence: release({
      pods: [pending(waiting("ContainerCreating"))],
      events: [event("Pod", POD, "FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "c" not found')],
    }),
    says: ['configmap "c" not found'],
  },
  {
    cause: "volumeAttachedElsewhere",
    seen: "a volume that another node still has",
    evidence: release({
      pods: [pending(waiting("ContainerCreating"))],
      events: [event("Pod", POD, "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"')],
    }),
    says: ["six minutes"],
  },
  {
    cause: "volumeMountFailed",
    seen: "a mount that fails",
    evidence: release({
      pods: [pending(waiting("ContainerCreating"))],
      events: [event("Pod", POD, "FailedMount", "Unable to attach or mount volumes: timed out")],
    }),
    says: ["timed out"],
  },
  {
    cause: "volumeTooSmall",
    seen: "a pod whose emptyDir is full",
    evidence: release({
      pods: [
        pod({
          phase: "Failed",
          reason: "Evicted",
          message: 'Usage of EmptyDir volume "work" exceeds the limit "30Gi". ',
        }),
      ],
    }),
    says: ["milvus:backupSize", '"work"'],
  },
  {
    cause: "evicted",
    seen: "an evicted pod",
    evidence: release({
      pods: [pod({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: ephemeral-storage." })],
    }),
    says: ["ephemeral-storage"],
  },
  {
    cause: "nodeLost",
    seen: "a pod whose node went silent",
    evidence: release({
      pods: [
        pod({
          phase: "Running",
          conditions: [{ type: "Ready", status: "Unknown" }],
          containerStatuses: [container({ running: {} }, { ready: true })],
        }),
      ],
    }),
    says: ["node node-1", "kubectl delete node"],
  },
  {
    cause: "outOfMemory",
    seen: "a crash loop that the kernel caused",
    evidence: release({ pods: [running(crashed(137, "OOMKilled"))] }),
    says: ["more memory than its limit", "exit code 137", "resources.limits.memory"],
  },
  {
    cause: "outOfMemory",
    seen: "a Job's container that the kernel killed",
    evidence: job({ pods: [pod({ phase: "Failed", containerStatuses: [ended(137, { reason: "OOMKilled" })] })] }),
    says: ["milvus:jobResources"],
  },
  {
    cause: "commandNotFound",
    seen: "an image without the command",
    evidence: job({
      pods: [
        pod({
          phase: "Failed",
          containerStatuses: [
            ended(128, { reason: "StartError", message: 'exec: "/bin/sh": no such file or directory' }),
          ],
        }),
      ],
    }),
    says: ["not the one that this chart or Job expects"],
  },
  {
    cause: "initContainerFailed",
    seen: "a Job whose init container failed with a message",
    evidence: job({
      pods: [
        pod({
          phase: "Failed",
          initContainerStatuses: [
            {
              ...ended(4, { reason: "Error", message: "sessions of rootcoord, proxy are still there\n" }),
              name: "migrate",
            },
          ],
          containerStatuses: [waiting("PodInitializing")],
        }),
      ],
    }),
    says: ["its init container migrate failed, exit code 4", "sessions of rootcoord, proxy are still there"],
  },
  {
    cause: "crashLoop",
    seen: "a component that ends again and again",
    evidence: release({ pods: [running(crashed(2, "Error", "panic: old session exists"))] }),
    says: ["exit code 2", "panic: old session exists", `kubectl -n milvus logs ${POD} --previous`],
  },
  {
    cause: "containerFailed",
    seen: "a Job's container that failed, with its own message",
    evidence: job({
      pods: [pod({ phase: "Failed", containerStatuses: [ended(3, { message: "the backup has 0 entries" })] })],
    }),
    says: ["it failed, exit code 3", "the backup has 0 entries", "goes on from where it stands"],
  },
  {
    cause: "livenessProbeFailed",
    seen: "a liveness probe that kills",
    evidence: release({
      pods: [running(container({ running: {} }, { restartCount: 4 }))],
      events: [
        event("Pod", POD, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", { count: 9 }),
      ],
    }),
    says: ["9 times", "statuscode: 500"],
  },
  {
    cause: "readinessProbeFailed",
    seen: "a component that runs but waits for another",
    evidence: release({
      pods: [running(container({ running: {} }))],
      events: [event("Pod", POD, "Unhealthy", "Readiness probe failed: connection refused")],
    }),
    says: ["does not get ready", "connection refused", "etcd, the message queue"],
  },
  {
    cause: "startupProbeFailed",
    seen: "a startup probe that never succeeds",
    evidence: job({
      pods: [pod({ phase: "Pending", containerStatuses: [waiting("PodInitializing")] })],
      events: [event("Pod", POD, "Unhealthy", "Startup probe failed: timeout")],
    }),
    says: ["startup probe"],
  },
  {
    cause: "stuckTerminating",
    seen: "a pod that should have ended long ago",
    evidence: release({
      pods: [pod({ phase: "Running" }, { deletionTimestamp: "2026-01-01T00:30:00Z", finalizers: ["x.io/wait"] })],
    }),
    says: ["x.io/wait", "by force can corrupt data"],
  },
  {
    cause: "sandboxFailed",
    seen: "a node whose network plugin fails",
    evidence: release({
      pods: [pending(waiting("ContainerCreating"))],
      events: [event("Pod", POD, "FailedCreatePodSandBox", "plugin type=calico failed (add): no addresses")],
    }),
    says: ["no addresses"],
  },
  {
    cause: "deadlineExceeded",
    seen: "a Job that was too slow and left nothing else",
    evidence: job({}, "DeadlineExceeded"),
    says: ["Job my-release-migrate", "milvus:timeouts"],
  },
  {
    cause: "backoffLimitExceeded",
    seen: "a failed Job whose pod is gone",
    evidence: job({}),
    says: ["nothing of it is left"],
  },
  {
    cause: "notStarted",
    seen: "a pod that is still pulling",
    evidence: release({ pods: [pending(waiting("ContainerCreating"))] }),
    says: ["ContainerCreating", "not started yet"],
  },
];

describe("diagnose", () => {
  for (const { cause, seen, evidence, says } of TABLE) {
    it(`says ${cause} for ${seen}`, () => {
      const diagnosis = diagnose(evidence);
      expect(diagnosis?.cause).to.equal(cause);
      const text = diagnosis === undefined ? "" : describeDiagnosis(diagnosis);
      for (const words of [`${evidence.subject.kind} milvus/${evidence.subject.name}: `, "what to do: ", ...says]) {
        expect(text).to.include(words);
      }
      expect(text).to.not.match(/\bNS\b|\bNAME\b|undefined/);
    });
  }

  it("has a row for every cause", () => {
    expect(CAUSES.filter((cause) => !TABLE.some((row) => row.cause === cause))).to.deep.equal([]);
  });

  it("has nothing to say when all is well, whatever happened before", () => {
    const well = pod({
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [container({ running: {} }, { ready: true, restartCount: 3 })],
    });
    const events = [
      event("Pod", POD, "Unhealthy", "Readiness probe failed: connection refused"),
      event("Pod", POD, "FailedScheduling", "0/3 nodes are available"),
    ];
    expect(diagnose(release({ pods: [well, pod({ phase: "Succeeded" }, {}, "done")], events }))).to.equal(undefined);
  });

  for (const { past, reason, message, state } of [
    { past: "a node", reason: "FailedScheduling", message: "0/3 nodes are available: 3 Insufficient cpu", state: {} },
    { past: "a volume", reason: "FailedMount", message: "MountVolume.SetUp failed: timed out", state: STARTED },
    { past: "a sandbox", reason: "FailedCreatePodSandBox", message: "plugin type=cni failed", state: STARTED },
    { past: "its image", reason: "Failed", message: "Failed to pull image: not found", state: { imageID: "sha256:1" } },
  ]) {
    it(`does not blame ${past} that a pod waited for and has got meanwhile`, () => {
      const crashes = { ...crashed(1), ...state };
      const events = [event("Pod", POD, reason, message)];
      const diagnosis = diagnose(release({ pods: [running(crashes)], events }));
      expect(diagnosis?.cause).to.equal("crashLoop");
      expect(diagnosis?.others).to.deep.equal([]);
    });
  }

  for (const { when, time, cause } of [
    { when: "not for one that was evicted long ago and lies about", time: "2025-12-24T00:00:00Z", cause: "crashLoop" },
    { when: "for one that was evicted now", time: RECENT, cause: "evicted" },
  ]) {
    it(`blames the eviction of a pod ${when}`, () => {
      const conditions = [{ type: "DisruptionTarget", status: "True", lastTransitionTime: time }];
      const start = { startTime: "2025-12-01T00:00:00Z", phase: "Failed", reason: "Evicted" };
      const evicted = pod({ ...start, conditions, message: "low on memory" }, {}, `${POD}-old`);
      const found = diagnose(release({ pods: [running(crashed(1)), evicted] }));
      expect([found?.cause, ...(found?.others ?? [])].join()).to.include(cause);
      expect(JSON.stringify(found).includes("evicted")).to.equal(cause === "evicted");
    });
  }

  it("blames a volume that is missing now for a pod that had run before", () => {
    const events = [event("Pod", POD, "FailedMount", "MountVolume.SetUp failed: timed out")];
    const rebooted = container({ terminated: { exitCode: 255, startedAt: "2026-01-01T00:10:00Z" } });
    expect(diagnose(release({ pods: [running(rebooted)], events }))?.cause).to.equal("volumeMountFailed");
  });

  it("passes over events of others, of claims that got bound, of workloads that are complete, and old ones", () => {
    const quota = "exceeded quota: q";
    const complete = {
      metadata: { name: "full" },
      spec: { replicas: 1, selector: {}, template: {} },
      status: { replicas: 1 },
    };
    const events = [
      event("ReplicaSet", `${DEPLOYMENT}-other-7d5f9c`, "FailedCreate", quota),
      event("PersistentVolumeClaim", "data", "ProvisioningFailed", "slow"),
      event("ReplicaSet", "full-7d5f9c", "FailedCreate", quota),
      event("Pod", "full-7d5f9c-abcde", "Failed", "Failed to pull image: manifest unknown"),
      event("ReplicaSet", `${DEPLOYMENT}-7d5f9c`, "FailedCreate", quota, { lastTimestamp: "2026-01-01T00:20:00Z" }),
    ];
    const claims = [{ metadata: { name: "data" }, status: { phase: "Bound" } }];
    const evidence = release({ events, claims });
    expect(diagnose({ ...evidence, deployments: [...evidence.deployments, complete] })).to.equal(undefined);
  });

  it("tells of a pod that is gone where nothing has come in its place", () => {
    const evicted = event("Pod", `${DEPLOYMENT}-7d5f9c-zzzzz`, "Evicted", "The node was low on resource: memory");
    expect(diagnose(release({ events: [evicted] }))?.objects).to.deep.equal([`pod ${DEPLOYMENT}-7d5f9c-zzzzz`]);
  });

  it("does not blame a Job for the events of the one before it under the same name", () => {
    const before = { lastTimestamp: "2026-01-01T00:09:00Z" };
    const events = [event("Job", "my-release-migrate", "FailedCreate", "exceeded quota: q", before)];
    expect(diagnose(job({ events }))?.cause).to.equal("backoffLimitExceeded");
  });

  it("names the trouble behind the trouble: etcd cannot be scheduled, so the proxy does not get ready", () => {
    const etcd = { ...unscheduled("3 Insufficient memory"), metadata: { name: "my-release-etcd-0" } };
    const diagnosis = diagnose(release({ pods: [running(container({ running: {} })), etcd] }));
    expect(diagnosis?.cause).to.equal("unschedulableResources");
    expect(diagnosis?.objects).to.deep.equal(["pod my-release-etcd-0"]);
    expect(diagnosis?.others).to.deep.equal([`pod ${POD}: it runs but does not get ready`]);
  });

  it("counts pods with the same trouble instead of repeating it", () => {
    const pods = ["a", "b", "c", "d", "e"].map((id) => ({
      ...pending(waiting("ErrImagePull", "not found")),
      metadata: { name: `p-${id}` },
    }));
    const diagnosis = diagnose(release({ pods }));
    expect(diagnosis === undefined ? "" : describeDiagnosis(diagnosis)).to.include(
      "pod p-a, pod p-b, pod p-c and 2 more:",
    );
  });

  it("asks for the log of the start before this one in a crash loop, and for none of a pod without a node", () => {
    expect(diagnose(release({ pods: [running(crashed(1))] }))?.logSource).to.deep.equal({
      pod: POD,
      container: "proxy",
      previous: true,
    });
    expect(diagnose(release({ pods: [unscheduled("3 Insufficient cpu")] }))).to.not.have.property("logSource");
  });

  it("shows the log, and nothing secret of message, events or log", () => {
    const said = "cannot log in to minio: secretKey=hunter2hunter2";
    const diagnosis = diagnose(release({ pods: [running(crashed(1, "Error", said))] }));
    const log = ["dial etcd://root:hunter2hunter2@etcd:2379", "odd place for correct-horse-battery"];
    const text = diagnosis === undefined ? "" : describeDiagnosis(diagnosis, log, ["correct-horse-battery"]);
    expect(text).to.include("last lines of its log").and.to.include("dial etcd://(hidden)@etcd:2379");
    expect(text).to.not.include("hunter2").and.to.not.include("horse");
  });
});
