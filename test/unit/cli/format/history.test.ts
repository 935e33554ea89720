import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { historyLines } from "../../../../cli/format/history";
import { beginReceipt, endReceipt } from "../../../../upgrade/receipt/make";
import type { Receipt } from "../../../../upgrade/receipt/receipt";
import { PLANS } from "../../../support/plans";

function receipt(over: Partial<Receipt> = {}, who = "jane@laptop"): Receipt {
  const begun = {
    plan: PLANS.migration,
    id: "1a2b3c4d",
    release: "milvus/my-release",
    rules: "1+a",
    approval: "none",
    run: { stack: "org/milvus/prod", who, startedAt: "2026-01-01T10:00:00Z" },
    mode: "data",
  } as const;
  return { ...beginReceipt(begun, undefined), ...over };
}
const lines = (receipts: readonly Receipt[]) =>
  historyLines("milvus/my-release", "prod", receipts).map((line) => stripVTControlCharacters(line));

describe("history", () => {
  it("says that there is none", () => {
    expect(lines([])).to.deep.equal([
      "milvus/my-release, stack prod",
      "no receipts are kept: no upgrade was made since this program keeps them",
    ]);
  });

  it("shows the newest first, with what was expected and what it really took", () => {
    const done = endReceipt(receipt({ interruption: { kind: "outage", expectedSeconds: 300 } }), {
      finishedAt: "2026-01-01T10:07:30Z",
      measured: { steps: [], interruptedAtMostSeconds: 201.4 },
      verification: { status: "passed" },
    });
    const [, head = "", first = "", second = "", ...rest] = lines([done, receipt({ from: "2.2.9", to: "2.3.13" })]);
    expect(head.split(/ {2,}/)).to.have.length(10);
    expect(first.split(/ {2,}/).slice(0, 5)).to.deep.equal([
      "2026-01-01 10:00",
      "2.2.9 → 2.3.13",
      "migration",
      "unfinished",
      "-",
    ]);
    expect(second.split(/ {2,}/)).to.deep.equal([
      "2026-01-01 10:00",
      "2.1.4 → 2.2.9",
      "migration",
      "done",
      "7 min 30 s",
      "3 min 21 s",
      "outage, 5 min",
      "passed (data)",
      "-",
      "jane@laptop for org/milvus/prod",
    ]);
    expect(rest).to.deep.equal(["unfinished: a run is at work, or has ended before its end: pulumi up goes on"]);
  });

  it("lets nothing that somebody has written into the ConfigMap move the terminal", () => {
    // With the colours, which are escape sequences as well.
    const text = historyLines("milvus/my-release", "prod", [receipt({}, "a\u001b[2J\nforged line")]).join("\n");
    expect(text).to.not.include("\u001b[2J");
    expect(text).to.not.include("\nforged");
  });
});
