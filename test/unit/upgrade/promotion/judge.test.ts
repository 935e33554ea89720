import { expect } from "chai";
import { judgePromotion, needsPromotion, REQUIREMENTS } from "../../../../upgrade/promotion/judge";
import { beginReceipt, endReceipt } from "../../../../upgrade/receipt/make";
import type { Receipt } from "../../../../upgrade/receipt/receipt";
import { PLANS, state } from "../../../support/plans";

const NOW = Date.parse("2026-01-02T10:00:00Z");
const DAY = 24 * 3600;
const REQUEST = { promoteFrom: "org/milvus/staging", soakSeconds: DAY, rules: "0.1.0+5f3a9c" } as const;
const PLAN = PLANS.rolling;

function receipt(over: Partial<Receipt> = {}, finishedAt = "2026-01-01T10:00:00.000Z"): Receipt {
  const begun = {
    plan: PLAN,
    id: "1a2b3c4d",
    release: "milvus/my-release",
    rules: REQUEST.rules,
    approval: "none",
    run: { stack: "org/milvus/staging", who: "jane@laptop", startedAt: "2026-01-01T09:00:00.000Z" },
    mode: "data",
  } as const;
  const ended = { finishedAt, verification: { status: "passed" } } as const;
  return { ...endReceipt(beginReceipt(begun, undefined), ended), ...over };
}
const judged = (outputs: unknown, over: { readonly soakSeconds?: number } = {}) =>
  judgePromotion({ ...REQUEST, ...over }, PLAN, { outputs: { receipt: outputs } }, NOW);

describe("the promotion from another stack", () => {
  it("lets a plan through whose hop that stack has made, verified, a soak ago", () => {
    const { lines, refusal } = judged(receipt());
    expect(refusal).to.equal(undefined);
    expect(lines).to.deep.equal([
      "promotion: org/milvus/staging has made this hop, verified, and runs 2.2.9 since 1 d",
    ]);
  });

  const verification = receipt().verification;
  const rows: readonly { readonly what: string; readonly found: unknown; readonly missing: string | undefined }[] = [
    {
      what: "a second short of the soak",
      found: receipt({}, "2026-01-01T10:00:01.000Z"),
      missing: "org/milvus/staging runs 2.2.9 since 23 h 59 min of 1 d",
    },
    {
      what: "after three hours",
      found: receipt({}, "2026-01-02T07:00:00.000Z"),
      missing: "org/milvus/staging runs 2.2.9 since 3 h of 1 d",
    },
    {
      what: "in the future",
      found: receipt({}, "2026-01-02T11:00:00.000Z"),
      missing: "org/milvus/staging was upgraded in the future (2026-01-02T11:00:00.000Z): one of the clocks is wrong",
    },
    {
      what: "to another version",
      found: receipt({ to: "2.2.8" }),
      missing: "org/milvus/staging went to 2.2.8, and this plan goes to 2.2.9",
    },
    {
      what: "from another version",
      found: receipt({ from: "2.2.7" }),
      missing: "org/milvus/staging came from 2.2.7, and this plan comes from 2.2.8",
    },
    {
      what: "that was an install",
      found: { ...receipt({ kind: "install" }), from: undefined },
      missing: "org/milvus/staging came from nothing, and this plan comes from 2.2.8",
    },
    {
      what: "on another chart",
      found: receipt({ chart: "milvus-4.0.30" }),
      missing: "org/milvus/staging has the chart milvus-4.0.30, and this plan takes milvus-4.0.31",
    },
    {
      what: "by other rules",
      found: receipt({ rules: "0.2.0+5f3a9c" }),
      missing: "org/milvus/staging was upgraded by this program as 0.2.0+5f3a9c, and this is 0.1.0+5f3a9c",
    },
    { what: "of another kind, as a standalone has it", found: receipt({ kind: "helm" }), missing: undefined },
    {
      what: "that is not ended",
      found: receipt({ outcome: "unfinished" }),
      missing: "the upgrade of org/milvus/staging is unfinished",
    },
    {
      what: "whose verification failed",
      found: receipt({ verification: { ...verification, status: "failed" } }),
      missing: "the upgrade of org/milvus/staging was not verified (failed)",
    },
    {
      what: "that nobody verified",
      found: receipt({ verification: { mode: "off", status: "off" } }),
      missing: "the upgrade of org/milvus/staging was not verified (milvus:verify is off there)",
    },
    {
      what: "of which there is none",
      found: undefined,
      missing: "org/milvus/staging has no receipt of an upgrade in its output receipt",
    },
    {
      what: "as a stack has it before its first",
      found: "none yet",
      missing: "org/milvus/staging has no receipt of an upgrade in its output receipt",
    },
    {
      what: "of a schema that is not known",
      found: { ...receipt(), schema: 2 },
      missing: "org/milvus/staging has no receipt of an upgrade in its output receipt",
    },
  ];
  for (const { what, found, missing } of rows) {
    it(`with a receipt ${what} says ${missing ?? "nothing"}`, () => {
      const { lines, refusal } = judged(found);
      expect(refusal?.rule).to.equal(missing === undefined ? undefined : "only_what_was_proved_before");
      if (missing === undefined) return;
      expect(refusal?.reason).to.match(/^milvus:promoteFrom asks for .*, 1 d ago or earlier\. What is missing: /);
      expect(refusal?.reason.split("What is missing: ")[1]).to.equal(`${missing}.`);
      expect(lines.join()).to.include(missing);
    });
  }

  it("says everything that is missing at once", () => {
    const { refusal } = judged(receipt({ to: "2.2.8", chart: "milvus-4.0.30" }, "2026-01-02T09:59:00.000Z"));
    expect(refusal?.reason).to.match(/went to 2\.2\.8.*, .*milvus-4\.0\.30.* and .*since 1 min of 1 d\.$/);
  });

  it("without a soak asks for no time", () => {
    expect(judged(receipt({}, "2026-01-02T10:00:00.000Z"), { soakSeconds: 0 }).refusal).to.equal(undefined);
  });

  it("from a stack that cannot be read is refused, with the reason", () => {
    const { refusal } = judgePromotion(REQUEST, PLAN, { problem: "no stack named 'staging'" }, NOW);
    expect(refusal?.reason).to.include("cannot be read (no stack named 'staging')");
  });

  it("has each requirement and its reason in the document", () => {
    expect(REQUIREMENTS.map(({ what, why }) => what.length > 0 && why.length > 10)).to.not.include(false);
  });

  for (const { what, plan, over = {}, isNeeded } of [
    { what: "a hop", plan: PLANS.rolling, isNeeded: true },
    { what: "a migration", plan: PLANS.migration, isNeeded: true },
    { what: "an install", plan: { ...PLANS.install, from: undefined } as never, isNeeded: false },
    { what: "nothing", plan: PLANS.nothing, isNeeded: false },
    { what: "other values", plan: { ...PLANS.helm, from: "2.2.9" }, isNeeded: false },
    { what: "a migration that is given up", plan: PLANS.giveUp, isNeeded: false },
    { what: "a rollback", plan: PLANS.rollback, isNeeded: false },
    {
      what: "a hop that a dead run has begun",
      plan: PLANS.rolling,
      over: { openUpgrade: { to: "2.2.9", startedAt: "x", runs: 1 } },
      isNeeded: false,
    },
    {
      what: "a hop beside one that a dead run has begun",
      plan: PLANS.rolling,
      over: { openUpgrade: { from: "2.2.0", to: "2.2.5", startedAt: "x", runs: 1 } },
      isNeeded: true,
    },
  ]) {
    it(`is ${isNeeded ? "" : "not "}asked for by ${what}`, () => {
      expect(needsPromotion(REQUEST, plan, state(over))).to.equal(isNeeded);
      expect(needsPromotion({}, plan, state(over))).to.equal(false);
    });
  }
});
