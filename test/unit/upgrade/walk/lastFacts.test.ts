import { expect } from "chai";
import { asLastFacts, factsAfter, stateFromFacts } from "../../../../upgrade/walk/lastFacts";
import { cluster, DOWN, MIXED, planned, refused, running, SEPARATE, wanted } from "../support";

const AT = "2026-05-01T12:00:00Z";

describe("a plan without the cluster", () => {
  const rows = [
    { from: running("3.2.18", "2.1.4"), to: "2.2.14", next: "2.3.13", kind: "rolling" },
    { from: running("3.2.18", "2.1.4", { component: DOWN }), to: "2.2.14", next: "2.3.13", kind: "rolling" },
    { from: running("4.2.20", "2.4.15", { names: MIXED }), to: "2.4.16", next: "2.4.16", kind: "nothing" },
    { from: cluster(), to: "2.2.14", next: "2.2.14", kind: "nothing" },
  ] as const;
  for (const { from, to, next, kind } of rows) {
    it(`after an upgrade to ${to} is ${kind} for ${next}, and says what it was made from`, () => {
      const facts = asLastFacts(JSON.parse(JSON.stringify(factsAfter(planned(wanted(to), from), from, "my-release"))));
      if (facts === undefined) throw new Error("these facts are not taken for facts");
      const plan = planned(wanted(next), stateFromFacts(facts, wanted(next), AT));
      expect(plan.kind).to.equal(kind);
      expect(plan.warnings.map(({ message }) => message).join()).to.include("without the cluster");
    });
  }

  it("refuses what the rules refuse", () => {
    const state = running("4.0.34", "2.2.14");
    const facts = factsAfter(planned(wanted("2.2.16"), state), state, "my-release");
    expect(refused(wanted("2.6.15"), stateFromFacts(facts, wanted("2.6.15"), AT)).path).to.not.equal(undefined);
  });

  it("knows the replicas from before the stop, and no value of the user's", () => {
    const state = running("3.2.18", "2.1.4", { component: DOWN, values: { minio: { secretKey: "hunter2" } } });
    const facts = factsAfter(
      planned(wanted("2.2.14", { values: { minio: { secretKey: "hunter2" } } }), state),
      state,
      "my-release",
    );
    expect(facts.components.map(({ component, replicas }) => [component, replicas])).to.have.deep.members(
      SEPARATE.map((component) => [component, 2]),
    );
    expect(JSON.stringify(facts)).to.not.include("hunter2");
  });

  for (const [what, output] of [
    ["nothing", undefined],
    ["text", "x"],
    ["an empty map", {}],
    ["a part", { version: "2.2.9" }],
  ] as const) {
    it(`takes ${what} for no facts`, () => {
      expect(asLastFacts(output)).to.equal(undefined);
    });
  }
});
