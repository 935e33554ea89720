import { expect } from "chai";
import { describeClearUp } from "../../../../upgrade/words/clearUp";
import { PLANS } from "../../../support/plans";

describe("what a run clears up", () => {
  it("is said before Pulumi lists its deletions, with what stays", () => {
    expect(describeClearUp(PLANS.nothing, 4, ["my-release-meta-2.1.4-to-2.2.14-r1"])).to.deep.equal([
      "clears up: 4 ended Jobs of the upgrade before, their script and their rights; nothing of Milvus is deleted; the backup claim my-release-meta-2.1.4-to-2.2.14-r1 stays in the cluster",
    ]);
    expect(describeClearUp(PLANS.nothing, 1, [])[0]).to.match(
      /^clears up: 1 ended Job .*nothing of Milvus is deleted$/,
    );
    expect(describeClearUp(PLANS.nothing, 1, ["a", "b"])[0]).to.include("the backup claims a and b stay");
  });

  it("is nothing where there are no Jobs, or where the plan has its own in their place", () => {
    expect(describeClearUp(PLANS.nothing, 0, ["a"])).to.deep.equal([]);
    expect(describeClearUp(PLANS.migration, 4, [])).to.deep.equal([]);
  });
});
