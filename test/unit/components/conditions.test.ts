import { expect } from "chai";
import type { MilvusClusterArgs } from "../../../components/args";
import { RULES } from "../../../run/receipts";
import { beginReceipt, endReceipt } from "../../../upgrade/receipt/make";
import { ClusterServer } from "../../support/clusterServer";
import { runComponent } from "../../support/componentRun";
import { PLANS } from "../../support/plans";
import { MIXED } from "../upgrade/support";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const LATER = `${DAYS[(new Date().getUTCDay() + 2) % 7] ?? ""} 00:00-24:00 UTC`;
const ALWAYS = "00:00-24:00 UTC; 12:00-11:59 UTC";

describe("a plan and what must hold before it", () => {
  const server = new ClusterServer();
  before(() => server.start());
  after(() => server.stop());
  beforeEach(() => {
    server.reset("milvus");
    server.putRelease({ namespace: "milvus", chart: "4.2.33", milvus: "2.5.0", revision: 7, components: MIXED });
  });

  const args = (upgrade: MilvusClusterArgs["upgrade"] = {}): MilvusClusterArgs => ({
    version: "2.5.10",
    namespace: "milvus",
    kubeconfig: server.kubeconfig,
    verify: { mode: "off" },
    upgrade,
  });
  const staged = (chart: string, rules = RULES) => {
    const startedAt = new Date(Date.now() - 3 * 3_600_000).toISOString();
    const begun = {
      plan: { ...PLANS.rolling, from: "2.5.0", to: "2.5.10", chart: { ...PLANS.rolling.chart, version: chart } },
      id: "1a2b3c4d",
      release: "milvus/my-release",
      rules,
      approval: "none",
      run: { stack: "org/milvus/staging", who: "jane@laptop", startedAt },
      mode: "health",
    } as const;
    const ended = { finishedAt: startedAt, verification: { status: "passed" } } as const;
    return { receipt: endReceipt(beginReceipt(begun, undefined), ended) };
  };
  const lines = (said: unknown) => JSON.stringify(said);

  it("outside of its window is shown by the preview, with the next one, and refused by up before anything is declared", async () => {
    const preview = await runComponent(args({ window: LATER }), { preview: true });
    expect(preview.error).to.equal(undefined);
    expect(lines(preview.said)).to.match(
      /window: up refuses to begin now: .*is not open now\. The next one is .*, in 1 d/,
    );
    const up = await runComponent(args({ window: LATER }));
    expect(up.error?.message).to.match(
      /^refused \(only_within_the_window\): upgrade\.window .*take upgrade\.window out of the program/s,
    );
    expect(up.children).to.deep.equal([]);
    expect(server.writes.filter((it) => it.includes("receipts"))).to.deep.equal([]);
  });

  it("within its window is run", async () => {
    const { error, said, result } = await runComponent(args({ window: ALWAYS }));
    expect(error).to.equal(undefined);
    expect(lines(said)).to.include("window: open until ");
    expect(result?.receipt?.outcome).to.equal("done");
  });

  it("that was begun is ended outside of its window", async () => {
    const { receipt } = staged("4.2.47");
    server.put("milvus", "configmaps", {
      metadata: { name: "my-release-upgrade-receipts", labels: { "app.kubernetes.io/part-of": "milvus-upgrade" } },
      data: { "20260101T100000Z-1a2b3c4d.json": JSON.stringify({ ...receipt, outcome: "unfinished" }) },
    });
    const { error, said, result } = await runComponent(args({ window: LATER, promoteFrom: "staging" }));
    expect(error).to.equal(undefined);
    expect(lines(said)).to.include("window: not asked for");
    expect(result?.receipt?.runs).to.have.length(2);
  });

  for (const { what, inState, soak, missing } of [
    { what: "has no receipt", inState: {}, missing: /staging has no receipt/ },
    {
      what: "has it on another chart",
      inState: staged("4.2.40"),
      missing: /the chart milvus-4\.2\.40, and this plan takes milvus-4\.2\.47/,
    },
    {
      what: "has it by other rules",
      inState: staged("4.2.47", "0.0.1+abc"),
      missing: /by this program as 0\.0\.1\+abc, and this is/,
    },
    {
      what: "has run for less than the soak",
      inState: staged("4.2.47"),
      soak: "24h",
      missing: /staging runs 2\.5\.10 since 3 h( \d+ min)? of 1 d/,
    },
  ]) {
    it(`that another stack ${what} is refused, in the preview too, after it was shown`, async () => {
      for (const preview of [true, false]) {
        const upgrade = { promoteFrom: "staging", ...(soak !== undefined && { soak }) };
        const { error, children, said } = await runComponent(args(upgrade), { preview, inState });
        expect(error?.message)
          .to.match(/^refused \(only_what_was_proved_before\): upgrade\.promoteFrom asks/)
          .and.to.match(missing);
        expect(lines(said)).to.include("ordered rolling upgrade, Milvus 2.5.0 → 2.5.10");
        expect(children).to.deep.equal([]);
      }
    });
  }

  it("that another stack has made, verified, long enough ago is run", async () => {
    const { error, said } = await runComponent(args({ promoteFrom: "staging", soak: "2h" }), {
      inState: staged("4.2.47"),
    });
    expect(error).to.equal(undefined);
    expect(lines(said)).to.include("promotion: staging has made this hop, verified, and runs 2.5.10 since 3 h");
  });
});
