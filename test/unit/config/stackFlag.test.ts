import { expect } from "chai";
import { stackFlag, withStackFlag } from "../../../config/stackFlag";

describe("the stack that a command names", () => {
  for (const { line, stack } of [
    { line: "pulumi up --stack prod --yes", stack: "prod" },
    { line: "pulumi up --stack=org/milvus/prod", stack: "org/milvus/prod" },
    { line: "pulumi -s prod preview", stack: "prod" },
    { line: "pulumi up", stack: undefined },
    { line: "pulumi up --stack", stack: undefined },
    { line: "node main.js plan --stacks prod-*", stack: undefined },
    // No name of a stack: it would be typed into a shell.
    { line: "pulumi up --stack $(reboot)", stack: undefined },
  ]) {
    it(`is ${stack ?? "none"} in: ${line}`, () => {
      expect(stackFlag(line.split(" "))).to.equal(stack);
    });
  }

  for (const { text, expected } of [
    {
      text: "go on: pulumi config set milvus:version 2.2.9, then pulumi up",
      expected: "go on: pulumi config set --stack prod milvus:version 2.2.9, then pulumi up --stack prod",
    },
    {
      text: "pulumi config set --path 'milvus:values.a' 1",
      expected: "pulumi config set --stack prod --path 'milvus:values.a' 1",
    },
    { text: "Type: npm run upgrade -- --to 2.6", expected: "Type: npm run upgrade -- --stack prod --to 2.6" },
    { text: "See npm run plan.", expected: "See npm run plan -- --stack prod." },
    { text: "npm run catalog:update", expected: "npm run catalog:update" },
    { text: "pulumi stack init NAME && npm run adopt", expected: "pulumi stack init NAME && npm run adopt" },
    // Of another stack, on the same line as a command that is about this one.
    {
      text: "There: pulumi up --stack there; its receipt: pulumi stack output receipt --stack there. Without: pulumi config rm milvus:promoteFrom",
      expected:
        "There: pulumi up --stack there; its receipt: pulumi stack output receipt --stack there. Without: pulumi config rm --stack prod milvus:promoteFrom",
    },
    {
      text: "pulumi up, and pulumi up --stack there",
      expected: "pulumi up --stack prod, and pulumi up --stack there",
    },
  ]) {
    it(`is in the lines to type: ${text}`, () => {
      expect(withStackFlag(text, "prod")).to.equal(expected);
      expect(withStackFlag(expected, "prod"), "once").to.equal(expected);
      expect(withStackFlag(text, undefined)).to.equal(text);
    });
  }
});
