import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runInNewContext } from "node:vm";
import type { UserShell } from "./userShell";

type Variables = Readonly<Record<string, string>>;

/** As much of a GitHub workflow as is needed to run its scripts. */
export interface Workflow {
  readonly env?: Variables;
  readonly jobs: Readonly<Record<string, { readonly if?: string; readonly steps: readonly Step[] }>>;
}

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Variables;
}

/** What expressions see: `github`, `vars`, `secrets`. */
export type Contexts = Readonly<Record<"github" | "vars" | "secrets", object>>;

export interface JobResult {
  /** The job's own condition did not hold. */
  readonly skipped: boolean;
  /** Name of the step that failed, with what it printed. */
  readonly failed?: string;
  /** Steps that ran, and actions that would have. */
  readonly steps: readonly string[];
}

/**
 * Runs the scripts of one job as GitHub's runner does: in order, with bash -e, the job's environment, and the files by
 * which steps hand on variables and outputs. Actions are not run; what they install is on the shell's PATH.
 */
export async function runJob(
  { env = {}, jobs }: Workflow,
  name: string,
  contexts: Contexts,
  shell: UserShell,
): Promise<JobResult> {
  const job = jobs[name];
  if (job === undefined) throw new Error(`the workflow has no job ${name}`);
  const outputs: Record<string, { outputs: Record<string, string> }> = {};
  const evaluate = (expression: string): unknown =>
    runInNewContext(expression, { ...contexts, steps: outputs }, { timeout: 1000 });
  const filled = (variables: Variables) =>
    Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [
        key,
        value.replace(
          /\$\{\{(.*?)\}\}/g,
          (_, expression: string) => (evaluate(expression) as string | undefined) ?? "",
        ),
      ]),
    );
  if (job.if !== undefined && evaluate(job.if) !== true) return { skipped: true, steps: [] };

  const runner = mkdtempSync(path.join(tmpdir(), "milvus-runner-"));
  const file = (it: string) => path.join(runner, it);
  let exported: Variables = {};
  const steps: string[] = [];
  for (const { id, name: title, if: condition, uses, run, env: own = {} } of job.steps) {
    if (condition !== undefined && evaluate(condition) !== true) continue;
    const label = title ?? uses ?? run ?? "";
    steps.push(label);
    if (run === undefined) continue;
    const { exitCode, stdout, stderr } = await shell.run(run, {
      // Only what the workflow says leads to the cluster.
      KUBECONFIG: "/nowhere",
      ...filled(env),
      ...exported,
      ...filled(own),
      RUNNER_TEMP: runner,
      GITHUB_REPOSITORY: "example/clusters",
      GITHUB_ENV: file("env"),
      GITHUB_OUTPUT: file("output"),
      GITHUB_STEP_SUMMARY: file("summary"),
    });
    if (exitCode !== 0) return { skipped: false, failed: `${label}\n${stdout}\n${stderr}`, steps };
    exported = { ...exported, ...taken(file("env")) };
    if (id !== undefined) outputs[id] = { outputs: taken(file("output")) };
  }
  return { skipped: false, steps };
}

/** `KEY=value` lines that a step has left; the next step starts with an empty file. */
function taken(file: string): Variables {
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  writeFileSync(file, "");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** As much of a .gitlab-ci.yml. */
export interface GitLabPipeline {
  readonly default: { readonly before_script: readonly Lines[] };
  readonly [job: string]: { readonly script?: readonly Lines[] } & object;
}
type Lines = string | readonly string[];

/** The script of a GitLab job with what runs before it: one shell, as the runner makes it. */
export function scriptOf(pipeline: GitLabPipeline, job: string): string {
  const lines = [...pipeline.default.before_script, ...(pipeline[job]?.script ?? [])];
  return ["set -eo pipefail", ...lines.flat()].join("\n");
}

export interface Comment {
  readonly id: number;
  readonly body: string;
}

/** A `gh` and a `curl` that keep the comments of one pull request; the jq filters of the script are run. */
export function putHosts(shell: UserShell, helm: string): { comments(): readonly Comment[] } {
  const store = path.join(mkdtempSync(path.join(tmpdir(), "milvus-host-")), "comments.json");
  writeFileSync(store, "[]");
  const common = `#!${process.execPath}
const { readFileSync, writeFileSync } = require("node:fs");
const { spawnSync } = require("node:child_process");
const args = process.argv.slice(2);
const comments = JSON.parse(readFileSync(${JSON.stringify(store)}, "utf8"));
const after = (flag) => args[args.indexOf(flag) + 1];
const keep = (next) => writeFileSync(${JSON.stringify(store)}, JSON.stringify(next));
const add = (body) => keep([...comments, { id: comments.length + 1, body, user: { login: "github-actions[bot]" } }]);
const unknown = () => { console.error("not known here: " + args.join(" ")); process.exit(9); };
`;
  shell.program(
    "gh",
    `${common}
if (args[0] === "pr" && args[1] === "comment" && args[2] === "7") add(readFileSync(after("--body-file"), "utf8"));
else if (args[0] === "api" && args.includes("--jq")) {
  if (args[1] !== "repos/example/clusters/issues/7/comments") unknown();
  require(${JSON.stringify(require.resolve("jq-wasm"))}).raw(comments, after("--jq"), ["-r"]).then(
    (found) => console.log(found),
    (error) => { console.error(error); process.exitCode = 1; },
  );
} else if (args[0] === "api" && after("--method") === "PATCH") {
  const id = Number(args.find((it) => it.startsWith("repos/"))?.split("/comments/")[1]);
  const body = readFileSync(after("--field").replace("body=@", ""), "utf8");
  keep(comments.map((it) => (it.id === id ? { ...it, body } : it)));
} else unknown();
`,
  );
  shell.program(
    "curl",
    `${common}
const url = args.find((it) => it.startsWith("https://"));
const folderWith = (name) => {
  const folder = require("node:fs").mkdtempSync(require("node:os").tmpdir() + "/tool-");
  require("node:fs").mkdirSync(folder + "/" + name);
  return folder;
};
const pack = (folder, name) => spawnSync("tar", ["-czf", after("-o"), "-C", folder, name]);
if (url?.startsWith("https://get.pulumi.com/releases/sdk/pulumi-v")) {
  // That of the shell's PATH is taken.
  pack(folderWith("pulumi"), "pulumi");
} else if (url?.startsWith("https://get.helm.sh/helm-v")) {
  const folder = folderWith("linux-amd64");
  require("node:fs").symlinkSync(${JSON.stringify(helm)}, folder + "/linux-amd64/helm");
  pack(folder, "linux-amd64");
} else if (url === "https://gitlab.example.com/api/v4/projects/3/merge_requests/7/notes") {
  if (after("--header") !== "PRIVATE-TOKEN: plan-token") unknown();
  add(readFileSync(after("--data-urlencode").replace("body@", ""), "utf8"));
} else unknown();
`,
  );
  shell.program(
    "sha256sum",
    // What was fetched is made here, so its sum is another.
    `#!${process.execPath}
const line = require("node:fs").readFileSync(0, "utf8");
if (process.argv.slice(2).join(" ") !== "--check --strict" || !/^[0-9a-f]{64} {2}\\S+\\n$/.test(line)) process.exit(9);
`,
  );
  return { comments: () => JSON.parse(readFileSync(store, "utf8")) as Comment[] };
}
