import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { renderChart } from "../../../manifests/helm";
import { type Rendering, type RenderingRequest, renderFacts, renderPlan } from "../../../run/rendering";
import type { UpgradePlan } from "../../../upgrade/model";
import { planUpgrade } from "../../../upgrade/plan/plan";
import { withOpaque } from "../../../upgrade/values/opaque";
import { fakeClient } from "../../support/fakeClient";
import { running, wanted } from "../upgrade/support";

const PASSWORD = "correct-horse-battery";
const STATE = running("3.2.18", "2.1.4");
const PLAN = planUpgrade(wanted("2.1.4", { values: { minio: { secretKey: PASSWORD } } }), STATE) as UpgradePlan;

/** A Deployment as a manifest has it, and as the cluster does. */
const proxy = (image: string, imagePullPolicy: string) => ({
  ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "my-release-proxy" } },
  spec: { template: { spec: { containers: [{ name: "proxy", image, imagePullPolicy }] } } },
});

const service = (address: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "my-release-milvus" },
    spec: { clusterIP: address },
  });
const recordOf = (manifest: string) => ({
  metadata: { name: STATE.release?.recordName },
  data: {
    release: Buffer.from(gzipSync(JSON.stringify({ manifest })).toString("base64")).toString("base64"),
  },
});
const RECORD = recordOf(service("10.0.0.1"));
const API = { resources: [{ name: "services", kind: "Service", namespaced: true }] };

describe("the rendering of a plan", () => {
  let folder: string;
  const former = process.env.MILVUS_HELM;
  beforeEach(() => {
    // Its name must hide nothing of what this Helm says.
    folder = mkdtempSync(join(tmpdir(), "helm-with-tokens-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    process.env.MILVUS_HELM = former;
  });

  /** A Helm that prints this, and keeps what it was given. */
  function helm({ prints = "", says = "" }: { readonly prints?: string; readonly says?: string }): void {
    const file = join(folder, "helm");
    const script = [
      "#!/bin/sh",
      `printf '%s\\n' "$@" >'${folder}/arguments'`,
      `cat >'${folder}/input'`,
      `pwd -P >'${folder}/place'`,
      `cat <<'END_OF_OUTPUT'\n${prints}\nEND_OF_OUTPUT`,
      ...(says === "" ? [] : [`cat >&2 <<'END_OF_OUTPUT'\n${says}\nEND_OF_OUTPUT`, "exit 1"]),
    ];
    writeFileSync(file, `${script.join("\n")}\n`);
    chmodSync(file, 0o700);
    process.env.MILVUS_HELM = file;
  }
  const given = (name: string) => readFileSync(join(folder, name), "utf8");
  const render = (over: Partial<RenderingRequest> = {}): Promise<Rendering> =>
    renderPlan({
      releaseName: "my-release",
      namespace: "milvus",
      plan: PLAN,
      state: STATE,
      client: {
        ...fakeClient({ secrets: [RECORD], "api/v1": API }),
        rehearse: () => Promise.resolve({ status: 200, headers: {}, text: "{}" }),
      },
      ...over,
    });

  it("is an upgrade, with the values by stdin and in no argument", async () => {
    helm({ prints: service("10.0.0.1") });
    expect(renderFacts(await render(), STATE)).to.deep.equal({ kind: "compared", refused: [], unjudged: [] });
    expect(given("arguments")).to.contain("--is-upgrade").and.not.contain(PASSWORD);
    expect(given("input")).to.contain(PASSWORD);
  });

  for (const { where, makes, isElsewhere } of [
    { where: "in the project's folder", makes: undefined, isElsewhere: false },
    {
      where: "elsewhere where that has a folder milvus, which Helm 3 takes for the chart",
      makes: "milvus",
      isElsewhere: true,
    },
  ]) {
    it(`of a repository's chart is made ${where}`, async () => {
      helm({ prints: "a: 1" });
      const project = realpathSync(mkdtempSync(join(folder, "project-")));
      if (makes !== undefined) mkdirSync(join(project, makes));
      process.env.MILVUS_HELM = relative(project, process.env.MILVUS_HELM ?? "");
      await renderChart({
        ...{ chart: PLAN.chart, releaseName: "my-release", namespace: "milvus", values: {} },
        ...{ kubernetesVersion: "1.36.3", apiVersions: [], isUpgrade: true, projectFolder: project },
      });
      expect(given("place").trim() !== project).to.equal(isElsewhere);
      expect(existsSync(join(given("place").trim(), "milvus"))).to.equal(false);
    });
  }

  it("names what may not change, by the fields alone and by what the API server says", async () => {
    helm({ prints: service("10.0.0.2") });
    const facts = renderFacts(await render(), STATE);
    expect(facts).to.deep.include({
      refused: [
        { object: "Service/my-release-milvus", path: "spec.clusterIP", why: "the address of a Service is immutable" },
      ],
    });
  });

  it("says why the API server did not judge a change, except in a namespace that is not there yet", async () => {
    helm({ prints: service("10.0.0.1").replace("my-release-milvus", "new") });
    const rehearse = () =>
      Promise.resolve({ status: 403, headers: {}, text: '{"message":"x cannot create resource y"}' });
    const client = { ...fakeClient({ secrets: [RECORD], "api/v1": API }), rehearse };
    const rendering = await render({ client });
    expect(renderFacts(rendering, STATE)).to.deep.include({ unjudged: ["not permitted: x cannot create resource y"] });
    expect(renderFacts(rendering, { namespaceExists: false })).to.deep.include({ unjudged: [] });
  });

  for (const { image, isLeft } of [
    { image: "milvus:2", isLeft: ["spec.template.spec.containers[proxy].imagePullPolicy"] },
    {
      image: "milvus:1",
      isLeft: ["spec.template.spec.containers[proxy].image", "spec.template.spec.containers[proxy].imagePullPolicy"],
    },
  ]) {
    it(`tells what was changed past Helm, beside an upgrade ${image === "milvus:1" ? "that restarts no pod" : "to another image"}`, async () => {
      helm({ prints: JSON.stringify(proxy(image, "Always")) });
      const apps = { resources: [{ name: "deployments", kind: "Deployment", namespaced: true }] };
      const answers = {
        ...{ secrets: [recordOf(JSON.stringify(proxy("milvus:1", "Always")))], "apis/apps/v1": apps },
        apis: { groups: [{ versions: [{ groupVersion: "apps/v1" }] }] },
        deployments: proxy("milvus:by-hand", "Never"),
      };
      const made = JSON.stringify(proxy("milvus:1", "Always"));
      const client = {
        ...fakeClient(answers),
        rehearse: () => Promise.resolve({ status: 200, headers: {}, text: made }),
      };
      const { setBack } = (await render({ client })) as Extract<Rendering, { kind: "compared" }>;
      expect(setBack).to.deep.equal([{ object: "Deployment/my-release-proxy", paths: isLeft, isMissing: false }]);
    });
  }

  for (const { what, says, kind, why } of [
    {
      what: "a template that fails is certain, with what follows the colon and without passwords",
      says: `Error: execution error at (milvus/charts/etcd/templates/NOTES.txt:114:4): \n\nPASSWORDS ERROR: give it\n  'auth.rbac.rootPassword' is not ${PASSWORD}`,
      kind: "failed",
      why: /NOTES\.txt:114:4\): PASSWORDS ERROR: give it 'auth\.rbac\.rootPassword'/,
    },
    {
      what: "a template that fails is certain where Helm 3 says so in one line",
      says: `Error: template: milvus/templates/check.yaml:1:3: executing "milvus/templates/check.yaml" at <include "x" .>: error calling include: template: milvus/templates/_h.tpl:5:10: executing "x" at <.Values.nothing.there>: nil pointer evaluating interface {}.there\n\nUse --debug flag to render out invalid YAML`,
      kind: "failed",
      why: /milvus\/templates\/_h\.tpl:5:10: .* nil pointer evaluating interface \{\}\.there$/,
    },
    {
      what: "a template that fails is certain where Helm 4 says so in several lines, the place first",
      says: `level=WARN msg="this chart is deprecated"\nError: milvus/templates/check.yaml:1:3\n  executing "milvus/templates/check.yaml" at <include "x" .>:\n    error calling include:\nmilvus/templates/_h.tpl:5:10\n  executing "x" at <.Values.nothing.there>:\n    nil pointer evaluating interface {}.there\n\nUse --debug flag to render out invalid YAML`,
      kind: "failed",
      why: /failed: milvus\/templates\/check\.yaml:1:3 executing .* milvus\/templates\/_h\.tpl:5:10 .* nil pointer evaluating interface \{\}\.there$/,
    },
    {
      what: "a chart that is not in an added repository is certain",
      says: 'Error: chart "milvus" matching 9.9.9 not found in milvus index.',
      kind: "failed",
      why: /^helm template milvus 3\.2\.18 failed: .* 9\.9\.9 not found/,
    },
    {
      what: "a chart that is not in the repository of a URL is certain, with Helm 3 and 4",
      says: 'Error: chart "milvus" version "9.9.9" not found in http://127.0.0.1:18999 repository',
      kind: "failed",
      why: /9\.9\.9" not found/,
    },
    {
      what: "a repository that does not answer may be this machine's network",
      says: 'Error: looks like "https://charts.example.com" is not a valid chart repository or cannot be reached',
      kind: "unseen",
      why: /cannot be reached/,
    },
  ] as const) {
    it(what, async () => {
      helm({ says });
      const rendering = await render();
      if (rendering.kind === "compared") return expect.fail("it was rendered");
      expect(rendering.kind).to.equal(kind);
      expect(rendering.why).to.match(why).and.not.contain(PASSWORD);
    });
  }

  it("without Helm is not looked at, and says how to name one", async () => {
    process.env.MILVUS_HELM = join(folder, "nowhere");
    const rendering = await render();
    expect(rendering.kind).to.equal("unseen");
    expect("why" in rendering && rendering.why).to.contain("MILVUS_HELM=/path/to/helm");
  });

  describe("with a value that is an Output", () => {
    const path = ["etcd", "auth", "rbac", "rootPassword"];
    const marked = { ...PLAN, values: withOpaque(PLAN.values, [{ path, value: PASSWORD }], undefined) };

    it("has the value itself, and shows it nowhere", async () => {
      helm({ says: `Error: template: x: ${PASSWORD}` });
      const rendering = await render({ plan: marked, opaque: [{ path, value: PASSWORD }], hidden: [PASSWORD] });
      expect(given("input")).to.contain(`"rootPassword":"${PASSWORD}"`);
      expect(rendering.kind).to.equal("failed");
      expect(JSON.stringify(rendering)).not.to.contain(PASSWORD);
    });

    it("that nobody knows yet, is not blamed for what fails", async () => {
      helm({ says: "Error: template: x: wrong type for value" });
      expect((await render({ plan: marked, opaque: [{ path }] })).kind).to.equal("unseen");
    });
  });
});
