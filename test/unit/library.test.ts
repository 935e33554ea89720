import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { MilvusCluster, type MilvusClusterArgs } from "../../library";
import { ClusterServer } from "../support/clusterServer";
import { outputsOf, runProgram } from "../support/componentRun";

describe("the library", () => {
  const server = new ClusterServer();
  before(() => server.start());
  beforeEach(() => server.reset("milvus"));
  after(() => server.stop());

  it("has the component as a program of one's own types it", async () => {
    let endpoint = "";
    const { error } = await runProgram(async () => {
      // As they come from other resources: a random password, and a cluster of the cloud.
      const password = { result: pulumi.secret("hunter2") };
      const cluster = { kubeconfig: pulumi.output(server.kubeconfig) };
      const args: MilvusClusterArgs = {
        version: "2.5.16",
        releaseName: "my-release",
        namespace: "milvus",
        values: { minio: { secretKey: password.result } },
        upgrade: { strategy: "auto", maxDowntime: "5m" },
        verify: { mode: "off" },
        kubeconfig: cluster.kubeconfig,
      };
      const milvus = new MilvusCluster("milvus", args);
      const address: pulumi.Output<string> = milvus.endpoint;
      const planned: pulumi.Output<readonly string[]> = milvus.plan.steps;
      const claim: pulumi.Output<string | undefined> = milvus.backupClaim;
      expect([address, planned, claim].every((it) => pulumi.Output.isInstance(it))).to.equal(true);
      ({ endpoint } = await outputsOf(milvus));
    });
    expect(error).to.equal(undefined);
    expect(endpoint).to.equal("my-release-milvus.milvus.svc:19530");
  });
});
