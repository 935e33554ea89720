import { expect } from "chai";
import {
  type Address,
  type EarlierRun,
  readEarlierRun,
  readStackResources,
} from "../../../../components/engine/earlierRun";
import { record } from "../../../support/recordingMonitor";

const OLD = "milvus:upgrade:MilvusCluster";
const NEW = "milvus-upgrade:index:MilvusCluster";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const JOB = "kubernetes:batch/v1:Job";
const CLAIM = "kubernetes:core/v1:PersistentVolumeClaim";
const PROVIDER = "pulumi:providers:kubernetes";
const urn = (types: string, name: string) => `urn:pulumi:test::milvus::${types}::${name}`;
const inNamespace = (namespace: string, name = "it") => ({ outputs: { metadata: { name, namespace } } });

describe("what earlier runs have left in the state", () => {
  let warnings: string[] = [];
  beforeEach(() => {
    warnings = [];
  });

  async function read(
    resources: object | Error,
    name = "milvus",
    namespace = "db",
    more: Partial<Address> = {},
  ): Promise<EarlierRun> {
    let found: EarlierRun | undefined;
    await record(
      async () => {
        const address = { name, namespace, releaseName: "my-release", ...more };
        found = await readEarlierRun(address, readStackResources(), (text) => Promise.resolve(warnings.push(text)));
      },
      {
        invoke: (token, inputs) => {
          expect({ token, inputs }).to.deep.equal({
            token: "pulumi:pulumi:readStackResourceOutputs",
            inputs: { stackName: "organization/milvus/test" },
          });
          if (resources instanceof Error) throw resources;
          return { outputs: resources };
        },
      },
    );
    return found ?? expect.fail("nothing was read");
  }

  const rows = [
    { what: "nothing of a new stack", resources: {}, found: { hasRelease: false, claims: [] } },
    {
      what: "the Release as the component said it",
      resources: {
        [urn(NEW, "milvus")]: { outputs: { release: "db/my-release", lastUpgrade: { seconds: 12 } } },
        [urn(`${NEW}$${RELEASE}`, "milvus-release")]: { outputs: { name: "my-release", namespace: "db" } },
      },
      found: { hasRelease: true, release: "db/my-release", lastUpgrade: { seconds: 12 }, claims: [] },
    },
    {
      what: "the Release as it is, where the component of that run said nothing",
      resources: { [urn(`${NEW}$${RELEASE}`, "milvus-release")]: { outputs: { name: "my-release", namespace: "db" } } },
      found: { hasRelease: true, release: "db/my-release", claims: [] },
    },
    {
      what: "what the Release was sent with: description, chart and values, and the revision that Helm made of it",
      resources: {
        [urn(`${NEW}$${RELEASE}`, "milvus-release")]: {
          outputs: {
            ...{ name: "my-release", namespace: "db", description: "a roll", chart: "milvus" },
            ...{ repositoryOpts: { repo: "https://charts.example" }, version: "4.0.31" },
            ...{ values: { service: { type: "NodePort" } }, status: { revision: 7, status: "deployed" } },
          },
        },
      },
      found: {
        ...{ hasRelease: true, release: "db/my-release", claims: [], releaseDescription: "a roll" },
        ...{ releasePlace: "https://charts.example milvus", releaseVersion: "4.0.31" },
        ...{ releaseValues: { service: { type: "NodePort" } }, releaseRevision: 7 },
      },
    },
    {
      what: "the Release of an earlier version of this program, and its provider's namespace",
      resources: {
        [urn(OLD, "milvus")]: { outputs: { release: "db/my-release", verification: "passed" } },
        [urn(`${OLD}$${RELEASE}`, "milvus-release")]: {},
        [urn(PROVIDER, "kubernetes")]: { outputs: { clusterIdentifier: "u-1" } },
      },
      found: { hasRelease: true, release: "db/my-release", namespaceUid: "u-1", verification: "passed", claims: [] },
    },
    {
      what: "nothing of another component in the same program, nor of a Release of the program's own",
      resources: {
        [urn(NEW, "other")]: { outputs: { release: "db/other" } },
        [urn(`${NEW}$${RELEASE}`, "other-release")]: {},
        [urn(RELEASE, "milvus-release")]: {},
        [urn(`${NEW}$${PROVIDER}`, "other-kubernetes")]: { outputs: { clusterIdentifier: "u-2" } },
      },
      found: { hasRelease: false, claims: [] },
    },
    {
      what: "the component inside another one",
      resources: {
        [urn(`app:index:Search$${NEW}$${RELEASE}`, "milvus-release")]: { outputs: { name: "r", namespace: "db" } },
        [urn(`app:index:Search$${NEW}$${PROVIDER}`, "milvus-kubernetes")]: { outputs: { clusterIdentifier: "u-3" } },
      },
      found: { hasRelease: true, release: "db/r", namespaceUid: "u-3", claims: [] },
    },
    {
      what: "the claims with backups in this namespace",
      resources: {
        [urn(`${NEW}$${CLAIM}`, "milvus-backup-a")]: inNamespace("db", "a"),
        [urn(`${OLD}$${CLAIM}`, "b")]: inNamespace("db", "b"),
        [urn(`${NEW}$${CLAIM}`, "other-backup-c")]: inNamespace("elsewhere", "c"),
        [urn(CLAIM, "d")]: inNamespace("db", "d"),
      },
      found: { hasRelease: false, claims: ["a", "b"] },
    },
  ];
  for (const { what, resources, found } of rows) {
    it(`is ${what}`, async () => {
      const { urnsOf, outputs, ...facts } = await read(resources);
      expect(facts).to.deep.equal(found);
      const own = Object.entries(resources).find(([it]) => [urn(NEW, "milvus"), urn(OLD, "milvus")].includes(it));
      expect(outputs).to.deep.equal((own?.[1] as { readonly outputs?: object } | undefined)?.outputs);
      expect(urnsOf("kubernetes:core/v1:Secret", "milvus-none", "none")).to.deep.equal([]);
      expect(warnings).to.deep.equal([]);
    });
  }

  describe("of a component that has another name now", () => {
    const release = { outputs: { name: "my-release", namespace: "db" } };
    const renamed = {
      [urn(NEW, "milvus")]: { outputs: { release: "db/my-release", verification: "passed" } },
      [urn(`${NEW}$${PROVIDER}`, "milvus-kubernetes")]: { outputs: { clusterIdentifier: "u-1" } },
      [urn(`${NEW}$${RELEASE}`, "milvus-release")]: release,
    };

    it("is what an alias leads to", async () => {
      const { urnsOf, outputs, ...facts } = await read(renamed, "vectors", "db", { formerNames: ["milvus"] });
      expect(outputs).to.deep.equal({ release: "db/my-release", verification: "passed" });
      for (const [type, own, former] of [
        [PROVIDER, "vectors-kubernetes", "milvus-kubernetes"],
        [RELEASE, "vectors-release", "milvus-release"],
      ] as const) {
        expect(urnsOf(type, own), own).to.deep.equal([urn(`${NEW}$${type}`, former)]);
      }
      expect(facts).to.deep.equal({
        hasRelease: true,
        release: "db/my-release",
        namespaceUid: "u-1",
        verification: "passed",
        claims: [],
      });
    });

    it("is another component's, without an alias: by cluster, namespace and name of the release", async () => {
      const { hasRelease, others } = await read(renamed, "vectors");
      expect(hasRelease).to.equal(false);
      const other = { component: "milvus", urn: urn(`${NEW}$${RELEASE}`, "milvus-release"), namespaceUid: "u-1" };
      expect(others).to.deep.equal([other]);
      expect((await read(renamed, "vectors", "elsewhere")).others).to.equal(undefined);
    });
  });

  it("tells whether the chart repository was opened with another login", async () => {
    const login = { username: "charts", password: "first", caFile: "ca.pem" };
    const stateOf = (chart: object) => ({
      [urn(`${NEW}$${RELEASE}`, "milvus-release")]: { outputs: { name: "my-release", namespace: "db", ...chart } },
    });
    const opened = (repositoryOpts: object) => stateOf({ chart: "milvus", repositoryOpts });
    const rows = [
      { chartLogin: login, isOther: false },
      { chartLogin: { ...login, password: "second" }, isOther: true },
      { chartLogin: { ...login, caFile: "other.pem" }, isOther: true },
      { chartLogin: {}, isOther: true },
      { chartLogin: "unknown", isOther: false },
    ] as const;
    for (const { chartLogin, isOther } of rows) {
      const { hasOtherLogin = false } = await read(opened(login), "milvus", "db", { chartLogin });
      expect(hasOtherLogin, JSON.stringify(chartLogin)).to.equal(isOther);
    }
    expect((await read(opened({ repo: "https://charts.example" }))).hasOtherLogin).to.equal(undefined);
    const folder = await read(stateOf({ chart: "charts/milvus-4.0.31" }), "milvus", "db", { chartLogin: login });
    expect(folder.hasOtherLogin).to.equal(undefined);
  });

  it("says so when it cannot be read: the guard against the wrong cluster is off then", async () => {
    const { hasRelease, isUnknown } = await read(new Error("no backend client is available"));
    expect({ hasRelease, isUnknown }).to.deep.equal({ hasRelease: false, isUnknown: true });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(
      /cannot be read.*readStackResourceOutputs.*does not know whether this is the cluster/s,
    );
  });

  describe("gives aliases", () => {
    const old = {
      [urn(`${OLD}$${JOB}`, "my-release-stop")]: inNamespace("db"),
      [urn(`${OLD}$${RELEASE}`, "milvus-release")]: {},
      [urn(PROVIDER, "kubernetes")]: {},
    };

    it("to what an earlier version has named after the release", async () => {
      const { urnsOf } = await read(old);
      expect(urnsOf(JOB, "milvus-stop", "my-release-stop")).to.deep.equal([urn(`${OLD}$${JOB}`, "my-release-stop")]);
      expect(urnsOf(PROVIDER, "milvus-kubernetes")).to.deep.equal([urn(PROVIDER, "kubernetes")]);
      expect(urnsOf(JOB, "milvus-pause", "my-release-pause")).to.deep.equal([]);
    });

    it("to the provider also where an earlier version was killed before its Release, in whose cluster this run goes on", async () => {
      const { urnsOf, namespaceUid } = await read({
        [urn(`${OLD}$${JOB}`, "my-release-stop")]: inNamespace("db"),
        [urn(PROVIDER, "kubernetes")]: { outputs: { clusterIdentifier: "u-1" } },
      });
      expect(urnsOf(PROVIDER, "milvus-kubernetes")).to.deep.equal([urn(PROVIDER, "kubernetes")]);
      expect(namespaceUid).to.equal("u-1");
    });

    it("to no provider of the program's own, where another component in this namespace has one of today's", async () => {
      const { urnsOf, namespaceUid } = await read(
        {
          [urn(`${NEW}$${CLAIM}`, "first-backup-a")]: inNamespace("db", "a"),
          [urn(`${NEW}$${PROVIDER}`, "first-kubernetes")]: {},
          [urn(PROVIDER, "kubernetes")]: { outputs: { clusterIdentifier: "u-2" } },
        },
        "second",
      );
      expect(urnsOf(PROVIDER, "milvus-kubernetes")).to.deep.equal([]);
      expect(namespaceUid).to.equal(undefined);
    });

    it("to one of two clusters whose releases have the same name", async () => {
      const { urnsOf } = await read(old, "second", "elsewhere");
      expect(urnsOf(JOB, "milvus-stop", "my-release-stop")).to.deep.equal([]);
      expect(urnsOf(PROVIDER, "milvus-kubernetes")).to.deep.equal([]);
    });

    it("as it was, also where the engine has written the component's new type into the state already", async () => {
      const { urnsOf } = await read({
        [urn(NEW, "milvus")]: {},
        [urn(`${NEW}$${JOB}`, "my-release-stop")]: inNamespace("db"),
        [urn(`${NEW}$${RELEASE}`, "milvus-release")]: {},
        [urn(PROVIDER, "kubernetes")]: {},
      });
      expect(urnsOf(JOB, "milvus-stop", "my-release-stop")).to.deep.equal([urn(`${OLD}$${JOB}`, "my-release-stop")]);
      expect(urnsOf(PROVIDER, "milvus-kubernetes")).to.deep.equal([urn(PROVIDER, "kubernetes")]);
    });

    it("to nothing of today's: a provider of the program's own stays its own", async () => {
      const { urnsOf } = await read({
        [urn(NEW, "milvus")]: {},
        [urn(`${NEW}$${JOB}`, "milvus-stop")]: inNamespace("db"),
        [urn(`${NEW}$${RELEASE}`, "milvus-release")]: {},
        [urn(`${NEW}$${PROVIDER}`, "milvus-kubernetes")]: {},
        [urn(PROVIDER, "kubernetes")]: {},
      });
      expect(urnsOf(JOB, "milvus-stop", "my-release-stop")).to.deep.equal([]);
      expect(urnsOf(PROVIDER, "milvus-kubernetes")).to.deep.equal([]);
    });
  });
});
