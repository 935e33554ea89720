import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { MilvusCluster } from "../../library";
import { type EngineStack, openStack } from "../../sandbox/engine";
import { ROLLABLE_MILVUS_VALUES, valuesOfRootPath } from "../../sandbox/milvusValues";
import type { EngineReport } from "../../sandbox/report";
import { OWN_PROJECT, type OwnCluster, openOwnStack } from "./support/ownProgram";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed, VALUES } from "./support/testBed";

const said = ({ diagnostics }: EngineReport) => diagnostics.map(({ message }) => message).join("\n");

describe("one cluster in a program of one's own", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let clusters: OwnCluster[];

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.2.20", ROLLABLE_MILVUS_VALUES);
    clusters = [named("milvus", "2.4.16")];
    stack = await openOwnStack(bed.sandbox, () => clusters);
    await stack.up();
  });
  after(async () => {
    await bed.stop();
  });

  function named(name: string, version: string): OwnCluster {
    const args = {
      version,
      releaseName: RELEASE.name,
      namespace: RELEASE.namespace,
      values: ROLLABLE_MILVUS_VALUES,
      chart: { folder: bed.charts },
      timeouts: { settle: "1s", lock: "5s", pending: "5s" },
    };
    return { name, args };
  }
  const revision = async () => (await bed.observe()).revision;
  // The engine's words on a plugin that is on PATH, and older than the SDK, are of the sandbox.
  const ofSandbox = /using pulumi-resource-kubernetes from \$PATH|plugin kubernetes is expected to have version/;
  const lines = ({ output }: EngineReport) =>
    output
      .trim()
      .split("\n")
      .filter((line) => !ofSandbox.test(line)).length;

  it("is shown short: an idle preview in less than 25 lines, an ordered roll in less than 60", async () => {
    expect(lines(await stack.preview())).to.be.below(25);
    clusters = [named("milvus", "2.5.16")];
    const roll = await stack.preview();
    expect(said(roll)).to.contain("ordered rolling upgrade");
    expect(lines(roll), roll.output).to.be.below(60);
  });

  for (const { title, options } of [
    { title: "--target of the Release alone", options: { target: ["**milvus-release"] } },
    { title: "--exclude of the Release", options: { exclude: ["**milvus-release"] } },
  ]) {
    it(`${title}: the run fails for that reason alone, and the release is as it was`, async () => {
      const before = await revision();
      const { report } = await failureOf(stack.up(options));
      expect(said(report)).to.contain("refused (no_step_is_left_out)").and.not.contain("unprotect");
      expect(changeList(report).filter((line) => line.startsWith("delete"))).to.deep.equal([]);
      expect(await revision()).to.equal(before);
    });
  }

  it("--exclude of the last step: the run fails too, for what waits for this cluster must not begin", async () => {
    const { report } = await failureOf(stack.up({ exclude: ["**milvus-resume-proxy"] }));
    expect(said(report)).to.contain("the step milvus-resume-proxy has not been done in this run");
  });

  it("is finished by the next up, and a refresh finds nothing else", async () => {
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.5.16" })).to.deep.equal([]);
    await stack.refresh();
    expect(changeList(await stack.up()).filter((line) => !line.startsWith("delete "))).to.deep.equal([]);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("removed from the program, stays where it is: the Release is protected", async () => {
    clusters = [];
    const before = await bed.fingerprint();
    expect((await failureOf(stack.up())).message).to.contain("protect");
    expect(await bed.fingerprint()).to.equal(before);
  });

  it("renamed, is refused with the alias to give, and changes nothing; with the alias it goes on as it was", async () => {
    clusters = [named("vectors", "2.5.16")];
    const before = await bed.fingerprint();
    for (const run of [stack.preview(), stack.up()]) {
      const { message } = await failureOf(run);
      expect(message).to.contain("refused (a_release_has_one_component)").and.contain('aliases: [{ name: "milvus" }]');
      expect(message).to.not.contain("unprotect");
    }
    clusters = [{ ...named("vectors", "2.5.16"), formerName: "milvus" }];
    expect(changeList(await stack.up())).to.deep.equal([]);
    clusters = [named("vectors", "2.5.16")];
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect(await bed.fingerprint()).to.equal(before);
  });

  it("is one of two once another is added, and a second component for the same release is refused", async () => {
    clusters = [named("vectors", "2.5.16"), { ...named("twin", "2.5.16"), after: "vectors" }];
    expect((await failureOf(stack.up())).message).to.contain("refused (a_release_has_one_component)");
    const second = named("second", "2.5.16");
    const values = { ...ROLLABLE_MILVUS_VALUES, ...valuesOfRootPath("milvus-b") };
    clusters = [named("vectors", "2.5.16"), { ...second, args: { ...second.args, namespace: "milvus-b", values } }];
    const added = await stack.up();
    expect(changeList(added)).to.deep.equal(["create Release second-release"]);
  });

  it("is destroyed with the program once it is unprotected, and not before", async () => {
    expect((await failureOf(stack.destroy())).message).to.contain("protect");
    expect((await bed.observe()).status).to.equal("deployed");
    await stack.unprotect();
    await stack.destroy();
    expect(await bed.sandbox.helm(["list", "--all-namespaces", "--all", "--short"])).to.equal("");
  });
});

describe("a cluster whose kubeconfig another resource of the program gives", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    const kubeconfig = readFileSync(bed.sandbox.kubeconfig, "utf8");
    const program = () => {
      const provider = new k8s.Provider("maker", { kubeconfig });
      const made = new k8s.core.v1.ConfigMap(
        "made",
        { metadata: { name: "made", namespace: "default" } },
        { provider },
      );
      const milvus = new MilvusCluster("milvus", {
        version: "2.2.14",
        namespace: "milvus",
        values: VALUES,
        chart: { folder: bed.charts },
        timeouts: { settle: "1s" },
        // Not known before the ConfigMap is there, as that of a cluster which the program makes.
        kubeconfig: pulumi.secret(made.id.apply(() => kubeconfig)),
      });
      return Promise.resolve({ plan: milvus.plan.title, verification: milvus.verification });
    };
    stack = await openStack({ sandbox: bed.sandbox, projectFile: OWN_PROJECT, program });
  });
  after(async () => {
    await bed.stop();
  });

  it("is planned as an install before it is there, which the preview says", async () => {
    expect(said(await stack.preview()))
      .to.contain("install, Milvus 2.2.14")
      .and.contain("this program makes it");
  });

  it("is installed and verified by one up, and left alone by the next; the kubeconfig is no plain text in the state", async () => {
    await stack.up();
    expect((await stack.outputs()).verification?.value).to.match(/^passed/);
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect(JSON.stringify(await stack.exportStack())).to.not.contain("client-key-data");
  });
});
