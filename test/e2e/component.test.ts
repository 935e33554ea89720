import type { Deployment } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { type EngineStack, openStack } from "../../sandbox/engine";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { killUpWhen } from "./support/killedRun";
import { OWN_PROJECT, type OwnCluster, ownProgram } from "./support/ownProgram";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed, until, VALUES } from "./support/testBed";

const FIRST = { name: "my-release", namespace: "milvus-a" } as const;
const SECOND = { name: "my-release", namespace: "milvus-b" } as const;
const BOTH = [FIRST, SECOND] as const;
type Address = (typeof BOTH)[number];
/** The sandbox has one etcd for all, as a company may have. */
const valuesOf = ({ namespace }: Address) => ({
  ...VALUES,
  extraConfigFiles: { "user.yaml": `etcd:\n  rootPath: ${namespace}\n` },
});

/** What may be seen of a cluster from outside, without a program. */
function watch(bed: TestBed) {
  const { sandbox } = bed;
  const get = (address: Address, ...args: string[]) =>
    sandbox.kubectl(["get", ...args, "--namespace", address.namespace]);
  return {
    /** Everything that a run could touch, and the lock, which it takes before it looks. */
    touched: (address: Address) =>
      get(
        address,
        "deployments,statefulsets,services,configmaps,secrets,jobs,persistentvolumeclaims,serviceaccounts,roles",
        "--output=custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid,GENERATION:.metadata.generation",
      ),
    versions: async (address: Address) => {
      const images = await get(
        address,
        "deployments",
        "--selector=app.kubernetes.io/name=milvus",
        "--output=jsonpath={range .items[*]}{.spec.template.spec.containers[0].image}{'\\n'}{end}",
      );
      return [
        ...new Set(
          images
            .trim()
            .split("\n")
            .map((image) => image.split(":v").at(-1)),
        ),
      ];
    },
    record: async ({ name, namespace }: Address) => {
      const list = await sandbox.helm(["list", "--namespace", namespace, "--all", "--output=json"]);
      const found = (JSON.parse(list) as { name: string; revision: string; status: string }[]).find(
        (it) => it.name === name,
      );
      return found && `${found.status} ${found.revision}`;
    },
    hasLock: async ({ name, namespace }: Address) =>
      (await sandbox.tryKubectl(["get", "configmap", `${name}-upgrade-lock`, "--namespace", namespace])).exitCode === 0,
  };
}

describe("two clusters of one release name in one program", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let see: ReturnType<typeof watch>;
  /** What the program declares; changed by the tests, as people edit a program. */
  let clusters: OwnCluster[];

  before(async () => {
    bed = await startTestBed();
    see = watch(bed);
    for (const address of BOTH) await bed.install("4.0.34", valuesOf(address), address);
    clusters = wave("2.2.14");
    stack = await openStack({ sandbox: bed.sandbox, projectFile: OWN_PROJECT, program: ownProgram(() => clusters) });
  });
  after(async () => {
    stack.close();
    await bed.stop();
  });

  /** The second after the first. */
  function wave(version: string, first: Partial<OwnCluster["args"]> = {}): OwnCluster[] {
    const cluster = (name: string, address: Address, over: Partial<OwnCluster["args"]>): OwnCluster => ({
      name,
      args: {
        version,
        releaseName: address.name,
        namespace: address.namespace,
        values: valuesOf(address),
        chart: { folder: bed.charts },
        ...over,
        timeouts: { settle: "1s", lock: "5s", pending: "5s", ...over.timeouts },
      },
    });
    return [cluster("first", FIRST, first), { ...cluster("second", SECOND, {}), after: "first" }];
  }

  it("are taken over, each with a provider of its own", async () => {
    const report = await stack.up();
    expect(changeList(report)).to.deep.equal([
      "import Release first-release",
      "update Release first-release",
      "import Release second-release",
      "update Release second-release",
    ]);
    const outputs = await stack.outputs();
    expect(outputs["first-version"]?.value).to.equal("2.2.14");
    expect(outputs["second-verification"]?.value).to.match(/^passed/);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("the second one is neither looked at nor locked before the first one's verification has passed", async () => {
    const before = await see.touched(SECOND);
    clusters = wave("2.2.16", { timeouts: { settle: "15s" } });
    const run = stack.up();
    await until("the first one's record is deployed", async () => (await see.record(FIRST)) === "deployed 3", 120);
    for (let look = 0; look < 5; look++) expect(await see.touched(SECOND)).to.equal(before);
    const report = await run;
    const lines = report.diagnostics.map(({ message, urn }) => `${urn?.split("::").at(-1) ?? ""}: ${message}`);
    const passed = lines.findIndex((line) => /^first: verification: passed/.test(line));
    const begun = lines.findIndex((line) => line.startsWith("second: "));
    expect(passed, lines.join("\n")).to.be.greaterThan(-1).and.lessThan(begun);
    for (const address of BOTH) {
      expect(await see.versions(address)).to.deep.equal(["2.2.16"]);
      expect(await see.record(address)).to.equal("deployed 3");
      expect(await see.hasLock(address)).to.equal(false);
    }
  });

  it("the second one is never touched when the first one's verification fails, which is said once", async () => {
    const before = await see.touched(SECOND);
    clusters = wave("2.3.5", { verify: { address: "127.0.0.1:1" }, timeouts: { verify: "5s" } });
    const { report } = await failureOf(stack.up());
    expect(await see.touched(SECOND)).to.equal(before);
    expect(await see.versions(FIRST)).to.deep.equal(["2.3.5"]);
    expect(await see.hasLock(FIRST)).to.equal(false);
    // Once for the component; the Automation API says the end of an inline program once more, for the stack.
    const messages = report.diagnostics.filter(
      ({ severity, message }) => severity === "error" && message.trim() !== "",
    );
    expect(messages.map(({ urn }) => urn?.split("::").at(-1))).to.have.members(["first", undefined]);
    expect(new Set(messages.map(({ message }) => message.trim())).size).to.equal(1);
    expect(messages[0]?.message).to.match(/^Everything is in place, but the verification of the upgrade from 2\.2\.16/);
  });

  it("goes on once the cause is gone", async () => {
    clusters = wave("2.3.5");
    await stack.up();
    for (const address of BOTH) expect(await see.versions(address)).to.deep.equal(["2.3.5"]);
  });
});

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
    return lines.split("\n").filter((line) => /my-release-(upgrade |meta)/.test(line));
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
