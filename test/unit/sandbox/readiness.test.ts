import { expect } from "chai";
import { jobIsComplete, judgeDeployment, judgeJob } from "../../../sandbox/provider/awaitReady";

describe("readiness as the stand-in provider sees it", () => {
  const job = (...conditions: object[]) => ({
    metadata: { name: "migrate" },
    status: { active: 1, conditions: conditions as never[] },
  });

  it("a Job that runs is waited for, with its counts shown", () => {
    expect(judgeJob(job())).to.deep.equal({
      kind: "waiting",
      status: 'Waiting for Job "migrate" to succeed (Active: 1 | Succeeded: 0 | Failed: 0)',
    });
  });

  it("a complete Job is ready", () => {
    expect(judgeJob(job({ type: "Complete", status: "True" })).kind).to.equal("ready");
  });

  for (const reason of ["BackoffLimitExceeded", "DeadlineExceeded"]) {
    it(`a Job that failed with ${reason} ends the wait, with reason and message`, () => {
      const failed = job({ type: "Failed", status: "True", reason, message: "no luck" });
      expect(judgeJob(failed)).to.deep.equal({ kind: "failed", reasons: [`[${reason}] no luck`] });
      expect(jobIsComplete(failed)).to.equal(false);
    });
  }

  it("another reason to fail does not end the wait, as with the official provider", () => {
    expect(judgeJob(job({ type: "Failed", status: "True", reason: "PodFailurePolicy" })).kind).to.equal("waiting");
  });

  it("a condition that is not True does not count", () => {
    expect(judgeJob(job({ type: "Complete", status: "False" })).kind).to.equal("waiting");
  });

  const deployments = [
    {
      title: "rolled out",
      status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3 },
      kind: "ready",
    },
    {
      title: "old status",
      status: { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 },
      kind: "waiting",
    },
    {
      title: "an old pod left",
      status: { observedGeneration: 2, replicas: 4, updatedReplicas: 3, availableReplicas: 3 },
      kind: "waiting",
    },
    {
      title: "one not available",
      status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 2 },
      kind: "waiting",
    },
  ];
  for (const { title, status, kind } of deployments) {
    it(`a Deployment, ${title}: ${kind}`, () => {
      const verdict = judgeDeployment({ metadata: { generation: 2 }, spec: { replicas: 3 }, status });
      expect(verdict.kind).to.equal(kind);
    });
  }
});
