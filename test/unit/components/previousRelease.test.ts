import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readPreviousRelease, refuseMovedRelease } from "../../../components/previousRelease";
import { record } from "../../support/recordingMonitor";

describe("readPreviousRelease", () => {
  const previous = async (outputs: Record<string, unknown> | Error): Promise<string | undefined> => {
    let found: string | undefined;
    await record(async () => (found = await readPreviousRelease()), {
      invoke: (token, inputs) => {
        expect(token).to.equal("pulumi:pulumi:readStackOutputs");
        expect(inputs).to.deep.equal({ name: "organization/milvus/test" });
        if (outputs instanceof Error) {
          throw outputs;
        }
        return { outputs };
      },
    });
    return found;
  };

  it("gives the release of this stack's last outputs", async () => {
    expect(await previous({ release: "db/my-release" })).to.equal("db/my-release");
  });
  it("gives nothing for a new stack", async () => {
    expect(await previous({})).to.equal(undefined);
  });
  it("gives nothing when the outputs cannot be read: the Release is protected in any case", async () => {
    expect(await previous(new Error("no backend client is available"))).to.equal(undefined);
  });
});

describe("refuseMovedRelease", () => {
  for (const previous of [undefined, "db/my-release"]) {
    it(`accepts db/my-release when the stack had ${previous ?? "none"}`, () => {
      expect(() => refuseMovedRelease(previous, "db", "my-release")).to.not.throw();
    });
  }

  for (const [namespace, name] of [
    ["db", "renamed"],
    ["elsewhere", "my-release"],
  ] as const) {
    it(`refuses ${namespace}/${name} when the stack had db/my-release, and says how to keep it`, () => {
      expect(() => refuseMovedRelease("db/my-release", namespace, name))
        .to.throw(pulumi.RunError)
        .with.property("message")
        .that.matches(/release-cannot-be-renamed/)
        .and.matches(new RegExp(`db/my-release, the config says ${namespace}/${name}`))
        .and.matches(/pulumi config set milvus:release my-release/)
        .and.matches(/pulumi config set milvus:namespace db/);
    });
  }
});
