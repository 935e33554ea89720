/** Images are on the nodes before anything stops, or the run ends with Milvus as it was. */
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { killUpWhen } from "./support/killedRun";
import { changeList, failureOf, problems, startTestBed, type TestBed, until } from "./support/testBed";

const STANDALONE = { cluster: { enabled: false } };
const NAMESPACE = "--namespace=milvus";
const PULL_JOBS = "--selector=milvus-upgrade/step=prepull";

describe("images before the stop of a standalone", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let untouched: string;
  const kubectl = (...args: string[]) => bed.sandbox.kubectl([...args, NAMESPACE]);
  const image = (repository: string, more: object = {}) => ({ ...STANDALONE, image: { all: { repository, ...more } } });

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.0.34", STANDALONE);
    stack = await bed.stack({ "milvus:version": "2.2.16", "milvus:values": STANDALONE });
    untouched = await bed.fingerprint();
  });
  after(() => bed.stop());

  const pullJobs = () => kubectl("get", "jobs,pods", PULL_JOBS, "--output=name");

  const isUntouched = async (): Promise<void> => {
    await until("no Job that pulls", async () => (await pullJobs()) === "", 20);
    expect(await bed.fingerprint()).to.equal(untouched);
    expect(problems(await bed.observe(), { version: "2.2.14" })).to.deep.equal([]);
  };

  it("an image that does not exist ends the run, with registry, node and the kubelet's words", async () => {
    await stack.setConfig({ "milvus:values": image("harbor.example.com/milvusdb/nilvus") });
    const { message } = await failureOf(stack.up());
    expect(message).to.match(
      /The image harbor\.example\.com\/milvusdb\/nilvus:v2\.2\.16 \(standalone\) cannot be pulled onto node node-\d\. Registry harbor\.example\.com, in the kubelet's words: .*Nothing was stopped or changed/,
    );
    await isUntouched();
  });

  it("so does a pull secret that is wrong", async () => {
    bed.faults({ pulls: { registries: { "private.example.com": { secret: "good" } } } });
    await stack.setConfig({ "milvus:values": image("private.example.com/milvus", { pullSecrets: ["bad"] }) });
    const { message } = await failureOf(stack.up());
    expect(message).to.match(/private\.example\.com.*no basic auth credentials.*image\.all\.pullSecrets/s);
    await isUntouched();
    bed.faults({});
  });

  it("so does a cluster in which every node is cordoned: Milvus would not come back", async () => {
    await stack.setConfig({ "milvus:values": STANDALONE });
    await kubectl("cordon", "node-0", "node-1", "node-2");
    const { message } = await failureOf(stack.up());
    expect(message).to.match(/No node could take the pods of standalone.*node-0: it is cordoned/);
    await isUntouched();
    await kubectl("uncordon", "node-0");
  });

  it("a run killed in it is gone on with; a full and a cordoned node are said, and nothing is left behind", async () => {
    await kubectl("uncordon", "node-1");
    const pressure = { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure" };
    await kubectl(
      ...["patch", "node", "node-1", "--subresource=status", "--type=strategic"],
      `--patch=${JSON.stringify({ status: { conditions: [pressure] } })}`,
    );
    await until("the taint", async () => (await kubectl("get", "node", "node-1", "-o=yaml")).includes("disk-pressure"));
    bed.faults({ pulls: { seconds: { milvus: 5 } } });
    await killUpWhen(bed.sandbox, "prepull", async () => (await pullJobs()).includes("pod/"));
    const [begun] = (await kubectl("get", "jobs", PULL_JOBS, "--output=name")).split("\n");
    expect(problems(await bed.observe(), { version: "2.2.14" })).to.deep.equal([]);
    await stack.cancel();
    const report = await stack.up();
    const said = report.diagnostics.map(({ message }) => message).join("\n");
    expect(begun).to.match(/my-release-prepull-/);
    expect(said).to.match(/steps: pull milvusdb\/milvus:v2\.2\.16 and what goes with it onto the nodes → release/);
    expect(said).to.match(/pulls milvusdb\/milvus:v2\.2\.16 \(standalone\) onto node-0/);
    expect(said).to.include("pulls nothing onto node-1: its disk is full (DiskPressure)");
    expect(said).to.include("pulls nothing onto node-2: it is cordoned");
    expect(said).to.match(/prepull: 1 of 1 nodes have their images/);
    expect(problems(await bed.observe(), { version: "2.2.16" })).to.deep.equal([]);
    await until("no Job that pulls", async () => (await pullJobs()) === "", 20);
    expect(changeList(await stack.up()).filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
  });
});
