import { expect } from "chai";
import { ClusterError } from "../../../../cluster/errors";
import { decodeRelease, type RecordObject } from "../../../../cluster/helm/record";
import { record, recorded } from "../objects";

function errorOf(records: RecordObject[]): ClusterError {
  try {
    decodeRelease(records);
  } catch (error) {
    expect(error).to.be.instanceOf(ClusterError);
    return error as ClusterError;
  }
  throw new Error("the record was decoded");
}

describe("decodeRelease", () => {
  it("takes the newest of many revisions, in whatever order they are listed", () => {
    const release = decodeRelease(recorded("deployed").reverse());
    expect(release).to.include({
      name: "my-release",
      namespace: "milvus",
      revision: 4,
      status: "deployed",
      chartName: "milvus",
      chartVersion: "3.2.18",
      appVersion: "2.1.4",
      description: "Upgrade complete",
      recordName: "sh.helm.release.v1.my-release.v4",
    });
    expect(release).to.not.have.property("lastDeployed");
    expect(release?.userValues.queryNode).to.deep.equal({ replicas: 4 });
    expect(release?.userValues.minio).to.deep.equal({ mode: "standalone", secretKey: "hunter2hunter2" });
    expect(release?.chartValues).to.have.nested.property("cluster.enabled", true);
    expect(Date.parse(release?.updatedAt ?? "")).to.be.greaterThan(0);
  });

  it("orders revisions by number: 10 after 9", () => {
    const of = (version: number) => ({
      ...record({
        name: "r",
        version,
        info: { status: version === 10 ? "deployed" : "superseded" },
        chart: { metadata: { name: "milvus", version: "4.1.0" } },
      }),
      metadata: { name: `sh.helm.release.v1.r.v${version}`, labels: { version: String(version) } },
    });
    expect(decodeRelease([of(9), of(10), of(2)])?.revision).to.equal(10);
  });

  it("reads where the chart is from, and nothing where its Chart.yaml does not say", () => {
    const of = (metadata: Record<string, unknown>) =>
      decodeRelease([
        record({
          name: "r",
          version: 1,
          info: { status: "deployed" },
          chart: { metadata: { name: "milvus", version: "3.1.5", ...metadata } },
        }),
      ]);
    const [home, source] = ["https://bitnami.com", "https://github.com/bitnami/charts"];
    expect(of({ home, sources: [source, 1] })?.chartOrigins).to.deep.equal([home, source]);
    expect(of({})).to.not.have.property("chartOrigins");
  });

  const statuses = [
    { file: "failed", status: "failed", revision: 5, lastDeployed: 4 },
    { file: "pending-upgrade", status: "pending-upgrade", revision: 6, lastDeployed: 4 },
    { file: "pending-install", status: "pending-install", revision: 1, lastDeployed: undefined },
    { file: "uninstalled", status: "uninstalled", revision: 1, lastDeployed: undefined },
  ] as const;
  for (const { file, status, revision, lastDeployed } of statuses) {
    it(`reads a release that is ${status}${lastDeployed === undefined ? "" : ", and what was deployed before it"}`, () => {
      const release = decodeRelease(recorded(file));
      expect(release).to.include({ status, revision });
      expect(release?.lastDeployed?.revision).to.equal(lastDeployed);
    });
  }

  it("tells the chart and version that were deployed before an upgrade that hangs", () => {
    const release = decodeRelease(recorded("pending-upgrade"));
    expect(release).to.include({ chartVersion: "3.3.0", appVersion: "2.2.0" });
    expect(release?.lastDeployed).to.include({ chartVersion: "3.2.18", appVersion: "2.1.4" });
  });

  it("shows the chart of a release that is not Milvus, so that the planner can refuse it", () => {
    expect(decodeRelease(recorded("foreign-chart"))?.chartName).to.equal("webshop");
  });

  it("is undefined without records, and ignores Secrets of another type", () => {
    expect(decodeRelease([])).to.equal(undefined);
    expect(decodeRelease([{ ...record({}), type: "Opaque" }])).to.equal(undefined);
  });

  it("reads records without gzip, as Helm does", () => {
    const release = {
      name: "r",
      version: 1,
      info: { status: "deployed" },
      chart: { metadata: { name: "milvus", version: "4.1.0" } },
    };
    const data = { release: Buffer.from(Buffer.from(JSON.stringify(release)).toString("base64")).toString("base64") };
    expect(decodeRelease([{ ...record({}), data }])?.chartVersion).to.equal("4.1.0");
  });

  it("calls a status that Helm does not know unknown", () => {
    const release = {
      name: "r",
      version: 1,
      info: { status: "frozen" },
      chart: { metadata: { name: "m", version: "1" } },
    };
    expect(decodeRelease([record(release)])?.status).to.equal("unknown");
  });

  const good = record({ name: "r", version: 1, chart: { metadata: { name: "milvus", version: "4.1.0" } } });
  const damaged: readonly { readonly what: string; readonly records: RecordObject[]; readonly says: string }[] = [
    { what: "cut off", records: recorded("truncated"), says: "cut off" },
    { what: "without data", records: [{ ...good, data: {} }], says: "no data" },
    { what: "not base64", records: [{ ...good, data: { release: "%%%" } }], says: "cut off or is not base64" },
    { what: "of JSON that is no release", records: [record(["x"])], says: "not a Helm release" },
    { what: "without a chart", records: [record({ name: "r", version: 1 })], says: "chart or revision is missing" },
    {
      what: "without a revision",
      records: [record({ name: "r", chart: { metadata: { name: "m", version: "1" } } })],
      says: "revision is missing",
    },
  ];
  for (const { what, records, says } of damaged) {
    it(`refuses a record ${what}, naming its Secret`, () => {
      const error = errorOf(records);
      expect(error.code).to.equal("badRecord");
      expect(error.message)
        .to.include(records[0]?.metadata?.name ?? "?")
        .and.to.include(says);
    });
  }

  it("never shows what is in a record it cannot read", () => {
    expect(errorOf([record({ name: "r", config: { secretKey: "hunter2hunter2" } })]).message).to.not.include("hunter2");
  });

  it("does not fall back to an older revision when the newest is damaged: that one is not what runs", () => {
    const newest = { ...good, metadata: { name: "sh.helm.release.v1.my-release.v9" }, data: { release: "xx" } };
    expect(errorOf([...recorded("deployed"), newest]).message).to.include("my-release.v9");
  });
});
