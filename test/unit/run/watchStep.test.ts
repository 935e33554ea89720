import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type WatchedStep, watchStep } from "../../../run/watchStep";
import type { Step } from "../../../upgrade/model";
import { type Answers, type FakeClient, fakeClient } from "../../support/fakeClient";
import { deployment, pod } from "../cluster/objects";

const NAME = "my-release-milvus-querynode";
const RESUME: Step = { kind: "resume", component: "querynode", deployment: NAME };
const WATCHED: WatchedStep = {
  step: RESUME,
  releaseName: "my-release",
  namespace: "milvus",
  nameLabel: "milvus",
  job: "my-release-resume-querynode-12345678",
  limit: 600,
  hide: ["hunter2-secret"],
};
const TIMES = { poll: 2, soon: 20, late: 60 };

const jobPod = {
  metadata: { name: "j-1", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { nodeName: "node-1", containers: [{ name: "await-rollout", image: "kubectl" }] },
  status: {
    phase: "Pending",
    initContainerStatuses: [{ name: "await-rollout", imageID: "x", state: { running: {} } }],
  },
};
const noRoom = pod(NAME, "x", {
  spec: { containers: [{ name: "querynode", image: "milvusdb/milvus:v2.1.4" }] },
  status: {
    phase: "Pending",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/3 nodes are available: 3 Insufficient memory. password=hunter2-secret",
      },
    ],
  },
});

interface Heard {
  readonly progress: string[];
  readonly stuck: string[];
}

/** The Job's pod and Milvus' pods are asked for by different labels. */
function client(answers: Answers, jobPods: readonly unknown[] = [jobPod]): FakeClient {
  const fake = fakeClient(answers);
  return {
    ...fake,
    read: (request) =>
      request.resource === "pods" && request.labelSelector?.startsWith("job-name") === true
        ? Promise.resolve({ items: jobPods })
        : fake.read(request),
  };
}

/** Until it is so, or for that long where nothing is waited for. */
async function watch(
  from: FakeClient,
  milliseconds: number,
  isSo: (heard: Heard) => boolean = () => false,
  times = TIMES,
): Promise<Heard> {
  const heard: Heard = { progress: [], stuck: [] };
  const end = watchStep(
    from,
    WATCHED,
    {
      progress: (line, isNew) => {
        if (isNew) heard.progress.push(line);
      },
      stuck: (text) => void heard.stuck.push(text),
    },
    times,
  );
  const deadline = Date.now() + milliseconds;
  while (Date.now() < deadline && !isSo(heard)) await sleep(5);
  // What is said twice is said by then.
  await sleep(60);
  end();
  return heard;
}

const hasProgress = ({ progress }: Heard) => progress.length > 0;
const isStuck = ({ stuck }: Heard) => stuck.length > 0;

describe("watching a step", () => {
  it("tells how far it is once for each change, with its time and its limit", async () => {
    const { progress } = await watch(
      client({ deployments: [deployment("querynode")], pods: [noRoom] }),
      5000,
      hasProgress,
    );
    expect(progress).to.have.length(1);
    expect(progress[0]).to.match(/^querynode: 0 of 1 pod at 2\.1\.4, 1 has no node yet; \d s of at most 10 min$/);
  });

  it("says what holds it up long before its limit, once, with what to do and without secrets: Milvus' pod, not the Job", async () => {
    const { stuck } = await watch(client({ deployments: [deployment("querynode")], pods: [noRoom] }), 5000, isStuck);
    expect(stuck).to.have.length(1);
    expect(stuck[0])
      .to.match(/^resume querynode: nothing has moved for \d+ s: pod my-release-milvus-querynode-7d5f9c-x: no node has/)
      .and.to.include("3 Insufficient memory")
      .and.to.include("What to do: Add nodes")
      .and.to.match(/Once that is repaired in the cluster, this run continues by itself; it waits 10 min more\.$/)
      .and.not.include("hunter2");
  });

  it("says the Job's own trouble where that is the cause", async () => {
    const event = {
      reason: "FailedCreate",
      message: 'pods "x" is forbidden: exceeded quota: small',
      lastTimestamp: new Date().toISOString(),
      involvedObject: { kind: "Job", name: WATCHED.job },
    };
    const { stuck } = await watch(
      client({ events: [event], deployments: [deployment("querynode")] }, []),
      5000,
      isStuck,
    );
    expect(stuck).to.have.length(1);
    expect(stuck[0]).to.include("a quota of the namespace is used up");
  });

  it("has nothing to say against a Job that is at work on what takes time", async () => {
    const ready = pod(NAME, "y", {
      spec: { nodeName: "n", containers: [{ name: "querynode", image: "milvusdb/milvus:v2.1.4" }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
    const { stuck } = await watch(client({ deployments: [deployment("querynode")], pods: [ready] }), 150, undefined, {
      ...TIMES,
      late: 60_000,
    });
    expect(stuck).to.deep.equal([]);
  });

  it("goes on when the cluster cannot be read, fails nothing, and asks no more once it is ended", async () => {
    const broken = client({});
    const failing: FakeClient = { ...broken, read: () => Promise.reject(new Error("no route to host")) };
    expect(await watch(failing, 60)).to.deep.equal({ progress: [], stuck: [] });
    const counted = fakeClient({ deployments: [deployment("querynode")] });
    await watch(counted, 60);
    const before = counted.requests.length;
    expect(before).to.be.greaterThan(0);
    await sleep(40);
    expect(counted.requests.length).to.equal(before);
  });
});
