import { expect } from "chai";
import { outputsOf } from "../../../components/outputs";
import { PLAN_KINDS } from "../../../upgrade/model";
import { args, PLANS } from "../../support/plans";

describe("the outputs", () => {
  it("tell versions, chart, plan, endpoint and backup of a migration", () => {
    const { facts, ...outputs } = outputsOf(args(PLANS.migration));
    expect(facts).to.deep.include({ version: "2.2.9", chart: "4.0.31", revision: 8 });
    expect(outputs).to.deep.equal({
      release: "milvus/my-release",
      versionFrom: "2.1.4",
      versionTo: "2.2.9",
      chart: "milvus-4.0.31",
      plan: {
        kind: "migration",
        reason: "a patch upgrade",
        steps: ["clearPendingRelease", "probe", "stop", "backup", "migrate", "release"],
        addedValues: ["image.all.tag"],
        warnings: ["a_gap_is_said: proxy has one replica"],
        interruption: "none",
        reversibility: "reversible",
      },
      endpoint: "my-release-milvus.milvus.svc:19530",
      backupClaim: "my-release-meta-2.1.4-to-2.2.9-r7",
      attempt: "2.1.4-to-2.2.9-r7",
    });
  });

  for (const kind of PLAN_KINDS) {
    it(`${kind}: have no Helm value in them`, () => {
      expect(JSON.stringify(outputsOf(args(PLANS[kind])))).to.not.match(/s3cret|minioadmin|distributed/);
    });
  }

  const rows = [
    { release: "my-release", values: {}, endpoint: "my-release-milvus.milvus.svc:19530" },
    { release: "my-milvus", values: {}, endpoint: "my-milvus.milvus.svc:19530" },
    { release: "db", values: { nameOverride: "vectors" }, endpoint: "db-vectors.milvus.svc:19530" },
    { release: "db", values: { fullnameOverride: "vectors" }, endpoint: "vectors.milvus.svc:19530" },
    { release: "db", values: { service: { port: 443 } }, endpoint: "db-milvus.milvus.svc:443" },
  ];
  for (const { release, values, endpoint } of rows) {
    it(`release ${release} with ${JSON.stringify(values)} answers at ${endpoint}`, () => {
      const given = args({ ...PLANS.helm, values }, { releaseName: release });
      expect(outputsOf(given).endpoint).to.equal(endpoint);
    });
  }
});
