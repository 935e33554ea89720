import { expect } from "chai";
import { parseConfig } from "../../../config/parseConfig";
import { endDeadRuns } from "../../../run/deadRuns";
import { keepRan } from "../../../run/receipts";
import { CRON_JOB_ANNOTATION, receiptsName, STEP_LABEL, upgradeLabels } from "../../../upgrade/marks";
import { RECEIPT_SCHEMA, type Receipt } from "../../../upgrade/receipt/receipt";
import { type FakeClient, fakeClient } from "../../support/fakeClient";

const config = parseConfig({ config: { "milvus:version": "2.2.16", "milvus:namespace": "milvus" } });
const { wanted } = config;

/** A Job of a run that is gone. The first look at it finds it at work, each later one finds how it has ended. */
function left(step: string, end: "Complete" | "Failed" | "gone", madeFrom = "uid 1"): FakeClient {
  const job = (conditions: readonly object[]) => ({
    metadata: {
      name: "the-job",
      labels: { ...upgradeLabels(wanted.releaseName), [STEP_LABEL]: step },
      annotations: { [CRON_JOB_ANNOTATION]: madeFrom },
    },
    spec: { activeDeadlineSeconds: 60 },
    status: { conditions },
  });
  const client = fakeClient({ cronjobs: { metadata: { name: "backup", uid: "uid", generation: 1 } } });
  let looks = 0;
  return {
    ...client,
    read: (request: Parameters<FakeClient["read"]>[0]) => {
      if (request.resource !== "jobs") return client.read(request);
      looks++;
      if (looks === 1) return Promise.resolve({ items: [job([])] });
      const ended = job([{ type: end, status: "True" }]);
      if (request.name !== undefined) return end === "gone" ? client.read(request) : Promise.resolve(ended);
      return Promise.resolve({ items: end === "gone" ? [] : [ended] });
    },
  };
}

async function ended(client: FakeClient) {
  const said: string[] = [];
  const ran = await endDeadRuns(client, config, (line) => void said.push(line));
  return { ran, said: said.join("\n"), writes: client.writes.map(({ method }) => method) };
}

describe("a Job of the user's that a dead run has left at work", () => {
  it("is waited for, and counts when it has ended well", async () => {
    const { ran, said, writes } = await ended(left("before-backup", "Complete"));
    expect([ran, writes]).to.deep.equal([[{ when: "before", cronJob: "backup" }], []]);
    expect(said).to.include("cronjob/backup: Job the-job of an earlier run has ended well");
  });

  for (const { what, end, madeFrom } of [
    { what: "has failed", end: "Failed" },
    { what: "was made from what the CronJob was before somebody edited it", end: "Complete", madeFrom: "uid 0" },
  ] as const) {
    it(`does not count when it ${what}: it runs again`, async () => {
      const { ran, said } = await ended(left("after-backup", end, madeFrom));
      expect(ran).to.deep.equal([]);
      expect(said).to.include("does not count");
    });
  }

  it("is in the receipt of the upgrade that is open, and of no other", async () => {
    const receipt = (id: string, outcome: Receipt["outcome"]): Receipt => ({
      schema: RECEIPT_SCHEMA,
      id,
      outcome,
      release: "milvus/my-release",
      kind: "helm",
      from: "2.2.14",
      to: "2.2.16",
      chart: "milvus-4.0.34",
      rules: "0.1.0",
      approval: "none",
      runs: [],
      startedAt: id === "old" ? "2026-01-01T00:00:00Z" : "2026-01-02T00:00:00Z",
      steps: [],
      interruption: { kind: "none", expectedSeconds: 0 },
      reversibility: "reversible",
      verification: { mode: "off", status: "off" },
      warnings: [],
    });
    const kept = [receipt("old", "done"), receipt("new", "unfinished")];
    const data = Object.fromEntries(kept.map((it) => [`${it.startedAt}-${it.id}.json`, JSON.stringify(it)]));
    const client = fakeClient({
      configmaps: {
        metadata: { name: receiptsName(wanted.releaseName), labels: upgradeLabels(wanted.releaseName) },
        data,
      },
    });
    await keepRan(client, config, [{ when: "before", cronJob: "backup" }], () => undefined);
    const bodies = client.writes.map((it) => JSON.stringify("body" in it ? it.body : {}));
    expect(bodies).to.have.length(1);
    expect(bodies[0]?.match(/ranBefore/g)).to.have.length(1);
  });
});
