import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { ROLLABLE_MILVUS_VALUES } from "../../sandbox/milvusValues";
import { changeList, failureOf, problems, startTestBed, type TestBed } from "./support/testBed";

const ORDER = ["indexnode", "mixcoord", "querynode", "datanode", "proxy"];
const ORDER_2_6 = ["mixcoord", "streamingnode", "querynode", "datanode", "proxy"];

interface Owned {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp: string;
    readonly labels: Record<string, string>;
  };
}

interface Pod extends Owned {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly containerStatuses?: readonly { readonly ready: boolean }[] };
}

async function replicaSets(bed: TestBed): Promise<Owned[]> {
  const text = await bed.sandbox.kubectl([
    "get",
    "replicasets",
    "--namespace=milvus",
    "--selector=app.kubernetes.io/name=milvus",
    "--output=json",
  ]);
  return (JSON.parse(text) as { items: Owned[] }).items;
}

/** What `kubectl diff` finds between Helm's manifest and the live objects. */
async function drift(bed: TestBed): Promise<string> {
  const manifest = await bed.sandbox.helm(["get", "manifest", "my-release", "--namespace=milvus"]);
  const { stdout } = await bed.sandbox.tryKubectl(["diff", "--namespace=milvus", "--filename=-"], { input: manifest });
  return stdout;
}

/** Of the ready pods, which lag behind the Deployments while those are paused. */
async function versions(bed: TestBed): Promise<Record<string, string>> {
  const text = await bed.sandbox.kubectl([
    "get",
    "pods",
    "--namespace=milvus",
    "--selector=app.kubernetes.io/name=milvus",
    "--output=json",
  ]);
  const { items } = JSON.parse(text) as { items: Pod[] };
  const ready = items.filter(({ status }) => status.containerStatuses?.every((container) => container.ready));
  const pairs = ready.map(({ metadata, spec }): [string, string] => [
    metadata.labels.component ?? "",
    spec.containers[0]?.image.split(":v").at(-1) ?? "",
  ]);
  return Object.fromEntries(pairs);
}

describe("an ordered rolling upgrade of a mixcoord cluster, 2.4.16 to 2.5", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.2.20", ROLLABLE_MILVUS_VALUES);
    stack = await bed.stack({ "milvus:version": "2.4.16", "milvus:values": ROLLABLE_MILVUS_VALUES });
    await stack.up();
    await stack.setConfig({ "milvus:version": "2.5.16", "milvus:strategy": "rolling" });
  });
  after(() => bed.stop());

  it("stops at a component that does not come up and says which pod and why; the later ones still run", async () => {
    bed.faults({ milvus: [{ component: "querynode", image: "2.5.16", effect: "imagePull" }] });
    await stack.setConfig({ "milvus:timeouts": { rollout: "20s" } });
    const failure = await failureOf(stack.up());
    expect(failure.message).to.contain("querynode");
    expect(failure.message).to.match(/ImagePullBackOff|ErrImagePull/);
    const { components } = await bed.observe();
    expect(components.find(({ component }) => component === "proxy")?.ready).to.equal(2);
    expect(components.find(({ component }) => component === "proxy")?.paused).to.equal(true);
  });

  it("goes on with the next up: each component rolls exactly once, in order", async () => {
    bed.faults({});
    await stack.removeConfig("milvus:timeouts");
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.5.16" })).to.deep.equal([]);
    const sets = await replicaSets(bed);
    const rolls = ORDER.map((component) => ({
      component,
      created: sets
        .filter(({ metadata }) => metadata.labels.component === component)
        .map(({ metadata }) => metadata.creationTimestamp)
        .sort(),
    }));
    expect(rolls.map(({ component, created }) => `${component} ${created.length}`)).to.deep.equal(
      ORDER.map((component) => `${component} 2`),
    );
    const times = rolls.map(({ created }) => created.at(-1) ?? "");
    expect(times).to.deep.equal([...times].sort());
  });

  it("leaves no drift from Helm's manifest, and the next up nothing but its own resources to remove", async () => {
    expect(await drift(bed)).to.equal("");
    const lines = changeList(await stack.up());
    expect(lines.filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  describe("then to 2.6, which brings a streaming node and whose mixcoord waits for the sessions of the old one", () => {
    it("rolls back, in the reverse order, what was rolled when a proxy does not come up and the old version is set back", async () => {
      bed.faults({ milvus: [{ component: "proxy", image: "2.6.0", effect: "imagePull" }] });
      await stack.setConfig({ "milvus:version": "2.6.0", "milvus:timeouts": { rolloutOf: { proxy: "10s" } } });
      const failure = await failureOf(stack.up());
      expect(failure.message)
        .to.contain("proxy")
        .and.match(/ImagePullBackOff|ErrImagePull/);
      expect(await versions(bed)).to.include({ mixcoord: "2.6.0", querynode: "2.6.0" });

      await stack.setConfig({ "milvus:version": "2.5.16" });
      const refused = await failureOf(stack.up());
      expect(refused.message).to.contain("milvus:rollback true").and.contain("mixcoord");
      await stack.setConfig({ "milvus:rollback": true });
      const made = changeList(await stack.up()).filter((line) => /^(?!delete).* Job .*-resume-/.test(line));
      const order = [...new Set(made.map((line) => line.split("-resume-").at(-1)))];
      expect(order).to.deep.equal([...ORDER].reverse());
      expect(problems(await bed.observe(), { version: "2.5.16" })).to.deep.equal([]);
      expect(await drift(bed)).to.equal("");
    });

    it("goes on with another version where the mixcoord itself does not come up", async () => {
      bed.faults({ milvus: [{ component: "mixcoord", image: "2.6.0", effect: "imagePull" }] });
      await stack.removeConfig("milvus:rollback");
      await stack.setConfig({ "milvus:version": "2.6.0", "milvus:timeouts": { rolloutOf: { mixcoord: "10s" } } });
      const failure = await failureOf(stack.up());
      expect(failure.message)
        .to.contain("mixcoord")
        .and.match(/ImagePullBackOff|ErrImagePull/);
      expect(await versions(bed)).to.include({ querynode: "2.5.16", datanode: "2.5.16", proxy: "2.5.16" });
      const plan = await stack.preview();
      expect(plan.diagnostics.map(({ message }) => message).join("\n")).to.contain("deployments_are_paused");

      bed.faults({});
      await stack.removeConfig("milvus:timeouts");
      await stack.setConfig({ "milvus:version": "2.6.15" });
      await stack.up();
      expect(problems(await bed.observe(), { version: "2.6.15" })).to.deep.equal([]);
      expect(Object.keys(await versions(bed)).sort()).to.deep.equal([...ORDER_2_6].sort());
    });

    it("has the mixcoord's own strategy back, no drift, and nothing left to do", async () => {
      const strategy = await bed.sandbox.kubectl([
        "get",
        "deployment",
        "my-release-milvus-mixcoord",
        "--namespace=milvus",
        "--output=jsonpath={.spec.strategy.type} {.metadata.annotations.milvus-upgrade/recreate}",
      ]);
      expect(strategy.trim()).to.equal("RollingUpdate");
      expect(await drift(bed)).to.equal("");
      await stack.up();
      expect(changeList(await stack.up())).to.deep.equal([]);
    });

    it("is destroyed while a roll is half done and Deployments are paused", async () => {
      bed.faults({ milvus: [{ component: "querynode", image: "2.6.16", effect: "imagePull" }] });
      await stack.setConfig({ "milvus:version": "2.6.16", "milvus:timeouts": { rolloutOf: { querynode: "10s" } } });
      await failureOf(stack.up());
      expect((await bed.observe()).components.some(({ paused }) => paused)).to.equal(true);
      await stack.unprotect();
      await stack.destroy();
      const left = await bed.sandbox.kubectl([
        "get",
        "deployments,jobs,roles,rolebindings",
        "--namespace=milvus",
        "--output=name",
      ]);
      expect(left.trim()).to.equal("");
    });
  });
});
