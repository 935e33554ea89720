import { expect } from "chai";
import { describeExpected, duration } from "../../../../upgrade/plan/interruption";
import { outlookOf } from "../../../../upgrade/steps/steps";
import { describePlan } from "../../../../upgrade/words/describe";
import { cluster, component, DOWN, planned, refused, running, SEPARATE, STREAMING, wanted } from "../support";

const MIXED = ["mixcoord", "querynode", "proxy"];
const standby = ["mixcoord", "indexnode", "datanode", "querynode", "proxy"].map((name) =>
  component(name, "2.5.10", { replicas: 2, strategyType: "RollingUpdate" }),
);

describe("the expected interruption", () => {
  const rows = [
    {
      what: "a metadata migration",
      plan: planned(wanted("2.2.14"), running("3.2.18", "2.1.4")),
      kind: "outage",
      seconds: 280,
    },
    {
      what: "a standalone",
      plan: planned(
        wanted("2.4.16", { values: { cluster: { enabled: false } } }),
        running("4.2.20", "2.4.15", { names: ["standalone"], values: { cluster: { enabled: false } } }),
      ),
      kind: "outage",
      seconds: 130,
    },
    {
      what: "all components at once",
      plan: planned(wanted("2.4.16", { strategy: "helm" }), running("4.2.20", "2.4.15", { names: MIXED })),
      kind: "failing requests",
      seconds: 130,
    },
    {
      what: "pods that get ready sooner",
      plan: planned(
        wanted("2.4.16", { strategy: "helm", values: { readinessProbe: { initialDelaySeconds: 10 } } }),
        running("4.2.20", "2.4.15", { names: MIXED, values: { readinessProbe: { initialDelaySeconds: 10 } } }),
      ),
      kind: "failing requests",
      seconds: 50,
    },
    {
      what: "a roll with a coordinator that is recreated and one proxy",
      plan: planned(wanted("2.4.16"), running("4.2.20", "2.4.15", { names: MIXED })),
      kind: "gaps",
      seconds: 50,
    },
    {
      what: "a roll where everything is there twice",
      plan: planned(wanted("2.5.16"), { ...running("4.2.58", "2.5.10"), components: standby }),
      kind: "none",
      seconds: 0,
    },
    {
      what: "a Milvus that is down already, until it is ready",
      plan: planned(wanted("2.2.14"), running("4.0.34", "2.2.14", { component: DOWN })),
      kind: "outage",
      seconds: 100,
    },
    {
      what: "an install",
      plan: planned(wanted("2.5.16"), cluster()),
      kind: "none",
      seconds: 0,
    },
  ] as const;
  for (const { what, plan, kind, seconds } of rows) {
    it(`of ${what} is ${kind}, ${seconds} s`, () => {
      expect(plan.expected).to.include({ kind, seconds });
    });
  }

  it("is a line of the preview, with its parts", () => {
    expect(describePlan(planned(wanted("2.2.14"), running("3.2.18", "2.1.4")))).to.include(
      "expected: an outage of about 4 min 40 s (pods end 30 s, sessions end 60 s, backup 30 s, migrate 60 s, pods get ready 100 s)",
    );
    expect(describeExpected({ kind: "none", seconds: 0, parts: [] })).to.equal("no interruption");
  });

  it("says since when a stopped Milvus is down, and how much is still to come", () => {
    const component = { ...DOWN, stoppedAt: "2026-05-01T20:36:13Z" };
    const plan = planned(wanted("2.2.14"), running("3.2.18", "2.1.4", { component }));
    expect(describePlan(plan)).to.include(
      "expected: Milvus is down since 2026-05-01 20:36:13 UTC; about 3 min 10 s more (backup 30 s, migrate 60 s, pods get ready 100 s)",
    );
    const unknown = planned(wanted("2.2.14"), running("3.2.18", "2.1.4", { component: DOWN }));
    expect(describePlan(unknown).join()).to.include("expected: Milvus is down now; about 3 min 10 s more");
  });

  for (const [seconds, text] of [
    [0, "0 s"],
    [90, "90 s"],
    [120, "2 min"],
    [280, "4 min 40 s"],
  ] as const) {
    it(`shows ${seconds} seconds as ${text}`, () => {
      expect(duration(seconds)).to.equal(text);
    });
  }
});

describe("milvus:maxDowntime", () => {
  const state = running("3.2.18", "2.1.4");

  it("refuses a plan that expects more, with the line that allows it", () => {
    const refusal = refused(wanted("2.2.14", { maxDowntimeSeconds: 60 }), state);
    expect(refusal.rule).to.equal("no_more_downtime_than_allowed");
    expect(refusal.reason).to.include("allows 60 s").and.to.include("4 min 40 s");
    expect(refusal.remedy).to.include("pulumi config set milvus:maxDowntime 280s");
  });
  it("lets a plan pass that expects as much", () => {
    expect(planned(wanted("2.2.14", { maxDowntimeSeconds: 280 }), state).kind).to.equal("migration");
  });
  it("never holds up an upgrade that died with everything stopped", () => {
    const stopped = running("3.2.18", "2.1.4", { component: DOWN });
    expect(planned(wanted("2.2.14", { maxDowntimeSeconds: 0 }), stopped).kind).to.equal("migration");
  });
});

describe("the way back of a step", () => {
  const rows = [
    {
      what: "a metadata migration",
      plan: planned(wanted("2.2.14"), running("3.2.18", "2.1.4")),
      ways: ["reversible", "reversible", "reversible", "restore only", "restore only"],
    },
    {
      what: "a patch",
      plan: planned(wanted("2.4.16", { strategy: "helm" }), running("4.2.20", "2.4.15", { names: MIXED })),
      ways: ["reversible"],
    },
    {
      what: "another minor",
      plan: planned(wanted("2.3.13", { strategy: "helm" }), running("4.0.34", "2.2.14", { names: SEPARATE })),
      ways: ["one way"],
    },
    {
      what: "a roll within the minor",
      plan: planned(wanted("2.6.15"), running("5.0.19", "2.6.10", { names: STREAMING })),
      ways: ["reversible", "reversible", ...STREAMING.map(() => "reversible")],
    },
  ] as const;
  for (const { what, plan, ways } of rows) {
    it(`of ${what} is ${ways.join(", ")}, each with its source`, () => {
      const outlooks = plan.steps.map((step) => outlookOf(step, plan));
      expect(outlooks.map(({ reversibility }) => reversibility)).to.deep.equal(ways);
      for (const { why, source } of outlooks) expect([why, source].every((text) => text.length > 5)).to.equal(true);
    });
  }
});
