import { expect } from "chai";
import { findPath } from "../../../../upgrade/hops/path";
import { HOP_RULES, refusedBy } from "../../../../upgrade/hops/rules";
import { MIXED, planned, refused, running, STREAMING, wanted } from "../support";

describe("hop rules", () => {
  for (const { from, to, rule } of [
    { from: "2.0.0-rc8", to: "2.1.0", rule: "a_release_candidate_of_2_0_cannot_be_left" },
    { from: "2.0.2", to: "2.1.4", rule: undefined },
    { from: "2.0.2", to: "2.2.9", rule: "2_1_between_2_0_and_2_2" },
    { from: "2.1.0", to: "2.2.0", rule: undefined },
    { from: "2.1.4", to: "2.2.16", rule: undefined },
    { from: "2.1.4", to: "2.3.13", rule: "2_2_must_run_before_2_3" },
    { from: "2.1.4", to: "2.6.15", rule: "2_2_must_run_before_2_3" },
    { from: "2.2.0", to: "2.2.4", rule: undefined },
    { from: "2.2.0", to: "2.3.13", rule: "leave_2_2_0_and_2_2_1_within_2_2" },
    { from: "2.2.1", to: "2.4.16", rule: "leave_2_2_0_and_2_2_1_within_2_2" },
    { from: "2.2.2", to: "2.3.0", rule: undefined },
    { from: "2.2.9", to: "2.4.16", rule: undefined },
    { from: "2.2.9", to: "2.5.16", rule: "one_minor_at_a_time" },
    { from: "2.3.13", to: "2.4.0", rule: undefined },
    { from: "2.3.13", to: "2.5.0", rule: "one_minor_at_a_time" },
    { from: "2.4.5", to: "2.5.0", rule: undefined },
    { from: "2.4.16", to: "2.6.0", rule: "2_6_only_from_2_5_16" },
    { from: "2.5.15", to: "2.6.0", rule: "2_6_only_from_2_5_16" },
    { from: "2.5.16", to: "2.6.0", rule: undefined },
    { from: "2.5.22", to: "2.6.15", rule: undefined },
    { from: "2.6.0-rc1", to: "2.6.0", rule: "a_release_candidate_of_2_6_cannot_be_left" },
    { from: "2.5.16", to: "2.6.0-rc1", rule: "no_upgrade_to_a_pre_release" },
    { from: "2.5.22", to: "3.0.1", rule: "3_0_only_from_2_6_20" },
    { from: "2.6.19", to: "3.0.1", rule: "3_0_only_from_2_6_20" },
    { from: "2.6.20", to: "3.0.1", rule: undefined },
    { from: "3.0.1", to: "2.6.20", rule: "no_way_back_from_3_0" },
    { from: "2.6.0", to: "2.5.16", rule: "no_way_back_from_2_6" },
    { from: "2.5.16", to: "2.4.16", rule: "no_downgrade_between_minors" },
    { from: "2.4.16", to: "2.3.13", rule: "no_way_back_from_2_4" },
    { from: "2.3.13", to: "2.2.14", rule: "no_way_back_from_2_3" },
    { from: "2.2.9", to: "2.1.4", rule: "back_to_2_1_only_from_the_backup" },
    { from: "2.2.9", to: "2.2.8", rule: "no_downgrade_without_rollback" },
    { from: "2.6.15", to: "2.7.0", rule: "a_minor_needs_its_rules" },
    { from: "2.4.13", to: "2.4.13-hotfix", rule: undefined },
  ]) {
    const source = HOP_RULES.find(({ name }) => name === rule)?.source;
    it(`${rule === undefined ? "allow" : "refuse"} ${from} → ${to}${rule === undefined ? "" : ` by ${rule} (${source ?? ""})`}`, () => {
      expect(refusedBy({ from, to })?.name).to.equal(rule);
    });
  }

  it("each have a source, a reason and a name of their own", () => {
    for (const { source, reason } of HOP_RULES) expect(Math.min(source.length, reason.length)).to.be.above(5);
    const names = HOP_RULES.map(({ name }) => name);
    expect(names.length).to.equal(new Set(names).size);
  });
});

describe("findPath", () => {
  for (const { from, to, way } of [
    { from: "2.1.4", to: "2.2.9", way: ["2.2.9"] },
    { from: "2.0.2", to: "2.6.15", way: ["2.1.4", "2.2.14", "2.3.13", "2.4.16", "2.5.16", "2.6.15"] },
    { from: "2.1.4", to: "2.3.5", way: ["2.2.14", "2.3.5"] },
    { from: "2.2.0", to: "2.3.5", way: ["2.2.14", "2.3.5"] },
    { from: "2.4.16", to: "2.6.15", way: ["2.5.16", "2.6.15"] },
    { from: "2.5.10", to: "2.6.2", way: ["2.5.16", "2.6.2"] },
    { from: "2.5.16", to: "3.0.1", way: ["2.6.20", "3.0.1"] },
    { from: "2.6.15", to: "3.0.1", way: ["2.6.20", "3.0.1"] },
    { from: "2.6.0", to: "2.5.16", way: undefined },
  ]) {
    it(`leads from ${from} to ${to} by ${way?.join(", ") ?? "no way"}`, () => {
      expect(findPath(from, to)).to.deep.equal(way);
    });
  }
});

describe("a note that sees the values", () => {
  const TLS = { extraConfigFiles: { "user.yaml": "common:\n  security:\n    tlsMode: 1\n" } };
  const NAMES = ["mixcoord", "indexnode", "datanode", "querynode", "proxy"];
  for (const { to, values, said } of [
    { to: "2.6.11", values: TLS, said: true },
    { to: "2.6.15", values: TLS, said: false },
    { to: "2.6.11", values: {}, said: false },
  ]) {
    it(`2.5.16 → ${to} ${said ? "says" : "says nothing of"} what TLS between proxies costs (milvus issue 48224)`, () => {
      const plan = planned(wanted(to, { values }), running("4.2.58", "2.5.16", { names: NAMES, values }));
      const rules = plan.warnings.map(({ rule }) => rule);
      expect(rules.includes("proxies_fail_to_forward_by_tls_until_2_6_13")).to.equal(said);
    });
  }
});

describe("a refused hop", () => {
  it("names reason, next hop, the whole way with charts, and the line to set", () => {
    const refusal = refused(wanted("2.6.15"), running("3.2.18", "2.1.4"));
    expect(refusal.rule).to.equal("2_2_must_run_before_2_3");
    expect(refusal.reason).to.contain("Milvus 2.1.4 cannot go to 2.6.15").and.contain("lost collections");
    expect(refusal.nextHop).to.deep.equal({ from: "2.1.4", to: "2.2.14", chart: "4.0.34" });
    expect(refusal.path?.map(({ to, chart }) => `${to} ${chart}`)).to.deep.equal([
      "2.2.14 4.0.34",
      "2.3.13 4.1.28",
      "2.4.16 4.2.20",
      "2.5.16 4.2.58",
      "2.6.15 5.0.19",
    ]);
    expect(refusal.remedy).to.contain("pulumi config set milvus:version 2.2.14");
    expect(refusal.source).to.contain("37614");
  });

  it("names no way where there is none, and the line that stays", () => {
    const refusal = refused(wanted("2.3.13"), running("4.2.20", "2.4.16"));
    expect(refusal.rule).to.equal("no_way_back_from_2_4");
    expect(refusal.nextHop).to.equal(undefined);
    expect(refusal.remedy).to.contain("pulumi config set milvus:version 2.4.16");
  });

  it("asks for the mixcoord before 2.6, on the version that runs (fact 4.5)", () => {
    const refusal = refused(wanted("2.6.15"), running("4.2.58", "2.5.16", { values: SEPARATE_VALUES }));
    expect(refusal.rule).to.equal("2_6_needs_mixcoord_first");
    expect(refusal.nextHop).to.deep.equal({ from: "2.5.16", to: "2.5.16", chart: "4.2.58" });
    expect(refusal.path?.at(-1)?.to).to.equal("2.6.15");
    expect(refusal.remedy).to.contain("milvus:values.mixCoordinator.enabled' true");
  });

  it("asks for the layout of 2.6 before 3.0 (fact 2.9)", () => {
    const state = running("5.0.19", "2.6.20", { names: ["mixcoord", "indexnode", "datanode", "querynode", "proxy"] });
    const refusal = refused(wanted("3.0.1"), state);
    expect(refusal.rule).to.equal("3_0_needs_the_layout_of_2_6");
    expect(refusal.remedy).to.contain("streaming.enabled' true").and.contain("indexNode.enabled' false");
  });
});

const SEPARATE_VALUES = {
  mixCoordinator: { enabled: false },
  rootCoordinator: { enabled: true },
  dataCoordinator: { enabled: true },
  queryCoordinator: { enabled: true },
  indexCoordinator: { enabled: true },
};

describe("an allowed hop", () => {
  for (const { chart, from, to, names, target, kind } of [
    { chart: "4.2.58", from: "2.5.16", to: "2.6.15", names: MIXED, target: "5.0.19", kind: "rolling" },
    { chart: "5.0.22", from: "2.6.20", to: "3.0.1", names: STREAMING, target: "5.0.22", kind: "rolling" },
    { chart: "5.0.19", from: "2.6.15", to: "2.6.20", names: STREAMING, target: "5.0.19", kind: "rolling" },
    { chart: "4.0.24", from: "2.2.9", to: "2.2.16", names: undefined, target: "4.0.34", kind: "rolling" },
    { chart: "3.1.8", from: "2.1.1", to: "2.1.4", names: undefined, target: "3.2.18", kind: "helm" },
    { chart: "3.0.29", from: "2.0.2", to: "2.1.4", names: undefined, target: "3.2.18", kind: "helm" },
  ]) {
    it(`${from} → ${to} puts chart ${target} under it, ${kind}`, () => {
      const plan = planned(wanted(to), running(chart, from, { ...(names && { names }) }));
      expect([plan.chart.version, plan.kind, plan.from, plan.to]).to.deep.equal([target, kind, from, to]);
    });
  }

  for (const { from, to, chart, rule } of [
    { from: "2.2.9", to: "2.4.16", chart: "4.0.24", rule: "prefer_one_minor_at_a_time" },
    { from: "2.2.16", to: "2.3.13", chart: "4.0.34", rule: "query_after_the_hop_to_2_3" },
    { from: "2.5.0-beta", to: "2.5.16", chart: "4.2.32", rule: "a_pre_release_is_left_at_your_own_risk" },
  ]) {
    it(`${from} → ${to} warns by ${rule}`, () => {
      expect(planned(wanted(to), running(chart, from)).warnings.map((warning) => warning.rule)).to.include(rule);
    });
  }

  for (const { to, rule } of [
    { to: "3.0.0", rule: "take_3_0_1_or_later" },
    { to: "3.0.3", rule: "3_0_asks_for_pulsar_2_8" },
  ]) {
    it(`2.6.20 → ${to} warns by ${rule}`, () => {
      const plan = planned(wanted(to), running("5.0.22", "2.6.20", { names: STREAMING }));
      expect(plan.warnings.map((warning) => warning.rule)).to.include(rule);
    });
  }

  for (const { from, to, chart, reversibility } of [
    { from: "2.1.4", to: "2.2.9", chart: "3.2.18", reversibility: "restore only" },
    { from: "2.2.9", to: "2.3.13", chart: "4.0.24", reversibility: "one way" },
    { from: "2.2.9", to: "2.2.11", chart: "4.0.24", reversibility: "reversible" },
  ]) {
    it(`${from} → ${to} is ${reversibility}`, () => {
      expect(planned(wanted(to), running(chart, from)).reversibility).to.equal(reversibility);
    });
  }
});
