import { expect } from "chai";
import { badChart, chartFits } from "../../../upgrade/chartRules";
import { HOP_RULES, refusedBy } from "../../../upgrade/hopRules";
import type { ClusterState, HelmValues, Plan } from "../../../upgrade/model";
import { planUpgrade } from "../../../upgrade/plan";
import { CHART_RELEASES, type ChartRelease } from "../../../upgrade/releases";
import { componentsOf } from "../../../upgrade/rollout";
import { topologyOf } from "../../../upgrade/topology";
import { getValue, path, sameValue } from "../../../upgrade/values/tree";
import { compareVersions, isPreRelease, minorOf } from "../../../upgrade/versions";
import { running, wanted } from "./support";

/** The newest chart of each Milvus version. */
const NEWEST_CHARTS = [...new Map(CHART_RELEASES.toReversed().map((release) => [release.milvus, release])).values()];

/** Kinds of clusters that are walked through the catalogue, and from which of its releases. */
const LAYOUTS: Record<string, { readonly values: HelmValues; readonly sources: readonly ChartRelease[] }> = {
  "from every chart, a cluster with the chart's defaults": { values: {}, sources: CHART_RELEASES },
  "from every Milvus version, a cluster with bundled Kafka": {
    values: { kafka: { enabled: true }, pulsar: { enabled: false } },
    sources: NEWEST_CHARTS.filter(({ chart }) => compareVersions(chart, "3.0.14") >= 0),
  },
  "from every Milvus version, a standalone": {
    values: { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } },
    sources: NEWEST_CHARTS,
  },
};

/** Everything that ends a way: what stands in front of it is said, and no version helps. */
const FINAL = new Set([...HOP_RULES.filter(({ final }) => final).map(({ name }) => name), "the_chart_never_goes_back"]);

function stateOf(chart: string, milvus: string, values: HelmValues): ClusterState {
  const isCluster = (getValue(values, path("cluster.enabled")) ?? true) === true;
  return running(chart, milvus, {
    names: isCluster ? componentsOf(values, chart) : ["standalone"],
    values,
  });
}

function describePair(from: ChartRelease, to: string): string {
  return `${from.milvus} on ${from.chart} → ${to}`;
}

for (const [layout, { values, sources }] of Object.entries(LAYOUTS)) {
  describe(`every pair of releases in the catalogue, ${layout}`, function () {
    this.timeout(120_000);
    const pairs: { readonly from: ChartRelease; readonly to: string; readonly plan: Plan }[] = [];
    const known = new Map<string, Plan>();

    /** Pure, so what was planned once need not be planned again: many ways go through the same clusters. */
    function planFor(to: string, chart: string, milvus: string, values_: HelmValues): Plan {
      const key = JSON.stringify([to, chart, milvus, values_]);
      const plan = known.get(key) ?? planUpgrade(wanted(to, { values }), stateOf(chart, milvus, values_));
      known.set(key, plan);
      return plan;
    }

    before(() => {
      for (const from of sources) {
        for (const { milvus: to } of CHART_RELEASES) {
          pairs.push({ from, to, plan: planFor(to, from.chart, from.milvus, values) });
        }
      }
    });

    it("gives a plan that breaks no rule, or a refusal with a reason and something to do", () => {
      for (const { from, to, plan } of pairs) {
        const pair = describePair(from, to);
        if (plan.kind === "refused") {
          expect(plan.reason, pair).to.match(/\S.{20,}/);
          expect(plan.remedy, pair).to.match(/\S.{10,}/);
          expect(plan.rule, pair).to.match(/^[a-z0-9]+(_[a-z0-9]+)+$/);
          continue;
        }
        expect(plan.to, pair).to.equal(to);
        expect(refusedBy({ from: from.milvus, to }), pair).to.equal(undefined);
        expect(chartFits(plan.chart.version, to), pair).to.equal(true);
        expect(plan.chart.version === from.chart || badChart(plan.chart.version) === undefined, pair).to.equal(true);
        expect(compareVersions(plan.chart.version, from.chart), pair).to.be.at.least(0);
        expect(getValue(plan.values, path("image.all.tag")), pair).to.equal(`v${to}`);
        expect(plan.steps.filter(({ kind }) => kind === "release").length, pair).to.equal(1);
        const crosses = minorOf(from.milvus) === "2.1" && minorOf(to) === "2.2";
        expect(plan.kind === "migration", pair).to.equal(crosses);
      }
    });

    it("never changes the message queue or the mode", () => {
      for (const { from, to, plan } of pairs) {
        if (plan.kind === "refused") continue;
        const before = topologyOf(values, from.chart, { firstRevision: true });
        const next = topologyOf(plan.values, plan.chart.version, { firstRevision: false });
        expect([next.queue, next.mode], describePair(from, to)).to.deep.equal([before.queue, before.mode]);
      }
    });

    it("refuses with a next hop that can be planned and is nearer, or by a rule that no version helps against", () => {
      for (const { from, to, plan } of pairs) {
        if (plan.kind !== "refused") continue;
        const pair = describePair(from, to);
        if (plan.nextHop === undefined) {
          expect([...FINAL], pair).to.include(plan.rule);
          continue;
        }
        expect(compareVersions(plan.nextHop.to, from.milvus), pair).to.be.above(0);
        expect(compareVersions(plan.nextHop.to, to), pair).to.be.below(0);
        expect(plan.path?.at(-1)?.to, pair).to.equal(to);
        const next = planFor(plan.nextHop.to, from.chart, from.milvus, values);
        expect(next.kind === "refused" ? next.reason : next.chart.version, pair).to.equal(plan.nextHop.chart);
      }
    });

    it("always ends at the target when the next hops are followed, and then has nothing to do", () => {
      for (const { from, to, plan: first } of new Map(
        pairs.map((pair) => [`${pair.from.chart} ${pair.to}`, pair]),
      ).values()) {
        if (first.kind === "refused" && first.nextHop === undefined) continue;
        const pair = describePair(from, to);
        let now = { chart: from.chart, milvus: from.milvus, values };
        for (let plan = first, hops = 0; plan.kind !== "nothing"; hops++) {
          expect(hops, `${pair}: too many hops`).to.be.below(8);
          const hop: Plan =
            plan.kind === "refused" ? planFor(plan.nextHop?.to ?? "", now.chart, now.milvus, now.values) : plan;
          if (hop.kind === "refused") return expect.fail(`${pair}: ${hop.reason}`);
          now = { chart: hop.chart.version, milvus: hop.to, values: hop.values };
          plan = planFor(to, now.chart, now.milvus, now.values);
          if (plan.kind === "nothing") expect(sameValue(plan.values, hop.values), pair).to.equal(true);
        }
        expect(now.milvus, pair).to.equal(to);
      }
    });

    it("reaches every release from every older one of 2.0 GA or later", () => {
      for (const { from, to, plan } of pairs) {
        const isUp = compareVersions(from.milvus, to) < 0 && !isPreRelease(to);
        if (!isUp) continue;
        const isOnItsWay = plan.kind !== "refused" || plan.nextHop !== undefined;
        expect(isOnItsWay, `${describePair(from, to)}: ${plan.kind === "refused" ? plan.rule : ""}`).to.equal(true);
      }
    });

    it(`covers all ${sources.length * CHART_RELEASES.length} pairs`, () => {
      expect(pairs.length).to.equal(sources.length * CHART_RELEASES.length);
    });
  });
}

describe("the catalogue", () => {
  it("makes more than 40,000 pairs", () => {
    expect(CHART_RELEASES.length ** 2).to.be.above(40_000);
  });
});
