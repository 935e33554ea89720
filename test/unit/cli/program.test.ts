import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { completion, milvusUpgrade } from "../../../cli/program";

describe("the command line", () => {
  const program = milvusUpgrade();

  for (const command of program.commands) {
    it(`${command.name()} says what it is for, and so does each of its flags`, () => {
      expect(command.description().length).to.be.greaterThan(20);
      expect(command.options.filter(({ description }) => description === "").map(({ long }) => long)).to.deep.equal([]);
      expect(command.helpInformation()).to.include(command.description().split(" ")[0]);
    });
  }

  it("completes commands, flags and stack names in bash", () => {
    const complete = (...words: string[]) =>
      execFileSync(
        "bash",
        [
          "-c",
          `${completion(program, false)}\nmilvus-upgrade() { printf 'dev\\nprod\\n'; }\nCOMP_WORDS=("$@") COMP_CWORD=$(($#-1))\n_milvus_upgrade "$1" "\${@: -1}" "\${@: -2:1}"\necho "\${COMPREPLY[*]}"`,
          "bash",
          ...words,
        ],
        { encoding: "utf8" },
      ).trim();
    expect(complete("milvus-upgrade", "ad")).to.equal("adopt");
    expect(complete("milvus-upgrade", "plan", "--im")).to.equal("--images");
    expect(complete("milvus-upgrade", "plan", "--stack", "")).to.equal("dev prod");
    expect(complete("milvus-upgrade", "plan", "--stack", "p")).to.equal("prod");
  });
});
