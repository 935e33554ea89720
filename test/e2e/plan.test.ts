import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import type { PlanReport } from "../../cli/plan/report";
import type { EngineReport } from "../../sandbox/report";
import { type RunResult, run, tryRun } from "../../sandbox/run";
import { tsxCommand } from "../../sandbox/tsx";
import { PLAN_REPORT } from "../../scripts/planSchema";
import { describeDifference } from "../../upgrade/approval";
import { failureOf, RELEASE, startTestBed, type TestBed, until, VALUES } from "./support/testBed";

const PASSWORD = "correct-horse-battery";

/** Somebody's rule for the namespace, which no render of a chart shows. */
const NO_SUCH_TAG = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "no-such-tag" },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["deployments"] },
          ],
        },
        validations: [
          {
            expression: "object.spec.template.spec.containers.all(c, !c.image.endsWith(':v2.2.14'))",
            message: "no v2.2.14 here",
          },
        ],
      },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: "no-such-tag" },
      spec: { policyName: "no-such-tag", validationActions: ["Deny"] },
    },
  ],
};

describe("the plan on the command line", () => {
  let bed: TestBed;
  let project: string;
  let config: Record<string, unknown>;

  before(async () => {
    bed = await startTestBed();
    // What the rules add is in the release, so that nothing is to do for the version that runs.
    const values = {
      ...VALUES,
      minio: { secretKey: PASSWORD },
      pulsar: { ...VALUES.pulsar, enabled: true },
      kafka: { enabled: false },
    };
    await bed.install("3.2.18", { ...values, image: { all: { tag: "v2.1.4" } } });
    project = mkdtempSync(path.join(tmpdir(), "milvus-project-"));
    writeFileSync(path.join(project, "Pulumi.yaml"), "name: milvus\nruntime: nodejs\n");
    config = {
      "milvus:version": "2.2.14",
      "milvus:release": RELEASE.name,
      "milvus:namespace": RELEASE.namespace,
      "milvus:values": values,
      "milvus:chartSource": { folder: bed.charts },
      // As every stack of the bed has it: the same config must give the same hash.
      "milvus:timeouts": { lock: "5s" },
      "milvus:verify": "off",
      "kubernetes:kubeconfig": bed.sandbox.kubeconfig,
    };
  });
  after(() => bed.stop());

  /** As a user's shell runs it, against the stack `dev` with this config. */
  async function cli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    writeFileSync(path.join(project, "Pulumi.dev.yaml"), stringify({ config }));
    const [command, script] = tsxCommand(path.join(__dirname, "..", "..", "cli", "main.ts"), args);
    return tryRun(command, script, {
      cwd: project,
      env: { ...process.env, NO_COLOR: "1", MILVUS_HELM: bed.sandbox.tools.helm, ...env },
      timeoutSeconds: 120,
    });
  }
  /** Of somebody who may read the namespace, as the runner of a pull request should. */
  async function readOnlyKubeconfig(): Promise<string> {
    const kubectl = (args: string[]) => bed.sandbox.kubectl(args);
    const space = `--namespace=${RELEASE.namespace}`;
    await kubectl(["create", "serviceaccount", "reader", space]);
    const resources = "secrets,configmaps,pods,events,persistentvolumeclaims,deployments.apps,statefulsets.apps";
    const verbs = "--verb=get,list";
    await kubectl([
      "create",
      "role",
      "reader",
      space,
      verbs,
      `--resource=${resources},horizontalpodautoscalers.autoscaling`,
    ]);
    await kubectl([
      "create",
      "rolebinding",
      "reader",
      space,
      "--role=reader",
      `--serviceaccount=${RELEASE.namespace}:reader`,
    ]);
    const token = (await kubectl(["create", "token", "reader", space])).trim();
    const file = path.join(project, "reader.kubeconfig");
    copyFileSync(bed.sandbox.kubeconfig, file);
    const asReader = (args: string[]) => kubectl(["config", ...args, `--kubeconfig=${file}`]);
    await asReader(["set-credentials", "reader", `--token=${token}`]);
    await asReader(["set-context", "--current", "--user=reader"]);
    return file;
  }
  const said = ({ diagnostics }: EngineReport) => diagnostics.map(({ message }) => message).join("\n");
  const report = async (...args: string[]): Promise<PlanReport> => {
    const { stdout, stderr } = await cli(["plan", "--json", ...args]);
    expect(stderr).to.equal("");
    const made = JSON.parse(stdout) as PlanReport;
    expect(PLAN_REPORT.safeParse(made).error).to.equal(undefined);
    return made;
  };

  it("shows the steps and how the manifests differ, and touches nothing", async () => {
    const untouched = await bed.fingerprint();
    const { exitCode, stdout } = await cli(["plan", "--stack", "dev", "--images"]);
    expect(exitCode).to.equal(2);
    for (const words of [
      "upgrade with metadata migration, Milvus 2.1.4 → 2.2.14",
      "2. probe the metadata",
      "3. stop 8 Deployments",
      "5. migrate metadata",
      "compared with revision 1",
      "- milvusdb/milvus:v2.1.4",
      "+ milvusdb/milvus:v2.2.14",
      "milvusdb/meta-migration:v2.2.0",
    ]) {
      expect(stdout).to.include(words);
    }
    expect(stdout).to.match(/dry run by the API server: [1-9]\d* objects judged/);
    expect(stdout).to.not.include("the API server will refuse").and.not.include("not judged");
    expect(stdout).to.not.include(PASSWORD);
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("is the same as JSON, with every object that changes", async () => {
    const { outcome, plan, manifests, images } = await report("--images");
    expect(outcome).to.equal("changes");
    expect(plan).to.include({ kind: "migration", from: "2.1.4", to: "2.2.14" });
    expect(manifests?.compared === true && manifests.objects.map(({ change, name }) => `${change} ${name}`)).to.include(
      "changed my-release-milvus-proxy",
    );
    expect(images?.list.map(({ image }) => image)).to.include("milvusdb/milvus:v2.2.14");
  });

  it("has the API server's own objections, such as those of an admission policy", async () => {
    const untouched = await bed.fingerprint();
    await bed.sandbox.kubectl(["apply", "-f", "-"], { input: JSON.stringify(NO_SUCH_TAG) });
    try {
      const proxy = ["set", "image", "deployment/my-release-milvus-proxy", `proxy=milvusdb/milvus:v2.2.14`];
      await until("the policy is in force", async () => {
        const { exitCode } = await bed.sandbox.tryKubectl([...proxy, "-n", RELEASE.namespace, "--dry-run=server"]);
        return exitCode !== 0;
      });
      const { stdout, exitCode } = await cli(["plan", "--stack", "dev"]);
      expect(stdout).to.match(/chartRenders: The API server will not take .*Deployment\/my-release-milvus-proxy/);
      expect(stdout).to.match(/the API server will refuse Deployment my-release-milvus-proxy: .*no v2.2.14 here/);
      expect(exitCode).to.equal(1);
      expect(await bed.fingerprint()).to.equal(untouched);
    } finally {
      await bed.sandbox.kubectl(["delete", "-f", "-"], { input: JSON.stringify(NO_SUCH_TAG) });
    }
  });

  it("is made with rights to read alone, and says what it could not ask", async () => {
    const complete = config;
    try {
      config = { ...complete, "kubernetes:kubeconfig": await readOnlyKubeconfig() };
      const { stdout, stderr, exitCode } = await cli(["plan", "--stack", "dev"]);
      expect(stderr).to.equal("");
      expect(stdout).to.include("upgrade with metadata migration, Milvus 2.1.4 → 2.2.14");
      expect(stdout).to.match(/not judged: not permitted: .* cannot patch resource/);
      expect(exitCode).to.equal(2);
    } finally {
      config = complete;
    }
  });

  it("is a comment for a pull request", async () => {
    const { exitCode, stdout } = await cli(["plan", "--format", "markdown"]);
    expect(exitCode).to.equal(2);
    expect(stdout).to.match(/^<!-- milvus-upgrade plan -->\n## Milvus: upgrade with metadata migration/);
    expect(stdout).to.include("\n- verification: ");
    expect(stdout).to.include("<details>").and.to.include("milvusdb/milvus:v2.2.14");
    expect(Buffer.byteLength(stdout)).to.be.lessThan(65_536);
    const seen = stdout.replace(/<details><summary>.*?<\/details>/gs, "fold");
    expect(seen.split("\n")).to.have.length.below(60);
  });

  it("ends with 0 when the version that runs is wanted", async () => {
    const { exitCode, stdout } = await cli(["plan", "--to", "2.1.4"]);
    expect(stdout).to.include("nothing to do, Milvus 2.1.4");
    expect(exitCode).to.equal(0);
  });

  it("ends with 1 when the version cannot be reached, and says the way", async () => {
    const { exitCode, stdout } = await cli(["plan", "--to", "2.6.15"]);
    expect(stdout).to.include("refused").and.to.include("the whole way: 2.1.4 →");
    expect(exitCode).to.equal(1);
  });

  it("ends with 1 when the config is wrong, with every problem", async () => {
    const { exitCode, stderr } = await cli(["plan", "--to", "yesterday"]);
    expect(stderr).to.include("The command has one problem").and.to.include('--to = "yesterday": ');
    expect(exitCode).to.equal(1);
  });

  it("without Helm still plans, and says why the manifests are not compared", async () => {
    const { exitCode, stdout } = await cli(["plan"], { MILVUS_HELM: "/nowhere/helm" });
    expect(stdout).to.include("manifests: not compared, because the Helm CLI was not found (/nowhere/helm)");
    expect(exitCode).to.equal(2);
  });

  it("without the cluster is made from the outputs of the last run, and says so", async () => {
    const component = {
      name: "my-release-milvus-standalone",
      component: "standalone",
      replicas: 1,
      strategyType: "Recreate",
    };
    const values = { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } };
    const facts = {
      kubernetesVersion: "1.36.3",
      version: "2.4.15",
      chart: "4.2.20",
      revision: 3,
      components: [component],
      values,
    };
    writeFileSync(path.join(project, "outputs.json"), JSON.stringify({ facts }));
    const complete = config;
    try {
      config = { "milvus:version": "2.4.16", "milvus:values": values, "kubernetes:kubeconfig": "/nowhere" };
      const { exitCode, stdout } = await cli(["plan", "--offline", "outputs.json"]);
      expect(stdout)
        .to.include("without the cluster: from the outputs of the last run")
        .and.to.include("2.4.15 → 2.4.16");
      expect(stdout).to.not.include("plan hash");
      expect(exitCode).to.equal(2);
    } finally {
      config = complete;
    }
  });

  it("has the hash that preview shows, and up runs no other plan than the approved one", async () => {
    const hash = (await report()).plan?.hash ?? "";
    const stack = await bed.stack(config);
    const shown = /plan hash: (\S+)/.exec(said(await stack.preview()))?.[1] ?? "none";
    expect(describeDifference(shown, hash)).to.deep.equal([]);
    const untouched = await bed.fingerprint();
    const approved = (await report("--to", "2.2.0")).plan?.hash ?? "none";
    expect(approved).to.not.equal(hash);
    await stack.setConfig({ "milvus:approvedPlan": approved });
    expect(said(await stack.preview())).to.include("up will refuse this one");
    const { message } = await failureOf(stack.up());
    expect(message)
      .to.include("only_the_approved_plan_is_run")
      .and.to.include("What differs: the stack config; what the rules make of it")
      .and.to.include(`pulumi config set milvus:approvedPlan ${hash}`);
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("adopts the release: writes its config with passwords encrypted, and proves that nothing would change", async () => {
    const adopted = mkdtempSync(path.join(tmpdir(), "milvus-adopted-"));
    writeFileSync(path.join(adopted, "Pulumi.yaml"), "name: milvus\nruntime: nodejs\n");
    const file = path.join(adopted, "Pulumi.dev.yaml");
    const given = { "milvus:chartSource": { folder: bed.charts }, "kubernetes:kubeconfig": bed.sandbox.kubeconfig };
    writeFileSync(file, stringify({ config: given }));
    const env = {
      MILVUS_PULUMI: bed.sandbox.tools.pulumi,
      PULUMI_BACKEND_URL: `file://${mkdtempSync(path.join(tmpdir(), "milvus-state-"))}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const adopt = () =>
      cli(
        ["adopt", "--release", RELEASE.name, "--namespace", RELEASE.namespace, "--stack", "dev", "--cwd", adopted],
        env,
      );

    const early = await adopt();
    expect(early.stderr).to.include("pulumi stack init dev");
    expect(parse(readFileSync(file, "utf8"))).to.deep.equal({ config: given });

    await run(bed.sandbox.tools.pulumi, ["stack", "init", "dev"], {
      cwd: adopted,
      env: { ...process.env, ...env },
      timeoutSeconds: 60,
    });
    const { exitCode, stdout, stderr } = await adopt();
    expect(stderr).to.equal("");
    expect(stdout).to.include("encrypted: minio.secretKey").and.to.include("proved: ");
    expect(exitCode).to.equal(0);
    const text = readFileSync(file, "utf8");
    expect(text).to.not.include(PASSWORD);
    expect((parse(text) as { config: object }).config).to.deep.include({
      "milvus:version": "2.1.4",
      "milvus:release": RELEASE.name,
    });

    const planned = await cli(["plan", "--cwd", adopted], env);
    expect(planned.stdout).to.include("nothing to do, Milvus 2.1.4");
    expect(planned.exitCode).to.equal(0);
  });
});
