import { expect } from "chai";
import { milvusUpgrade } from "../../../cli/program";

describe("the command line", () => {
  const program = milvusUpgrade();

  for (const command of program.commands) {
    it(`${command.name()} says what it is for, and so does each of its flags`, () => {
      expect(command.description().length).to.be.greaterThan(10);
      expect(command.options.filter(({ description }) => description === "").map(({ long }) => long)).to.deep.equal([]);
      expect(command.helpInformation()).to.include(command.description().split(" ")[0]);
    });
  }
});
