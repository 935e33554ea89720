import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { startChartRepository } from "./support/chartRepository";
import { changeList, failureOf, problems, RELEASE, said, startTestBed, type TestBed, VALUES } from "./support/testBed";

describe("a new Milvus", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let stateBefore: Awaited<ReturnType<EngineStack["exportStack"]>>;

  before(async () => {
    bed = await startTestBed();
    stack = await bed.stack({
      "milvus:version": "2.2.14",
      "milvus:verify": "health",
      "milvus:timeouts": { settle: "1s" },
    });
  });
  after(() => bed.stop());

  it("is installed in a namespace that is made for it", async () => {
    const report = await stack.up();
    expect(changeList(report).filter((line) => !line.includes("Release"))).to.deep.equal([]);
    const milvus = await bed.observe();
    expect(problems(milvus, { version: "2.2.14" })).to.deep.equal([]);
    expect(milvus.revision).to.equal(1);
  });

  it("is verified: the service says the version", async () => {
    expect((await stack.outputs()).verification?.value).to.match(/^passed: pods ready, the service says v2\.2\.14/);
  });

  it("is left alone by a second up", async () => {
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect((await bed.observe()).revision).to.equal(1);
  });

  it("is upgraded within its minor by a plain Helm upgrade", async () => {
    stateBefore = await stack.exportStack();
    await stack.setConfig({ "milvus:version": "2.2.16", "milvus:strategy": "helm" });
    const report = await stack.up();
    expect(changeList(report).filter((line) => line.includes(" Job "))).to.deep.equal([]);
    expect(problems(await bed.observe(), { version: "2.2.16" })).to.deep.equal([]);
  });

  it("stays as it is under a state that was put back, which one up brings up to date, with the receipt that the cluster keeps", async () => {
    const namespace = `--namespace=${RELEASE.namespace}`;
    const pods = () => bed.sandbox.kubectl(["get", "pods", namespace, "--output=custom-columns=:.metadata.uid"]);
    const [outputs, running] = [await stack.outputs(), await pods()];
    await stack.importStack(stateBefore);
    const shown = await said(stack);
    expect(shown).to.contain("nothing to do, Milvus 2.2.16").and.to.contain("sends the Release once more");
    expect(shown).to.contain("It renders every object as Helm has it: Milvus stays as it is");
    expect(changeList(await stack.up())).to.deep.equal(["update Release milvus-release"]);
    const history = await bed.sandbox.helm(["history", RELEASE.name, namespace, "--output=json"]);
    expect((JSON.parse(history) as { readonly description: string }[]).at(-1)?.description).to.equal(
      "milvus-upgrade: Milvus 2.2.16 as in revision 2, once more: Pulumi's state had another revision",
    );
    expect(await pods()).to.equal(running);
    const again = await stack.outputs();
    expect(again.receipt).to.deep.equal(outputs.receipt);
    expect(again.lastUpgrade?.value).to.match(/^2\.2\.14 → 2\.2\.16 \(helm\) in /);
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect((await bed.observe()).revision).to.equal(3);
  });

  it("says what a chart changes that comes from another place, before it is sent", async () => {
    const charts = mkdtempSync(path.join(tmpdir(), "other-charts-"));
    cpSync(bed.charts, charts, { recursive: true });
    await stack.setConfig({ "milvus:chartSource": { folder: charts } });
    expect(await said(stack))
      .to.contain("its chart comes from another place than before")
      .and.to.contain("It renders every object as Helm has it: Milvus stays as it is");
    const chart = (await bed.observe()).chart;
    const extra = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: of-a-fork\n";
    writeFileSync(path.join(charts, chart, "templates", "fork.yaml"), extra);
    expect(await said(stack)).to.contain(
      "It is another chart of that version: it changes ConfigMap/of-a-fork. No pod restarts",
    );
    await stack.setConfig({ "milvus:chartSource": { folder: bed.charts } });
    rmSync(charts, { recursive: true });
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("names what was changed past Helm, which a Release that is sent again sets back, and leaves what no manifest says", async () => {
    const [component = ""] = (await bed.observe()).components.map((it) => it.component);
    const name = `${RELEASE.name}-milvus-${component}`;
    const namespace = `--namespace=${RELEASE.namespace}`;
    await stack.setConfig({ "milvus:values": { ...VALUES, service: { type: "NodePort" } } });
    expect(await said(stack)).to.contain("No pod restarts");
    const container = { name: component, imagePullPolicy: "Never", env: [{ name: "BY_HAND", value: "1" }] };
    const patch = JSON.stringify({ spec: { template: { spec: { containers: [container] } } } });
    await bed.sandbox.kubectl(["patch", "deployment", name, namespace, `--patch=${patch}`]);
    const changed = `Changed past Helm: Deployment/${name} (spec.template.spec.containers[${component}].imagePullPolicy)`;
    const reset = `${changed}. The Release sets that back`;
    expect(await said(stack))
      .to.contain(`changes_past_helm_are_set_back): ${reset}`)
      .and.not.contain("No pod restarts");
    const logs = { extraConfigFiles: { "user.yaml": "log:\n  level: debug\n" } };
    await stack.setConfig({ "milvus:values": { ...VALUES, ...logs } });
    expect(await said(stack)).to.contain(`changes_past_helm_are_set_back): ${reset}`);
    await stack.setConfig({ "milvus:values": VALUES });
    const charts = mkdtempSync(path.join(tmpdir(), "other-charts-"));
    cpSync(bed.charts, charts, { recursive: true });
    await stack.setConfig({ "milvus:chartSource": { folder: charts } });
    expect(await said(stack)).to.contain(`It renders every object as Helm has it. ${reset}`);
    await stack.up();
    const template =
      "jsonpath={.spec.template.spec.containers[0].imagePullPolicy} {.spec.template.spec.containers[0].env}";
    const now = await bed.sandbox.kubectl(["get", "deployment", name, namespace, `--output=${template}`]);
    expect(now).to.contain("IfNotPresent").and.contain("BY_HAND");
    await stack.setConfig({ "milvus:chartSource": { folder: bed.charts } });
    expect(await said(stack)).to.contain("It renders every object as Helm has it: Milvus stays as it is");
    await stack.up();
    rmSync(charts, { recursive: true });
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("is told what it does once more where somebody has made by hand what the config asks for now", async () => {
    const namespace = `--namespace=${RELEASE.namespace}`;
    const { chart, revision } = await bed.observe();
    const folder = path.join(bed.charts, chart);
    await bed.sandbox.helm([
      "upgrade",
      RELEASE.name,
      folder,
      namespace,
      "--reuse-values",
      "--set=service.type=NodePort",
    ]);
    await stack.setConfig({ "milvus:values": { ...VALUES, service: { type: "NodePort" } } });
    const shown = await said(stack);
    expect(shown)
      .to.contain("nothing to do")
      .and.contain(`than the revision in force, ${revision + 1}, which somebody has made past Pulumi`);
    expect(changeList(await stack.up())).to.deep.equal(["update Release milvus-release"]);
    const history = await bed.sandbox.helm(["history", RELEASE.name, namespace, "--output=json"]);
    expect((JSON.parse(history) as { readonly description: string }[]).at(-1)?.description).to.equal(
      `milvus-upgrade: Milvus 2.2.16 as in revision ${revision + 1}, once more: Pulumi's state had another revision`,
    );
    expect(changeList(await stack.up())).to.deep.equal([]);
    await stack.setConfig({ "milvus:values": VALUES });
    await stack.up();
  });

  it("says that the Release is sent once more where the login of its chart repository has changed", async () => {
    const repository = await startChartRepository(bed.sandbox, bed.charts);
    const logIn = (password: string) => {
      repository.login = { username: "charts", password };
      return stack.setConfig({ "milvus:chartSource": { repository: repository.url, ...repository.login } });
    };
    await logIn("the-first-password");
    await stack.up();
    expect(changeList(await stack.up())).to.deep.equal([]);
    const { revision } = await bed.observe();
    await logIn("the-second-password");
    const shown = await said(stack);
    expect(shown)
      .to.contain(
        "keeps with it the user name, password and CA of the chart repository, and they are others than before",
      )
      .and.to.contain(`Helm makes revision ${revision + 1}`)
      .and.to.contain("It renders every object as Helm has it: Milvus stays as it is")
      .and.not.contain("the-first-password")
      .and.not.contain("the-second-password");
    expect(changeList(await stack.up())).to.deep.equal(["update Release milvus-release"]);
    expect((await bed.observe()).revision).to.equal(revision + 1);
    expect(changeList(await stack.up())).to.deep.equal([]);
    await stack.setConfig({ "milvus:chartSource": { folder: bed.charts } });
    await stack.up();
    repository.stop();
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  for (const [what, config, words] of [
    ["a downgrade", { "milvus:version": "2.2.3" }, ["2.2.16", "2.2.3"]],
    [
      "a version that skips its neighbours",
      { "milvus:version": "2.6.15" },
      ["2.6.15", "pulumi config set milvus:version"],
    ],
    ["a version that does not exist", { "milvus:version": "7.7.7" }, ["7.7.7"]],
    ["another release name", { "milvus:version": "2.2.16", "milvus:release": "other" }, ["other", RELEASE.name]],
  ] as const) {
    it(`refuses ${what} with the reason, and touches nothing`, async () => {
      const untouched = await bed.fingerprint();
      await stack.setConfig(config);
      for (const run of [() => stack.preview(), () => stack.up()]) {
        const failure = await failureOf(run());
        for (const word of words) {
          expect(failure.message).to.contain(word);
        }
      }
      expect(await bed.fingerprint()).to.equal(untouched);
      await stack.setConfig({ "milvus:version": "2.2.16", "milvus:release": RELEASE.name });
    });
  }

  it("is the same Milvus at another address of its cluster: nothing is replaced", async () => {
    const kubeconfig = readFileSync(bed.sandbox.kubeconfig, "utf8");
    const { revision } = await bed.observe();
    await stack.setConfig({ "kubernetes:kubeconfig": kubeconfig.replace("//127.0.0.1:", "//localhost:") });
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect((await bed.observe()).revision).to.equal(revision);
    await stack.setConfig({ "kubernetes:kubeconfig": bed.sandbox.kubeconfig });
  });

  it("is never taken for missing when the cluster cannot be reached", async () => {
    await bed.sandbox.stopApiServer();
    try {
      const failure = await failureOf(stack.preview());
      expect(failure.message).to.match(/cannot be reached|not reachable|no answer|refused/i);
      expect(failure.message).not.to.contain("install");
    } finally {
      await bed.sandbox.startApiServer();
    }
  });

  it("is not taken for another one of its name: of another cluster, or in a namespace that was made anew", async () => {
    await bed.sandbox.kubectl(["delete", "namespace", RELEASE.namespace, "--timeout=120s"], { timeoutSeconds: 130 });
    const gone = await failureOf(stack.up());
    expect(gone.message).to.contain("the_state_has_a_release_that_is_gone").and.to.contain("Is it the right cluster?");
    await bed.install("4.0.34");
    const untouched = await bed.fingerprint();
    for (const run of [() => stack.preview(), () => stack.up()]) {
      expect((await failureOf(run())).message).to.contain("the_cluster_is_another_one");
    }
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("may be gone on purpose: refreshed, it is installed anew, also when the first try dies", async () => {
    await bed.sandbox.kubectl(["delete", "namespace", RELEASE.namespace, "--timeout=120s"], { timeoutSeconds: 130 });
    await stack.unprotect();
    await stack.refresh();
    bed.faults({ milvus: [{ component: "proxy", image: "2.2.16", effect: "neverReady" }] });
    await stack.setConfig({ "milvus:timeouts": { settle: "1s", release: "15s" } });
    await failureOf(stack.up());
    bed.faults({});
    await stack.setConfig({ "milvus:timeouts": { settle: "1s", pending: "5s" } });
    await stack.up();
    expect(problems(await bed.observe(), { version: "2.2.16" })).to.deep.equal([]);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });
});
