import { expect } from "chai";
import type { StepOutlook } from "../../../../upgrade/steps/outlook";
import { stepGroups, stepNumbers } from "../../../../upgrade/words/stepGroups";

const BACK: StepOutlook = { reversibility: "reversible", why: "nothing is changed", source: "a" };
const ONE_WAY: StepOutlook = { reversibility: "one way", why: "no downgrade", source: "b" };

describe("steps with the same way back", () => {
  it("are one group, also where others come between", () => {
    const groups = stepGroups([BACK, ONE_WAY, { ...ONE_WAY }, BACK, { ...ONE_WAY, why: "another reason" }]);
    expect(groups).to.deep.equal([
      { ...BACK, indexes: [0, 3] },
      { ...ONE_WAY, indexes: [1, 2] },
      { ...ONE_WAY, why: "another reason", indexes: [4] },
    ]);
  });

  for (const [indexes, words] of [
    [[0], "step 1"],
    [[0, 1], "steps 1 and 2"],
    [[2, 3, 4, 5], "steps 3 to 6"],
    [[0, 2, 3, 4, 8], "steps 1, 3 to 5 and 9"],
    [[0, 1, 4, 5], "steps 1, 2, 5 and 6"],
  ] as const) {
    it(`are ${words}`, () => expect(stepNumbers(indexes)).to.equal(words));
  }
});
