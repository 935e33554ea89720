/** What people do around a migration: each of these has lost metadata, or would have, before this program held it back. */
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { compareMetadata, type MetadataState } from "../../sandbox/metadata";
import { seedMetadata } from "../../sandbox/metadataSeed";
import { killUpWhen } from "./support/killedRun";
import { failureOf, problems, startTestBed, type TestBed, until } from "./support/testBed";

const CLAIM = "my-release-meta-2.1.4-to-2.2.0-r1";
const NAMESPACE = "--namespace=milvus";

interface Old {
  readonly bed: TestBed;
  readonly stack: EngineStack;
  readonly original: MetadataState;
  readonly kubectl: (...args: string[]) => Promise<string>;
}

/** A Milvus 2.1.4 with metadata, wanted at 2.2.0. */
async function oldMilvus(config: Record<string, unknown> = {}): Promise<Old> {
  const bed = await startTestBed();
  const original = await bed.seed();
  await bed.install("3.2.18");
  const stack = await bed.stack({ "milvus:version": "2.2.0", ...config });
  return { bed, stack, original, kubectl: (...args) => bed.sandbox.kubectl([...args, NAMESPACE]) };
}

/** Names of the Milvus Deployments. */
async function deployments({ kubectl }: Old): Promise<string[]> {
  const names = await kubectl("get", "deployments", "--selector=app.kubernetes.io/name=milvus", "--output=name");
  return names.split("\n").filter((name) => name !== "");
}

async function scale(old: Old, replicas: number): Promise<void> {
  await old.kubectl("scale", ...(await deployments(old)), `--replicas=${replicas}`);
  await until(`${replicas} replicas of everything`, async () =>
    (await old.bed.observe()).components.every((it) => it.ready === replicas && it.replicas === replicas),
  );
}

/** The metadata of 2.1 again, as somebody would put it back by other means, and collections made since. */
async function repairedByHand(old: Old): Promise<MetadataState> {
  await old.bed.etcd.deletePrefix("by-dev/meta/");
  await seedMetadata(old.bed.etcd, { collections: 8 });
  await scale(old, 1);
  return old.bed.metadata();
}

describe("a migration that died, and a Milvus 2.1 that was repaired by hand and has run since", () => {
  let old: Old;
  let since: MetadataState;
  before(async () => {
    old = await oldMilvus();
    old.bed.faults({ containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=sleep:20000" } }] });
    await killUpWhen(old.bed.sandbox, "migrate", async () => (await old.bed.metadata()).format === "empty");
    await old.stack.cancel();
    // The Job that outlived the run is gone too, before it could put anything right.
    old.bed.sandbox.killPodRunner();
    await old.kubectl("delete", "jobs", "--all", "--cascade=foreground", "--wait=false");
    // So is its lock, which the next run would take over before it looks.
    await old.kubectl("delete", "configmap", "my-release-upgrade-lock");
    old.bed.faults({});
    await old.bed.sandbox.startPodRunner();
    await until("no Job", async () => (await old.kubectl("get", "jobs", "--output=name")) === "");
    since = await repairedByHand(old);
  });
  after(() => old.bed.stop());

  for (const version of ["2.2.0", "2.1.4"]) {
    it(`is refused on the way to ${version} before anything is stopped, with what each way out costs`, async () => {
      await old.stack.setConfig({ "milvus:version": version });
      const untouched = await old.bed.fingerprint();
      const { message } = await failureOf(old.stack.up());
      expect(message).to.contain("old_milvus_must_not_run_on_half_migrated_metadata");
      expect(message).to.contain(`kubectl -n milvus label pvc ${CLAIM} milvus-upgrade/release-`);
      expect(await old.bed.fingerprint()).to.equal(untouched);
      expect(compareMetadata(since, await old.bed.metadata())).to.deep.equal([]);
    });
  }

  it("keeps what it has written also when Milvus is stopped, as the refusal offers: nothing is put over it", async () => {
    await old.stack.setConfig({ "milvus:version": "2.2.0" });
    await scale(old, 0);
    const { message } = await failureOf(old.stack.up());
    expect(message).to.match(/nothing changed: .* etcd holds what that cannot have left: \d+ entries/);
    expect(message).to.contain(`kubectl -n milvus label pvc ${CLAIM} milvus-upgrade/release-`);
    expect(message).to.contain(`pulumi config set milvus:overwriteMetadata ${CLAIM}`);
    expect(compareMetadata(since, await old.bed.metadata())).to.deep.equal([]);
    await scale(old, 1);
  });

  it("is upgraded with all that it has once the attempt is let go of, as the refusal says", async () => {
    await old.kubectl("label", "pvc", CLAIM, "milvus-upgrade/release-");
    await old.stack.up();
    const metadata = { before: since, format: "2.2" };
    expect(problems(await old.bed.observe(), { version: "2.2.0", metadata })).to.deep.equal([]);
    expect((await old.stack.outputs()).backupClaim?.value).to.equal(`${CLAIM}-2`);
    expect(await old.kubectl("get", "pvc", "--output=name")).to.contain(`${CLAIM}\n`);
  });
});

describe("a finished upgrade, uninstalled, and 2.1.4 installed again under the same name", () => {
  it("is migrated for itself: the claim and the marks of the first installation are left alone", async () => {
    const old = await oldMilvus();
    try {
      await old.stack.up();
      await old.bed.sandbox.helm(["uninstall", "my-release", NAMESPACE, "--wait"]);
      await old.bed.etcd.deletePrefix("by-dev/");
      await seedMetadata(old.bed.etcd, { collections: 8 });
      const second = await old.bed.metadata();
      await old.bed.install("3.2.18");
      const stack = await old.bed.stack({ "milvus:version": "2.2.0" }, "second");
      const report = await stack.up();
      const said = report.diagnostics.map(({ message }) => message).join("\n");
      expect(said).to.contain("an_attempt_of_another_installation").and.contain(CLAIM);
      const metadata = { before: second, format: "2.2" };
      expect(problems(await old.bed.observe(), { version: "2.2.0", metadata })).to.deep.equal([]);
      expect((await stack.outputs()).backupClaim?.value).to.equal(`${CLAIM}-2`);
    } finally {
      await old.bed.stop();
    }
  });
});

describe("steps that pulumi up is told to leave out", () => {
  let old: Old;
  before(async () => {
    old = await oldMilvus();
  });
  after(() => old.bed.stop());

  const intact = async (): Promise<void> => {
    const milvus = await old.bed.observe();
    expect(milvus.revision).to.equal(1);
    expect(milvus.components.every(({ version }) => version === "2.1.4")).to.equal(true);
    const now = await old.bed.metadata();
    expect([now.format, compareMetadata(old.original, now)]).to.deep.equal(["2.1", []]);
  };

  for (const { title, options } of [
    { title: "--exclude '**migrate' on an empty stack", options: { exclude: ["**migrate"] } },
    { title: "--target of the Release alone", options: { target: ["**milvus-release"] } },
    { title: "--exclude '**stop' after a failed run", options: { exclude: ["**stop"] } },
  ]) {
    it(`${title}: 2.2 is not sent over metadata of 2.1, and the message says what to type`, async () => {
      const { message } = await failureOf(old.stack.up(options));
      expect(message).to.match(/no_step_is_left_out.*--target, --exclude.*Run pulumi up without these options/s);
      // The Automation API says it once more in its summary.
      expect(message.split("refused (no_step_is_left_out)").length - 1).to.be.at.most(3);
      await intact();
    });
  }

  it("are done by the next up without these options", async () => {
    await old.stack.up();
    const metadata = { before: old.original, format: "2.2" };
    expect(problems(await old.bed.observe(), { version: "2.2.0", metadata })).to.deep.equal([]);
  });
});

describe("what the backup needs and does not get", () => {
  let old: Old;
  before(async () => {
    old = await oldMilvus();
  });
  after(() => old.bed.stop());

  const CASES: readonly {
    readonly title: string;
    readonly config?: Record<string, unknown>;
    readonly before?: () => Promise<unknown>;
    readonly says: RegExp;
    readonly after?: () => Promise<unknown>;
  }[] = [
    {
      title: "the image of the migration tool cannot be pulled",
      config: { "milvus:metaMigrationImage": "milvusdb/meta-migration:v9.9.9" },
      says: /meta-migration:v9\.9\.9/,
      after: () => old.stack.removeConfig("milvus:metaMigrationImage"),
    },
    {
      title: "no node fits the node selector of the Jobs",
      config: { "milvus:nodeSelector": { disk: "none" } },
      says: /node/,
      after: () => old.stack.removeConfig("milvus:nodeSelector"),
    },
    {
      title: "a network policy, or a wrong endpoint, is between the Jobs and etcd",
      before: () => {
        old.bed.faults({ hosts: { "my-release-etcd:2379": "127.0.0.1:1" } });
        return Promise.resolve();
      },
      says: /etcd at my-release-etcd:2379 cannot be reached/,
      after: () => {
        old.bed.faults({});
        return Promise.resolve();
      },
    },
    {
      title: "a quota of the namespace leaves no room for the Jobs' pods",
      before: () => old.kubectl("create", "quota", "full", "--hard=count/jobs.batch=0"),
      says: /quota/,
      after: () => old.kubectl("delete", "quota", "full"),
    },
  ];
  for (const { title, config = {}, before: prepare, says, after: undo } of CASES) {
    it(`${title}: found before the stop, with Milvus serving on`, async () => {
      await prepare?.();
      await old.stack.setConfig({ "milvus:timeouts": { lock: "5s", start: "20s", backup: "20s" }, ...config });
      const { message } = await failureOf(old.stack.up());
      expect(message).to.match(says);
      const milvus = await old.bed.observe();
      expect(problems(milvus, { version: "2.1.4" })).to.deep.equal([]);
      await undo?.();
    });
  }

  it("and where it has all that, the upgrade goes through", async () => {
    await old.stack.up();
    const metadata = { before: old.original, format: "2.2" };
    expect(problems(await old.bed.observe(), { version: "2.2.0", metadata })).to.deep.equal([]);
  });
});
