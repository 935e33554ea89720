import { expect } from "chai";
import { readBegun } from "../../../cluster/kept/begunUpgrade";
import { keepTimes } from "../../../run/begun";
import { installationOf } from "../../../upgrade/metadata/installation";
import type { BegunUpgrade, ClusterState, UpgradePlan } from "../../../upgrade/model";
import { ConfigMapServer } from "../../support/configMapServer";
import { PLANS, STEP, state } from "../../support/plans";

const ADDRESS = { releaseName: "my-release", namespace: "milvus" };

describe("the times of an upgrade, kept in the cluster over all its runs", () => {
  let api: ConfigMapServer;
  beforeEach(async () => {
    api = new ConfigMapServer();
    await api.start();
  });
  afterEach(() => api.stop());

  const said: string[] = [];
  const keep = (plan: UpgradePlan, at: ClusterState) =>
    keepTimes({ client: api.client, plan, state: at, say: (line) => void said.push(line), ...ADDRESS });
  const read = async (): Promise<BegunUpgrade | undefined> =>
    (await readBegun(api.client, ADDRESS))?.(installationOf(state()));
  const found = async () => {
    const begun = await read();
    return state({ ...(begun && { begun }) });
  };

  it("begin with the first step, know the first stop, are gone on with by a later run, and go with the end", async () => {
    const first = keep(PLANS.migration, state());
    await first.begin(STEP.probe);
    expect(await read())
      .to.include({ from: "2.1.4", to: "2.2.9", runs: 1 })
      .and.not.have.property("stoppedAt");
    await first.begin(STEP.stop);
    const { stoppedAt, startedAt } = (await read()) ?? {};
    expect(stoppedAt).to.be.a("string");
    const second = keep(PLANS.migration, await found());
    await second.begin(STEP.backup);
    await second.begin(STEP.release);
    expect(await read()).to.deep.equal({ from: "2.1.4", to: "2.2.9", startedAt, stoppedAt, runs: 2 });
    await second.end();
    expect(await read()).to.equal(undefined);
  });

  it("are those of the upgrade that is given up, and not those of another one", async () => {
    await keep(PLANS.migration, state()).begin(STEP.stop);
    const back = { ...PLANS.giveUp, from: "2.1.4", to: "2.1.4" };
    const given = keep(back, await found());
    await given.begin(STEP.restore);
    expect(given.now()).to.include({ to: "2.2.9", runs: 2 });
    const other = keep({ ...PLANS.helm, from: "2.4.5", to: "2.4.16" }, await found());
    await other.begin(STEP.release);
    expect(other.now()).to.include({ from: "2.4.5", to: "2.4.16", runs: 1 });
  });

  it("know of no interruption of a roll", async () => {
    const roll = keep(PLANS.rolling, state());
    await roll.begin(STEP.unawaitedRelease);
    expect(roll.now()).to.not.have.property("stoppedAt");
  });

  it("hold up nothing where they cannot be kept, and say so once", async () => {
    said.length = 0;
    await api.stop();
    const times = keep(PLANS.migration, state());
    await times.begin(STEP.probe);
    await times.begin(STEP.stop);
    await times.end();
    expect(times.now()).to.include({ runs: 1 });
    expect(said).to.have.length(1);
    expect(said[0]).to.include("ConfigMap my-release-upgrade-begun");
    await api.start();
  });
});
