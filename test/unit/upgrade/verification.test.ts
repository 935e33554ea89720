import { expect } from "chai";
import { verificationStates } from "../../../cluster/kept/verifications";
import type { UpgradePlan, VerificationState } from "../../../upgrade/model";
import type { RefusalError } from "../../../upgrade/refusal";
import { refuseUnverified } from "../../../upgrade/verification";

const attempt = { from: "2.2.16", to: "2.3.5", revision: 3, ordinal: 1 };
const verification = (status: VerificationState["status"]): VerificationState => ({
  configMap: "my-verify",
  attempt,
  status,
  summary: "The collection books is not there.",
});

function refusalOf(from: string, to: string, status: VerificationState["status"]): RefusalError | undefined {
  try {
    refuseUnverified({ from, to } as UpgradePlan, verification(status));
    return undefined;
  } catch (error) {
    return error as RefusalError;
  }
}

describe("an upgrade from 2.2.16 to 2.3.5 that was not verified", () => {
  for (const { status, from, to, refused } of [
    { status: "failed", from: "2.3.5", to: "2.4.16", refused: true },
    { status: "failed", from: "2.3.5", to: "2.3.5", refused: false },
    { status: "failed", from: "2.3.5", to: "2.2.16", refused: false },
    { status: "failed", from: "2.2.16", to: "2.3.5", refused: false },
    { status: "pending", from: "2.3.5", to: "2.4.16", refused: true },
    { status: "pending", from: "2.2.16", to: "2.3.4", refused: false },
    { status: "passed", from: "2.3.5", to: "2.4.16", refused: false },
  ] as const) {
    it(`${status}: ${from} → ${to} is ${refused ? "refused" : "left to the other rules"}`, () => {
      const refusal = refusalOf(from, to, status)?.refusal;
      expect(refusal?.rule).to.equal(refused ? "a_failed_verification_blocks_the_next_hop" : undefined);
      if (status === "failed" && refused) expect(refusal?.reason).to.contain("books is not there");
    });
  }

  for (const status of ["failed", "pending"] as const) {
    it(`${status}, with a damaged snapshot, is refused with the way that is left and what it costs`, () => {
      const damaged = { ...verification(status), damaged: "it unpacks to more than 32 MB" };
      try {
        refuseUnverified({ from: "2.3.5", to: "2.4.16" } as UpgradePlan, damaged);
        expect.fail("not refused");
      } catch (error) {
        const { reason, remedy } = (error as RefusalError).refusal;
        expect(reason).to.include("in the ConfigMap my-verify, is damaged: it unpacks to more than 32 MB");
        expect(remedy).to.include("npm run verify -- --accept").and.include("costs the comparison");
        expect(remedy).to.not.include("Verify it again");
      }
    });
  }

  it("is read from the ConfigMaps that are one, the newest last", () => {
    const labels = (revision: string) => ({
      "milvus-upgrade/release": "my",
      "milvus-upgrade/from": "2.2.16",
      "milvus-upgrade/to": "2.3.5",
      "milvus-upgrade/revision": revision,
      "milvus-upgrade/ordinal": "1",
    });
    const annotations = (status: string) => ({ "milvus-upgrade/verification": status });
    const found = verificationStates(
      [
        {
          metadata: { name: "new", labels: labels("12"), annotations: annotations("failed") },
          data: { summary: "gone" },
        },
        { metadata: { name: "old", labels: labels("2"), annotations: annotations("passed") } },
        { metadata: { name: "odd", labels: labels("13"), annotations: annotations("perhaps") } },
        { metadata: { name: "foreign", labels: { owner: "helm" } } },
      ],
      {},
    );
    expect(found.map(({ configMap }) => configMap)).to.deep.equal(["old", "new"]);
    expect(found.at(-1)).to.deep.include({ status: "failed", summary: "gone" });
    expect(verificationStates([], {})).to.deep.equal([]);
  });
});
