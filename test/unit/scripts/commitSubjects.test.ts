import { expect } from "chai";
import { wrongSubjects } from "../../../scripts/commitSubjects";

describe("subjects of commits", () => {
  const rows = [
    { line: "abc1234 Docs: an index by task", wrong: false },
    { line: `abc1234 ${"x".repeat(72)}`, wrong: false },
    { line: `abc1234 ${"→".repeat(72)}`, wrong: false },
    { line: `abc1234 ${"x".repeat(73)}`, wrong: true },
    { line: "abc1234 wip", wrong: true },
    { line: "abc1234 fixup! Docs: an index by task", wrong: true },
  ];
  for (const { line, wrong } of rows) {
    it(`${line.slice(8, 50)}… ${wrong ? "is named" : "is taken"}`, () => {
      expect(wrongSubjects(`${line}\n`)).to.have.length(wrong ? 1 : 0);
    });
  }
});
