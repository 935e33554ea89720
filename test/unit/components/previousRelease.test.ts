import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readPrevious, refuseMovedRelease, refuseOtherCluster } from "../../../components/previousRelease";
import { state } from "../../support/plans";
import { record } from "../../support/recordingMonitor";

describe("readPrevious", () => {
  const COMPONENT = "milvus:upgrade:MilvusCluster";
  const urn = (type: string, name: string) => `urn:pulumi:dev::milvus::${type}::${name}`;
  const RELEASE = urn(`${COMPONENT}$kubernetes:helm.sh/v3:Release`, "milvus-release");
  const PROVIDER = urn("pulumi:providers:kubernetes", "kubernetes");
  const JOB = urn(`${COMPONENT}$kubernetes:batch/v1:Job`, "my-release-stop");

  let warnings: string[] = [];
  const warn = (text: string) => Promise.resolve(warnings.push(text));
  beforeEach(() => {
    warnings = [];
  });

  const previous = async (outputs: object | Error, resources: object | Error = {}): Promise<unknown> => {
    let found: unknown;
    await record(async () => (found = await readPrevious(warn)), {
      invoke: (token, inputs) => {
        const [key, answer] =
          token === "pulumi:pulumi:readStackOutputs"
            ? ["name", outputs]
            : token === "pulumi:pulumi:readStackResourceOutputs"
              ? ["stackName", resources]
              : expect.fail(token);
        expect(inputs).to.deep.equal({ [key]: "organization/milvus/test" });
        if (answer instanceof Error) throw answer;
        return { outputs: answer };
      },
    });
    return found;
  };
  const GONE = new Error("no backend client is available");

  for (const { what, outputs, resources, found } of [
    { what: "nothing for a new stack", outputs: {}, resources: {}, found: { hasRelease: false } },
    {
      what: "the release of this stack's last outputs",
      outputs: { release: "db/my-release" },
      resources: {},
      found: { hasRelease: false, release: "db/my-release" },
    },
    {
      what: "the figures of the last upgrade",
      outputs: { lastUpgrade: { seconds: 12 } },
      resources: {},
      found: { hasRelease: false, lastUpgrade: { seconds: 12 } },
    },
    {
      what: "a Release in the state, failed or not",
      outputs: {},
      resources: { [JOB]: {}, [RELEASE]: {} },
      found: { hasRelease: true },
    },
    {
      what: "no Release with other resources only",
      outputs: {},
      resources: { [JOB]: {} },
      found: { hasRelease: false },
    },
    {
      what: "the namespace that the provider was made for, whether that run ended well or not",
      outputs: {},
      resources: { [PROVIDER]: { outputs: { clusterIdentifier: "u-1", upsertExistingObjects: "true" } } },
      found: { hasRelease: false, namespaceUid: "u-1" },
    },
    {
      what: "no namespace where the provider was made without",
      outputs: {},
      resources: { [PROVIDER]: { outputs: { upsertExistingObjects: "true" } } },
      found: { hasRelease: false },
    },
    {
      what: "what can be read, where the rest cannot: the Release is protected in any case",
      outputs: GONE,
      resources: { [RELEASE]: {} },
      found: { hasRelease: true },
    },
    { what: "nothing where nothing can be read", outputs: GONE, resources: GONE, found: { hasRelease: false } },
  ]) {
    it(`gives ${what}`, async () => {
      expect(await previous(outputs, resources)).to.deep.equal(found);
    });
  }

  it("says so when it cannot be read: the guard against the wrong cluster is off then", async () => {
    await previous({}, GONE);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/cannot be read.*readStackResourceOutputs.*cannot tell whether this is the cluster/s);
    warnings = [];
    await previous({}, {});
    expect(warnings).to.deep.equal([]);
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
        .that.matches(/refused \(a_release_cannot_be_renamed\)/)
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
        before === undefined ? {} : { namespaceUid: before },
        { ...(now !== undefined && { namespaceUid: now }), ...(found && { release: found }) },
        where,
      );

  it("refuses the release of another cluster under the same name, and says where it looked", () => {
    expect(refusing("u-1", "u-2"))
      .to.throw(pulumi.RunError)
      .with.property("message")
      .that.matches(/refused \(the_cluster_is_another_one\)/)
      .and.matches(/https:\/\/staging\.invalid \(context staging\)/)
      .and.matches(/has the uid u-2, and had u-1/)
      .and.matches(/pulumi config set kubernetes:context NAME/)
      .and.matches(/pulumi stack init NAME && npm run adopt .* --context staging/);
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
