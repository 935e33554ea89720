import { expect } from "chai";
import type { MilvusClusterArgs } from "../../../components/args";
import { upgradeLabels } from "../../../upgrade/marks";
import type { Receipt } from "../../../upgrade/receipt/receipt";
import { ClusterServer } from "../../support/clusterServer";
import { runComponent } from "../../support/componentRun";
import { isSecret, plain } from "../../support/recordingMonitor";
import { MIXED } from "../upgrade/support";

const JOB = "kubernetes:batch/v1:Job";

describe("Jobs of the user's around an upgrade", () => {
  const server = new ClusterServer();
  before(() => server.start());
  after(() => server.stop());
  beforeEach(() => {
    server.reset("milvus");
    server.putRelease({ namespace: "milvus", chart: "4.2.33", milvus: "2.5.0", revision: 7, components: MIXED });
    for (const name of ["milvus-backup", "smoke-test"]) {
      const spec = {
        schedule: "0 3 * * *",
        jobTemplate: {
          metadata: { labels: { team: "search", ...upgradeLabels("other") } },
          spec: {
            ttlSecondsAfterFinished: 5,
            backoffLimit: 2,
            activeDeadlineSeconds: name === "smoke-test" ? 60 : 90_000,
            template: {
              spec: {
                serviceAccountName: "backup",
                restartPolicy: "Never",
                containers: [{ name: "main", env: [{ name: "P", value: "hunter2" }] }],
              },
            },
          },
        },
      };
      server.put("milvus", "cronjobs", { metadata: { name, uid: `uid-${name}`, generation: 3 }, spec } as never);
    }
  });

  const args = (over: MilvusClusterArgs["upgrade"] = {}): MilvusClusterArgs => ({
    version: "2.5.10",
    namespace: "milvus",
    kubeconfig: server.kubeconfig,
    verify: { mode: "off" },
    upgrade: { runBefore: ["cronjob/milvus-backup"], runAfter: ["cronjob/smoke-test"], ...over },
  });
  const receipt = () =>
    Object.values(server.stored("milvus", "configmaps", "my-release-upgrade-receipts")?.data ?? {}).map(
      (it) => JSON.parse(it) as Receipt,
    )[0];

  it("are made as their CronJobs say, in their order, and encrypted in the state", async () => {
    const { error, result, children } = await runComponent(args());
    expect(error).to.equal(undefined);
    const steps = (result?.plan.steps ?? []).filter((step) => step !== "prepull");
    expect([steps[0], steps.at(-1)]).to.deep.equal(["run cronjob/milvus-backup", "run cronjob/smoke-test"]);
    const jobs = children.filter(({ type }) => type === JOB);
    expect(jobs[0]?.name).to.equal("db-before-milvus-backup");
    expect(jobs.at(-1)?.name).to.equal("db-after-smoke-test");
    // The one before is waited for by what comes next.
    expect(jobs.find(({ name }) => name === "db-pause")?.dependsOn).to.include(jobs[0]?.urn);
    const [before, after] = [jobs[0], jobs.at(-1)].map((job) => job?.inputs);
    expect([before, after].map((inputs) => isSecret(inputs?.spec))).to.deep.equal([true, true]);
    const spec = plain(before?.spec) as Record<string, unknown>;
    // Its end has to be seen, whatever the CronJob says.
    expect(spec).to.deep.include({ backoffLimit: 2, activeDeadlineSeconds: 2100, ttlSecondsAfterFinished: 604_800 });
    expect(plain(after?.spec)).to.deep.include({ activeDeadlineSeconds: 60 });
    const metadata = plain(before?.metadata) as {
      readonly name: string;
      readonly labels: object;
      readonly annotations: object;
    };
    expect(metadata.annotations).to.deep.include({ "milvus-upgrade/cron-job": "uid-milvus-backup 3" });
    expect(metadata.name).to.match(/^my-release-milvus-backup-before-[0-9a-f]{8}$/);
    expect(metadata.labels).to.deep.include({ team: "search", ...upgradeLabels("my-release") });
  });

  it("are in the receipt, and give the upgrade's own account no right", async () => {
    const { result, children } = await runComponent(args());
    expect(result?.receipt).to.deep.include({
      outcome: "done",
      ranBefore: ["milvus-backup"],
      ranAfter: ["smoke-test"],
    });
    expect(receipt()).to.deep.equal(result?.receipt);
    const role = children.find(({ type }) => type.endsWith(":Role"));
    expect(JSON.stringify(role?.inputs)).to.not.include("cronjobs").and.not.include('"jobs"');
  });

  it("print no password of theirs", async () => {
    const run = await runComponent(args());
    expect(JSON.stringify([run.said, run.result, [...run.outputs]])).to.not.include("hunter2");
    expect(JSON.stringify(server.bodies.filter((it) => it.includes("receipts")))).to.not.include("hunter2");
  });

  it("are shown in a preview, and nothing is written", async () => {
    server.requests = [];
    const { error, children } = await runComponent(args(), { preview: true });
    expect(error).to.equal(undefined);
    expect(children.map(({ name }) => name)).to.include.members(["db-before-milvus-backup", "db-after-smoke-test"]);
    expect(server.writes).to.deep.equal([]);
  });

  it("that are not there are refused before anything is declared", async () => {
    const { error, children } = await runComponent(args({ runBefore: ["cronjob/nothing"] }));
    expect(error?.message)
      .to.include("refused (own_steps_run_with_the_plan)")
      .and.to.include("upgrade.runBefore names cronjob/nothing");
    expect(children).to.deep.equal([]);
  });

  it("change the hash of the plan when somebody edits the CronJob", async () => {
    const hash = async () => (await runComponent(args(), { preview: true })).result?.plan.hash;
    const before = await hash();
    expect(await hash()).to.equal(before);
    const edited = server.stored("milvus", "cronjobs", "milvus-backup");
    if (edited) server.put("milvus", "cronjobs", { ...edited, metadata: { ...edited.metadata, generation: 4 } });
    expect(await hash()).to.not.equal(before);
  });
});
