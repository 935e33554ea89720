import { expect } from "chai";
import { chartReference, chooseChart } from "../../../../upgrade/charts/choice";
import { BAD_CHARTS, CHART_FITS, chartFits } from "../../../../upgrade/charts/rules";
import { RefusalError } from "../../../../upgrade/refusal";
import { CHART_RELEASES, chartRelease, isKnownRelease, NEWEST_CHART } from "../../../../upgrade/versions/releases";
import { compareVersions, isVersion } from "../../../../upgrade/versions/versions";

const source = { kind: "repository" } as const;

describe("the catalogue", () => {
  it("has every chart release from 3.0.0 on, at least the 211 of April 2026", () => {
    expect(CHART_RELEASES.length).to.be.at.least(211);
    expect(CHART_RELEASES.at(-1)?.chart).to.equal("3.0.0");
    expect(compareVersions(NEWEST_CHART, "5.0.19")).to.be.at.least(0);
  });

  it("has each chart once, newest first, with a Milvus version and a date", () => {
    expect(new Set(CHART_RELEASES.map(({ chart }) => chart)).size).to.equal(CHART_RELEASES.length);
    for (const [index, { chart, milvus, date }] of CHART_RELEASES.entries()) {
      expect(isVersion(milvus), chart).to.equal(true);
      expect(date, chart).to.match(/^20\d\d-[01]\d-[0-3]\d$/);
      const next = CHART_RELEASES[index + 1];
      if (next) expect(compareVersions(chart, next.chart), chart).to.be.above(0);
    }
  });

  it("has a row in the table of fits for every chart, and no chart in two", () => {
    for (const { chart } of CHART_RELEASES) {
      const rows = CHART_FITS.filter(
        ({ first, last }) => compareVersions(chart, first) >= 0 && compareVersions(chart, last) <= 0,
      );
      expect(rows.length, chart).to.equal(1);
    }
  });

  it("fits every chart to the Milvus version it is for", () => {
    for (const { chart, milvus } of CHART_RELEASES)
      expect(chartFits(chart, milvus), `${chart} ${milvus}`).to.equal(true);
  });

  it("knows the releases that have no chart of their own (fact 1.8)", () => {
    for (const version of ["2.2.16", "2.3.22", "2.4.23", "2.5.22", "2.6.20", "3.0.1"]) {
      expect(isKnownRelease(version), version).to.equal(true);
    }
    expect(isKnownRelease("2.4.2")).to.equal(false);
  });

  it("names bad charts with reason and source", () => {
    for (const { reason, source: from } of BAD_CHARTS) expect(reason.length * from.length).to.be.above(0);
    expect(chartRelease("4.0.10")?.milvus).to.equal("2.2.3");
  });
});

describe("chooseChart", () => {
  for (const { version, chart, why } of [
    { version: "2.1.4", chart: "3.2.18", why: "fact 1.7" },
    { version: "2.2.0", chart: "3.3.6", why: "the newest of several" },
    { version: "2.2.3", chart: "4.0.8", why: "fact 1.7: 4.0.10 ships v2.2.4" },
    { version: "2.2.4", chart: "4.0.12", why: "fact 1.3: above 4.0.11 for 2.3.0-beta" },
    { version: "2.3.0-beta", chart: "4.0.11", why: "fact 1.3" },
    { version: "2.2.11", chart: "4.0.27", why: "fact 1.7: 4.0.28 ships v2.2.12" },
    { version: "2.2.14", chart: "4.0.34", why: "fact 1.7" },
    { version: "2.2.16", chart: "4.0.34", why: "fact 1.8: no chart of its own" },
    { version: "2.3.5", chart: "4.1.15", why: "fact 1.7: not 4.1.13" },
    { version: "2.3.13", chart: "4.1.28", why: "fact 1.7" },
    { version: "2.3.22", chart: "4.1.28", why: "fact 1.8" },
    { version: "2.4.5", chart: "4.1.36", why: "fact 1.7: last of 4.1" },
    { version: "2.4.13-hotfix", chart: "4.2.16", why: "fact 1.7" },
    { version: "2.4.16", chart: "4.2.20", why: "fact 1.7: 4.2.21 to 4.2.23 are bad" },
    { version: "2.4.17", chart: "4.2.20", why: "fact 1.7: its own charts are bad" },
    { version: "2.4.23", chart: "4.2.20", why: "fact 1.8" },
    { version: "2.5.16", chart: "4.2.58", why: "fact 1.7" },
    { version: "2.5.22", chart: "4.2.58", why: "fact 1.8" },
    { version: "2.6.15", chart: "5.0.19", why: "fact 1.7" },
    { version: "2.6.20", chart: "5.0.19", why: "fact 1.8" },
    { version: "3.0.1", chart: "5.0.19", why: "fact 2.9: an install" },
  ]) {
    it(`takes ${chart} for ${version} (${why})`, () => {
      expect(chooseChart({ version, source }).version).to.equal(chart);
    });
  }

  for (const { running, version, chart, why } of [
    {
      running: { chart: "4.0.31", version: "2.2.9" },
      version: "2.2.9",
      chart: "4.0.31",
      why: "nobody asked for another",
    },
    { running: { chart: "4.2.30", version: "2.4.18" }, version: "2.4.23", chart: "4.2.30", why: "newer, and it fits" },
    { running: { chart: "4.2.25", version: "2.4.17" }, version: "2.4.17", chart: "4.2.25", why: "bad, but it runs" },
    { running: { chart: "5.0.10", version: "2.6.20" }, version: "3.0.1", chart: "5.0.10", why: "fact 2.9: same chart" },
    {
      running: { chart: "5.0.22", version: "2.6.20" },
      version: "3.0.1",
      chart: "5.0.22",
      why: "newer than the catalogue",
    },
    {
      running: { chart: "4.0.34", version: "2.3.5" },
      version: "2.3.5",
      chart: "4.1.15",
      why: "patched by hand past its chart",
    },
    { running: { chart: "our-fork", version: "2.3.5" }, version: "2.3.5", chart: "our-fork", why: "any number stays" },
  ]) {
    it(`takes ${chart} for ${version} where ${running.version} runs on ${running.chart}: ${why}`, () => {
      expect(chooseChart({ version, running, source }).version).to.equal(chart);
    });
  }

  for (const { explicit, version, running, rule } of [
    { explicit: "4.2.25", version: "2.4.17", rule: "skip_charts_4_2_21_to_4_2_29" },
    { explicit: "4.0.10", version: "2.2.3", rule: "skip_charts_that_ship_another_version" },
    { explicit: "4.2.0", version: "2.3.5", rule: "the_chart_must_fit_the_version" },
    { explicit: "4.2.58", version: "2.6.0", rule: "the_chart_must_fit_the_version" },
    { explicit: "4.2.46", version: "2.5.9", rule: "the_chart_must_be_in_the_index" },
    {
      explicit: "4.0.20",
      version: "2.2.9",
      running: { chart: "4.0.24", version: "2.2.8" },
      rule: "the_chart_never_goes_back",
    },
  ]) {
    it(`refuses chart ${explicit} for ${version} by ${rule}`, () => {
      const request = { explicit, version, source, ...(running && { running }) };
      expect(() => chooseChart(request))
        .to.throw(RefusalError)
        .with.nested.property("refusal.rule", rule);
    });
  }

  for (const { explicit, version, from } of [
    { explicit: "4.2.20", version: "2.4.17", from: source },
    { explicit: "5.0.22", version: "2.6.19", from: source },
    { explicit: "4.2.46", version: "2.5.9", from: { kind: "folder", path: "/charts" } as const },
  ]) {
    it(`takes the explicit chart ${explicit} for ${version} from a ${from.kind}`, () => {
      expect(chooseChart({ explicit, version, source: from }).version).to.equal(explicit);
    });
  }

  it("warns of an explicit chart that the catalogue does not have", () => {
    const { warnings } = chooseChart({ explicit: "5.0.22", version: "2.6.19", source });
    expect(warnings.map(({ rule }) => rule)).to.deep.equal(["an_unknown_chart_is_allowed_by_name"]);
  });
});

describe("chartReference", () => {
  for (const { chart, from, location } of [
    { chart: "4.0.31", from: source, location: "https://milvus-io.github.io/milvus-helm/" },
    { chart: "4.0.32", from: source, location: "https://zilliztech.github.io/milvus-helm/" },
    { chart: "4.0.31", from: { ...source, url: "https://charts.example.com" }, location: "https://charts.example.com" },
    {
      chart: "4.0.31",
      from: { kind: "oci", reference: "oci://r.example.com/milvus" } as const,
      location: "oci://r.example.com/milvus",
    },
    { chart: "4.0.31", from: { kind: "folder", path: "/charts/" } as const, location: "/charts/milvus-4.0.31" },
  ]) {
    it(`has chart ${chart} from ${location} (fact 1.1)`, () => {
      expect(chartReference(chart, from)).to.deep.equal({ name: "milvus", version: chart, kind: from.kind, location });
    });
  }
});
