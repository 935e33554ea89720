import type * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import type { FailedResource } from "../../../../components/declare/context";
import { diagnosisOf, explained } from "../../../../components/engine/failureHook";

const ARGS: pulumi.ErrorHookArgs = {
  urn: "urn:pulumi:test::milvus::kubernetes:batch/v1:Job::my-release-stop",
  id: "milvus/my-release-stop-12345678",
  name: "my-release-stop",
  type: "kubernetes:batch/v1:Job",
  newInputs: { metadata: { name: "my-release-stop-12345678", namespace: "milvus" } },
  failedOperation: "create",
  errors: ["BackoffLimitExceeded"],
};
const RELEASE: pulumi.ErrorHookArgs = {
  ...ARGS,
  type: "kubernetes:helm.sh/v3:Release",
  name: "milvus-release",
  newInputs: { name: "my-release", values: {} },
};

describe("the diagnosis of a failed resource", () => {
  const asked = async (args: pulumi.ErrorHookArgs): Promise<FailedResource | undefined> => {
    let subject: FailedResource | undefined;
    await diagnosisOf(args, "milvus", (failed) => {
      subject = failed;
      return Promise.resolve(undefined);
    });
    return subject;
  };

  it("asks for the Job by the name it has in Kubernetes", async () => {
    expect(await asked(ARGS)).to.deep.equal({ kind: "Job", name: "my-release-stop-12345678", namespace: "milvus" });
  });

  it("asks for the Release by its Helm name", async () => {
    expect(await asked(RELEASE)).to.deep.equal({ kind: "Release", name: "my-release", namespace: "milvus" });
  });

  it("asks for what is deleted by its former inputs", async () => {
    const { newInputs, ...deleted } = ARGS;
    expect((await asked({ ...deleted, ...(newInputs && { oldInputs: newInputs }) }))?.name).to.equal(
      "my-release-stop-12345678",
    );
  });

  it("asks nothing about other resources", async () => {
    expect(await asked({ ...ARGS, type: "kubernetes:core/v1:ConfigMap" })).to.equal(undefined);
  });

  it("is what the cluster says", async () => {
    expect(await diagnosisOf(ARGS, "milvus", () => Promise.resolve("no node has 64Gi"))).to.equal("no node has 64Gi");
  });

  it("names the resource and the reason when the cluster cannot be read, instead of hiding the first error", async () => {
    const text = await diagnosisOf(RELEASE, "milvus", () => Promise.reject(new Error("connection refused")));
    expect(text).to.equal(
      "Release milvus/my-release failed; why could not be read from the cluster: connection refused",
    );
  });

  it("does not wait for ever", async () => {
    const never = () => new Promise<undefined>(() => undefined);
    expect(await diagnosisOf(ARGS, "milvus", never, 10)).to.match(/no answer within 0.01 s/);
  });

  const INTERRUPTED = {
    ...ARGS,
    errors: ['the Kubernetes API server reported: Resource operation was cancelled for "my-release-stop-12345678"'],
  };
  const asks = {
    diagnose: () => Promise.resolve("no node has 64Gi"),
    standing: () => Promise.resolve("stopped: interrupted"),
  };

  it("is of Ctrl-C how things stand and what to type, and no cause", async () => {
    expect(await explained(INTERRUPTED, "milvus", asks)).to.equal("stopped: interrupted");
    expect(await explained({ ...RELEASE, errors: ["context canceled"] }, "milvus", asks)).to.equal(
      "stopped: interrupted",
    );
    expect(await explained(ARGS, "milvus", asks)).to.equal("no node has 64Gi");
    expect(await explained({ ...ARGS, errors: ["context deadline exceeded"] }, "milvus", asks)).to.equal(
      "no node has 64Gi",
    );
  });

  it("says how to go on also where the cluster cannot be read then", async () => {
    const standing = () => Promise.reject(new Error("connection refused"));
    expect(await explained(INTERRUPTED, "milvus", { ...asks, standing })).to.equal(
      "interrupted; how the cluster stands cannot be read: connection refused\ngo on: pulumi up",
    );
  });
});
