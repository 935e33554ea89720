import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { withConfig } from "../../config/stackFile";
import { cacheFolder, projectFolder } from "../../sandbox/folders";
import { describeDifference } from "../../upgrade/approval";
import { type Block, blocksOf, commandBlocks, commandsOf } from "../support/commandBlocks";
import { type ChartRepository, startChartRepository } from "./support/chartRepository";
import { type GitLabPipeline, putHosts, runJob, scriptOf, type Workflow } from "./support/pipelines";
import { startTestBed, type TestBed, VALUES } from "./support/testBed";
import { openUserShell, type UserShell } from "./support/userShell";

const WALK = "the walk over several hops has its own test, test/e2e/upgrade.test.ts";

const OWN_CLUSTER = "it needs kind and the public images; the commands are those of upgrading.md, which are run here";
/** Blocks that no test runs here, with the reason. */
const NOT_RUN: readonly { readonly file: string; readonly with: string; readonly why: string }[] = [
  { file: "README.md", with: "npm run upgrade", why: WALK },
  { file: "docs/upgrading.md", with: "npm run upgrade", why: WALK },
  {
    file: "docs/fleets.md",
    with: "npm run upgrade",
    why: "fleets of several stacks have their own test, test/e2e/fleet.test.ts",
  },
  { file: "README.md", with: "npm run demo", why: ".ci/run runs both commands as steps of their own" },
  {
    file: "docs/render-harness.md",
    with: "npm run test:render",
    why: "it needs the charts' public repository; a sample on small charts is test/render/render.test.ts",
  },
  {
    file: "docs/metadata-migration.md",
    with: "create secret generic my-release-etcd-tls",
    why: "etcdTls.test.ts does it, on an etcd that speaks TLS",
  },
  {
    file: "examples/README.md",
    with: "npm pack",
    why: "package.test.ts packs and compiles the example, with links in the place of npm install, which needs a registry",
  },
  {
    file: "examples/README.md",
    with: "cd examples/yaml",
    why: "otherLanguages.test.ts runs such a program, with what it needs of the sandbox's charts and etcd in it",
  },
  {
    file: "examples/README.md",
    with: "cd examples/python",
    why: "pulumi install needs Python packages of a registry, and a language host for Python",
  },
  ...[
    "kind create cluster",
    "pulumi stack init kind",
    "kubectl -n milvus port-forward",
    "pulumi config set milvus:verify data",
    "kind delete cluster",
  ].map((text) => ({ file: "docs/own-cluster.md", with: text, why: OWN_CLUSTER })),
];

interface Run {
  /** What stands in a document for something that is known only here. */
  readonly replace?: Readonly<Record<string, string>>;
  /** Exit codes other than 0, by the start of the command. */
  readonly exits?: Readonly<Record<string, number>>;
  /** Done before the command that starts like this. */
  readonly before?: Readonly<Record<string, () => void | Promise<void>>>;
}

/** As a user follows them, on a sandbox: a Milvus 2.1.4 that `helm install` made. */
describe("the commands of the documents", () => {
  let bed: TestBed;
  let shell: UserShell;
  let hosts: ReturnType<typeof putHosts>;
  let repository: ChartRepository;
  const done = new Set<string>();
  const nameOf = ({ file, line }: Block) => `${file}:${line}`;

  before(async () => {
    bed = await startTestBed();
    await bed.seed();
    await bed.install("3.2.18", { ...VALUES, queryNode: { replicas: 3 } });
    shell = openUserShell(bed.sandbox);
    cpSync(bed.charts, path.join(shell.project, "charts"), { recursive: true });
    repository = await startChartRepository(bed.sandbox, bed.charts);
  });
  after(async () => {
    repository.stop();
    await bed.stop();
  });

  /** Runs the one block of a document with this text in it, command by command; what they printed. */
  async function follow(file: string, text: string, { replace = {}, exits = {}, before: first = {} }: Run = {}) {
    const found = commandBlocks().filter((block) => block.file === file && block.text.includes(text));
    expect(found, `blocks of ${file} with ${text}`).to.have.length(1);
    const [block] = found as [Block];
    done.add(nameOf(block));
    let output = "";
    for (const written of commandsOf(block)) {
      const of = <T>(table: Readonly<Record<string, T>>) =>
        Object.entries(table).find(([start]) => written.startsWith(start))?.[1];
      await of(first)?.();
      const command = Object.entries(replace).reduce((line, [from, to]) => line.replaceAll(from, to), written);
      const result = await shell.run(command);
      const said = `${nameOf(block)}: ${command}\n${result.stdout}\n${result.stderr}`;
      expect(result.exitCode, said).to.equal(of(exits) ?? 0);
      output += result.stdout + result.stderr;
    }
    return output;
  }

  /** One job of .github/workflows/milvus.yml on an event of GitHub. */
  function github(job: string, event: string, fork = "example/clusters") {
    const file = path.join(projectFolder, ".github", "workflows", "milvus.yml");
    const contexts = {
      github: {
        event_name: event,
        repository: "example/clusters",
        token: "t",
        event: { pull_request: { number: 7, head: { repo: { full_name: fork } } } },
      },
      vars: { MILVUS_STACK: "prod", PULUMI_BACKEND_URL: shell.backend },
      secrets: {
        PULUMI_ACCESS_TOKEN: "",
        PULUMI_CONFIG_PASSPHRASE: "sandbox",
        KUBECONFIG_CONTENTS: readFileSync(bed.sandbox.kubeconfig, "utf8"),
      },
    };
    return runJob(parse(readFileSync(file, "utf8")) as Workflow, job, contexts, shell);
  }

  /** What a site without the public repository has in its stack config. */
  function addConfig(stack: string, config: Readonly<Record<string, unknown>>): void {
    const file = path.join(shell.project, `Pulumi.${stack}.yaml`);
    writeFileSync(file, withConfig(existsSync(file) ? readFileSync(file, "utf8") : undefined, config));
  }
  const fromFolder = (stack: string) => () => addConfig(stack, { "milvus:chartSource": { folder: "charts" } });

  it("of upgrading.md take a cluster over and bring it to 2.2.14", async () => {
    expect(await follow("docs/upgrading.md", "helm get values")).to.equal("");
    const adopted = await follow("docs/upgrading.md", "npm run adopt", {
      before: { "npm run adopt": fromFolder("prod") },
    });
    expect(adopted).to.include("wrote ").and.to.include("proved: ");
    const refused = await follow("docs/upgrading.md", "--to 2.5.16", { exits: { "npm run plan": 1 } });
    expect(refused).to.include("the whole way: 2.1.4 → 2.2.14 (chart 4.0.34) → 2.3.13 (chart 4.1.28)");
    const upgraded = await follow("docs/upgrading.md", "lastUpgrade");
    expect(upgraded).to.include("upgrade with metadata migration, Milvus 2.1.4 → 2.2.14");
    expect(upgraded).to.match(/2\.1\.4 → 2\.2\.14 \(migration\) in [\d.]+ s/);
    const milvus = await bed.observe();
    expect(milvus.components.map(({ version }) => version))
      .to.include("2.2.14")
      .and.not.include("2.1.4");
  });

  it("of upgrading.md set a budget that a plan has to keep", async () => {
    await follow("docs/upgrading.md", "maxDowntime");
    const { exitCode, stdout } = await shell.run("npm run --silent plan -- --stack prod --to 2.3.13");
    expect(stdout).to.include("upgrade, Milvus 2.2.14 → 2.3.13");
    expect(exitCode).to.equal(2);
  });

  it("of the README upgrade a cluster that this checkout has never seen", async () => {
    const others = shell;
    shell = openUserShell(bed.sandbox);
    try {
      cpSync(bed.charts, path.join(shell.project, "charts"), { recursive: true });
      const printed = await follow("README.md", "pulumi stack init prod", {
        before: { "npm run adopt": fromFolder("prod") },
        // The cluster is at 2.2.14 by now.
        replace: { "2.2.14": "2.2.16" },
        exits: { "npm run plan": 2 },
      });
      expect(printed).to.include("proved: ").and.to.include("Milvus 2.2.14 → 2.2.16");
    } finally {
      shell = others;
    }
    expect((await bed.observe()).components.find(({ component }) => component === "proxy")?.version).to.equal("2.2.16");
  });

  it("of ci.md approve one plan, and no other", async () => {
    await shell.run("pulumi stack select prod && pulumi config set milvus:version 2.3.13");
    const { stdout } = await shell.run("npm run --silent plan -- --stack prod --json || [ $? = 2 ]");
    const { hash = "" } = (JSON.parse(stdout) as { plan: { hash?: string } }).plan;
    await follow("docs/ci.md", "approvedPlan HASH", { replace: { HASH: hash } });
    const approved = await shell.run("pulumi preview");
    expect(/plan hash: \S+, approved/.test(approved.stdout), approved.stdout + approved.stderr).to.equal(true);
    await shell.run(`pulumi config set milvus:approvedPlan ${hash.replace(/^.{6}/, "000000")}`);
    const other = await shell.run("pulumi up --yes");
    expect(other.stdout).to.include("only_the_approved_plan_is_run").and.to.include("What differs: the stack config");
    expect(other.exitCode).to.not.equal(0);
    await shell.run("pulumi config rm milvus:approvedPlan");
  });

  it("of ci.md give everybody the same hash: another machine, another hour, other key order, a pod that restarted", async () => {
    const hash = async (env: NodeJS.ProcessEnv = {}) =>
      /plan hash: (\S+)/.exec((await shell.run("npm run --silent plan -- --stack prod || true", env)).stdout)?.[1] ??
      "";
    const before = await hash();
    expect(before).to.not.equal("");
    const file = path.join(shell.project, "Pulumi.prod.yaml");
    const text = readFileSync(file, "utf8");
    const turned = (value: unknown): unknown =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .map(([key, it]) => [key, turned(it)] as const)
              .reverse(),
          )
        : value;
    writeFileSync(file, JSON.stringify(turned(parse(text))));
    bed.faults({ milvus: [{ component: "proxy", image: "2.2.16", effect: "neverReady" }] });
    await bed.sandbox.kubectl(["delete", "pod", "-n", "milvus", "-l", "component=proxy"]);
    const proxy = ["-n", "milvus", "deployment", "-l", "component=proxy"];
    expect(
      await bed.sandbox.kubectl(["get", ...proxy, "-o", "jsonpath={.items[*].status.availableReplicas}"]),
    ).to.equal("");
    const after = await hash({ TZ: "Asia/Tokyo", LANG: "de_DE.UTF-8", HOSTNAME: "elsewhere" });
    expect(describeDifference(before, after)).to.deep.equal([]);
    writeFileSync(file, text);
    bed.faults({});
    await bed.sandbox.kubectl([
      "rollout",
      "status",
      "-n",
      "milvus",
      "deployment",
      "-l",
      "component=proxy",
      "--timeout=60s",
    ]);
  });

  it("of ci.md plan without the cluster, from the last outputs", async () => {
    const printed = await follow("docs/ci.md", "--offline", {
      exits: { "npm run plan": 2 },
      before: {
        "npm run plan -- --stack prod --offline outputs.json": async () => {
          expect((await shell.run("pulumi stack output --json > outputs.json")).exitCode).to.equal(0);
        },
      },
    });
    expect(printed.match(/without the cluster: from the outputs of the last run/g)).to.have.length(2);
  });

  it("of air-gapped.md fetch the chart, and each source of charts is taken", async () => {
    const own = {
      "https://zilliztech.github.io/milvus-helm/": repository.url,
      "https://charts.example.com": repository.url,
    };
    await shell.run("rm -r charts/milvus-4.0.34");
    await follow("docs/air-gapped.md", "helm pull", { replace: own });
    const sources = commandBlocks().find(({ text }) => text.includes("chartSource.oci"));
    expect(sources?.file).to.equal("docs/air-gapped.md");
    await shell.run("pulumi config rm milvus:chartSource");
    await follow("docs/air-gapped.md", "chartSource.oci", {
      replace: own,
      before: {
        "pulumi config set --path milvus:chartSource.oci": async () => {
          const { stdout } = await shell.run("npm run --silent plan -- --stack prod || true");
          expect(stdout).to.include("from charts/milvus-").and.to.include("compared with revision");
          await shell.run("pulumi config rm milvus:chartSource");
        },
        "pulumi config set --path milvus:chartSource.repository": async () => {
          // No registry here: the plan takes the reference, and says what it could not render.
          const { stdout } = await shell.run("npm run --silent plan -- --stack prod || true");
          expect(stdout).to.include("oci://registry.example.com").and.to.include("not compared, because");
          await shell.run("pulumi config rm milvus:chartSource");
        },
      },
    });
    const { stdout } = await shell.run("npm run --silent plan -- --stack prod || true");
    expect(stdout).to.include(`from ${repository.url}`).and.to.include("compared with revision");
  });

  it("of air-gapped.md list every image, and take them from a mirror", async () => {
    const prod = { "--stack dev": "--stack prod" };
    await follow("docs/air-gapped.md", "images.txt", {
      replace: prod,
      exits: { "npm run plan": 2, "npm run --silent plan": 2 },
    });
    expect(readFileSync(path.join(shell.project, "images.txt"), "utf8").split("\n")).to.include(
      "milvusdb/milvus:v2.3.13",
    );
    const printed = await follow("docs/air-gapped.md", "imageRegistry", {
      replace: prod,
      exits: { "npm run plan": 2 },
    });
    expect(printed).to.include("registry.example.com/mirror/milvusdb/milvus:v2.3.13");
  });

  it("of the GitHub workflow comment the plan on a pull request, once, and leave forks alone", async () => {
    await shell.run("pulumi config rm milvus:imageRegistry");
    hosts = putHosts(shell, bed.sandbox.tools.helm);
    const planned = await github("plan", "pull_request");
    expect(planned.failed).to.equal(undefined);
    expect(planned.steps).to.include("Comment").and.not.include("Drift fails the run at night");
    expect(hosts.comments()).to.have.length(1);
    expect(hosts.comments()[0]?.body).to.include("Milvus 2.2.16 → 2.3.13").and.to.include("milvus:approvedPlan");
    await shell.run("pulumi config set milvus:version 2.6.15");
    const refused = await github("plan", "pull_request");
    expect(refused.failed).to.match(/^A refusal or an error fails the check/);
    expect(hosts.comments().map(({ body }) => body.split("\n")[1])).to.deep.equal(["## Milvus: refused"]);
    await shell.run("pulumi config set milvus:version 2.3.13");
    expect(await github("plan", "pull_request", "stranger/clusters")).to.include({ skipped: true });
    expect(await github("up", "pull_request")).to.include({ skipped: true });
  });

  it("of the GitHub workflow run up after the merge, and find at night what was changed past Helm", async () => {
    expect(await github("plan", "push")).to.include({ skipped: true });
    const merged = await github("up", "push");
    expect(merged.failed === undefined, merged.failed).to.equal(true);
    const version = async () =>
      (await bed.observe()).components.find(({ component }) => component === "querynode")?.version;
    expect(await version()).to.equal("2.3.13");
    expect((await github("plan", "schedule")).failed).to.equal(undefined);
    const scale = (replicas: number) =>
      bed.sandbox.kubectl([
        "scale",
        "-n",
        "milvus",
        "deployment/my-release-milvus-querynode",
        `--replicas=${replicas}`,
      ]);
    await scale(1);
    expect((await github("plan", "schedule")).failed).to.match(/^Drift fails the run at night/);
    const { stdout, exitCode } = await shell.run("npm run --silent plan -- --stack prod --drift");
    expect(stdout).to.match(/drift: Deployment my-release-milvus-querynode .*\n\s+spec\.replicas\n\s+- 3\n\s+\+ 1\n/);
    expect(stdout.match(/drift: /g)).to.have.length(1);
    expect(exitCode).to.equal(2);
    await scale(3);
  });

  it("of the GitLab pipeline do the same", async () => {
    const [yaml] = blocksOf("docs/ci.md").filter(({ text }) => text.includes("stages: [plan, up]"));
    const pipeline = parse(yaml?.text ?? "") as GitLabPipeline;
    const kubeconfig = path.join(shell.project, "..", "gitlab.kubeconfig");
    writeFileSync(kubeconfig, readFileSync(bed.sandbox.kubeconfig));
    const gitlab = (job: string, source: string) =>
      shell.run(scriptOf(pipeline, job), {
        KUBECONFIG: "/nowhere",
        KUBECONFIG_FILE: kubeconfig,
        HOME: path.join(shell.project, ".."),
        XDG_CACHE_HOME: path.dirname(cacheFolder()),
        MILVUS_STACK: "prod",
        PLAN_TOKEN: "plan-token",
        PULUMI_SHA256: "0".repeat(64),
        CI_PIPELINE_SOURCE: source,
        CI_API_V4_URL: "https://gitlab.example.com/api/v4",
        CI_PROJECT_ID: "3",
        CI_MERGE_REQUEST_IID: "7",
      });
    const before = hosts.comments().length;
    const planned = await gitlab("milvus plan", "merge_request_event");
    expect(planned.exitCode, planned.stderr).to.equal(0);
    expect(
      hosts
        .comments()
        .slice(before)
        .map(({ body }) => body),
    ).to.deep.equal([planned.stdout.slice(planned.stdout.indexOf("<!-- "))]);
    expect((await gitlab("milvus plan", "schedule")).exitCode).to.equal(0);
    const up = await gitlab("milvus up", "push");
    expect(up.exitCode, up.stdout + up.stderr).to.equal(0);
    await shell.run("pulumi config set milvus:version 2.3.5 --stack prod");
    expect((await gitlab("milvus plan", "merge_request_event")).exitCode, "a downgrade is refused").to.equal(1);
    await shell.run("pulumi config set milvus:version 2.3.13 --stack prod");
  });

  it("of ci.md let the policy pack judge every run", async () => {
    expect(await follow("docs/ci.md", "--policy-pack policy")).to.include("milvus-upgrade");
    await shell.run("pulumi config set --path milvus:values.attu.image.tag latest");
    const { exitCode, stdout } = await shell.run("pulumi preview --policy-pack policy");
    expect(stdout).to.include("milvus-no-floating-tags").and.to.include("the tag attu.image.tag: latest moves");
    expect(exitCode).to.not.equal(0);
    await shell.run("pulumi config rm --path milvus:values.attu");
  });

  it("of verification.md are config that a run takes", async () => {
    writeFileSync(path.join(shell.project, "ca.pem"), "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
    await follow("docs/verification.md", "credentials.username");
    await follow("docs/verification.md", "kubectl create role", {
      replace: { "--namespace NS": "--namespace milvus" },
    });
    const [queries] = blocksOf("docs/verification.md").filter(({ language }) => language === "yaml");
    addConfig("prod", parse(queries?.text ?? "") as Record<string, unknown>);
    const { exitCode, stdout, stderr } = await shell.run("npm run --silent plan -- --stack prod");
    expect(stderr).to.equal("");
    expect(stdout).to.include("nothing to do, Milvus 2.3.13");
    expect(exitCode).to.equal(0);
  });

  it("of receipts.md show every upgrade that was made here", async () => {
    const printed = await follow("docs/receipts.md", "npm run history");
    expect(printed)
      .to.include('"from": "2.1.4"')
      .and.to.match(/2\.1\.4 → 2\.2\.14 +migration +done/);
  });

  it("of promotion.md are config that a run takes", async () => {
    for (const block of ["milvus:window", "milvus:promoteFrom", "milvus:oneWayNeeds"]) {
      await follow("docs/promotion.md", block);
    }
    const { exitCode, stdout, stderr } = await shell.run("npm run --silent plan -- --stack prod");
    expect(stdout, stderr).to.include("nothing to do, Milvus 2.3.13");
    expect(exitCode).to.equal(0);
    for (const key of ["window", "promoteFrom", "soak", "runBefore", "runAfter", "oneWayNeeds"]) {
      await shell.run(`pulumi config rm milvus:${key} --stack prod`);
    }
  });

  it("are all run here, or named with the reason why not", () => {
    for (const { file, why, with: text } of NOT_RUN) {
      const [block] = commandBlocks().filter((it) => it.file === file && it.text.includes(text));
      expect(block, `${file} with ${text}`).to.not.equal(undefined);
      if (block === undefined) continue;
      process.stdout.write(`      NOT RUN HERE ${nameOf(block)}: ${why}\n`);
      done.add(nameOf(block));
    }
    expect(
      commandBlocks()
        .map(nameOf)
        .filter((name) => !done.has(name)),
    ).to.deep.equal([]);
  });
});
