import { expect } from "chai";
import type { Step } from "../../../../upgrade/model";
import { progressOf } from "../../../../upgrade/progress/progress";
import type { Seen, SeenPod, SeenWorkload } from "../../../../upgrade/progress/seen";

const AT = Date.parse("2026-01-01T12:00:00Z");
const later = (seconds: number) => new Date(AT + seconds * 1000).toISOString();
const QUERYNODE = "my-release-milvus-querynode";

function pod(changes: Partial<SeenPod> = {}): SeenPod {
  return {
    name: `${QUERYNODE}-new-1`,
    component: "querynode",
    deployment: QUERYNODE,
    template: "new",
    image: "milvusdb/milvus:v2.5.16",
    node: "node-1",
    stage: "ready",
    ...changes,
  };
}

const OLD = { template: "old", image: "milvusdb/milvus:v2.5.15" } as const;
const ending = (left: number): SeenPod => pod({ ...OLD, stage: "ends", endsAt: later(left), graceSeconds: 1800 });

function workload(label: string, ready: number, replicas: number, isMilvus = true): SeenWorkload {
  return {
    name: isMilvus ? `my-release-milvus-${label}` : `my-release-${label}`,
    label,
    isMilvus,
    image: isMilvus ? "milvusdb/milvus:v2.5.16" : "",
    replicas,
    ready,
    done: ready >= replicas,
  };
}

const seen = (changes: Partial<Seen>): Seen => ({ at: AT, workloads: [], pods: [], ...changes });
const line = (step: Step, changes: Partial<Seen>) => progressOf(step).line(step, seen(changes), true);

const RESUME: Step = {
  kind: "resume",
  component: "querynode",
  deployment: QUERYNODE,
  oldPods: { hashes: ["old"], graceSeconds: 1800 },
};
const STOP: Step = {
  kind: "stop",
  deployments: [
    { name: QUERYNODE, component: "querynode", replicas: 3 },
    { name: "my-release-milvus-proxy", component: "proxy", replicas: 1 },
  ],
};
const RELEASE: Step = { kind: "release", awaitReady: true };
const ofEtcd = pod({ name: "my-release-etcd-2", component: "", stage: "runs" });
const noDeployment = Object.fromEntries(Object.entries(ofEtcd).filter(([key]) => key !== "deployment")) as Omit<
  SeenPod,
  "deployment"
>;
const jobPod = (changes: Partial<SeenPod>): SeenPod => pod({ name: "j-1", component: "", template: "", ...changes });

describe("how far a step is", () => {
  const cases: readonly (readonly [name: string, step: Step, seen: Partial<Seen>, expected: string | undefined])[] = [
    [
      "a roll: new pods ready, old ones ending and at work",
      RESUME,
      { workloads: [workload("querynode", 3, 8)], pods: [pod(), pod(), pod(), pod(OLD), pod(OLD), ending(1680)] },
      "querynode: 3 of 8 pods at 2.5.16, 2 old still at work, 1 old ending (28 min of 30 min left)",
    ],
    [
      "a roll: images are pulled, by node",
      RESUME,
      {
        workloads: [workload("querynode", 0, 2)],
        pods: [
          pod({ stage: "pulls", pulls: "milvusdb/milvus:v2.5.16", node: "node-2" }),
          pod({ stage: "pulls", pulls: "milvusdb/milvus:v2.5.16", node: "node-1" }),
        ],
      },
      "querynode: 0 of 2 pods at 2.5.16, 2 pull milvusdb/milvus:v2.5.16 on node-1 and node-2",
    ],
    [
      "a roll: a pod without a node, one that crashes, one that is not ready",
      RESUME,
      {
        workloads: [workload("querynode", 0, 3)],
        pods: [
          pod({ stage: "no node" }),
          pod({ stage: "starts", waiting: "CrashLoopBackOff" }),
          pod({ stage: "runs" }),
        ],
      },
      "querynode: 0 of 3 pods at 2.5.16, 1 has no node yet, 1 starts: CrashLoopBackOff, 1 runs and is not ready yet",
    ],
    [
      "a roll whose grace period is over",
      RESUME,
      { workloads: [workload("querynode", 1, 1)], pods: [pod(), ending(-5)] },
      "querynode: 1 of 1 pod at 2.5.16, 1 old ending (its grace period of 30 min is over)",
    ],
    [
      "a roll of other values: the same image, by the template",
      RESUME,
      { workloads: [workload("querynode", 1, 2)], pods: [pod(), pod({ template: "old" })] },
      "querynode: 1 of 2 pods at 2.5.16, 1 old still at work",
    ],
    [
      "a roll that waits for its dependencies",
      RESUME,
      {
        job: { pod: jobPod({ stage: "runs" }), command: "await-dependencies" },
        workloads: [workload("querynode", 1, 1), workload("etcd", 2, 3, false)],
      },
      "waits for the dependencies: etcd 2 of 3 ready",
    ],
    [
      "a stop",
      STOP,
      { pods: [ending(1680), ending(1200), pod({ deployment: "my-release-milvus-proxy", component: "proxy" })] },
      "3 pods still there: proxy 1, querynode 2 (28 min of 30 min left)",
    ],
    [
      "a stop whose pods are gone",
      STOP,
      { job: { pod: jobPod({ stage: "runs" }), command: "await-pods-gone" } },
      "waits for the pods to end",
    ],
    [
      "a Release",
      RELEASE,
      {
        workloads: [workload("proxy", 1, 1), workload("querynode", 1, 3), workload("etcd", 2, 3, false)],
        pods: [pod(), pod({ stage: "no node" }), noDeployment],
      },
      "1 of 3 workloads are ready; querynode 1 of 3 (1 has no node yet), etcd 2 of 3 (1 runs and is not ready yet)",
    ],
    ["a Release before its first object", RELEASE, {}, "no Deployment is there yet"],
    [
      "a backup that waits for sessions",
      { kind: "backup" },
      {
        job: {
          pod: jobPod({ stage: "runs" }),
          command: "backup",
          line: "[  12s] waiting up to 180 s: there are still sessions: querynode, num: 2",
        },
      },
      "waiting up to 180 s: there are still sessions: querynode, num: 2",
    ],
    [
      "a backup whose image is pulled",
      { kind: "backup" },
      { job: { pod: jobPod({ stage: "pulls", pulls: "milvusdb/meta-migration:v2.2.0" }), command: "backup" } },
      "its Job's pod pulls milvusdb/meta-migration:v2.2.0 on node-1",
    ],
    ["a Job without a pod", { kind: "pause", deployments: [QUERYNODE] }, { job: {} }, "its Job has no pod yet"],
    ["a Secret", { kind: "markFailed", recordName: "r", revision: 1 }, {}, undefined],
  ];
  for (const [name, step, changes, expected] of cases) {
    it(name, () => expect(line(step, changes)).to.equal(expected));
  }

  it("is the same line, without the clock, as long as nothing moves", () => {
    for (const [, step, changes] of cases) {
      const at = (seconds: number) => progressOf(step).line(step, { ...seen(changes), at: AT + seconds * 1000 }, false);
      expect(at(0)).to.equal(at(1));
      expect(at(0)).to.equal(at(125));
    }
  });
});
