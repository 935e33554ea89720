import { expect } from "chai";
import { readCronJobs } from "../../../../cluster/state/cronJobs";
import { watchOwnJob } from "../../../../cluster/state/ownJobs";
import { fakeClient, forbidden, notFound } from "../../../support/fakeClient";

const PODS = ["old", "new"].map((name, index) => ({
  metadata: { name, creationTimestamp: `2026-01-01T10:0${index}:00Z` },
  spec: { containers: [{ name: "main" }] },
}));

async function watched(
  log: unknown,
  isWell = true,
  pods: unknown = PODS,
): Promise<{ said: string[]; asked: string[] }> {
  const client = fakeClient({ pods, "pods/log": log });
  const said: string[] = [];
  const job = {
    what: "cronjob/backup",
    name: "my-backup-before-1",
    namespace: "milvus",
    limit: 2100,
    end: Promise.resolve(isWell),
  };
  await watchOwnJob(client, job, ["hunter2-known"], (line) => void said.push(line));
  return {
    said,
    asked: client.requests.flatMap(({ name, subresource }) => (subresource === "log" ? [name ?? ""] : [])),
  };
}

describe("a Job of the user's", () => {
  it("is told with the last lines of its newest pod, once it is done", async () => {
    const lines = Array.from({ length: 9 }, (_, index) => `line ${index}`).join("\n");
    const { said, asked } = await watched(`${lines}\n\n`);
    expect(said[0]).to.match(/^cronjob\/backup: done in \d+ s$/);
    expect(said.slice(1)).to.deep.equal([4, 5, 6, 7, 8].map((index) => `cronjob/backup: line ${index}`));
    expect(asked).to.deep.equal(["new"]);
  });

  it("shows no password of its log, also where the log is cut in the middle of one", async () => {
    const log = `login --password hunter2-typed\nthe key is hunter2-known\n${"x".repeat(19_930)} hunter2-kn`;
    const { said } = await watched(log.padEnd(20_000, "o"));
    expect(said.join("\n")).to.include("--password (hidden)").and.to.not.include("hunter2");
  });

  for (const [what, log] of Object.entries({ "may not be read": forbidden("logs"), "is empty": "" })) {
    it(`whose log ${what} is told to be done all the same`, async () => {
      expect((await watched(log)).said).to.have.length(1);
    });
  }

  it("that has no pod any more is told to be done", async () => {
    expect((await watched("gone", true, [])).said).to.have.length(1);
  });

  it("that has failed is left to the diagnosis", async () => {
    expect((await watched("boom", false)).said).to.deep.equal([]);
  });
});

describe("the CronJobs that the config names", () => {
  it("have another version once somebody has changed them, and it tells nothing of their passwords", async () => {
    const cronJob = (generation: number) => ({
      metadata: { name: "backup", uid: "u", generation },
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ env: [{ value: "hunter2" }] }] } } } } },
    });
    const [first] = await readCronJobs(fakeClient({ cronjobs: cronJob(1) }), "milvus", ["backup"]);
    const [second] = await readCronJobs(fakeClient({ cronjobs: cronJob(2) }), "milvus", ["backup"]);
    expect([first?.version, second?.version]).to.deep.equal(["u 1", "u 2"]);
    expect(JSON.stringify(first?.template)).to.include("hunter2");
  });

  for (const error of [notFound("it"), forbidden("it")]) {
    it(`are none where one is ${error.code}`, async () => {
      expect(await readCronJobs(fakeClient({ cronjobs: error }), "milvus", ["backup", "backup"])).to.deep.equal([]);
    });
  }
});
