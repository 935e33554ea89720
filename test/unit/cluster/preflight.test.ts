import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { ApiRequest } from "../../../cluster/api/request";
import { preflight } from "../../../cluster/preflight";
import type { UpgradePlan } from "../../../upgrade/model";
import { planUpgrade } from "../../../upgrade/plan/plan";
import { fakeClient, forbidden } from "../../support/fakeClient";
import { SETTINGS } from "../../support/plans";
import { running, wanted } from "../upgrade/support";

const ADDRESS = { releaseName: "my-release", namespace: "milvus" };
const OPTIONS = { preflight: {}, settings: { ...SETTINGS, backup: {} } };
const STATE = running("3.2.18", "2.1.4");
const PLAN = planUpgrade(wanted("2.2.16"), STATE) as UpgradePlan;

const MANIFEST = [
  "---",
  "# Source: x",
  "apiVersion: apps/v1",
  "kind: Deployment",
  "---",
  'apiVersion: "v1"',
  "kind: Service",
].join("\n");
const RECORD = {
  metadata: { name: STATE.release?.recordName },
  data: {
    release: Buffer.from(gzipSync(JSON.stringify({ manifest: MANIFEST })).toString("base64")).toString("base64"),
  },
};
const API = {
  resources: [
    { name: "deployments", kind: "Deployment" },
    { name: "services", kind: "Service" },
  ],
};
const GOOD = {
  secrets: [RECORD],
  apis: { groups: [{ name: "apps", versions: [{ groupVersion: "apps/v1" }] }] },
  "api/v1": API,
  "apis/apps/v1": API,
  storageclasses: [
    { metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } } },
  ],
};

const set = (name: string, labels: object, ready: number) => ({
  metadata: { name, labels },
  spec: { replicas: 3 },
  status: { readyReplicas: ready },
});

describe("preflight", () => {
  it("finds nothing where all is well, and asks an administrator once", async () => {
    const client = fakeClient(GOOD);
    expect(await preflight(client, ADDRESS, PLAN, STATE, OPTIONS)).to.deep.equal({ warnings: [] });
    expect(client.reviews).to.deep.equal([{ verb: "*", group: "*", resource: "*" }]);
  });

  it("reads dependencies by the labels of both ages of subcharts, and none of another release", async () => {
    const statefulsets = [
      set("my-release-etcd", { "app.kubernetes.io/instance": "my-release" }, 1),
      set("my-release-pulsar-zookeeper", { app: "pulsar", release: "my-release" }, 0),
      set("other-etcd", { "app.kubernetes.io/instance": "other" }, 0),
    ];
    const result = await preflight(fakeClient({ ...GOOD, statefulsets }), ADDRESS, PLAN, STATE, OPTIONS);
    if (result.refusal === undefined) return expect.fail("it was not refused");
    expect(result.refusal.reason)
      .to.contain("my-release-etcd (etcd) has 1 of 3")
      .and.contain("zookeeper (zookeeper) has 0 of 3");
    expect(result.refusal.reason).not.to.contain("other-etcd");
  });

  it("asks for every permission where not all is allowed, and names those that are denied", async () => {
    const client = fakeClient(
      GOOD,
      ({ verb, resource }) => verb !== "*" && !(verb === "create" && resource === "jobs"),
    );
    const result = await preflight(client, ADDRESS, PLAN, STATE, OPTIONS);
    if (result.refusal === undefined) return expect.fail("it was not refused");
    expect(result.refusal.reason).to.match(/may not, in namespace milvus: create jobs\.batch\./);
    expect(client.reviews.length).to.be.above(30);
  });

  it("asks only for what the user's rules leave open, one by one", async () => {
    const rules = [
      { verbs: ["*"], apiGroups: ["", "apps", "batch", "policy"], resources: ["*"] },
      { verbs: ["get", "patch", "delete"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"] },
    ];
    const client = fakeClient(GOOD, ({ verb, resource }) => verb !== "*" && resource !== "roles", rules);
    const result = await preflight(client, ADDRESS, PLAN, STATE, OPTIONS);
    if (result.refusal === undefined) return expect.fail("it was not refused");
    expect(result.refusal.reason).to.match(
      /may not, in namespace milvus: create roles\.rbac\.authorization\.k8s\.io\./,
    );
    expect(client.reviews.slice(1).map(({ verb, resource }) => `${verb} ${resource}`)).to.deep.equal([
      "create roles",
      ...["get", "create", "patch", "delete"].map((verb) => `${verb} rolebindings`),
    ]);
  });

  it("says that the record holds a kind that is not served", async () => {
    const client = fakeClient({ ...GOOD, "apis/apps/v1": { resources: [] } });
    const result = await preflight(client, ADDRESS, PLAN, STATE, OPTIONS);
    if (result.refusal === undefined) return expect.fail("it was not refused");
    expect(result.refusal.reason).to.contain("servedApis").and.contain("apps/v1/Deployment");
  });

  it("turns what may not be read into notes, and never fails for it", async () => {
    const answers = Object.fromEntries(
      ["secrets", "apis", "storageclasses", "statefulsets", "deployments", "persistentvolumeclaims"].map((it) => [
        it,
        forbidden(it),
      ]),
    );
    const denied = () => Promise.reject(forbidden("reviews"));
    const client = { ...fakeClient(answers), review: denied, grants: denied };
    const result = await preflight(client, ADDRESS, PLAN, STATE, OPTIONS);
    if (result.refusal !== undefined) return expect.fail(result.refusal.reason);
    const notes = result.warnings.filter(({ rule }) => rule === "not_everything_could_be_read");
    expect(notes.map(({ message }) => message).join("\n"))
      .to.contain("what these credentials may do")
      .and.contain("the storage classes")
      .and.contain("the manifest of the release");
  });

  it("sees another Milvus beside an install, and a chart that a folder has not", async () => {
    const install: UpgradePlan = {
      ...PLAN,
      kind: "install",
      steps: [{ kind: "release", awaitReady: true }],
      chart: { name: "milvus", version: "4.0.34", location: "no/such/milvus-4.0.34", kind: "folder" },
    };
    const deployments = [
      { metadata: { labels: { "app.kubernetes.io/name": "milvus", "app.kubernetes.io/instance": "my-milvus" } } },
      { metadata: { labels: { "app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "shop" } } },
    ];
    const result = await preflight(
      fakeClient({ ...GOOD, deployments }),
      ADDRESS,
      install,
      { ...STATE, components: [] },
      OPTIONS,
    );
    if (result.refusal === undefined) return expect.fail("it was not refused");
    expect(result.refusal.reason)
      .to.contain("noOtherMilvus")
      .and.contain("my-milvus")
      .and.contain("no/such/milvus-4.0.34/Chart.yaml")
      .and.not.contain("shop");
  });

  it("looks at the Secret for etcd where the plan asks etcd by TLS, unless that is off", async () => {
    const etcdTls = { secret: "etcd-client", caFile: "ca.crt", certificateFile: "tls.crt", keyFile: "tls.key" };
    const plan = planUpgrade(wanted("2.2.16", { etcdTls }), STATE) as UpgradePlan;
    const asks = ({ requests }: { readonly requests: readonly ApiRequest[] }) =>
      requests.filter(({ resource, name }) => resource === "secrets" && name === "etcd-client").length;
    const client = fakeClient(GOOD);
    const { refusal } = await preflight(client, ADDRESS, plan, STATE, OPTIONS);
    expect(refusal?.reason).to.include("etcdCertificates: The Secret etcd-client of milvus:etcdTls cannot be used");
    expect(asks(client)).to.equal(1);
    const off = fakeClient(GOOD);
    const options = { ...OPTIONS, preflight: { etcdCertificates: "off" as const } };
    expect((await preflight(off, ADDRESS, plan, STATE, options)).refusal).to.equal(undefined);
    expect(asks(off)).to.equal(0);
    const plain = fakeClient(GOOD);
    await preflight(plain, ADDRESS, PLAN, STATE, OPTIONS);
    expect(asks(plain)).to.equal(0);
  });

  it("asks nothing at all where nothing is to do", async () => {
    const client = fakeClient(GOOD);
    const idle: UpgradePlan = { ...PLAN, kind: "nothing" };
    expect(await preflight(client, ADDRESS, idle, STATE, OPTIONS)).to.deep.equal({ warnings: [] });
    expect([...client.requests, ...client.reviews]).to.deep.equal([]);
  });

  const REFUSAL =
    'pods "x" is forbidden: unable to validate against any security context constraint: fsGroup: Invalid value: 65532 is not an allowed group';
  for (const { what, status, message, settings, assignsUsers, says } of [
    { what: "that is taken", status: 201, message: "", settings: {}, assignsUsers: false, says: [] },
    {
      what: "that is refused",
      status: 403,
      message: REFUSAL,
      settings: {},
      assignsUsers: false,
      says: ["refused in namespace milvus", "any security context constraint", "milvus:jobUser", "preflight.jobPods"],
    },
    {
      what: "with a fixed user that OpenShift refuses",
      status: 403,
      message: REFUSAL,
      settings: { user: "fixed" } as const,
      assignsUsers: true,
      says: ["any security context constraint", "pulumi config rm milvus:jobUser"],
    },
    {
      what: "with a fixed user that OpenShift takes from an administrator",
      status: 201,
      message: "",
      settings: { user: "fixed" } as const,
      assignsUsers: true,
      says: [
        "restricted-v2 refuses them",
        "pulumi config rm milvus:jobUser",
        "add-scc-to-user nonroot-v2 -z my-release-",
      ],
    },
    {
      what: "that may not be shown",
      status: 403,
      message: 'pods is forbidden: User "dev" cannot create resource "pods" in API group "" in the namespace "milvus"',
      settings: {},
      assignsUsers: false,
      says: ["was not looked at: not permitted"],
    },
  ]) {
    it(`a pod like those of the Jobs, ${what}: ${says.length === 0 ? "nothing" : says.join(", ")}`, async () => {
      const shown: { request: ApiRequest; body: object }[] = [];
      const client = {
        ...fakeClient(GOOD),
        rehearse: (request: ApiRequest, body: object) => {
          shown.push({ request, body });
          return Promise.resolve({ status, headers: {}, text: JSON.stringify({ message }) });
        },
      };
      const state = { ...STATE, assignsUsers };
      const options = { ...OPTIONS, settings: { ...OPTIONS.settings, ...settings } };
      const { refusal, warnings } = await preflight(client, ADDRESS, PLAN, state, options);
      const text = [refusal?.reason ?? "", refusal?.remedy ?? "", ...warnings.map((it) => it.message)].join("\n");
      for (const words of says) expect(text).to.include(words);
      if (says.length === 0) expect([refusal, warnings]).to.deep.equal([undefined, []]);
      expect(refusal !== undefined).to.equal(message === REFUSAL);
      expect(shown.map(({ request }) => request)).to.deep.equal([{ api: "v1", resource: "pods", namespace: "milvus" }]);
      const off = { ...options, preflight: { jobPods: "off" } as const };
      expect(await preflight(client, ADDRESS, PLAN, state, off)).to.deep.equal({ warnings: [] });
      expect(shown).to.have.length(1);
    });
  }

  it("shows no pod where the plan has no Job", async () => {
    const refuses = () => Promise.reject(new Error("a pod was shown"));
    const state = running("4.0.31", "2.2.9");
    const plan = planUpgrade(wanted("2.2.16", { strategy: "helm" }), state) as UpgradePlan;
    const client = { ...fakeClient(GOOD), rehearse: refuses };
    await preflight(client, ADDRESS, plan, state, OPTIONS);
  });
});
