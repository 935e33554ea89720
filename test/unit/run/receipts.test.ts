import { expect } from "chai";
import { readReceipts } from "../../../cluster/kept/receipts";
import type { Config } from "../../../config/schema";
import { ReceiptKeeper } from "../../../run/receipts";
import type { ClusterState, UpgradePlan } from "../../../upgrade/model";
import { openReceipt, openUpgrade } from "../../../upgrade/receipt/make";
import { ConfigMapServer } from "../../support/configMapServer";
import { component, PLANS, STEP, state } from "../../support/plans";

const ADDRESS = { releaseName: "my-release", namespace: "milvus" };
const CONFIG = { wanted: ADDRESS, verification: { mode: "off" } } as unknown as Config;

describe("the times of an upgrade, kept in its receipt over all its runs", () => {
  let api: ConfigMapServer;
  beforeEach(async () => {
    api = new ConfigMapServer();
    await api.start();
  });
  afterEach(() => api.stop());

  const begun = async (plan: UpgradePlan, at: ClusterState): Promise<ReceiptKeeper> => {
    const keeper = new ReceiptKeeper(api.client, CONFIG, {
      plan,
      state: at,
      approval: "none",
      stack: "org/milvus/dev",
      words: (text) => text,
      say: () => undefined,
    });
    await keeper.begin();
    return keeper;
  };
  const found = async () => {
    const open = openReceipt(await readReceipts(api.client, ADDRESS), undefined);
    return open && openUpgrade(open);
  };

  it("know the first stop of any run, and how many there were", async () => {
    const first = await begun(PLANS.migration, state());
    await first.step(STEP.probe);
    expect(await found())
      .to.include({ from: "2.1.4", to: "2.2.9", runs: 1 })
      .and.not.have.property("stoppedAt");
    await first.step(STEP.stop);
    const { stoppedAt, startedAt } = (await found()) ?? {};
    expect(stoppedAt).to.be.a("string");
    const second = await begun(PLANS.migration, state());
    await second.step(STEP.stop);
    await second.step(STEP.release);
    expect(await found()).to.deep.equal({ from: "2.1.4", to: "2.2.9", startedAt, stoppedAt, runs: 2 });
    expect(second.now()).to.deep.equal(await found());
  });

  it("take the outage that is there already, also where no receipt knows of it, or one of what is given up", async () => {
    const components = [component("proxy", { replicas: 0, pods: 0, stoppedAt: "2026-01-01T20:36:13Z" })];
    const back = await begun({ ...PLANS.giveUp, from: "2.1.4", to: "2.1.4" }, state({ components }));
    await back.step(STEP.restore);
    await back.step(STEP.release);
    expect(back.now()).to.include({ to: "2.1.4", stoppedAt: "2026-01-01T20:36:13Z" });
  });

  it("know of no stop in a roll, and where no pod restarts", async () => {
    const roll = await begun(PLANS.rolling, state());
    await roll.step(STEP.unawaitedRelease);
    expect(roll.now()).to.not.have.property("stoppedAt");
    const still = await begun({ ...PLANS.helm, expected: { kind: "none", seconds: 0, parts: [] } }, state());
    await still.step(STEP.release);
    expect(still.now()).to.not.have.property("stoppedAt");
  });
});
