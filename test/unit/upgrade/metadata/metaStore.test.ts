import { expect } from "chai";
import { metaStoreOf } from "../../../../upgrade/metadata/metaStore";
import type { HelmValues } from "../../../../upgrade/model";
import { RefusalError } from "../../../../upgrade/refusal";

function store(userValues: HelmValues, chart = "3.2.18", releaseName = "my-release") {
  return metaStoreOf({ revision: 7, chart, userValues, chartValues: {} }, releaseName, "milvus");
}

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
    const found = metaStoreOf({ revision: 1, chart: "3.2.18", userValues: {}, chartValues }, "r", "n");
    expect(found.endpoints).to.deep.equal(["x:2379"]);
  });

  for (const { key, values } of [
    { key: "mysql.enabled", values: { mysql: { enabled: true } } },
    { key: "externalMysql.enabled", values: { externalMysql: { enabled: true } } },
    { key: "etcd.auth.rbac.enabled", values: { etcd: { auth: { rbac: { enabled: true } } } } },
    { key: "etcd.auth.client.secureTransport", values: { etcd: { auth: { client: { secureTransport: true } } } } },
    { key: "etcd.ssl.enabled", values: { extraConfigFiles: { "user.yaml": "etcd: {ssl: {enabled: true}}" } } },
    { key: "etcd.auth.enabled", values: { extraConfigFiles: { "user.yaml": "etcd: {auth: {enabled: true}}" } } },
    { key: "etcd.use.embed", values: { extraConfigFiles: { "user.yaml": "etcd: {use: {embed: true}}" } } },
    { key: "externalEtcd.endpoints", values: { externalEtcd: { enabled: true, endpoints: ["https://a:2379"] } } },
  ]) {
    it(`refuses ${key}, which the tool is not known to support, by name`, () => {
      expect(() => store(values, "3.3.6"))
        .to.throw(RefusalError, key)
        .with.nested.property("refusal.rule", "the_migration_needs_plain_etcd");
    });
  }

  it("refuses an external etcd without endpoints", () => {
    expect(() => store({ externalEtcd: { enabled: true, endpoints: [] } }))
      .to.throw(RefusalError)
      .with.nested.property("refusal.rule", "the_metadata_must_be_found");
  });
});
