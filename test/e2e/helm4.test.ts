import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import type { MetadataState } from "../../sandbox/metadata";
import { ROLLABLE_MILVUS_VALUES } from "../../sandbox/milvusValues";
import { changeList, failureOf, problems, RELEASE, said, startTestBed, type TestBed, VALUES } from "./support/testBed";

/** What the record of a revision says of how its objects were sent; Helm 3, and so the kubernetes plugin, says nothing. */
async function applyMethods(bed: TestBed): Promise<string[]> {
  const { revision } = await bed.observe();
  const revisions = Array.from({ length: revision }, (_, index) => String(index + 1));
  return Promise.all(
    revisions.map(async (number) => {
      const shown = await bed.sandbox.helm([
        "get",
        "metadata",
        RELEASE.name,
        "-n",
        RELEASE.namespace,
        "--revision",
        number,
      ]);
      return /^APPLY_METHOD: (.*)$/m.exec(shown)?.[1] ?? shown;
    }),
  );
}

describe("a Milvus that Helm 4 has installed, on a machine that has no other Helm", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed({ helm: 4 });
    await bed.install("4.2.20", ROLLABLE_MILVUS_VALUES);
    stack = await bed.stack({
      "milvus:version": "2.4.16",
      "milvus:values": ROLLABLE_MILVUS_VALUES,
      "milvus:timeouts": { settle: "1s" },
    });
  });
  after(() => bed.stop());

  it("is taken over as it runs: server-side apply is no change past Helm", async () => {
    expect(await applyMethods(bed)).to.deep.equal(["server-side apply"]);
    expect(await said(stack))
      .to.contain("No pod restarts: the chart renders every workload as Helm has it already")
      .and.not.to.contain("Changed past Helm");
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.4.16" })).to.deep.equal([]);
  });

  it("is rolled in order", async () => {
    await stack.setConfig({ "milvus:version": "2.5.16", "milvus:strategy": "rolling" });
    expect(await said(stack))
      .to.contain("2.4.16 → 2.5.16")
      .and.not.to.contain("Changed past Helm");
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.5.16" })).to.deep.equal([]);
    expect(changeList(await stack.up()).filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
  });

  it("refuses a chart that does not render, with what Helm 4 says of it", async () => {
    const template = path.join(bed.charts, (await bed.observe()).chart, "templates", "check.yaml");
    writeFileSync(template, "{{ .Values.nothing.there }}\n");
    await stack.setConfig({ "milvus:values": { ...ROLLABLE_MILVUS_VALUES, service: { type: "NodePort" } } });
    const { message } = await failureOf(stack.preview());
    expect(message).to.match(/chartRenders: Helm cannot render chart .*check\.yaml:1:10.*nil pointer evaluating/);
    writeFileSync(template, "");
    await stack.setConfig({ "milvus:values": ROLLABLE_MILVUS_VALUES });
  });

  it("is rolled back by hand: the plugin, a Helm 3, has made client-side revisions of all, so that nobody owns a field", async () => {
    expect(new Set(await applyMethods(bed))).to.deep.equal(new Set(["client-side apply (defaulted)"]));
    await bed.sandbox.helm(["rollback", RELEASE.name, "1", "-n", RELEASE.namespace, "--wait"]);
    expect(problems(await bed.observe(), { version: "2.4.16" })).to.deep.equal([]);
    expect(await said(stack)).to.contain("Milvus 2.4.16 → 2.5.16");
  });
});

describe("a Milvus 2.1 that Helm 4 has installed", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed({ helm: 4 });
    original = await bed.seed();
    await bed.install("3.2.18");
    stack = await bed.stack({ "milvus:version": "2.2.14" });
  });
  after(() => bed.stop());

  it("is stopped, migrated and started, with the replicas that server-side apply has set", async () => {
    await stack.up();
    const milvus = await bed.observe();
    expect(problems(milvus, { version: "2.2.14", metadata: { before: original, format: "2.2" } })).to.deep.equal([]);
    expect(milvus.components.find(({ component }) => component === "querynode")?.ready).to.equal(
      VALUES.queryNode.replicas,
    );
  });
});
