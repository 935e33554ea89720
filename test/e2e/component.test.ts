import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Deployment } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { MilvusCluster } from "../../library";
import { type EngineStack, openStack } from "../../sandbox/engine";
import { ROLLABLE_MILVUS_VALUES } from "../../sandbox/milvusValues";
import type { EngineReport } from "../../sandbox/report";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { endRunWhen, killUpWhen } from "./support/killedRun";
import { OWN_PROJECT, type OwnCluster, ownProgram } from "./support/ownProgram";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed, until, VALUES } from "./support/testBed";

const FIRST = { name: "my-release", namespace: "milvus-a" } as const;
const SECOND = { name: "my-release", namespace: "milvus-b" } as const;
const BOTH = [FIRST, SECOND] as const;
type Address = (typeof BOTH)[number];
/** The sandbox has one etcd for all, as a company may have. */
const rootPath = (name: string) => ({ extraConfigFiles: { "user.yaml": `etcd:\n  rootPath: ${name}\n` } });
const valuesOf = ({ namespace }: Address) => ({ ...VALUES, ...rootPath(namespace) });

const said = ({ diagnostics }: EngineReport) => diagnostics.map(({ message }) => message).join("\n");

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
    /** Versions of the ready pods: those of paused Deployments lag behind. */
    ready: async (address: Address) => {
      const args = ["pods", "--selector=app.kubernetes.io/name=milvus", "--output=json"];
      const { items } = JSON.parse(await get(address, ...args)) as { items: V1Pod[] };
      const ready = items.filter(({ status }) => status?.containerStatuses?.every((container) => container.ready));
      return [...new Set(ready.map(({ spec }) => spec?.containers[0]?.image?.split(":v").at(-1)))];
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

describe("one cluster in a program of one's own", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let clusters: OwnCluster[];

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.2.20", ROLLABLE_MILVUS_VALUES);
    clusters = [named("milvus", "2.4.16")];
    stack = await openStack({
      sandbox: bed.sandbox,
      projectFile: OWN_PROJECT,
      program: ownProgram(() => clusters),
    });
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
    const values = { ...ROLLABLE_MILVUS_VALUES, ...rootPath("milvus-b") };
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

describe("two clusters in waves whose run is ended", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let see: ReturnType<typeof watch>;
  let clusters: OwnCluster[];
  const values = ({ namespace }: Address) => ({ ...ROLLABLE_MILVUS_VALUES, ...rootPath(namespace) });

  before(async () => {
    bed = await startTestBed();
    see = watch(bed);
    for (const address of BOTH) await bed.install("4.2.0", values(address), address);
    clusters = wave("2.4.6");
    stack = await openStack({
      sandbox: bed.sandbox,
      projectFile: OWN_PROJECT,
      program: ownProgram(() => clusters),
    });
    await stack.up();
  });
  after(async () => {
    await bed.stop();
  });

  function wave(version: string): OwnCluster[] {
    return BOTH.map((address, index) => ({
      name: `wave-${index + 1}`,
      ...(index > 0 && { after: `wave-${index}` }),
      args: {
        version,
        releaseName: address.name,
        namespace: address.namespace,
        values: values(address),
        chart: { folder: bed.charts },
        upgrade: { strategy: "rolling" },
        timeouts: { settle: "8s", lock: "5s", pending: "5s" },
      },
    }));
  }

  /** Names of the Jobs of a step, those of an earlier run included, which lie about until the next one. */
  const jobsOf = async (address: Address, step: string) => {
    const selector = `--selector=milvus-upgrade/step=${step}`;
    const jobs = ["get", "jobs", selector, "--namespace", address.namespace, "--output=name"];
    return (await bed.sandbox.kubectl(jobs)).split("\n").filter(Boolean);
  };
  interface Moment {
    readonly at: string;
    readonly version: string;
    readonly in: Address;
    /** Missing: its pods are there, and it is verified. */
    readonly step?: string;
  }
  const moments: readonly Moment[] = [
    { at: "the first one's first step", version: "2.4.16", in: FIRST, step: "pause" },
    { at: "the middle of the first one's roll", version: "2.5.0", in: FIRST, step: "resume-querynode" },
    { at: "the first one's verification", version: "2.5.16", in: FIRST },
    { at: "the middle of the second one's roll", version: "2.6.0", in: SECOND, step: "resume-querynode" },
  ];
  for (const [index, { at, version, in: address, step }] of moments.entries()) {
    const isInterrupted = index % 2 === 1;
    it(`${isInterrupted ? "by Ctrl-C" : "by kill -9"} at ${at}: the next up finishes both`, async () => {
      const isSecondBegun = address === SECOND;
      const before = await see.touched(SECOND);
      const known = new Set(step === undefined ? [] : await jobsOf(address, step));
      const holds = async () =>
        step === undefined
          ? (await see.ready(address)).join() === version
          : (await jobsOf(address, step)).some((job) => !known.has(job));
      clusters = wave(version);
      const file = path.join(mkdtempSync(path.join(tmpdir(), "milvus-waves-")), "clusters.json");
      writeFileSync(file, JSON.stringify(clusters));
      const run = {
        script: require.resolve("./support/ownProgram"),
        args: [bed.sandbox.name, "dev", file],
        seconds: 240,
      };
      await endRunWhen(bed.sandbox, { ...run, isInterrupted }, at, holds);
      if (!isSecondBegun) expect(await see.touched(SECOND)).to.equal(before);
      const first = await see.record(FIRST);
      if (!isInterrupted) await stack.cancel();
      await stack.up();
      for (const each of BOTH) {
        expect(await see.ready(each)).to.deep.equal([version]);
        expect(await see.hasLock(each)).to.equal(false);
      }
      if (isSecondBegun) expect(await see.record(FIRST), "what was done is not done again").to.equal(first);
    });
  }
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
