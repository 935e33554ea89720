import { expect } from "chai";
import type { ClusterState, Step, UpgradePlan, Wanted } from "../../../../upgrade/model";
import { withOwnSteps } from "../../../../upgrade/plan/ownSteps";
import { RefusalError } from "../../../../upgrade/refusal";
import { component, PLANS, state } from "../../../support/plans";
import { wanted } from "../support";

const CRON_JOBS = ["backup", "page", "smoke"].map((name) => ({ name, version: `${name} 1`, template: {} }));
const WANTED: Wanted = { ...wanted("2.2.9"), runBefore: ["page", "backup"], runAfter: ["smoke"] };
const OPEN = { from: "2.2.8", to: "2.2.9", startedAt: "2026-01-01T00:00:00Z", runs: 1 };
const ONE_WAY: UpgradePlan = { ...PLANS.rolling, reversibility: "one way" };

const shown = (steps: readonly Step[]) =>
  steps.map((step) => (step.kind === "ownJob" ? `${step.when} ${step.cronJob}` : step.kind));
function planned(plan: UpgradePlan, over: Partial<ClusterState> = {}, want: Partial<Wanted> = {}) {
  const { steps, warnings } = withOwnSteps(plan, { ...WANTED, ...want }, state({ cronJobs: CRON_JOBS, ...over }));
  return {
    own: shown(steps).filter((it) => / /.test(it)),
    steps: shown(steps),
    warnings: warnings.map(({ rule }) => rule),
  };
}
function refusalOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal;
    throw error;
  }
  return undefined;
}

describe("the user's own steps", () => {
  for (const { kind, before, after } of [
    { kind: "install", before: false, after: false },
    { kind: "nothing", before: false, after: false },
    { kind: "helm", before: true, after: true },
    { kind: "rolling", before: true, after: true },
    { kind: "migration", before: true, after: true },
    { kind: "giveUp", before: false, after: false },
    { kind: "rollback", before: true, after: true },
  ] as const) {
    it(`${before ? "are around" : "are no part of"} a plan of the kind ${kind}`, () => {
      const { steps } = planned(PLANS[kind]);
      const own = PLANS[kind].steps.map((step) => step.kind);
      expect(steps).to.deep.equal([
        ...(before ? ["before page", "before backup"] : []),
        ...own,
        ...(after ? ["after smoke"] : []),
      ]);
    });
  }

  const BOTH = ["before page", "before backup", "after smoke"];
  for (const { what, over, own, isSaid } of [
    { what: "nothing was begun", over: {}, own: BOTH, isSaid: false },
    { what: "a dead run began it and has come past none", over: { openUpgrade: OPEN }, own: BOTH, isSaid: false },
    {
      what: "it has come past one",
      over: { openUpgrade: { ...OPEN, ranBefore: ["page"] } },
      own: ["before backup", "after smoke"],
      isSaid: true,
    },
    {
      what: "it has come past both",
      over: { openUpgrade: { ...OPEN, ranBefore: ["page", "backup"] } },
      own: ["after smoke"],
      isSaid: true,
    },
    {
      what: "an upgrade to another version was begun",
      over: { openUpgrade: { ...OPEN, from: "2.2.0", to: "2.2.5" } },
      own: BOTH,
      isSaid: false,
    },
    {
      what: "a roll is half done, and no receipt tells of it",
      over: { components: [component("proxy", { paused: true })] },
      own: ["after smoke"],
      isSaid: true,
    },
    {
      what: "Milvus is at 0",
      over: { components: [component("proxy", { replicas: 0, pods: 0 })] },
      own: ["after smoke"],
      isSaid: true,
    },
  ]) {
    it(`where ${what} are ${own.join(", ")}${isSaid ? ", which is said" : ""}`, () => {
      const found = planned(PLANS.rolling, over);
      expect(found.own).to.deep.equal(own);
      expect(found.warnings.includes("own_steps_run_with_the_plan")).to.equal(isSaid);
    });
  }

  it("after the upgrade run in the next run, where only they are left", () => {
    expect(planned(PLANS.nothing, { openUpgrade: OPEN }).steps).to.deep.equal(["release", "after smoke"]);
    expect(planned(PLANS.nothing, { openUpgrade: { ...OPEN, ranAfter: ["smoke"] } }).steps).to.deep.equal(["release"]);
    expect(planned(PLANS.nothing, { openUpgrade: { ...OPEN, to: "2.3.0" } }).steps).to.deep.equal(["release"]);
  });

  it("that are no CronJobs of the namespace are refused, all at once, with what to type", () => {
    const refusal = refusalOf(() => planned(PLANS.rolling, { cronJobs: [] }));
    expect(refusal?.rule).to.equal("own_steps_run_with_the_plan");
    expect(refusal?.reason).to.include("milvus:runBefore names cronjob/page and cronjob/backup");
    expect(refusal?.remedy).to.include("kubectl -n milvus get cronjobs");
    const after = refusalOf(() => planned(PLANS.rolling, { cronJobs: [] }, { runBefore: [] }));
    expect(after?.reason).to.include("milvus:runAfter names cronjob/smoke");
  });

  it("are planned where nobody has looked for them, as for the hops after the first", () => {
    expect(shown(withOwnSteps(PLANS.rolling, WANTED, state()).steps)[0]).to.equal("before page");
  });

  for (const { what, plan = ONE_WAY, over = {}, want = {}, isRefused } of [
    { what: "without a way back and with a run before", isRefused: false },
    { what: "without both", want: { runBefore: [] }, isRefused: true },
    { what: "with a way back", plan: PLANS.rolling, want: { runBefore: [] }, isRefused: false },
    {
      what: "whose backup brings it back",
      plan: { ...ONE_WAY, reversibility: "restore only" as const },
      want: { runBefore: [] },
      isRefused: false,
    },
    {
      what: "of which the run that began it has run them",
      over: { openUpgrade: { ...OPEN, ranBefore: ["page", "backup"] } },
      isRefused: false,
    },
    {
      what: "that ends what is half done",
      over: { components: [component("proxy", { paused: true })] },
      want: { runBefore: [] },
      isRefused: false,
    },
    { what: "with a run after it alone", want: { runBefore: [], runAfter: ["smoke"] }, isRefused: true },
  ]) {
    it(`with oneWayNeeds a plan ${what} is ${isRefused ? "refused" : "let through"}`, () => {
      const refusal = refusalOf(() => planned(plan, over, { ...want, oneWayNeedsRun: true }));
      expect(refusal?.rule).to.equal(isRefused ? "one_way_needs_a_run_before" : undefined);
      expect(refusalOf(() => planned(plan, over, want))).to.equal(undefined);
    });
  }
});
