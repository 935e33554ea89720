import { expect } from "chai";
import { ClusterError } from "../../../../cluster/errors";
import { changeReceipts, KEPT_RECEIPTS, readReceipts } from "../../../../cluster/kept/receipts";
import { beginReceipt } from "../../../../upgrade/receipt/make";
import type { Receipt } from "../../../../upgrade/receipt/receipt";
import { ConfigMapServer } from "../../../support/configMapServer";
import { PLANS } from "../../../support/plans";

const RELEASE = { releaseName: "my", namespace: "milvus" };
const NAME = "my-upgrade-receipts";

function receipt(number: number, over: Partial<Receipt> = {}): Receipt {
  const startedAt = new Date(Date.UTC(2026, 0, 1, number)).toISOString();
  const run = { stack: "org/milvus/prod", who: "jane@laptop", startedAt };
  const begun = {
    plan: PLANS.helm,
    id: `id-${number}`,
    release: "milvus/my",
    rules: "1+a",
    approval: "none",
    run,
    mode: "off",
  } as const;
  return { ...beginReceipt(begun, undefined), ...over };
}

describe("the receipts in the cluster", () => {
  let server: ConfigMapServer;
  beforeEach(async () => {
    server = new ConfigMapServer();
    await server.start();
  });
  afterEach(() => server.stop());
  const ids = async () => (await readReceipts(server.client, RELEASE)).map(({ id }) => id);

  it("are none where nobody has kept one, and reading makes none", async () => {
    expect(await ids()).to.deep.equal([]);
    await changeReceipts(server.client, RELEASE, () => []);
    expect(server.writes).to.deep.equal([]);
  });

  it("are in one ConfigMap, the oldest first, and one is replaced by its id", async () => {
    for (const number of [2, 1, 3]) await changeReceipts(server.client, RELEASE, () => [receipt(number)]);
    await changeReceipts(server.client, RELEASE, () => [receipt(2, { outcome: "done" })]);
    expect([...server.stored.keys()]).to.deep.equal([NAME]);
    expect(await ids()).to.deep.equal(["id-1", "id-2", "id-3"]);
    expect((await readReceipts(server.client, RELEASE))[1]?.outcome).to.equal("done");
  });

  it(`are the newest ${KEPT_RECEIPTS}`, async () => {
    for (let number = 1; number <= KEPT_RECEIPTS + 3; number++) {
      await changeReceipts(server.client, RELEASE, () => [receipt(number)]);
    }
    const kept = await ids();
    expect([kept.length, kept[0], kept.at(-1)]).to.deep.equal([KEPT_RECEIPTS, "id-4", `id-${KEPT_RECEIPTS + 3}`]);
  });

  it("lose none of each other's when two machines write at once, also the first time", async () => {
    // As a second machine that writes between the reading and the writing of the first.
    let other: Promise<void> | undefined;
    await changeReceipts(server.client, RELEASE, () => {
      other ??= changeReceipts(server.client, RELEASE, () => [receipt(2)]);
      return [receipt(1)];
    });
    await other;
    await Promise.all([3, 4].map((number) => changeReceipts(server.client, RELEASE, () => [receipt(number)])));
    expect(await ids()).to.deep.equal(["id-1", "id-2", "id-3", "id-4"]);
  });

  it("are written though the answer to the first try was lost, once", async () => {
    await changeReceipts(server.client, RELEASE, () => [receipt(1)]);
    server.loseNextAnswer = true;
    await changeReceipts(server.client, RELEASE, () => [receipt(2)]);
    expect(await ids()).to.deep.equal(["id-1", "id-2"]);
  });

  it("that are damaged, or of somebody else's making, are passed over", async () => {
    const labels = { "app.kubernetes.io/part-of": "milvus-upgrade" };
    const data = {
      "20260101T000000Z-a.json": "{",
      notes: "hello",
      "20260101T000000Z-b.json": JSON.stringify(receipt(1)),
    };
    server.put({ metadata: { name: NAME, labels }, data });
    expect(await ids()).to.deep.equal(["id-1"]);
  });

  it("are not written into a ConfigMap that is somebody else's", async () => {
    server.put({ metadata: { name: NAME }, data: { theirs: "1" } });
    const error = await changeReceipts(server.client, RELEASE, () => [receipt(1)]).catch((it: unknown) => it);
    expect(error).to.be.instanceOf(ClusterError);
    expect((error as ClusterError).code).to.equal("foreignObject");
    expect(server.writes).to.deep.equal([]);
  });
});
