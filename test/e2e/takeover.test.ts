import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { changeList, problems, startTestBed, type TestBed } from "./support/testBed";

const COORDINATORS = ["rootCoordinator", "dataCoordinator", "queryCoordinator", "indexCoordinator"];
const REGION = [{ name: "MINIO_REGION", value: "eu-1" }];
const VALUES = {
  ...Object.fromEntries(
    COORDINATORS.map((name) => [
      name,
      { extraEnv: REGION, resources: { requests: { cpu: "10m" }, limits: { cpu: 1 } } },
    ]),
  ),
  dataNode: { extraEnv: REGION },
  queryNode: { replicas: 2, extraEnv: REGION },
};
/** A person's own, which knows nothing of Helm. */
const AUTOSCALER = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "query", namespace: "milvus" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "my-release-milvus-querynode" },
    minReplicas: 2,
    maxReplicas: 9,
  },
};

interface Rendered {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { env?: unknown; resources?: unknown }[] } };
  };
}

async function deploymentOf(bed: TestBed, component: string): Promise<Rendered["spec"]> {
  const name = `my-release-milvus-${component}`;
  const text = await bed.sandbox.kubectl(["get", "deployment", name, "--namespace=milvus", "--output=json"]);
  return (JSON.parse(text) as Rendered).spec;
}

describe("a cluster with settings of its coordinators, and query nodes that an autoscaler has made more of", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let stateBefore: Awaited<ReturnType<EngineStack["exportStack"]>>;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.1.36", VALUES);
    await bed.sandbox.kubectl([
      "scale",
      "deployment/my-release-milvus-querynode",
      "--namespace=milvus",
      "--replicas=4",
    ]);
    await bed.sandbox.kubectl(["rollout", "status", "deployment/my-release-milvus-querynode", "--namespace=milvus"]);
    await bed.sandbox.kubectl(["apply", "--filename=-"], { input: JSON.stringify(AUTOSCALER) });
    stack = await bed.stack({ "milvus:version": "2.5.16", "milvus:values": VALUES });
  });
  after(() => bed.stop());

  it("says in the preview what the mixcoord takes over, and which number of query nodes is sent", async () => {
    const { diagnostics } = await stack.preview();
    const text = diagnostics.map(({ message }) => message).join("\n");
    expect(text).to.contain("mixCoordinator.extraEnv").and.contain("a_new_component_takes_over_settings");
    expect(text).to.contain("queryNode.replicas: 4 (the_live_replicas_stay").and.contain("query sets the number");
    expect(text).to.contain("mixcoord takes over");
  });

  it("has a mixcoord with the coordinators' environment and the sum of their limits, and no query node less", async () => {
    stateBefore = await stack.exportStack();
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.5.16" })).to.deep.equal([]);
    const [container] = (await deploymentOf(bed, "mixcoord")).template.spec.containers;
    expect(container?.env).to.deep.equal(REGION);
    expect(container?.resources).to.deep.equal({ requests: { cpu: "10m" }, limits: { cpu: "4" } });
    expect((await deploymentOf(bed, "querynode")).replicas).to.equal(4);
  });

  it("has nothing to do afterwards, whatever the autoscaler does", async () => {
    await bed.sandbox.kubectl([
      "scale",
      "deployment/my-release-milvus-querynode",
      "--namespace=milvus",
      "--replicas=5",
    ]);
    await stack.up();
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect((await deploymentOf(bed, "querynode")).replicas).to.equal(5);
  });

  it("is taken over by a stack that knows nothing of it with nothing to do, and with as many query nodes as run", async () => {
    await stack.importStack(stateBefore);
    const { diagnostics } = await stack.preview();
    const text = diagnostics.map(({ message }) => message).join("\n");
    expect(text).to.contain("nothing to do, Milvus 2.5.16").and.contain("takes the release over");
    expect(text).to.contain("as many pods as run. It renders every object as Helm has it: Milvus stays as it is");
    await stack.up();
    expect((await deploymentOf(bed, "querynode")).replicas).to.equal(5);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("has on 2.6 a streaming node with the environment of data and query nodes, and five query nodes still", async () => {
    await stack.setConfig({ "milvus:version": "2.6.15" });
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.6.15" })).to.deep.equal([]);
    const [container] = (await deploymentOf(bed, "streamingnode")).template.spec.containers;
    expect(container?.env).to.deep.equal(REGION);
    expect((await deploymentOf(bed, "querynode")).replicas).to.equal(5);
  });
});
