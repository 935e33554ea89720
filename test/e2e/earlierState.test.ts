import type { Deployment } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { killUpWhen } from "./support/killedRun";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed } from "./support/testBed";

describe("a state that version 0.1 has left", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    await bed.seed();
    await bed.install("3.2.18");
    stack = await bed.stack({ "milvus:version": "2.2.0", "milvus:timeouts": { pending: "5s" } });
  });
  after(() => bed.stop());

  const KINDS = "serviceaccounts,roles,rolebindings,configmaps,persistentvolumeclaims";
  /** What an upgrade in the middle of its migration still needs, by uid. */
  const needed = async () => {
    const columns = "--output=custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid";
    const lines = await bed.sandbox.kubectl(["get", KINDS, "--namespace=milvus", columns]);
    const named = lines.split("\n").filter((line) => /my-release-(upgrade |meta)/.test(line));
    // The columns are as wide as what is in them.
    return named.map((line) => line.replaceAll(/ +/g, " "));
  };
  const goOnFromEarlier = async () => stack.importStack(asLeftBy01(await stack.exportStack()));

  it("goes on in the middle of a migration: nothing is replaced but Jobs, and nothing deleted that is needed", async () => {
    bed.faults({ containers: [{ container: "migrate", hold: true }] });
    await killUpWhen(bed.sandbox, "migrate", async () => {
      const pods = ["get", "pods", "--namespace=milvus", "--selector=milvus-upgrade/step=migrate", "--output=json"];
      const { items } = JSON.parse(await bed.sandbox.kubectl(pods)) as { items: JobPod[] };
      return items.some((pod) => isTurnOf("migrate", pod));
    });
    bed.faults({});
    await stack.cancel();
    await goOnFromEarlier();
    const before = await needed();
    expect(before).to.have.length(5);
    const report = await stack.up();
    expect(await needed()).to.deep.equal(before);
    const others = changeList(report).filter((line) => !/ Job /.test(line));
    expect(others).to.deep.equal(["import Release milvus-release", "update Release milvus-release"]);
    expect(problems(await bed.observe(), { version: "2.2.0" })).to.deep.equal([]);
  });

  it("goes on after a finished migration: only the upgrade's own resources go, and the claim is not shown as one of them", async () => {
    await goOnFromEarlier();
    const claim = (await needed()).filter((line) => line.startsWith("PersistentVolumeClaim"));
    const report = await stack.up();
    const gone = changeList(report);
    expect(gone.filter((line) => !/^delete (Job|Role|RoleBinding|ServiceAccount|ConfigMap) /.test(line))).to.deep.equal(
      [],
    );
    expect(gone.filter((line) => / Job /.test(line))).to.have.length(3);
    expect(report.output).to.not.match(/PersistentVolumeClaim.*delete|retain/);
    expect(await needed()).to.deep.equal(claim);
    expect((await stack.outputs()).backupClaim?.value).to.equal("my-release-meta-2.1.4-to-2.2.0-r1");
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("is one from then on: the guards know it, and a version is set as ever", async () => {
    await goOnFromEarlier();
    await stack.setConfig({ "milvus:release": "another" });
    expect((await failureOf(stack.preview())).message).to.contain("refused (a_release_cannot_be_renamed)");
    await stack.setConfig({ "milvus:release": RELEASE.name, "milvus:version": "2.2.14", "milvus:strategy": "helm" });
    expect(changeList(await stack.up())).to.deep.equal(["update Release milvus-release"]);
  });

  it("is destroyed once it is unprotected, and the claim stays in the cluster", async () => {
    expect((await failureOf(stack.destroy())).message).to.contain("protect");
    const claim = await needed();
    await stack.unprotect();
    await stack.destroy();
    expect(await needed()).to.deep.equal(claim);
    expect(await bed.sandbox.helm(["list", "--namespace=milvus", "--all", "--short"])).to.equal("");
  });
});

/** As the program wrote it up to version 0.1: another type, children named after the release, the provider beside the component. */
function asLeftBy01(state: Deployment): Deployment {
  const text = JSON.stringify(state)
    .replaceAll("milvus-upgrade:index:MilvusCluster", "milvus:upgrade:MilvusCluster")
    .replaceAll(
      "milvus:upgrade:MilvusCluster$pulumi:providers:kubernetes::milvus-kubernetes",
      "pulumi:providers:kubernetes::kubernetes",
    )
    .replaceAll("::milvus-backup-", "::my-release-meta-")
    .replaceAll(/(Job|ServiceAccount|Role|RoleBinding|ConfigMap)::milvus-/g, "$1::my-release-");
  const earlier = JSON.parse(text) as { deployment: { resources: { urn: string; type: string; parent?: string }[] } };
  const { resources } = earlier.deployment;
  const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const provider = resources.find(({ type }) => type === "pulumi:providers:kubernetes");
  if (provider !== undefined && stack !== undefined) provider.parent = stack.urn;
  return earlier as unknown as Deployment;
}
