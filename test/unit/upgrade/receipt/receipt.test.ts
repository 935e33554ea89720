import { readFileSync } from "node:fs";
import { expect } from "chai";
import { RECEIPT_SCHEMA_FILE, receiptSchema } from "../../../../scripts/receiptSchema";
import { PLAN_KINDS } from "../../../../upgrade/model";
import { abandonReceipt, type Begun, beginReceipt, endReceipt, openReceipt } from "../../../../upgrade/receipt/make";
import { asReceipt, RECEIPT, type Receipt, shortened } from "../../../../upgrade/receipt/receipt";
import { PLANS } from "../../../support/plans";

const RUN = { stack: "org/milvus/prod", who: "jane@laptop", startedAt: "2026-01-01T10:00:00.000Z" };
const AGAIN = { stack: "org/milvus/prod", who: "ci@runner", startedAt: "2026-01-01T11:00:00.000Z" };

function begun(over: Partial<Begun> = {}): Begun {
  return {
    plan: PLANS.rolling,
    hash: "abc",
    id: "1a2b3c4d",
    release: "milvus/my-release",
    rules: "0.1.0+5f3a9c",
    approval: "approvedPlan",
    run: RUN,
    mode: "data",
    ...over,
  };
}
const PASSED = {
  finishedAt: "2026-01-01T11:05:00.000Z",
  measured: { steps: [{ step: "release", seconds: 3 }], interruptedAtMostSeconds: 12.5 },
  verification: { status: "passed", before: { version: "v2.2.8", rows: 5 }, after: { version: "v2.2.9", rows: 5 } },
} as const;

describe("a receipt", () => {
  it("has the schema that docs/receipt.schema.json tells", () => {
    expect(readFileSync(RECEIPT_SCHEMA_FILE, "utf8")).to.equal(receiptSchema());
  });

  for (const kind of PLAN_KINDS) {
    it(`of a plan of the kind ${kind} is what the schema says, small, and without a value of the user's`, () => {
      const { chart } = PLANS[kind];
      const warnings = Array.from(
        { length: 50 },
        () => ({ rule: "requests_fail_for_a_short_time", message: "s3cret" }) as const,
      );
      const receipt = endReceipt(beginReceipt(begun({ plan: { ...PLANS[kind], chart, warnings } }), undefined), PASSED);
      const text = JSON.stringify(receipt);
      expect(RECEIPT.strict().parse(JSON.parse(text))).to.deep.equal(receipt);
      expect(text).to.not.match(/s3cret|minioadmin|distributed|charts\.example/);
      expect(text.length).to.be.below(1500);
      expect(receipt).to.deep.include({
        outcome: "done",
        kind,
        to: PLANS[kind].to,
        chart: "milvus-4.0.31",
        warnings: ["requests_fail_for_a_short_time"],
      });
    });
  }

  it("that a later run ends has what the upgrade was from, every run, and the plan that ended it", () => {
    const open = beginReceipt(begun(), undefined);
    expect(open).to.include({ outcome: "unfinished", from: "2.2.8", startedAt: RUN.startedAt });
    const left = { ...PLANS.nothing, warnings: [] };
    const again = beginReceipt(begun({ plan: left, id: "other", run: AGAIN, approval: "none" }), open);
    const done = endReceipt(again, PASSED);
    expect(done).to.deep.include({
      id: "1a2b3c4d",
      outcome: "done",
      kind: "rolling",
      from: "2.2.8",
      runs: [RUN, AGAIN],
      startedAt: RUN.startedAt,
      finishedAt: PASSED.finishedAt,
      interruption: { kind: "none", expectedSeconds: 0, atMostSeconds: 12.5 },
    });
  });

  it("keeps the first and the last five of many runs", () => {
    let receipt: Receipt | undefined;
    for (let run = 0; run < 30; run++) receipt = beginReceipt(begun({ run: { ...RUN, who: `${run}` } }), receipt);
    expect(receipt?.runs.map(({ who }) => who)).to.deep.equal(["0", "25", "26", "27", "28", "29"]);
  });

  it("stays open where the verification failed", () => {
    const failed = endReceipt(beginReceipt(begun(), undefined), { ...PASSED, verification: { status: "failed" } });
    expect(failed).to.include({ outcome: "unfinished" }).and.not.have.property("finishedAt");
    expect(failed.verification.status).to.equal("failed");
  });

  it("is not gone on with by an upgrade to another version", () => {
    const open = beginReceipt(begun(), undefined);
    const other = beginReceipt(begun({ plan: { ...PLANS.rolling, to: "2.2.16" }, id: "other", run: AGAIN }), open);
    expect(other).to.deep.include({ id: "other", to: "2.2.16", runs: [AGAIN] });
    expect(abandonReceipt(open).outcome).to.equal("abandoned");
  });

  for (const { what, since, kind, isOpen } of [
    { what: "of this installation", since: "2025-12-31T00:00:00Z", kind: "rolling", isOpen: true },
    { what: "of a Milvus that was uninstalled since", since: "2026-01-02T00:00:00Z", kind: "rolling", isOpen: false },
    { what: "of the install itself", since: "2026-01-01T10:00:30Z", kind: "install", isOpen: true },
    { what: "of a release whose first day is not known", since: undefined, kind: "rolling", isOpen: true },
  ] as const) {
    it(`that is open ${what} is ${isOpen ? "" : "not "}gone on with`, () => {
      const open = beginReceipt(begun({ plan: PLANS[kind] }), undefined);
      expect(openReceipt([open], since)?.id).to.equal(isOpen ? "1a2b3c4d" : undefined);
    });
  }

  for (const [what, value] of Object.entries({
    nothing: undefined,
    "a text": "none yet",
    "one of a later schema": { ...beginReceipt(begun(), undefined), schema: 2 },
    "one without a verification": { ...beginReceipt(begun(), undefined), verification: undefined },
    "one with a time that is none": { ...beginReceipt(begun(), undefined), startedAt: "yesterday" },
  })) {
    it(`is not read from ${what}`, () => {
      expect(asReceipt(value)).to.equal(undefined);
    });
  }

  it("of a later version, with keys that are not known here, is read", () => {
    expect(asReceipt({ ...beginReceipt(begun(), undefined), window: "Sat" })?.to).to.equal("2.2.9");
  });

  it("has no book in it, whoever wrote one into a name", () => {
    const receipt = beginReceipt(begun({ release: "x".repeat(100_000) }), undefined);
    expect(JSON.stringify(shortened(receipt)).length).to.be.below(2000);
  });
});
