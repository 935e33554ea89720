import { expect } from "chai";
import { describeFailed, describePassed, describeVerification } from "../../../verify/describe";
import type { Result, VerifySettings } from "../../../verify/verify";

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

describe("the preview of a verification that writes", () => {
  const SETTINGS: VerifySettings = {
    mode: "write",
    queries: [],
    rows: "exact",
    reload: false,
    timeouts: { settle: 20, verify: 600, answers: 120, writes: 90 },
  };
  for (const { what, plan, compares } of [
    { what: "an upgrade", plan: { from: "2.2.16", to: "2.3.5" }, compares: true },
    { what: "an install", plan: { to: "2.3.5" }, compares: false },
    { what: "a run with nothing to do", plan: { from: "2.3.5", to: "2.3.5" }, compares: false },
  ]) {
    it(`of ${what} says that a collection is made and dropped, and where${compares ? ", after the comparison" : ""}`, () => {
      const lines = describeVerification(SETTINGS, plan, undefined, "milvus");
      expect(lines.at(-1)).to.match(
        /^verification: write: .*within 90 s: in the database default a collection milvus_upgrade_write_check_… is MADE/,
      );
      expect(lines[0]?.startsWith("verification: data: a snapshot is taken")).to.equal(compares);
    });
  }

  it("of any other mode says nothing of writes", () => {
    for (const mode of ["off", "health", "data"] as const) {
      expect(describeVerification({ ...SETTINGS, mode }, UPGRADE, undefined, "milvus").join()).to.not.include("MADE");
    }
  });

  it("and its end says how many rows were written", () => {
    const text = describePassed({ status: "passed", problems: [], differences: [], version: "v2.3.5", written: 64 });
    expect(text).to.equal("passed: pods ready, the service says v2.3.5; 64 rows written, found and dropped");
  });
});
