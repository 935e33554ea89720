import { expect } from "chai";
import { seenJob, seenPods, seenWorkloads } from "../../../../cluster/progress/seen";
import type { Deployment, Pod } from "../../../../cluster/state/workloads";
import { deployment, pod } from "../objects";

const NAME = "my-release-milvus-querynode";
const SPEC: NonNullable<Pod["spec"]> = {
  nodeName: "node-1",
  containers: [{ name: "querynode", image: "milvusdb/milvus:v2.5.16" }],
};
const running = {
  name: "querynode",
  image: "",
  imageID: "sha256:1",
  ready: false,
  restartCount: 0,
  state: { running: {} },
};
const stageOf = (over: Partial<Pod>) =>
  seenPods([pod(NAME, "x", { spec: SPEC, ...over })], [deployment("querynode")])[0];

describe("what is seen of a pod", () => {
  const waiting = (reason: string, imageID = "") => ({
    phase: "Pending",
    containerStatuses: [{ ...running, imageID, state: { waiting: { reason } } }],
  });
  it("is its stage: without a node, pulling, starting, running, ready, ending", () => {
    const noNode = Object.fromEntries(Object.entries(SPEC).filter(([key]) => key !== "nodeName")) as Omit<
      typeof SPEC,
      "nodeName"
    >;
    expect(stageOf({ spec: noNode })).to.include({ stage: "no node", deployment: NAME });
    expect(stageOf({ status: waiting("ContainerCreating") })).to.include({
      stage: "pulls",
      pulls: "milvusdb/milvus:v2.5.16",
      node: "node-1",
    });
    expect(stageOf({ status: waiting("ContainerCreating", "sha256:1") })).to.include({ stage: "starts" });
    expect(stageOf({ status: waiting("ImagePullBackOff") })).to.include({
      stage: "starts",
      waiting: "ImagePullBackOff",
    });
    expect(stageOf({ status: { phase: "Running", containerStatuses: [running] } })).to.include({ stage: "runs" });
    expect(stageOf({ status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } })).to.include({
      stage: "ready",
    });
    const going = pod(NAME, "x").metadata;
    expect(
      stageOf({ metadata: { ...going, deletionTimestamp: "2026-01-01T00:30:00Z", deletionGracePeriodSeconds: 1800 } }),
    ).to.include({ stage: "ends", endsAt: "2026-01-01T00:30:00Z", graceSeconds: 1800 });
  });

  it("is not one that was evicted and lies about", () => {
    expect(stageOf({ status: { phase: "Failed", reason: "Evicted" } })).to.equal(undefined);
  });
});

describe("what is seen of a Job", () => {
  it("is the command at work, though its pod counts as pending while init containers run", () => {
    const at = (statuses: object[]) =>
      seenJob([pod("j", "1", { spec: SPEC, status: { phase: "Pending", initContainerStatuses: statuses as never } })]);
    const ended = { ...running, name: "resume", state: { terminated: { exitCode: 0 } } };
    expect(at([ended, { ...running, name: "await-rollout" }])).to.deep.include({ command: "await-rollout" });
    expect(at([ended, { ...running, name: "await-rollout" }])?.pod?.stage).to.equal("runs");
    expect(seenJob([])).to.deep.equal({});
  });
});

describe("what is seen of a workload", () => {
  it("is done once every pod of the newest template is ready and no other is left", () => {
    const at = (status: object) =>
      seenWorkloads({
        deployments: [
          deployment("querynode", {
            spec: { ...(deployment("querynode").spec as NonNullable<Deployment["spec"]>), replicas: 3 },
            status,
          }),
        ],
        statefulSets: [],
        nameLabel: "milvus",
        releaseName: "my-release",
      })[0];
    const all = { observedGeneration: 2, replicas: 3, readyReplicas: 3, updatedReplicas: 3 };
    expect(at(all)).to.include({ label: "querynode", isMilvus: true, replicas: 3, ready: 3, done: true });
    expect(at({ ...all, replicas: 4 })).to.include({ done: false });
    expect(at({ ...all, updatedReplicas: 1 })).to.include({ ready: 1, done: false });
    expect(at({ ...all, observedGeneration: 1 })).to.include({ ready: 0, done: false });
  });

  it("is a dependency by its short name, each once though both labels find it", () => {
    const etcd = {
      metadata: { name: "my-release-etcd" },
      spec: { replicas: 3 },
      status: { readyReplicas: 2, currentRevision: "a", updateRevision: "a" },
    } as never;
    const seen = seenWorkloads({
      deployments: [],
      statefulSets: [etcd, etcd],
      nameLabel: "milvus",
      releaseName: "my-release",
    });
    expect(seen).to.have.length(1);
    expect(seen[0]).to.include({ label: "etcd", isMilvus: false, ready: 2, replicas: 3, done: false });
  });
});
