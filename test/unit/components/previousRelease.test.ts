import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import {
  readPreviousOutputs,
  refuseMovedRelease,
  refuseOtherCluster,
  stateHasRelease,
} from "../../../components/previousRelease";
import { state } from "../../support/plans";
import { record } from "../../support/recordingMonitor";

describe("readPreviousOutputs", () => {
  const previous = async (outputs: Record<string, unknown> | Error): Promise<unknown> => {
    let found: unknown;
    await record(async () => (found = await readPreviousOutputs()), {
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
    expect(await previous({ release: "db/my-release" })).to.deep.equal({ release: "db/my-release" });
  });
  it("gives the figures of the last upgrade", async () => {
    expect(await previous({ lastUpgrade: { seconds: 12 } })).to.deep.equal({ lastUpgrade: { seconds: 12 } });
  });
  it("gives the uid of the namespace", async () => {
    expect(await previous({ namespaceUid: "u-1" })).to.deep.equal({ namespaceUid: "u-1" });
  });
  it("gives nothing for a new stack", async () => {
    expect(await previous({})).to.deep.equal({});
  });
  it("gives nothing when the outputs cannot be read: the Release is protected in any case", async () => {
    expect(await previous(new Error("no backend client is available"))).to.deep.equal({});
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

describe("refuseOtherCluster", () => {
  const { release } = state();
  const where = { context: "staging", server: "https://staging.invalid" };
  const refusing =
    (before: string | undefined, now: string | undefined, found = release) =>
    () =>
      refuseOtherCluster(
        { release: "db/my-release", ...(before !== undefined && { namespaceUid: before }) },
        { ...(now !== undefined && { namespaceUid: now }), ...(found && { release: found }) },
        where,
      );

  it("refuses the release of another cluster under the same name, and says where it looked", () => {
    expect(refusing("u-1", "u-2"))
      .to.throw(pulumi.RunError)
      .with.property("message")
      .that.matches(/the-cluster-is-another-one/)
      .and.matches(/https:\/\/staging\.invalid \(context staging\)/)
      .and.matches(/has the uid u-2, and had u-1/)
      .and.matches(/pulumi config set kubernetes:context NAME/)
      .and.matches(/pulumi stack init NAME && npm run adopt/);
  });
  for (const { what, before, now } of [
    { what: "the same namespace", before: "u-1", now: "u-1" },
    { what: "a stack that has not looked yet", before: undefined, now: "u-2" },
    { what: "a namespace that may not be read", before: "u-1", now: undefined },
  ]) {
    it(`accepts ${what}`, () => {
      expect(refusing(before, now)).to.not.throw();
    });
  }
  it("leaves a release that is not there to those who install", () => {
    expect(() => refuseOtherCluster({ namespaceUid: "u-1" }, { namespaceUid: "u-2" }, where)).to.not.throw();
  });
});

describe("stateHasRelease", () => {
  const urn = (type: string) => `urn:pulumi:dev::milvus::milvus:upgrade:MilvusCluster$${type}::milvus-release`;
  const has = async (outputs: Record<string, unknown> | Error): Promise<boolean | undefined> => {
    let answer: boolean | undefined;
    await record(
      async () => {
        answer = await stateHasRelease();
      },
      {
        invoke: (token) => {
          expect(token).to.equal("pulumi:pulumi:readStackResourceOutputs");
          if (outputs instanceof Error) throw outputs;
          return { outputs };
        },
      },
    );
    return answer;
  };

  it("is true when the state has one, failed or not", async () => {
    expect(await has({ [urn("kubernetes:helm.sh/v3:Release")]: {} })).to.equal(true);
  });
  it("is false with other resources only, and when the state cannot be read", async () => {
    expect(await has({ [urn("kubernetes:batch/v1:Job")]: {} })).to.equal(false);
    expect(await has(new Error("no backend client is available"))).to.equal(false);
  });
});
