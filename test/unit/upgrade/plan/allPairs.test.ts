import { expect } from "chai";
import { badChart, chartFits } from "../../../../upgrade/charts/rules";
import { chartOlderThan } from "../../../../upgrade/charts/versions";
import { HOP_RULES, refusedBy } from "../../../../upgrade/hops/rules";
import type { ClusterState, HelmValues, Plan, UpgradePlan } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { topologyOf } from "../../../../upgrade/plan/topology";
import { componentsOf } from "../../../../upgrade/roll/rollout";
import { imageTagAt } from "../../../../upgrade/values/rules/dependencyImages";
import { getValue, path, sameValue } from "../../../../upgrade/values/tree";
import { CHART_RELEASES, type ChartRelease } from "../../../../upgrade/versions/releases";
import { compareVersions, isPreRelease, minorOf } from "../../../../upgrade/versions/versions";
import { isExample } from "../../../support/examples";
import { running, wanted } from "../support";

/** The newest chart of each Milvus version. */
const NEWEST_CHARTS = [...new Map(CHART_RELEASES.toReversed().map((release) => [release.milvus, release])).values()];

/** A plan depends on the Milvus version wanted, and not on which of its charts a pair names. */
const TARGETS = [...new Set(CHART_RELEASES.map(({ milvus }) => milvus))];
/** All pairs take ten seconds. Of so many one has every source and every target. */
const ONE_IN = 45;

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
const OTHER_PULSAR = "another_chart_of_pulsar_has_other_volumes";
const FINAL = new Set([
  ...HOP_RULES.filter(({ final }) => final).map(({ name }) => name),
  "the_chart_never_goes_back",
  OTHER_PULSAR,
]);

function stateOf(chart: string, milvus: string, values: HelmValues): ClusterState {
  const isCluster = (getValue(values, path("cluster.enabled")) ?? true) === true;
  return running(chart, milvus, {
    names: isCluster ? componentsOf(values, chart) : ["standalone"],
    values,
  });
}

interface Pair {
  readonly from: ChartRelease;
  readonly to: string;
  readonly plan: Plan;
}

/** What is wrong with which pairs; an assertion for each of so many would take longer than the planning. */
function failures(pairs: readonly Pair[], faultsOf: (pair: Pair) => string[]): string[] {
  expect(pairs.length).to.be.above(60);
  return pairs.flatMap((pair) =>
    faultsOf(pair).map((what) => `${pair.from.milvus} on ${pair.from.chart} → ${pair.to}: ${what}`),
  );
}

function fault(holds: boolean, what: string): string[] {
  return holds ? [] : [what];
}

/** True when the plan leaves the image to a chart that has another one than the old. */
function changesImageOf(dependency: "etcd" | "minio", from: string, { values, chart }: UpgradePlan): boolean {
  const kept = getValue(values, path(`${dependency}.image.tag`));
  return kept !== undefined
    ? kept !== imageTagAt(dependency, from)
    : imageTagAt(dependency, from) !== imageTagAt(dependency, chart.version);
}

function ruleFaults({ from, to, plan }: Pair): string[] {
  if (plan.kind === "refused") {
    return [
      ...fault(/\S.{20,}/.test(plan.reason), "no reason"),
      ...fault(/\S.{10,}/.test(plan.remedy), "nothing to do"),
      ...fault(/^[a-z0-9]+(_[a-z0-9]+)+$/.test(plan.rule), `rule "${plan.rule}"`),
    ];
  }
  const chart = plan.chart.version;
  const crosses = minorOf(from.milvus) === "2.1" && minorOf(to) === "2.2";
  return [
    ...fault(plan.to === to, `goes to ${plan.to}`),
    ...fault(refusedBy({ from: from.milvus, to }) === undefined, "a hop rule refuses it"),
    ...fault(chartFits(chart, to), `chart ${chart} does not fit`),
    ...fault(chart === from.chart || badChart(chart) === undefined, `chart ${chart} is bad`),
    ...fault(compareVersions(chart, from.chart) >= 0, `chart ${chart} is older`),
    ...fault(getValue(plan.values, path("image.all.tag")) === `v${to}`, "another image tag"),
    ...fault(!changesImageOf("etcd", from.chart, plan), "changes etcd's image"),
    ...fault(!changesImageOf("minio", from.chart, plan), "changes MinIO's image"),
    ...fault(plan.steps.filter(({ kind }) => kind === "release").length === 1, "not one release"),
    ...fault((plan.kind === "migration") === crosses, `is ${plan.kind}`),
  ];
}

for (const [layout, { values, sources }] of Object.entries(LAYOUTS)) {
  describe(`every pair of releases in the catalogue, ${layout}`, function () {
    this.timeout(240_000);
    const pairs: Pair[] = [];
    const known = new Map<string, Plan>();

    /** Pure, so what was planned once need not be planned again: many ways go through the same clusters. */
    function planFor(to: string, chart: string, milvus: string, values_: HelmValues): Plan {
      const key = `${to} ${chart} ${milvus} ${values_ === values ? "" : JSON.stringify(values_)}`;
      const plan = known.get(key) ?? planUpgrade(wanted(to, { values }), stateOf(chart, milvus, values_));
      known.set(key, plan);
      return plan;
    }

    before(() => {
      for (const [row, from] of sources.entries()) {
        for (const [column, to] of TARGETS.entries()) {
          if (!isExample(row + column, ONE_IN)) continue;
          pairs.push({ from, to, plan: planFor(to, from.chart, from.milvus, values) });
        }
      }
    });
    after(() => {
      // All that comes after it would have to walk over tens of thousands of plans to find its garbage.
      pairs.length = 0;
      known.clear();
    });

    it("gives a plan that breaks no rule, or a refusal with a reason and something to do", () => {
      expect(failures(pairs, ruleFaults)).to.deep.equal([]);
    });

    it("never changes the message queue or the mode", () => {
      const faults = failures(pairs, ({ from, plan }) => {
        if (plan.kind === "refused") return [];
        const before = topologyOf(values, from.chart, { firstRevision: true });
        const next = topologyOf(plan.values, plan.chart.version, { firstRevision: false });
        return fault(next.queue === before.queue && next.mode === before.mode, `${next.queue}, ${next.mode}`);
      });
      expect(faults).to.deep.equal([]);
    });

    it("refuses with a next hop that can be planned and is nearer, or by a rule that no version helps against", () => {
      const faults = failures(pairs, ({ from, to, plan }) => {
        if (plan.kind !== "refused") return [];
        const { nextHop, path: way, rule } = plan;
        if (nextHop === undefined) return fault(FINAL.has(rule), `${rule} names no next hop`);
        const next = planFor(nextHop.to, from.chart, from.milvus, values);
        return [
          ...fault(compareVersions(nextHop.to, from.milvus) > 0, "the next hop is not up"),
          ...fault(compareVersions(nextHop.to, to) < 0, "the next hop is not before the target"),
          ...fault(way?.at(-1)?.to === to, "the way ends elsewhere"),
          ...fault(next.kind !== "refused", "the next hop is refused"),
          ...fault(next.kind === "refused" || next.chart.version === nextHop.chart, "the next hop takes another chart"),
        ];
      });
      expect(faults).to.deep.equal([]);
    });

    it("always ends at the target when the next hops are followed, and then has nothing to do", () => {
      // A way has up to eight plans.
      const some = pairs.filter((_, index) => isExample(index, 2));
      expect(failures(some, follow)).to.deep.equal([]);
    });

    function follow({ from, to, plan: first }: Pair): string[] {
      if (first.kind === "refused" && first.nextHop === undefined) return [];
      let now = { chart: from.chart, milvus: from.milvus, values };
      let plan = first;
      for (let hops = 0; plan.kind !== "nothing"; hops++) {
        if (hops > 7) return ["too many hops"];
        const hop: Plan =
          plan.kind === "refused" ? planFor(plan.nextHop?.to ?? "", now.chart, now.milvus, now.values) : plan;
        if (hop.kind === "refused") return [hop.reason];
        now = { chart: hop.chart.version, milvus: hop.to, values: hop.values };
        plan = planFor(to, now.chart, now.milvus, now.values);
      }
      return [
        ...fault(now.milvus === to, `ends at ${now.milvus}`),
        ...fault(plan === first || sameValue(plan.values, now.values), "other values the next time"),
      ];
    }

    it("reaches every release from every older one of 2.0 GA or later", () => {
      const faults = failures(pairs, ({ from, to, plan }) => {
        const isUp = compareVersions(from.milvus, to) < 0 && !isPreRelease(to);
        // Its bundled Pulsar is another one (fact 10.5): only another queue has a way from there.
        if (plan.kind === "refused" && plan.rule === OTHER_PULSAR)
          return fault(chartOlderThan(from.chart, "3.0.12"), "no way");
        return fault(!isUp || plan.kind !== "refused" || plan.nextHop !== undefined, "no way");
      });
      expect(faults).to.deep.equal([]);
    });

    it(`covers every source and every target of ${sources.length * TARGETS.length} pairs`, () => {
      expect(new Set(pairs.map(({ from }) => from)).size).to.equal(sources.length);
      expect(new Set(pairs.map(({ to }) => to)).size).to.equal(TARGETS.length);
      expect(pairs.length).to.be.within(
        (sources.length * TARGETS.length) / (ONE_IN + 1),
        sources.length * TARGETS.length,
      );
    });
  });
}
