import { expect } from "chai";
import { describeFailed, describePassed } from "../../../verify/describe";
import type { Result } from "../../../verify/verify";

const FAILED: Result = {
  status: "failed",
  problems: [],
  differences: [
    { kind: "collection missing", subject: "pens", message: "The collection pens (200 rows) is not there." },
    { kind: "no answer", subject: "books", message: "A search in books fails (collection not loaded)." },
  ],
  configMap: "my-release-verify-2.2.16-to-2.3.5-r1",
};
const UPGRADE = { from: "2.2.16", to: "2.3.5", reversibility: "one way" } as const;

describe("a failed verification", () => {
  it("names every difference, how to go on, the way back, and that the next hop is blocked", () => {
    const text = describeFailed(FAILED, UPGRADE);
    for (const words of [
      "Everything is in place, but the verification of the upgrade from 2.2.16 to 2.3.5 failed",
      "  - The collection pens (200 rows) is not there.",
      "To release and load books again, which interrupts its searches: npm run verify -- --reload",
      "npm run verify -- --accept",
      "The way back: none by this program",
      "Until then the next upgrade is refused.",
    ]) {
      expect(text).to.include(words);
    }
  });

  it("that could not be kept says so, since the next hop is not blocked then", () => {
    const { status, problems, differences } = FAILED;
    const text = describeFailed({ status, problems, differences, unkept: "configmaps is forbidden" }, UPGRADE);
    expect(text).to.include("will NOT be refused, because this could not be kept: configmaps is forbidden");
    expect(text).to.not.include("Until then");
  });

  it("of a look by hand blocks nothing, and says what is wrong", () => {
    const problems = ["No component of Milvus runs."];
    const text = describeFailed(
      { status: "failed", problems, differences: [] },
      { from: "2.3.5", to: "2.3.5", reversibility: "reversible" },
    );
    expect(text).to.equal("The verification of Milvus 2.3.5 failed:\n  - No component of Milvus runs.");
  });

  for (const { reversibility, words } of [
    { reversibility: "reversible", words: "pulumi config set milvus:version 2.2.16, then pulumi up" },
    { reversibility: "restore only", words: "milvus:rollback true" },
  ] as const) {
    it(`${reversibility} says the line that goes back`, () => {
      expect(describeFailed(FAILED, { ...UPGRADE, reversibility })).to.include(words);
    });
  }
});

describe("a passed verification", () => {
  it("says what the service said", () => {
    expect(describePassed({ ...FAILED, status: "passed", version: "v2.3.5" })).to.equal(
      "passed: pods ready, the service says v2.3.5",
    );
  });
});
