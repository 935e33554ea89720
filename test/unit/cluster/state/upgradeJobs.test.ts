import { expect } from "chai";
import { deleteJob } from "../../../../cluster/state/upgradeJobs";
import { fakeClient } from "../../../support/fakeClient";

const JOB = { namespace: "milvus", name: "my-release-stop-1" };

describe("a Job that a dead run has left", () => {
  it("is deleted with its pods, and one that is gone already is fine", async () => {
    const client = fakeClient({});
    await deleteJob(client, JOB);
    expect(client.writes).to.deep.equal([
      { method: "DELETE", api: "batch/v1", resource: "jobs", ...JOB, options: { propagationPolicy: "Foreground" } },
    ]);
  });

  for (const { status, code } of [
    { status: 403, code: "forbidden" },
    { status: 0, code: "serverError" },
  ]) {
    it(`that cannot be deleted (${status}) is an error with what to type`, async () => {
      const client = { ...fakeClient({}), write: () => Promise.resolve({ status, message: "why not" }) };
      const error = (await deleteJob(client, JOB).catch((thrown: unknown) => thrown)) as Error;
      expect(error).to.include({ code });
      expect(error.message).to.include("why not").and.to.include("kubectl -n milvus delete job my-release-stop-1");
    });
  }
});
