import { expect } from "chai";
import { oneLook } from "../../../../cluster/api/oneLook";
import { preflight } from "../../../../cluster/preflight";
import { readCluster } from "../../../../cluster/state/readCluster";
import type { UpgradePlan } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { fakeClient } from "../../../support/fakeClient";
import { SETTINGS } from "../../../support/plans";
import { running, wanted } from "../../upgrade/support";

const ADDRESS = { releaseName: "my-release", namespace: "milvus" };

describe("one look at a cluster", () => {
  it("asks for the same thing once, in whatever order its fields are written", async () => {
    const client = fakeClient({ pods: [{ metadata: { name: "a" } }] });
    const look = oneLook(client);
    const first = await look.read({ api: "v1", resource: "pods", namespace: "milvus" });
    expect(await look.read({ namespace: "milvus", resource: "pods", api: "v1" })).to.deep.equal(first);
    await look.read({ api: "v1", resource: "pods", namespace: "other" });
    expect(client.requests).to.have.length(2);
  });

  it("another look asks again", async () => {
    const client = fakeClient({});
    for (let look = 0; look < 2; look++) await oneLook(client).read({ api: "version" });
    expect(client.requests).to.have.length(2);
  });

  it("reads the Helm records once for the plan and the preflight together", async () => {
    const client = fakeClient({});
    const look = oneLook(client);
    await readCluster(look, ADDRESS);
    const state = running("3.2.18", "2.1.4");
    const plan = planUpgrade(wanted("2.2.16"), state) as UpgradePlan;
    await preflight(look, ADDRESS, plan, state, { preflight: {}, settings: { ...SETTINGS, backup: {} } });
    expect(client.requests.filter(({ resource }) => resource === "secrets")).to.have.length(1);
  });
});
