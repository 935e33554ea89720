import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import type { MilvusClusterArgs } from "../../../components/args";
import { settled } from "../../../components/engine/resolve";
import { MilvusCluster } from "../../../components/milvusCluster";
import { OWN_DESCRIPTION, upgradeLabels } from "../../../upgrade/marks";
import type { AttemptPhase, HelmValues } from "../../../upgrade/model";
import { EVENTS_VARIABLE } from "../../../upgrade/progress/events";
import { beginReceipt } from "../../../upgrade/receipt/make";
import { RECEIPT, type Receipt } from "../../../upgrade/receipt/receipt";
import { asLastFacts } from "../../../upgrade/walk/lastFacts";
import { sentAgainForHistory } from "../../../upgrade/words/sentAgain";
import { ClusterServer, type RecordedRelease } from "../../support/clusterServer";
import {
  COMPONENT,
  type OneRun,
  outputsOf,
  PROVIDER,
  RELEASE,
  runComponent,
  runProgram,
} from "../../support/componentRun";
import { PLANS } from "../../support/plans";
import { plain } from "../../support/recordingMonitor";
import { MIXED, SEPARATE } from "../upgrade/support";

const LOCK = "/api/v1/namespaces/milvus/configmaps";

describe("MilvusCluster", () => {
  const server = new ClusterServer();
  before(() => server.start());
  beforeEach(() => server.reset("milvus"));
  after(() => server.stop());

  const args = (version: string, over: Partial<MilvusClusterArgs> = {}): MilvusClusterArgs => ({
    version,
    namespace: "milvus",
    kubeconfig: server.kubeconfig,
    verify: { mode: "off" },
    ...over,
  });
  const put = (chart: string, milvus: string, over: Partial<RecordedRelease> = {}) =>
    server.putRelease({ namespace: "milvus", chart, milvus, revision: 7, components: SEPARATE, ...over });
  const putBackup = (phase: AttemptPhase) =>
    server.putBackup({ namespace: "milvus", id: { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 }, phase });
  const valuesOf = ({ children }: OneRun) =>
    plain(children.find(({ type }) => type === RELEASE)?.inputs.values) as HelmValues;

  /** The cluster as a run with these arguments leaves it. */
  async function settle(given: MilvusClusterArgs, over: Partial<RecordedRelease> = {}): Promise<void> {
    const run = await runComponent(given);
    const { version = "", chart = "" } = run.result ?? {};
    server.reset("milvus");
    put(chart.replace("milvus-", ""), version, { values: valuesOf(run), revision: 8, ...over });
  }

  it("tells of the step that pulls images, too, to whoever listens", async () => {
    put("4.0.31", "2.2.8", { components: SEPARATE });
    const file = join(mkdtempSync(join(tmpdir(), "events-")), "events.jsonl");
    process.env[EVENTS_VARIABLE] = file;
    try {
      expect((await runComponent(args("2.2.9"))).error).to.equal(undefined);
    } finally {
      Reflect.deleteProperty(process.env, EVENTS_VARIABLE);
    }
    const events = readFileSync(file, "utf8").trimEnd().split("\n");
    const ofPull = events
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ step }) => step === "prepull");
    expect(ofPull.map(({ event, number, result }) => [event, number, result])).to.deep.equal([
      ["stepStarted", 1, undefined],
      ["stepEnded", 1, "done"],
    ]);
  });

  describe("whose release the state has", () => {
    const CHILD = `urn:pulumi:stack::project::${COMPONENT}`;
    const inState = {
      [`${CHILD}::db`]: { outputs: { release: "milvus/my-release" } },
      [`${CHILD}$${RELEASE}::db-release`]: { outputs: { name: "my-release", namespace: "milvus" } },
      [`${CHILD}$${PROVIDER}::db-kubernetes`]: { outputs: { clusterIdentifier: "uid-of-milvus" } },
    };
    beforeEach(() => put("4.2.20", "2.4.16"));

    it("has its provider declared in a preview before the cluster is read: the engine starts the plugin meanwhile", async () => {
      const run = await runComponent(args("2.6.15"), { preview: true, inState });
      expect(run.error?.message).to.include("cannot go to 2.6.15");
      expect(run.children.map(({ name }) => name)).to.deep.equal(["db-kubernetes"]);
      expect(plain(run.children[0]?.inputs)).to.include({ clusterIdentifier: "uid-of-milvus" });
    });

    it("has nothing declared by an up that is refused, so that nothing is written into the state", async () => {
      const run = await runComponent(args("2.6.15"), { inState });
      expect(run.error?.message).to.include("cannot go to 2.6.15");
      expect(run.children).to.deep.equal([]);
    });

    it("has one provider in a preview that shows a plan", async () => {
      const run = await runComponent(args("2.4.17"), { preview: true, inState });
      expect(run.error).to.equal(undefined);
      expect(run.children.filter(({ type }) => type === PROVIDER)).to.have.length(1);
    });

    it("of a release that the state does not have, a plan with nothing to do says that it is taken over", async () => {
      await settle(args("2.5.16"), { components: MIXED, description: "Install complete" });
      const run = await runComponent(args("2.5.16"));
      expect(run.result?.plan.kind).to.equal("nothing");
      const declared = run.children.find(({ type }) => type === RELEASE);
      expect(plain(declared?.inputs)).to.include({
        description: sentAgainForHistory({ to: "2.5.16" }, { why: "adopted", revision: 8 }),
      });
      expect(declared?.ignoreChanges).to.not.include("description");
      expect(JSON.stringify(run.said)).to.include("takes the release over").and.to.include("Helm makes revision 9");
    });

    for (const { what, inForce, known, isSent } of [
      { what: "the revision in force", inForce: `${OWN_DESCRIPTION} a`, known: `${OWN_DESCRIPTION} a`, isSent: false },
      { what: "an earlier one", inForce: `${OWN_DESCRIPTION} b`, known: `${OWN_DESCRIPTION} a`, isSent: true },
      {
        what: "its own, after a helm rollback",
        inForce: "Rollback to 1",
        known: `${OWN_DESCRIPTION} a`,
        isSent: false,
      },
    ]) {
      it(`as ${what}: where nothing is to be done the Release is ${isSent ? "sent once more, which is said" : "as it was"}`, async () => {
        await settle(args("2.5.16"), { components: MIXED, description: inForce });
        const release = { name: "my-release", namespace: "milvus", description: known };
        const behind = { ...inState, [`${CHILD}$${RELEASE}::db-release`]: { outputs: release } };
        const run = await runComponent(args("2.5.16"), { inState: behind });
        expect(run.error).to.equal(undefined);
        expect(run.result?.plan.kind).to.equal("nothing");
        const declared = run.children.find(({ type }) => type === RELEASE);
        expect(declared?.ignoreChanges.includes("description")).to.equal(!isSent);
        if (isSent)
          expect(plain(declared?.inputs)).to.include({
            description: sentAgainForHistory({ to: "2.5.16" }, { why: "otherRevision", revision: 8 }),
          });
        expect(JSON.stringify(run.said).includes("sends the Release once more")).to.equal(isSent);
        expect(asLastFacts(run.result?.facts)).to.include({ revision: isSent ? 9 : 8 });
      });
    }
  });

  const BACKUP = "my-release-meta-2.1.4-to-2.2.9-r7";
  const rows: readonly {
    readonly kind: string;
    readonly there: () => unknown;
    readonly wanted: () => MilvusClusterArgs;
    readonly steps: readonly string[];
    readonly chart: string;
    /** Of the children, with the component's own name left out. */
    readonly names: readonly string[];
    readonly backupClaim?: string;
  }[] = [
    {
      kind: "install",
      there: () => undefined,
      wanted: () => args("2.2.9"),
      steps: ["release"],
      chart: "milvus-4.0.24",
      names: ["kubernetes", "release"],
    },
    {
      kind: "nothing",
      there: () => settle(args("2.5.16"), { components: MIXED }),
      wanted: () => args("2.5.16"),
      steps: ["release"],
      chart: "milvus-4.2.58",
      names: ["kubernetes", "release"],
    },
    {
      kind: "helm",
      there: () => put("4.0.34", "2.2.14"),
      wanted: () => args("2.2.16", { upgrade: { strategy: "helm" } }),
      steps: ["prepull", "release"],
      chart: "milvus-4.0.34",
      names: ["kubernetes", "release"],
    },
    {
      kind: "rolling",
      there: () => put("4.2.33", "2.5.0", { components: MIXED }),
      wanted: () => args("2.5.10"),
      steps: [
        "prepull",
        "pause",
        "release",
        ...["indexnode", "mixcoord", "querynode", "datanode", "proxy"].map((it) => `resume ${it}`),
      ],
      chart: "milvus-4.2.47",
      names: [
        "kubernetes",
        "upgrade",
        "upgrade",
        "upgrade",
        "pause",
        "release",
        ...["indexnode", "mixcoord", "querynode", "datanode", "proxy"].map((it) => `resume-${it}`),
      ],
    },
    {
      kind: "migration",
      there: () => {
        server.kubernetesVersion = "1.24.0";
        put("3.2.18", "2.1.4");
      },
      wanted: () => args("2.2.9"),
      steps: ["prepull", "probe", "stop", "backup", "migrate", "release"],
      chart: "milvus-4.0.24",
      names: [
        "kubernetes",
        ...["upgrade", "upgrade", "upgrade", "meta-script", "backup-2.1.4-to-2.2.9-r7"],
        ...["probe", "stop", "backup", "migrate", "release"],
      ],
      backupClaim: BACKUP,
    },
    {
      kind: "giveUp",
      there: () => {
        server.kubernetesVersion = "1.24.0";
        put("3.2.18", "2.1.4", { replicas: 0 });
        putBackup("migrated");
      },
      wanted: () => args("2.1.4"),
      steps: ["stop", "restore", "release"],
      chart: "milvus-3.2.18",
      names: ["kubernetes", "upgrade", "upgrade", "upgrade", "meta-script", "stop", "restore", "release"],
      backupClaim: BACKUP,
    },
    {
      kind: "rollback",
      there: () => {
        server.kubernetesVersion = "1.24.0";
        put("3.2.18", "2.1.4", { revision: 7, status: "superseded", components: [] });
        put("4.0.24", "2.2.9", { revision: 8 });
        putBackup("migrated");
      },
      wanted: () => args("2.1.4", { upgrade: { rollback: true } }),
      steps: ["prepull", "stop", "restore", "release"],
      chart: "milvus-3.2.18",
      names: ["kubernetes", "upgrade", "upgrade", "upgrade", "meta-script", "stop", "rollback", "release"],
      backupClaim: BACKUP,
    },
  ];

  for (const { kind, there, wanted, steps, chart, names, backupClaim } of rows) {
    describe(`with a plan of the kind ${kind}`, () => {
      beforeEach(there);

      it("declares its steps under names of its own, under the lock, and says what was done", async () => {
        server.requests = [];
        const run = await runComponent(wanted());
        expect(run.error).to.equal(undefined);
        const { result, registered, children } = run;
        expect(result?.plan.kind).to.equal(kind);
        expect(result?.plan.steps).to.deep.equal(steps);
        expect(result).to.include({
          release: "milvus/my-release",
          version: wanted().version,
          endpoint: "my-release-milvus.milvus.svc:19530",
          chart,
          verification: "off",
        });
        expect(result?.backupClaim).to.equal(backupClaim);
        const facts = asLastFacts(result?.facts);
        expect(facts).to.include({ version: wanted().version, chart: chart.replace("milvus-", "") });
        expect(result?.lastUpgrade?.kind).to.equal(kind === "nothing" ? undefined : kind);
        // A program of one's own has no stack config that could be set.
        expect(JSON.stringify([result, run.said])).to.not.match(/milvus:[a-z]+[A-Z ]|pulumi config|npm run/);
        expect(run.outputs.get(COMPONENT)).to.deep.include({ release: "milvus/my-release", plan: result?.plan });

        const [component] = registered;
        expect(component).to.include({ type: COMPONENT, name: "db" });
        expect(children.map(({ name }) => name)).to.have.members(names.map((name) => `db-${name}`));
        expect(new Set(children.map(({ parent }) => parent))).to.deep.equal(new Set([component?.urn]));
        expect(children.filter(({ type }) => type === RELEASE).map(({ name }) => name)).to.deep.equal(["db-release"]);
        const receipts = [`POST ${LOCK}`, `PATCH ${LOCK}/my-release-upgrade-receipts`];
        expect(server.writes.map(withoutQuery)).to.deep.equal([
          `POST ${LOCK}`,
          ...(kind === "nothing" ? [] : receipts),
          `DELETE ${LOCK}/my-release-upgrade-lock`,
        ]);
        expect(result?.receipt?.outcome).to.equal(kind === "nothing" ? undefined : "done");
        if (kind !== "nothing") expect(RECEIPT.strict().parse(result?.receipt)).to.include({ kind, chart });
      });

      it("takes no lock in a preview, and shows the same plan", async () => {
        server.requests = [];
        const run = await runComponent(wanted(), { preview: true });
        expect(run.error).to.equal(undefined);
        expect(server.writes).to.deep.equal([]);
        expect(run.result?.plan).to.deep.include({ kind, steps });
        expect(run.result?.verification).to.equal("not made yet");
        expect(run.children.map(({ name }) => name)).to.have.members(names.map((name) => `db-${name}`));
      });
    });
  }

  describe("after a run that was killed", () => {
    const NAME = "my-release-upgrade-receipts";
    const begun = (over: Partial<Receipt> = {}): Receipt => ({
      ...beginReceipt(
        {
          plan: { ...PLANS.rolling, from: "2.5.0", to: "2.5.16" },
          id: "1a2b3c4d",
          release: "milvus/my-release",
          rules: "1+a",
          approval: "none",
          run: { stack: "org/milvus/dev", who: "jane@laptop", startedAt: "2026-01-01T10:00:00Z" },
          mode: "off",
        },
        undefined,
      ),
      ...over,
    });
    const keep = (receipt: Receipt) =>
      server.put("milvus", "configmaps", {
        metadata: { name: NAME, labels: upgradeLabels("my-release") },
        data: { "20260101T100000Z-1a2b3c4d.json": JSON.stringify(receipt) },
      });
    const kept = () =>
      Object.values(server.stored("milvus", "configmaps", NAME)?.data ?? {}).map((it) => JSON.parse(it) as Receipt);

    it("ends its receipt, where only the verification is left: with what it was from, and both runs", async () => {
      await settle(args("2.5.16"), { components: MIXED });
      keep(begun());
      const { error, result } = await runComponent(args("2.5.16"));
      expect(error).to.equal(undefined);
      expect(result?.plan.kind).to.equal("nothing");
      expect(result?.receipt).to.include({ id: "1a2b3c4d", outcome: "done", kind: "rolling", from: "2.5.0" });
      expect(result?.receipt?.runs).to.have.length(2);
      expect(kept()).to.deep.equal([result?.receipt]);
    });

    for (const { what, finishedAt, stateHas, taken } of [
      {
        what: "that the state does not know",
        finishedAt: "2026-01-01T10:05:00.000Z",
        stateHas: undefined,
        taken: true,
      },
      {
        what: "later than the state's",
        finishedAt: "2026-01-01T10:05:00.000Z",
        stateHas: "2026-01-01T09:00:00.000Z",
        taken: true,
      },
      {
        what: "earlier than the state's",
        finishedAt: "2026-01-01T10:05:00.000Z",
        stateHas: "2026-01-02T09:00:00.000Z",
        taken: false,
      },
    ]) {
      it(`leaves a receipt that was ended alone, and has one ${what} ${taken ? "in the outputs, with what it took" : "in no output"}`, async () => {
        await settle(args("2.5.16"), { components: MIXED });
        const receipt = begun({ outcome: "done", finishedAt, steps: [{ step: "release", seconds: 30 }] });
        keep(receipt);
        const known =
          stateHas === undefined ? undefined : { receipt: { ...receipt, id: "known", finishedAt: stateHas } };
        const inState = { [`urn:pulumi:stack::project::${COMPONENT}::db`]: { outputs: { ...known } } };
        const { result } = await runComponent(args("2.5.16"), { inState });
        expect(result?.receipt).to.deep.equal(taken ? receipt : known?.receipt);
        expect(result?.lastUpgrade).to.deep.equal(
          taken
            ? { kind: "rolling", from: "2.5.0", to: "2.5.16", finishedAt, seconds: 300, runs: 1, steps: receipt.steps }
            : undefined,
        );
        expect(server.writes.filter((it) => it.includes("receipts"))).to.deep.equal([]);
      });
    }

    it("has no receipt of an installation before in its outputs", async () => {
      await settle(args("2.5.16"), { components: MIXED });
      keep(begun({ outcome: "done", startedAt: "2024-01-01T10:00:00Z", finishedAt: "2024-01-01T11:00:00Z" }));
      expect((await runComponent(args("2.5.16"))).result?.receipt).to.equal(undefined);
    });

    it("says that another upgrade was begun in its place", async () => {
      put("4.2.33", "2.5.0", { components: MIXED });
      keep(begun());
      const { result } = await runComponent(args("2.5.10"));
      expect(kept().map(({ outcome, to }) => `${outcome} ${to}`)).to.deep.equal(["abandoned 2.5.16", "done 2.5.10"]);
      expect(result?.receipt?.runs).to.have.length(1);
    });

    it("goes on where receipts may not be kept, says so, and has its own in the outputs", async () => {
      put("4.2.33", "2.5.0", { components: MIXED });
      server.put("milvus", "configmaps", { metadata: { name: NAME }, data: { theirs: "1" } });
      const { error, result, said } = await runComponent(args("2.5.10"));
      expect(error).to.equal(undefined);
      expect(result?.receipt?.outcome).to.equal("done");
      expect(JSON.stringify(said)).to.include("is not kept in the cluster").and.to.include(NAME);
      expect(server.stored("milvus", "configmaps", NAME)?.data).to.deep.equal({ theirs: "1" });
    });
  });

  it("declares nothing that is refused, and gives the lock back", async () => {
    put("4.2.33", "2.5.0", { components: MIXED });
    const run = await runComponent(args("2.3.5"));
    expect(run.error?.message).to.match(/^refused \(\w+\): /);
    expect(run.children).to.deep.equal([]);
    expect(server.writes).to.deep.equal([`POST ${LOCK}`, `DELETE ${LOCK}/my-release-upgrade-lock`]);
  });

  it("refuses what another run holds, naming it, and leaves that run its lock", async () => {
    const metadata = { name: "my-release-upgrade-lock", labels: upgradeLabels("my-release") };
    const data = { run: "1", who: "jane@laptop", stack: "team/search/prod", silence: "60" };
    const renew = () => server.put("milvus", "configmaps", { metadata, data });
    renew();
    const beat = setInterval(renew, 100);
    const run = await runComponent(args("2.2.9"));
    clearInterval(beat);
    expect(run.error?.message).to.match(/^refused \(another_run_is_active\): .*jane@laptop/);
    expect(run.children).to.deep.equal([]);
    expect(server.writes).to.deep.equal([`POST ${LOCK}`]);
  });

  describe("that fails", () => {
    it("ends every output with the one error, whose message is whole and can be read", async () => {
      put("4.2.33", "2.5.0", { components: MIXED });
      const seen: unknown[] = [];
      await runProgram(async () => {
        const cluster = new MilvusCluster("db", args("2.3.5"));
        const { endpoint, version, plan, backupClaim, lastUpgrade, verification } = cluster;
        for (const output of [endpoint, version, plan, plan.kind, backupClaim, lastUpgrade, verification]) {
          seen.push(await outputError(output));
        }
      });
      expect(seen).to.have.length(7);
      expect(new Set(seen).size).to.equal(1);
      expect((seen[0] as Error).message)
        .to.match(/^refused \(/)
        .and.not.match(/serializing|\[object/);
    });

    it("reads the same where the program exports several outputs", async () => {
      put("4.2.33", "2.5.0", { components: MIXED });
      const run = await runProgram(async () => {
        await outputsOf(new MilvusCluster("db", args("2.3.5")));
      });
      expect(run.error?.message).to.match(/^refused \(/);
      expect(run.error?.message).to.not.contain("error serializing");
    });
  });

  describe("beside another one in the same program", () => {
    const inNamespace = (namespace: string, over: Partial<MilvusClusterArgs> = {}) =>
      args("2.2.9", { namespace, ...over });
    beforeEach(() => server.reset("a", "b"));
    const of = (namespace: string) => server.requests.filter((it) => it.includes(`/namespaces/${namespace}`));

    it("has children, a provider and a lock of its own, also with the same release name", async () => {
      const run = await runProgram(() =>
        Promise.all(["a", "b"].map((it) => outputsOf(new MilvusCluster(it, inNamespace(it))))),
      );
      expect(run.error).to.equal(undefined);
      const urns = run.registered.map(({ urn }) => urn);
      expect(new Set(urns).size).to.equal(urns.length);
      for (const name of ["a", "b"]) {
        const own = run.children.filter((it) => it.name.startsWith(`${name}-`));
        expect(own.map(({ type }) => type)).to.have.members([PROVIDER, RELEASE]);
        const parent = run.registered.find((it) => it.type === COMPONENT && it.name === name);
        expect(new Set(own.map((it) => it.parent))).to.deep.equal(new Set([parent?.urn]));
        const locks = server.writes.filter((it) => it.includes(`/namespaces/${name}/`));
        expect(locks.filter((it) => !it.includes("fieldManager"))).to.have.length(2);
      }
    });

    it("that it depends on, asks and locks nothing before that one is done", async () => {
      const run = await runProgram(async () => {
        const first = new MilvusCluster("first", inNamespace("a"));
        await outputsOf(new MilvusCluster("second", inNamespace("b"), { dependsOn: [first] }));
      });
      expect(run.error).to.equal(undefined);
      const begin = server.requests.indexOf(of("b")[0] ?? "");
      const end = server.requests.lastIndexOf(of("a").at(-1) ?? "");
      expect(of("a").at(-1)).to.match(/^DELETE .*upgrade-lock/);
      expect(begin).to.be.greaterThan(end);
    });

    for (const { how, dependOn } of [
      { how: "directly", dependOn: (first: MilvusCluster) => [first] },
      { how: "through an Output", dependOn: (first: MilvusCluster) => pulumi.output([first]) },
      { how: "through a component around it", dependOn: (_: MilvusCluster, around: pulumi.Resource) => [around] },
    ]) {
      it(`that it depends on ${how} and whose verification fails, is never touched, and the failure is said once`, async () => {
        let errors: unknown[] = [];
        const run = await runProgram(async () => {
          const around = new Around("around");
          const failing = { verify: { mode: "health" as const }, timeouts: { verify: "1s" } };
          const first = new MilvusCluster("first", inNamespace("a", failing), { parent: around });
          const second = new MilvusCluster("second", inNamespace("b"), { dependsOn: dependOn(first, around) });
          errors = [await outputError(first.endpoint), await outputError(second.endpoint)];
        });
        expect(of("b")).to.deep.equal([]);
        expect(run.children.filter(({ name }) => name.startsWith("second"))).to.deep.equal([]);
        expect((errors[0] as Error).message).to.match(/verification of Milvus 2\.2\.9 failed/);
        expect(errors[1]).to.equal(errors[0]);
      });
    }
  });
});

function withoutQuery(request: string): string {
  return request.replace(/\?.*/, "");
}

/** What it was rejected with; whoever prints errors knows by the object which one was printed already. */
async function outputError(output: pulumi.Output<unknown>): Promise<unknown> {
  return settled(output).then(
    () => expect.fail("the output has a value"),
    (error: unknown) => error,
  );
}

class Around extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Around", name);
  }
}
