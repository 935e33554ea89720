import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { observeMilvus } from "../../sandbox/milvusRelease";
import type { EngineReport } from "../../sandbox/report";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed, until, VALUES } from "./support/testBed";

/** What somebody gave with --set and -f when the release was installed. */
const EXTRA = {
  proxy: { replicas: 2 },
  attu: { enabled: true },
  extraConfigFiles: { "user.yaml": "common:\n  gracefulTime: 4000\n" },
};
/** Where rollingUpdate.sh begins. */
const PATCHED = ["rootcoord", "datacoord"];

function said({ diagnostics }: EngineReport): string {
  return diagnostics.map(({ message }) => message).join("\n");
}

describe("a Milvus 2.3.13 that somebody else installed and patched", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.1.28", { ...VALUES, ...EXTRA });
    stack = await bed.stack({ "milvus:version": "2.3.20", "milvus:strategy": "helm" });
  });
  after(() => bed.stop());

  it("is refused while the config leaves values out, by their names, and nothing is touched", async () => {
    const untouched = await bed.fingerprint();
    for (const run of [() => stack.preview(), () => stack.up()]) {
      const { message } = await failureOf(run());
      expect(message).to.contain("no_user_value_is_dropped_silently");
      // Not proxy.replicas: two run, and that number stays.
      for (const key of ["attu.enabled", 'extraConfigFiles["user.yaml"]: common.gracefulTime']) {
        expect(message).to.contain(key);
      }
    }
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("is planned for without them once milvus:dropValues names them", async () => {
    await stack.setConfig({ "milvus:dropValues": ["attu", "extraConfigFiles"] });
    const report = await stack.preview();
    expect(said(report)).to.contain("Milvus 2.3.13 → 2.3.20").and.contain("proxy.replicas: 2 (the_live_replicas_stay");
    await stack.removeConfig("milvus:dropValues");
  });

  it("is upgraded with them given, to a version that has an image and no chart", async () => {
    await stack.setConfig({ "milvus:values": { ...VALUES, ...EXTRA } });
    const report = await stack.up();
    expect(said(report)).to.contain("a_version_without_a_chart_runs_on_the_nearest");
    const milvus = await bed.observe();
    expect(problems(milvus, { version: "2.3.20" })).to.deep.equal([]);
    expect(milvus.chart).to.equal("milvus-4.1.28");
    expect(milvus.components.find(({ component }) => component === "proxy")?.ready).to.equal(2);
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("is planned from what runs after rollingUpdate.sh stopped half way, and brought under Helm whole", async () => {
    for (const component of PATCHED) await patchAsRollingUpdateDoes(bed, component, "2.3.22");
    await stack.setConfig({ "milvus:version": "2.3.22", "milvus:strategy": "auto" });
    const text = said(await stack.preview());
    expect(text).to.contain("what_runs_counts_not_the_record");
    expect(text).to.contain("2.3.20 and 2.3.22 (on the newer one: datacoord, rootcoord)");

    await stack.up();
    expect(problems(await bed.observe(), { version: "2.3.22" })).to.deep.equal([]);
    const manifest = await bed.sandbox.helm(["get", "manifest", RELEASE.name, `--namespace=${RELEASE.namespace}`]);
    const diff = await bed.sandbox.tryKubectl(["diff", `--namespace=${RELEASE.namespace}`, "--filename=-"], {
      input: manifest,
    });
    expect(diff.stdout).to.equal("");
  });

  it("is left alone after that", async () => {
    await stack.up();
    expect(changeList(await stack.up())).to.deep.equal([]);
  });

  it("makes room for a standalone, which keeps its RocksMQ and its volume over chart 5, whose default is another", async () => {
    const single = { name: "single", namespace: "single" };
    const values = {
      cluster: { enabled: false },
      etcd: { replicaCount: 1 },
      minio: { mode: "standalone" },
      pulsarv3: { enabled: false },
    };
    await bed.sandbox.helm(["uninstall", RELEASE.name, `--namespace=${RELEASE.namespace}`, "--wait"]);
    await bed.install("4.2.58", values, single);
    const claims = () =>
      bed.sandbox.kubectl(["get", "persistentvolumeclaims", "--namespace=single", "--output=jsonpath={.items..uid}"]);
    const before = await claims();

    const other = await bed.stack(
      {
        "milvus:release": single.name,
        "milvus:namespace": single.namespace,
        "milvus:version": "2.6.15",
        "milvus:values": values,
      },
      "single",
    );
    const report = await other.up();
    expect(said(report)).to.contain('standalone.messageQueue: "rocksmq"');
    const milvus = await observeMilvus(bed.sandbox, single);
    expect(problems(milvus, { version: "2.6.15" })).to.deep.equal([]);
    expect(milvus.components.map(({ component }) => component)).to.deep.equal(["standalone"]);
    expect(milvus.chart).to.equal("milvus-5.0.19");
    expect(await claims()).to.equal(before);
    const config = await bed.sandbox.kubectl([
      "get",
      "configmap",
      "single-milvus",
      "--namespace=single",
      "--output=jsonpath={.data.default\\.yaml}",
    ]);
    expect(config).to.contain("messageQueue: rocksmq").and.not.contain("messageQueue: woodpecker");
    expect(changeList(await other.up())).to.deep.equal([]);
  });
});

/** What milvus' deployments/upgrade/rollingUpdate.sh patches, without its pause of 30 s for each coordinator. */
async function patchAsRollingUpdateDoes(bed: TestBed, component: string, version: string): Promise<void> {
  const deployment = `deployment/${RELEASE.name}-milvus-${component}`;
  const where = `--namespace=${RELEASE.namespace}`;
  const patch = {
    metadata: { labels: { "app.kubernetes.io/version": version } },
    spec: {
      strategy: { type: "RollingUpdate" },
      template: { spec: { containers: [{ name: component, image: `milvusdb/milvus:v${version}` }] } },
    },
  };
  await bed.sandbox.kubectl(["patch", deployment, where, "--patch", JSON.stringify(patch)]);
  await until(`${component} runs ${version}`, async () => {
    const { exitCode } = await bed.sandbox.tryKubectl(["rollout", "status", deployment, where, "--watch=false"]);
    const milvus = await bed.observe();
    const found = milvus.components.find((one) => one.component === component);
    return exitCode === 0 && found?.version === version && found.ready === found.replicas;
  });
}
