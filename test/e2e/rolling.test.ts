import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { changeList, failureOf, problems, startTestBed, type TestBed } from "./support/testBed";

const MIX = { replicas: 2 };
const VALUES = {
  queryNode: MIX,
  dataNode: MIX,
  indexNode: MIX,
  proxy: MIX,
  mixCoordinator: { enabled: true, replicas: 2, activeStandby: { enabled: true } },
  rootCoordinator: { enabled: false },
  queryCoordinator: { enabled: false },
  dataCoordinator: { enabled: false },
  indexCoordinator: { enabled: false },
} as const;
const ORDER = ["indexnode", "mixcoord", "querynode", "datanode", "proxy"];

interface Owned {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp: string;
    readonly labels: Record<string, string>;
  };
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

describe("an ordered rolling upgrade of a mixcoord cluster, 2.4.16 to 2.5", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.2.20", VALUES);
    stack = await bed.stack({ "milvus:version": "2.4.16", "milvus:values": VALUES });
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
    const manifest = await bed.sandbox.helm(["get", "manifest", "my-release", "--namespace=milvus"]);
    const diff = await bed.sandbox.tryKubectl(["diff", "--namespace=milvus", "--filename=-"], { input: manifest });
    expect(diff.stdout).to.equal("");
    const lines = changeList(await stack.up());
    expect(lines.filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });
});
