import { expect } from "chai";
import fc from "fast-check";
import { chartFits } from "../../../../upgrade/charts/rules";
import {
  chartAtLeast,
  chartGoesBack,
  chartOlderThan,
  compareCharts,
  isChartVersion,
} from "../../../../upgrade/charts/versions";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { CHART_RELEASES, MILVUS_VERSIONS } from "../../../../upgrade/versions/releases";
import { examples } from "../../../support/examples";
import { MIXED, planned, refused, running, SEPARATE, STREAMING, wanted } from "../support";

/** A fork counts from the release it was made from, as `helm package` takes it: SemVer with a pre-release or build metadata. */
const ENDINGS = ["-acme.1", "+acme.1", "-acme.1+build.7", "-0", "-rc1"];
const OWN = { chartSource: { kind: "repository", url: "https://charts.example.com" } } as const;

describe("charts of a fork", () => {
  for (const ending of ENDINGS) {
    const chart = `4.2.20${ending}`;

    it(`${chart} that runs stays where the version does`, () => {
      const { chart: reference } = planned(
        wanted("2.4.16", { ...OWN, strategy: "helm" }),
        running(chart, "2.4.16", { names: MIXED }),
      );
      expect(reference.version).to.equal(chart);
    });

    it(`${chart} is taken when named`, () => {
      for (const state of [running("4.2.20", "2.4.16", { names: MIXED }), running(chart, "2.4.16", { names: MIXED })]) {
        const plan = planned(wanted("2.4.16", { ...OWN, chartVersion: chart }), state);
        expect(plan.chart.version).to.equal(chart);
        expect(plan.warnings.map(({ rule }) => rule)).to.include("an_unknown_chart_is_allowed_by_name");
      }
    });

    it(`${chart} is left for a version that it does not run`, () => {
      const plan = planned(wanted("2.5.16", OWN), running(chart, "2.4.16", { names: MIXED }));
      expect(plan.chart.version).to.equal("4.2.58");
    });

    it(`${chart} named for a version that it does not run is refused`, () => {
      const request = wanted("2.6.15", { ...OWN, chartVersion: chart });
      expect(refused(request, running("5.0.19", "2.6.15", { names: STREAMING })).rule).to.equal(
        "the_chart_must_fit_the_version",
      );
    });

    it(`4.2.58${ending} of the public repository is refused: its index has none`, () => {
      const request = wanted("2.5.16", { chartVersion: `4.2.58${ending}` });
      expect(refused(request, running("4.2.58", "2.5.16", { names: MIXED })).rule).to.equal(
        "the_chart_must_be_in_the_index",
      );
    });
  }

  it("a plan or a refusal comes of every chart release with every ending, and never an exception", () => {
    const layouts = [SEPARATE, MIXED, STREAMING, ["standalone"]];
    fc.assert(
      fc.property(
        fc.constantFrom(...CHART_RELEASES),
        fc.constantFrom(...ENDINGS),
        fc.constantFrom(...MILVUS_VERSIONS),
        fc.constantFrom(...layouts),
        fc.boolean(),
        ({ chart, milvus }, ending, to, names, isNamed) => {
          const forked = `${chart}${ending}`;
          const request = wanted(to, { ...OWN, ...(isNamed && { chartVersion: forked }) });
          const plan = planUpgrade(request, running(forked, milvus, { names }));
          expect(chartFits(forked, milvus) || chart === "4.0.11", forked).to.equal(true);
          expect(plan.kind).to.be.a("string");
        },
      ),
      examples(100),
    );
  });

  for (const chart of ["our-fork", "", "4.2", "4.2.20.1", "04.2.20"]) {
    it(`a release of chart version ${JSON.stringify(chart)} is refused: nothing says which chart it is`, () => {
      const refusal = refused(wanted("2.4.16"), running(chart, "2.4.16", { names: MIXED }));
      expect(refusal.rule).to.equal("a_chart_version_must_be_readable");
      expect(refusal.reason).to.contain("my-release").and.to.contain(`"${chart}"`);
      expect(refusal.remedy).to.contain("helm upgrade my-release").and.to.contain("-n milvus");
    });
  }

  for (const appVersion of ["latest", "", "2.4", "2.4.16-acme", "2.4.16+acme.1", "v2.4.16"]) {
    it(`an appVersion ${JSON.stringify(appVersion)} does not end the planning`, () => {
      const names = ["standalone"];
      const state = running("3.3.6", "2.2.0", { names, release: { appVersion }, component: { replicas: 0, pods: 0 } });
      expect(() => planUpgrade(wanted("2.1.4"), state)).to.not.throw();
    });
  }
});

describe("versions of charts", () => {
  for (const { text, is } of [
    { text: "4.2.20", is: true },
    { text: "v4.2.20", is: true },
    { text: "4.2.20-acme.1", is: true },
    { text: "4.2.20+acme.1", is: true },
    { text: "4.2", is: false },
    { text: "our-fork", is: false },
    { text: "", is: false },
  ]) {
    it(`${JSON.stringify(text)} is ${is ? "one" : "none"}`, () => {
      expect(isChartVersion(text)).to.equal(is);
    });
  }

  it("a fork has what the release has that it was made from", () => {
    for (const ending of ENDINGS) {
      expect(chartAtLeast(`4.2.20${ending}`, "4.2.20"), ending).to.equal(true);
      expect(chartOlderThan(`4.2.20${ending}`, "4.2.20"), ending).to.equal(false);
      expect(chartOlderThan(`4.2.20${ending}`, "4.2.21"), ending).to.equal(true);
    }
  });

  it("are ordered by SemVer", () => {
    expect(compareCharts("4.2.20-acme.2", "4.2.20-acme.10")).to.be.below(0);
    expect(compareCharts("4.2.20-acme.2", "4.2.20")).to.be.below(0);
    expect(compareCharts("4.2.20+acme.2", "4.2.20")).to.equal(0);
    expect(compareCharts("4.10.0", "4.9.0")).to.be.above(0);
  });

  for (const { from, to, back } of [
    { from: "4.2.20", to: "4.2.19", back: true },
    { from: "4.2.20", to: "4.2.19-acme.1", back: true },
    { from: "4.2.20-acme.2", to: "4.2.20-acme.1", back: true },
    { from: "4.2.20", to: "4.2.20-acme.1", back: false },
    { from: "4.2.20-acme.1", to: "4.2.20", back: false },
    { from: "4.2.20", to: "4.2.20+acme.1", back: false },
    { from: "4.2.20+acme.2", to: "4.2.20+acme.1", back: false },
  ]) {
    it(`from ${from} to ${to} is ${back ? "" : "not "}back`, () => {
      expect(chartGoesBack(from, to)).to.equal(back);
    });
  }
});
