import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import type { MetadataState } from "../../sandbox/metadata";
import { changeList, failureOf, problems, startTestBed, type TestBed, VALUES } from "./support/testBed";

describe("metadata migration of a release that Pulumi has never seen, 2.1.4 to 2.2", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed();
    original = await bed.seed();
    await bed.install("3.2.18");
    stack = await bed.stack({ "milvus:version": "2.2.0" });
  });
  after(() => bed.stop());

  it("is shown whole by the preview, which changes nothing", async () => {
    const untouched = await bed.fingerprint();
    const report = await stack.preview();
    const text = report.diagnostics.map(({ message }) => message).join("\n");
    for (const word of ["2.1.4", "2.2.0", "stop", "backup", "migrate", "release"]) {
      expect(text).to.contain(word);
    }
    expect(changeList(report).filter((line) => line.includes(" Job "))).to.have.length(4);
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("adopts the release, migrates every key and brings back the replicas; dependencies do not even restart", async () => {
    const dependencies = await bed.dependencies();
    expect(dependencies).to.contain("milvusdb/etcd:");
    const report = await stack.up();
    const jobs = report.steps.filter(({ type, outcome }) => type.endsWith(":Job") && outcome === "done");
    expect(jobs).to.have.length(3);
    expect(report.steps.some(({ op, type }) => op.startsWith("import") && type.endsWith(":Release"))).to.equal(true);
    const milvus = await bed.observe();
    expect(problems(milvus, { version: "2.2.0", metadata: { before: original, format: "2.2" } })).to.deep.equal([]);
    expect(milvus.components.find(({ component }) => component === "querynode")?.ready).to.equal(3);
    expect(await bed.dependencies()).to.equal(dependencies);
  });

  it("keeps the backup claim and says its name", async () => {
    const claim = (await stack.outputs()).backupClaim?.value as string;
    expect(claim).to.match(/^my-release-meta-2\.1\.4-to-2\.2\.0-r1$/);
    const phase = await bed.sandbox.kubectl([
      "get",
      "persistentvolumeclaim",
      claim,
      "--namespace=milvus",
      "--output=jsonpath={.metadata.annotations.milvus-upgrade/phase}",
    ]);
    expect(phase).to.equal("migrated");
  });

  it("a second up removes the upgrade's own resources and changes nothing else", async () => {
    const { revision } = await bed.observe();
    const report = await stack.up();
    const lines = changeList(report);
    expect(lines.filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
    expect(lines.filter((line) => / Release /.test(line))).to.deep.equal([]);
    expect((await bed.observe()).revision).to.equal(revision);
    const left = await bed.sandbox.kubectl(["get", "jobs,roles,rolebindings", "--namespace=milvus", "--output=name"]);
    expect(left.split("\n").filter((name) => name.includes("my-release-meta"))).to.deep.equal([]);
    const claims = await bed.sandbox.kubectl(["get", "persistentvolumeclaims", "--namespace=milvus", "--output=name"]);
    expect(claims).to.contain("my-release-meta-2.1.4-to-2.2.0-r1");
  });

  it("a third up has nothing to do", async () => {
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("then goes on to a patch release of 2.2 without touching the metadata", async () => {
    await stack.setConfig({ "milvus:version": "2.2.14", "milvus:strategy": "helm" });
    const report = await stack.up();
    expect(report.steps.filter(({ type }) => type.endsWith(":Job"))).to.deep.equal([]);
    expect(
      problems(await bed.observe(), { version: "2.2.14", metadata: { before: original, format: "2.2" } }),
    ).to.deep.equal([]);
  });
});

describe("a migration Job that fails", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed();
    original = await bed.seed();
    await bed.install("3.2.18", VALUES);
    stack = await bed.stack({ "milvus:version": "2.2.0" });
  });
  after(() => bed.stop());

  it("stops the up with the container's own message, metadata as before", async () => {
    bed.faults({ containers: [{ container: "backup", exitCode: 77, message: "the disk of the backup is on fire" }] });
    const failure = await failureOf(stack.up());
    expect(failure.message).to.contain("the disk of the backup is on fire");
    const milvus = await bed.observe();
    expect(milvus.metadata.format).to.equal("2.1");
    expect(milvus.components.every(({ replicas }) => replicas === 0)).to.equal(true);
  });

  it("is finished by the next up once the cause is gone", async () => {
    bed.faults({});
    await stack.up();
    expect(
      problems(await bed.observe(), { version: "2.2.0", metadata: { before: original, format: "2.2" } }),
    ).to.deep.equal([]);
  });
});
