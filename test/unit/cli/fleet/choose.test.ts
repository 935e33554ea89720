import { expect } from "chai";
import { chooseStacks } from "../../../../cli/fleet/choose";

const NAMES = ["dev", "prod-10", "prod-2", "prod-a", "prod-eu-1", "staging"];

describe("the stacks of a fleet", () => {
  for (const { patterns, stacks } of [
    { patterns: ["prod-*"], stacks: ["prod-2", "prod-10", "prod-a", "prod-eu-1"] },
    { patterns: ["dev"], stacks: ["dev"] },
    { patterns: ["prod-eu-*", "prod-*"], stacks: ["prod-eu-1", "prod-2", "prod-10", "prod-a"] },
    { patterns: ["*", "!dev", "!prod-*"], stacks: ["staging"] },
    { patterns: ["!prod-a", "prod-*"], stacks: ["prod-2", "prod-10", "prod-eu-1"] },
    { patterns: ["prod-{2,10}"], stacks: ["prod-2", "prod-10"] },
    { patterns: ["prod-[0-9]*"], stacks: ["prod-2", "prod-10"] },
    { patterns: ["prod-?"], stacks: ["prod-2", "prod-a"] },
    { patterns: ["acme/milvus/prod-[0-9]*", "!prod-10"], stacks: ["acme/milvus/prod-2"] },
    { patterns: ["acme/prod-[0-9]*", "!acme/prod-2"], stacks: ["acme/prod-10"] },
    { patterns: ["acme/prod-[0-9]*", "!other/prod-2"], stacks: ["acme/prod-2", "acme/prod-10"] },
  ]) {
    it(`${patterns.join(" ")}: ${stacks.join(", ")}`, () => {
      expect(chooseStacks(NAMES, patterns)).to.deep.equal(stacks);
    });
  }

  for (const { patterns, says } of [
    { patterns: ["test-*"], says: "no stack matches test-*. There are dev, prod-2, prod-10, prod-a" },
    { patterns: ["prod-*", "!prod-b"], says: "no stack matches !prod-b. There are" },
    { patterns: ["!dev"], says: "Say first which to take: --stacks '*' '!dev'" },
    { patterns: ["dev", "!*"], says: "leaves no stack" },
    { patterns: ["dev", "acme/dev"], says: "dev and acme/dev have the same config file" },
  ]) {
    it(`${patterns.join(" ")} is refused: ${says}`, () => {
      expect(() => chooseStacks(NAMES, patterns)).to.throw(says);
    });
  }

  it("of a project without one is refused, and says so", () => {
    expect(() => chooseStacks([], ["*"])).to.throw("The project has no stack with a config file");
  });
});
