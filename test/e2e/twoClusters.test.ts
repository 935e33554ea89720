import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { ROLLABLE_MILVUS_VALUES, valuesOfRootPath } from "../../sandbox/milvusValues";
import { endRunWhen } from "./support/killedRun";
import { type OwnCluster, openOwnStack } from "./support/ownProgram";
import { changeList, failureOf, startTestBed, type TestBed, until, VALUES } from "./support/testBed";

const FIRST = { name: "my-release", namespace: "milvus-a" } as const;
const SECOND = { name: "my-release", namespace: "milvus-b" } as const;
const BOTH = [FIRST, SECOND] as const;
type Address = (typeof BOTH)[number];
const valuesOf = ({ namespace }: Address) => ({ ...VALUES, ...valuesOfRootPath(namespace) });

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
    stack = await openOwnStack(bed.sandbox, () => clusters);
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

describe("two clusters in waves whose run is ended", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let see: ReturnType<typeof watch>;
  let clusters: OwnCluster[];
  const values = ({ namespace }: Address) => ({ ...ROLLABLE_MILVUS_VALUES, ...valuesOfRootPath(namespace) });

  before(async () => {
    bed = await startTestBed();
    see = watch(bed);
    for (const address of BOTH) await bed.install("4.2.0", values(address), address);
    clusters = wave("2.4.6");
    stack = await openOwnStack(bed.sandbox, () => clusters);
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
