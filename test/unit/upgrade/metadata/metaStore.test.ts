import { expect } from "chai";
import {
  ETCD_TLS_FILES,
  metaStoreOf,
  refuseTargetWithoutTls,
  unseenTlsWarnings,
} from "../../../../upgrade/metadata/metaStore";
import type { EtcdTls, HelmValues } from "../../../../upgrade/model";
import { RefusalError } from "../../../../upgrade/refusal";

function inForce(userValues: HelmValues, chart = "3.3.6") {
  return { revision: 7, chart, userValues, chartValues: {} };
}

function store(userValues: HelmValues, chart = "3.2.18", releaseName = "my-release") {
  return metaStoreOf(inForce(userValues, chart), { releaseName, namespace: "milvus" });
}

const CERTIFICATES: EtcdTls = { secret: "etcd-client", ...ETCD_TLS_FILES };

function secureStore(userValues: HelmValues, chart?: string, over: Partial<EtcdTls> = {}) {
  const etcdTls = { ...CERTIFICATES, ...over };
  return metaStoreOf(inForce(userValues, chart), { releaseName: "my-release", namespace: "milvus", etcdTls });
}

const userYaml = (text: string): HelmValues => ({ extraConfigFiles: { "user.yaml": text } });
const external = (...endpoints: string[]): HelmValues => ({ externalEtcd: { enabled: true, endpoints } });

describe("metaStoreOf (facts 6.2 to 6.4)", () => {
  for (const { title, values = {}, chart, name, endpoints } of [
    { title: "the bundled etcd's Service", endpoints: ["my-release-etcd:2379"] },
    {
      title: "the bundled etcd of a release whose name has etcd in it",
      name: "my-etcd-db",
      endpoints: ["my-etcd-db:2379"],
    },
    { title: "another port", values: { etcd: { service: { port: 12379 } } }, endpoints: ["my-release-etcd:12379"] },
    { title: "another name", values: { etcd: { name: "meta" } }, endpoints: ["my-release-meta:2379"] },
    {
      title: "the bundled etcd's pods from chart 4.2.3 on",
      chart: "4.2.3",
      values: { etcd: { replicaCount: 2, clusterDomain: "example.org" } },
      endpoints: [0, 1].map((n) => `my-release-etcd-${n}.my-release-etcd-headless.milvus.svc.example.org:2379`),
    },
    {
      title: "an external etcd",
      values: { externalEtcd: { enabled: true, endpoints: ["a:2379", "http://b:2379/"] } },
      endpoints: ["a:2379", "b:2379"],
    },
    {
      title: "endpoints of user.yaml from chart 3.3.2 on",
      chart: "3.3.2",
      values: { extraConfigFiles: { "user.yaml": "etcd:\n  endpoints: a:1,b:2\n" } },
      endpoints: ["a:1", "b:2"],
    },
    {
      title: "no user.yaml before",
      chart: "3.3.1",
      values: { extraConfigFiles: { "user.yaml": "etcd:\n  endpoints: a:1\n" } },
      endpoints: ["my-release-etcd:2379"],
    },
  ]) {
    it(`finds ${title}`, () => {
      expect(store(values, chart, name).endpoints).to.deep.equal(endpoints);
    });
  }

  for (const { title, values, chart, rootPath } of [
    { title: "by-dev by default", values: {}, chart: "3.2.18", rootPath: "by-dev" },
    {
      title: "metadata.rootPath before 4.0.0",
      values: { metadata: { rootPath: "prod" } },
      chart: "3.2.18",
      rootPath: "prod",
    },
    { title: "by-dev where chart 4.0.0 ignores the shortcut", values: {}, chart: "4.0.24", rootPath: "by-dev" },
    {
      title: "user.yaml over the shortcut",
      values: { metadata: { rootPath: "a" }, extraConfigFiles: { "user.yaml": "etcd: {rootPath: b}" } },
      chart: "3.3.6",
      rootPath: "b",
    },
  ]) {
    it(`takes the root path ${title}`, () => {
      expect(store(values, chart)).to.include({ rootPath, metaSubPath: "meta", kvSubPath: "kv" });
    });
  }

  it("reads what the release was installed with from the chart's recorded values too", () => {
    const chartValues = { externalEtcd: { enabled: true, endpoints: ["x:2379"] } };
    const found = metaStoreOf(
      { revision: 1, chart: "3.2.18", userValues: {}, chartValues },
      { releaseName: "r", namespace: "n" },
    );
    expect(found.endpoints).to.deep.equal(["x:2379"]);
  });

  for (const { key, values } of [
    { key: "mysql.enabled", values: { mysql: { enabled: true } } },
    { key: "externalMysql.enabled", values: { externalMysql: { enabled: true } } },
    { key: "etcd.auth.rbac.enabled", values: { etcd: { auth: { rbac: { enabled: true } } } } },
    { key: "etcd.auth.enabled", values: { extraConfigFiles: { "user.yaml": "etcd: {auth: {enabled: true}}" } } },
    { key: "etcd.use.embed", values: { extraConfigFiles: { "user.yaml": "etcd: {use: {embed: true}}" } } },
  ]) {
    it(`refuses ${key}, which the tool is not known to support, by name`, () => {
      expect(() => store(values, "3.3.6"))
        .to.throw(RefusalError, key)
        .with.nested.property("refusal.rule", "the_migration_cannot_use_this_metadata_store");
    });
  }

  it("refuses an external etcd without endpoints", () => {
    expect(() => store({ externalEtcd: { enabled: true, endpoints: [] } }))
      .to.throw(RefusalError)
      .with.nested.property("refusal.rule", "the_metadata_must_be_found");
  });

  const SSL = "etcd: {ssl: {enabled: true}}";
  const SECURE = { etcd: { auth: { client: { secureTransport: true } } } };
  for (const { title, values, chart, on } of [
    { title: "etcd.ssl.enabled in user.yaml", values: userYaml(SSL), on: 'user.yaml"]: etcd.ssl.enabled' },
    { title: "the same as text", values: userYaml('etcd: {ssl: {enabled: "true"}}'), on: "etcd.ssl.enabled" },
    { title: "secureTransport of the bundled etcd", values: SECURE, on: "etcd.auth.client.secureTransport" },
    { title: "the same below chart 3.3.2", values: SECURE, chart: "3.2.18", on: "etcd.auth.client.secureTransport" },
    {
      title: "an external endpoint with https",
      values: external("https://a:2379"),
      on: "externalEtcd.endpoints (https)",
    },
    {
      title: "an endpoint of user.yaml with https",
      values: userYaml("etcd: {endpoints: ['https://a:2379']}"),
      on: "etcd.endpoints (https)",
    },
    {
      title: "etcd.ssl.enabled beside endpoints without a scheme",
      values: { ...userYaml(SSL), ...external("a:2379") },
      on: "etcd.ssl.enabled",
    },
  ] as { title: string; values: HelmValues; chart?: string; on: string }[]) {
    it(`refuses ${title} without milvus:etcdTls, and says what to type`, () => {
      expect(() => store(values, chart ?? "3.3.6"))
        .to.throw(RefusalError, on)
        .with.property("refusal")
        .that.satisfies(({ rule, remedy }: { rule: string; remedy: string }) => {
          expect(rule).to.equal("etcd_with_tls_needs_certificates");
          expect(remedy)
            .to.include(
              "kubectl -n milvus create secret generic my-release-etcd-tls --from-file=ca.crt --from-file=tls.crt",
            )
            .and.include("pulumi config set --path milvus:etcdTls.secret my-release-etcd-tls");
          return true;
        });
    });

    it(`takes ${title} with milvus:etcdTls, and has nothing to say of it`, () => {
      const found = secureStore(values, chart);
      expect(found.tls).to.deep.equal(CERTIFICATES);
      for (const endpoint of found.endpoints) expect(endpoint).to.match(/^[-\w]+:2379$/);
      expect(unseenTlsWarnings(inForce(values, chart), found)).to.deep.equal([]);
    });
  }

  for (const { title, values, chart } of [
    { title: "nothing", values: {} },
    { title: "user.yaml of a chart that does not mount it", values: userYaml(SSL), chart: "3.2.18" },
    { title: "etcd.ssl.enabled: false", values: userYaml("etcd: {ssl: {enabled: false}}") },
    {
      title: "endpoints with http, to which etcd's client speaks plain text",
      values: { ...userYaml(SSL), ...external("http://a:2379") },
    },
    { title: "secureTransport of a bundled etcd that is not used", values: { ...SECURE, ...external("a:2379") } },
  ] as { title: string; values: HelmValues; chart?: string }[]) {
    it(`is plain text by ${title}; milvus:etcdTls wins, and is warned of`, () => {
      expect(store(values, chart ?? "3.3.6")).to.not.have.property("tls");
      expect(unseenTlsWarnings(inForce(values, chart), store(values, chart ?? "3.3.6"))).to.deep.equal([]);
      const found = secureStore(values, chart);
      expect(found.tls).to.deep.equal(CERTIFICATES);
      const [warning, ...others] = unseenTlsWarnings(inForce(values, chart), found);
      expect(warning?.rule).to.equal("etcd_tls_is_not_in_the_values");
      expect(warning?.message).to.include("pulumi config rm milvus:etcdTls").and.include("before anything is stopped");
      expect(others).to.deep.equal([]);
    });
  }

  for (const { title, minVersion, over, found } of [
    { title: "that of user.yaml", minVersion: "1.2", found: "1.2" },
    { title: "what the config says over it", minVersion: "1.2", over: { minVersion: "1.3" }, found: "1.3" },
    { title: "nothing where user.yaml says nothing that is known", minVersion: "2", found: undefined },
  ] as { title: string; minVersion: string; over?: Partial<EtcdTls>; found?: string }[]) {
    it(`takes as the oldest version of TLS ${title}`, () => {
      const values = userYaml(`etcd: {ssl: {enabled: true, tlsMinVersion: ${minVersion}}}`);
      expect(secureStore(values, "3.3.6", over).tls?.minVersion).to.equal(found);
    });
  }

  for (const { to, values, refused } of [
    { to: "2.2.0", values: userYaml(SSL), refused: true },
    { to: "2.2.1", values: userYaml(SSL), refused: true },
    { to: "2.2.2", values: userYaml(SSL), refused: false },
    { to: "2.2.16", values: userYaml(SSL), refused: false },
    { to: "2.2.0", values: external("https://a:2379"), refused: false },
    { to: "2.2.0", values: {}, refused: false },
  ] as { to: string; values: HelmValues; refused: boolean }[]) {
    it(`${refused ? "refuses" : "takes"} ${to} as the target with ${JSON.stringify(values)}`, () => {
      const check = () => refuseTargetWithoutTls(inForce(values), to);
      if (!refused) return expect(check).to.not.throw();
      expect(check)
        .to.throw(RefusalError, "does not start with it")
        .with.nested.property("refusal.remedy", "Take a later 2.2: pulumi config set milvus:version 2.2");
    });
  }
});
