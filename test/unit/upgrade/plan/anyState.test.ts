import { expect } from "chai";
import fc from "fast-check";
import { MILVUS_COMPONENTS } from "../../../../upgrade/milvusComponents";
import type { HelmValues } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { componentsOf } from "../../../../upgrade/roll/rollout";
import { describePlan } from "../../../../upgrade/words/describe";
import { examples } from "../../../support/examples";
import { plausible, requests, states } from "../anyState";

/**
 * So many that a share among them is no chance. Of 20,000 plausible clusters 42 % have a plan, and 6.7 % one that touches the
 * metadata: of 100, one run in a hundred had a third of plans or fewer, and one in eleven three of the others.
 */
const SHARE = examples(500);
const SMALL_SHARE = examples(1000);

describe("whatever the cluster and the config are like", function () {
  this.timeout(60_000);

  it("there is a plan or a refusal with a rule, a reason and a remedy, and never an exception", () => {
    fc.assert(
      fc.property(requests, states, (request, state) => {
        const plan = planUpgrade(request, state);
        expect(describePlan(plan).length).to.be.above(1);
        if (plan.kind !== "refused") return;
        expect(plan.rule).to.match(/^[a-z0-9]+(_[a-z0-9]+)+$/);
        expect(Math.min(plan.reason.length, plan.remedy.length)).to.be.above(10);
      }),
      examples(100),
    );
  });

  it("a plan has one release step, touches the metadata only with an attempt, and resumes what it pauses", () => {
    let plans = 0;
    fc.assert(
      fc.property(plausible, ({ request, state }) => {
        const plan = planUpgrade(request, state);
        if (plan.kind === "refused") return;
        plans++;
        const kinds = plan.steps.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === "release").length).to.equal(1);
        const touches = kinds.some((kind) => kind === "backup" || kind === "migrate" || kind === "restore");
        expect(touches).to.equal(plan.migration !== undefined);
        if (touches) expect(kinds.indexOf("stop")).to.be.within(0, kinds.includes("probe") ? 2 : 1);
        if (kinds.includes("probe")) expect(kinds.indexOf("probe")).to.equal(kinds.indexOf("stop") - 1);
        if (kinds.includes("migrate")) expect(kinds.indexOf("backup")).to.be.within(1, kinds.indexOf("migrate") - 1);
        const paused = plan.steps.flatMap((step) => (step.kind === "pause" ? step.deployments : []));
        const resumed = plan.steps.flatMap((step) => (step.kind === "resume" ? [step.deployment] : []));
        expect(resumed).to.include.members(paused);
        const stillPaused = state.components.filter((it) => it.paused).map(({ name }) => name);
        // What was paused is resumed, or goes with the Release.
        if (plan.kind === "rolling")
          expect([...resumed, ...dropped(plan.values, plan.chart.version)]).to.include.members(stillPaused);
        expect(plan.kind === "nothing" && stillPaused.length > 0).to.equal(false);
      }),
      SHARE,
    );
    expect(plans, "plans among plausible clusters").to.be.above(SHARE.numRuns / 3);
  });

  it("metadata that 2.1 runs on is never migrated over, nor restored over what it wrote", () => {
    let plans = 0;
    fc.assert(
      fc.property(plausible, ({ request, state }) => {
        const plan = planUpgrade(request, state);
        // An explicit rollback says what it loses.
        if (plan.kind === "refused" || plan.migration === undefined || request.rollback) return;
        plans++;
        const { attempt, claimName } = plan.migration;
        const found = state.attempts.find(
          ({ id }) => id.revision === attempt.revision && id.ordinal === attempt.ordinal && id.from === attempt.from,
        );
        expect(claimName).to.contain(`-r${attempt.revision}`);
        const isOldRunning = state.components.some((it) => it.pods > 0 && it.image.includes(":v2.1."));
        // A backup from before it ran again would lose what it has written since.
        if (!isOldRunning || !found || attempt.to !== found.id.to) return;
        // Giving up what was not begun, or is undone, leaves the metadata as it is: the script says so.
        const harmless = plan.kind === "giveUp" ? ["prepared", "backedUp", "restored"] : ["prepared"];
        expect(harmless).to.include(found.phase);
      }),
      SMALL_SHARE,
    );
    expect(plans, "plans that touch the metadata").to.be.above(SMALL_SHARE.numRuns / 30);
  });
});

function dropped(of: HelmValues, chartVersion: string): string[] {
  const kept = componentsOf(of, chartVersion);
  return MILVUS_COMPONENTS.filter((name) => !kept.includes(name)).map((name) => `my-release-milvus-${name}`);
}
