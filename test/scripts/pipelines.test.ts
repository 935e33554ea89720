import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";

const ROOT = join(__dirname, "..", "..");

/** The lines of the pipelines, run by a shell; what they are made of is in test/unit/docs/pipelines.test.ts. */
describe("the scripts of GitLab's pipelines", () => {
  const HASH = `${"000000.".repeat(5)}${"0".repeat(32)}`;
  for (const { what, report, turn, said } of [
    {
      what: "is allowed",
      report: { outcome: "changes", plan: { title: "a roll", hash: HASH } },
      turn: HASH,
      said: "a roll",
    },
    {
      what: "is refused",
      report: { outcome: "refused", plan: { title: "a roll", hash: HASH }, refusal: { reason: "3 h of 1 d" } },
      turn: "",
      said: "3 h of 1 d",
    },
    {
      what: "is outside of its window",
      report: { outcome: "changes", plan: { title: "a roll", hash: HASH }, notNow: { reason: "not open" } },
      turn: "",
      said: "not open",
    },
    {
      what: "has nothing to do",
      report: { outcome: "nothing", plan: { title: "nothing to do" } },
      turn: "",
      said: "nothing to do",
    },
  ]) {
    it(`gives production ${turn === "" ? "no" : "a"} turn where its plan ${what}`, () => {
      const folder = mkdtempSync(join(tmpdir(), "milvus-turn-"));
      writeFileSync(join(folder, "plan.json"), JSON.stringify(report));
      const text = readFileSync(join(ROOT, "examples/gitlab/milvus-promotion.yml"), "utf8");
      const jobs = parse(text) as Record<string, { readonly script: readonly string[] }>;
      const script = jobs["milvus turn"]?.script.at(-1) ?? "";
      const { status, stdout, stderr } = spawnSync("sh", ["-c", script], {
        cwd: folder,
        encoding: "utf8",
        env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
      });
      expect(status, stderr).to.equal(0);
      expect(readFileSync(join(folder, "turn.env"), "utf8")).to.equal(`MILVUS_TURN=${turn}\n`);
      expect(stdout).to.include(said);
    });
  }

  it("of GitLab says what is missing before it fetches anything", () => {
    const text = readFileSync(join(ROOT, "docs", "ci.md"), "utf8");
    const [, yaml = ""] = /```yaml\n(stages: \[plan, up\][\s\S]*?)```/.exec(text) ?? [];
    const [first = ""] = (parse(yaml) as { readonly ".tools": readonly string[] })[".tools"];
    const run = (sum: string) =>
      spawnSync("sh", ["-c", `${first}\necho went on`], {
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin", PULUMI_SHA256: sum },
      });
    expect(run("0".repeat(64)).stdout).to.equal("went on\n");
    const { status, stdout, stderr } = run("");
    expect({ isEnded: status !== 0, stdout }).to.deep.equal({ isEnded: true, stdout: "" });
    expect(stderr).to.match(/PULUMI_SHA256: is not set\. .*checksum of pulumi-v[\d.]+-linux-x64\.tar\.gz/);
  });
});
