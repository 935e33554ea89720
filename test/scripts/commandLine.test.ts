import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { completion, milvusUpgrade } from "../../cli/program";
import { tsxCommand } from "../../sandbox/tsx";

const CLI = join(__dirname, "..", "..", "cli", "main.ts");

describe("the command line, in a shell", () => {
  const program = milvusUpgrade();

  it("completes commands, flags and stack names in bash", () => {
    const complete = (...words: string[]) =>
      execFileSync(
        "bash",
        [
          "-c",
          `${completion(program, false, "milvus-upgrade")}\nmilvus-upgrade() { printf 'dev\\nprod\\n'; }\nCOMP_WORDS=("$@") COMP_CWORD=$(($#-1))\n_milvus_upgrade "$1" "\${@: -1}" "\${@: -2:1}"\necho "\${COMPREPLY[*]}"`,
          "bash",
          ...words,
        ],
        { encoding: "utf8" },
      ).trim();
    expect(complete("milvus-upgrade", "ad")).to.equal("adopt");
    expect(complete("milvus-upgrade", "plan", "--im")).to.equal("--images");
    expect(complete("milvus-upgrade", "plan", "--stack", "")).to.equal("dev prod");
    expect(complete("milvus-upgrade", "plan", "--stack", "p")).to.equal("prod");
    expect(complete("milvus-upgrade", "upgrade", "--stacks", "d")).to.equal("dev");
  });

  it("completes the stacks of a project from the sources too, where nothing is on the PATH", () => {
    const folder = mkdtempSync(join(tmpdir(), "milvus-stacks-"));
    for (const name of ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"]) {
      writeFileSync(join(folder, name), "name: milvus\nruntime: nodejs\n");
    }
    const script = [completion(program, false, CLI), "milvus-upgrade stacks"].join("\n");
    expect(execFileSync("bash", ["-c", script], { cwd: folder, encoding: "utf8" })).to.equal("dev\nprod\n");
  });

  for (const { env, coloured } of [
    { env: { FORCE_COLOR: "1" }, coloured: true },
    { env: { FORCE_COLOR: "1", NO_COLOR: "1" }, coloured: false },
  ]) {
    it(`is ${coloured ? "coloured" : "plain"} with ${Object.keys(env).join(" and ")}`, () => {
      const [node, args] = tsxCommand(CLI, ["stacks", "--cwd", tmpdir()]);
      const { stderr, status } = spawnSync(node, args, { env: { ...process.env, ...env } });
      expect(status).to.equal(1);
      expect(stderr.toString()).to.include("There is no Pulumi.yaml");
      expect(stderr.includes("\u001b[")).to.equal(coloured);
    });
  }
});
