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
  readonly env?: Readonly<Record<string, string>>;
}
interface GitLabJob {
  readonly environment?: unknown;
  readonly needs?: readonly string[];
  readonly script: readonly string[];
}
interface Workflow {
  readonly env?: object;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly env?: object;
        readonly environment?: string;
        readonly needs?: string;
        readonly if?: string;
        readonly steps: readonly Step[];
      }
    >
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

  it("promote production in an environment of its own, after a look that may only read, and the plan of that look alone", () => {
    const { jobs } = workflow(".github/workflows/milvus-promotion.yml");
    const environments = Object.fromEntries(Object.entries(jobs).map(([name, { environment }]) => [name, environment]));
    expect(environments).to.deep.equal({
      staging: "milvus-staging",
      turn: "milvus-plan",
      production: "milvus-production",
    });
    const { needs, if: condition, steps } = jobs.production ?? { steps: [] };
    expect([needs, condition]).to.deep.equal(["turn", "needs.turn.outputs.plan != ''"]);
    expect(steps.at(-1)?.env?.MILVUS_CONFIRMED_PLAN).to.match(/^\$\{\{ needs\.turn\.outputs\.plan \}\}$/);
  });

  describe("of GitLab for staging and production", () => {
    const text = readFileSync(join(ROOT, "examples/gitlab/milvus-promotion.yml"), "utf8");
    const jobs = parse(text) as Record<string, GitLabJob>;

    it("is as that of GitHub: environments, a turn, and the plan of that look alone", () => {
      expect(jobs["milvus staging"]?.environment).to.equal("milvus-staging");
      expect(jobs["milvus turn"]?.environment).to.deep.equal({ name: "milvus-plan", action: "prepare" });
      expect(jobs["milvus production"]?.environment).to.equal("milvus-production");
      expect(jobs["milvus production"]?.needs).to.deep.equal(["milvus turn"]);
      expect(jobs["milvus production"]?.script.at(-1)).to.match(/^MILVUS_CONFIRMED_PLAN="\$MILVUS_TURN" pulumi up /);
    });

    it("fetches its tools as docs/ci.md does", () => {
      const [, yaml = ""] =
        /```yaml\n(stages: \[plan, up\][\s\S]*?)```/.exec(readFileSync(join(ROOT, "docs", "ci.md"), "utf8")) ?? [];
      expect(jobs[".tools"]).to.deep.equal((parse(yaml) as Record<string, unknown>)[".tools"]);
    });
  });

  it("check what they fetch before they use it", () => {
    const text = readFileSync(join(ROOT, "docs", "ci.md"), "utf8");
    expect(text).to.not.match(/curl[^\n]*\|/);
    const fetched = text.match(/curl -fsSL -o "(\S+)"/g) ?? [];
    expect(text.match(/sha256sum --check --strict/g)).to.have.length(fetched.length);
  });
});
