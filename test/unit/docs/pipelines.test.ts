import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";

const ROOT = join(__dirname, "..", "..", "..");
const FOLDERS = [".github/workflows", "template/.github/workflows"];
const WORKFLOWS = FOLDERS.flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly env?: object;
  readonly jobs: Readonly<
    Record<string, { readonly env?: object; readonly environment?: string; readonly steps: readonly Step[] }>
  >;
}

function workflow(name: string): Workflow {
  return parse(readFileSync(join(ROOT, name), "utf8")) as Workflow;
}

for (const name of WORKFLOWS) {
  describe(`the workflow ${name}`, () => {
    const { env, jobs } = workflow(name);
    const steps = Object.values(jobs).flatMap((job) => job.steps);

    it("names its actions by commit", () => {
      for (const { uses } of steps) expect(uses ?? "x@".padEnd(42, "0")).to.match(/@[0-9a-f]{40}$/);
    });

    it("gives secrets to steps only, and expressions to no script", () => {
      for (const given of [env, ...Object.values(jobs).map((job) => job.env)]) {
        expect(JSON.stringify(given ?? {})).to.not.include("secrets.");
      }
      for (const { run = "" } of steps) expect(run).to.not.include("${{");
    });

    it("leaves no token in the checkout, unless it pushes", () => {
      const pushes = steps.some(({ run }) => run?.includes("git push") === true);
      for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true)) {
        expect(step.with?.["persist-credentials"] !== false).to.equal(pushes);
      }
    });

    it("runs no scripts of packages, and nothing that was just fetched", () => {
      for (const { run = "" } of steps) {
        expect(run).to.not.match(/npm ci(?! --ignore-scripts)/);
        expect(run).to.not.match(/curl[^\n]*\|/);
      }
    });
  });
}

describe("the pipelines of docs/ci.md", () => {
  it("plan and upgrade in environments of their own", () => {
    const { jobs } = workflow(".github/workflows/milvus.yml");
    expect([jobs.plan?.environment, jobs.up?.environment]).to.deep.equal(["milvus-plan", "milvus"]);
  });

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

  it("check what they fetch before they use it", () => {
    const text = readFileSync(join(ROOT, "docs", "ci.md"), "utf8");
    expect(text).to.not.match(/curl[^\n]*\|/);
    const fetched = text.match(/curl -fsSL -o "(\S+)"/g) ?? [];
    expect(text.match(/sha256sum --check --strict/g)).to.have.length(fetched.length);
  });
});
