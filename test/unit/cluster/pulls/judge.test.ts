import { expect } from "chai";
import { PullJudge, type Standing } from "../../../../cluster/pulls/judge";
import type { Pod } from "../../../../cluster/pulls/podPulls";
import type { PullJob } from "../../../../upgrade/prepull/job";

const IMAGE = "milvusdb/milvus:v2.2.9";
const JOB: PullJob = { name: "job-0", node: "node-0", images: [IMAGE], body: {} };

function pod(state: object | undefined, status: object = {}): Pod {
  return {
    metadata: { name: "pod" },
    spec: { containers: [{ name: "image-0", image: IMAGE }] },
    status: {
      phase: "Pending",
      startTime: "2026-01-01T00:00:00Z",
      ...(state && { containerStatuses: [{ name: "image-0", state, ready: false, restartCount: 0 }] }),
      ...status,
    },
  } as unknown as Pod;
}

const waiting = (reason: string, message = "") => pod({ waiting: { reason, message } });

/** What is said of the pod after so many seconds, in which it was always so. */
function after(seconds: number, seen: Pod | undefined): Standing {
  const judge = new PullJudge();
  const pods = new Map(seen ? [[JOB.name, seen]] : []);
  judge.see([JOB], pods, 0);
  return judge.see([JOB], pods, seconds * 1000);
}

function verdict({ done, passedOver, withoutPod, failed }: Standing): string {
  if (failed) return `failed: ${failed.cause}`;
  if (done.length > 0) return "done";
  if (passedOver.length > 0) return `passed over: ${passedOver[0]?.why ?? ""}`;
  return withoutPod.length > 0 ? "no pod" : "coming";
}

describe("a pod that pulls", () => {
  const rows: readonly { readonly what: string; readonly seen: Pod | undefined; readonly says: [number, string][] }[] =
    [
      { what: "a container that ended well", seen: pod({ terminated: { exitCode: 0 } }), says: [[0, "done"]] },
      {
        what: "an image without a shell, on containerd",
        seen: pod({ terminated: { exitCode: 128, reason: "StartError" } }, { phase: "Failed" }),
        says: [[0, "done"]],
      },
      {
        what: "an image without a shell, on CRI-O",
        seen: waiting("CreateContainerError", "executable file `/bin/sh` not found in $PATH"),
        says: [[0, "done"]],
      },
      { what: "an image that runs as root", seen: waiting("CreateContainerConfigError"), says: [[0, "done"]] },
      {
        what: "a pull under way",
        seen: waiting("ContainerCreating"),
        says: [
          [0, "coming"],
          [600, "coming"],
        ],
      },
      {
        what: "a tag that does not exist",
        seen: waiting("ErrImagePull", "manifest unknown"),
        says: [
          [5, "coming"],
          [10, "failed: imageNotFound"],
        ],
      },
      {
        what: "a missing pull secret",
        seen: waiting("ImagePullBackOff", "pull access denied"),
        says: [[10, "failed: imagePullDenied"]],
      },
      { what: "a name that is none", seen: waiting("InvalidImageName"), says: [[10, "failed: invalidImageName"]] },
      {
        what: "a registry that does not answer",
        seen: waiting("ErrImagePull", "dial tcp: i/o timeout"),
        says: [
          [30, "coming"],
          [60, "failed: registryUnreachable"],
        ],
      },
      {
        what: "a registry that is busy",
        seen: waiting("ErrImagePull", "toomanyrequests: you have reached your limit"),
        says: [
          [30, "coming"],
          [60, "failed: imagePullFailed"],
        ],
      },
      {
        what: "a disk without room for it",
        seen: waiting("ErrImagePull", "write /var/lib: no space left on device"),
        says: [[10, "passed over: its disk is full: write /var/lib: no space left on device"]],
      },
      {
        what: "a node of another platform",
        seen: waiting("ErrImagePull", "no match for platform in manifest: not found"),
        says: [
          [10, `passed over: ${IMAGE} is not made for its platform: no match for platform in manifest: not found`],
        ],
      },
      {
        what: "no node",
        seen: pod(undefined, {
          startTime: undefined,
          conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes are available" }],
        }),
        says: [
          [5, "coming"],
          [15, "passed over: 0/3 nodes are available"],
        ],
      },
      {
        what: "a kubelet that does not answer",
        seen: pod(undefined, { startTime: undefined }),
        says: [
          [30, "coming"],
          [60, "passed over: its kubelet does not answer"],
        ],
      },
      {
        what: "an eviction",
        seen: pod(undefined, { phase: "Failed", reason: "Evicted", message: "DiskPressure" }),
        says: [[0, "passed over: Evicted: DiskPressure"]],
      },
      {
        what: "nothing",
        seen: undefined,
        says: [
          [5, "coming"],
          [10, "no pod"],
        ],
      },
    ];
  for (const { what, seen, says } of rows) {
    for (const [seconds, says_] of says) {
      it(`${what}, for ${seconds} s: ${says_}`, () => {
        expect(verdict(after(seconds, seen))).to.equal(says_);
      });
    }
  }

  it("that pulls again in between begins anew", () => {
    const judge = new PullJudge();
    const failing = new Map([[JOB.name, waiting("ErrImagePull", "i/o timeout")]]);
    judge.see([JOB], failing, 0);
    judge.see([JOB], new Map([[JOB.name, waiting("ContainerCreating")]]), 50_000);
    expect(verdict(judge.see([JOB], failing, 70_000))).to.equal("coming");
  });
});
