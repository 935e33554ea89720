import { expect } from "chai";
import { NO_EARLIER_RUN } from "../../../components/engine/earlierRun";
import { type Planned, plannedOutputs } from "../../../components/outputs";
import { PLAN_KINDS, type UpgradePlan } from "../../../upgrade/model";
import { asLastFacts } from "../../../upgrade/walk/lastFacts";
import { PLANS, plannedRun } from "../../support/plans";

function outputsOf(plan: UpgradePlan, changes: Partial<Planned> = {}) {
  const { state, releaseName, namespace } = plannedRun(plan);
  return plannedOutputs({ plan, state, releaseName, namespace, words: (text) => text, ...changes }, NO_EARLIER_RUN);
}

describe("the outputs", () => {
  it("tell versions, chart, plan, endpoint and backup of a migration", () => {
    const { facts, ...outputs } = outputsOf(PLANS.migration);
    expect(asLastFacts(facts)).to.deep.include({ version: "2.2.9", chart: "4.0.31", revision: 8 });
    expect(outputs).to.deep.equal({
      release: "milvus/my-release",
      version: "2.2.9",
      chart: "milvus-4.0.31",
      plan: {
        title: "upgrade with metadata migration, Milvus 2.1.4 → 2.2.9",
        kind: "migration",
        from: "2.1.4",
        to: "2.2.9",
        reason: "a patch upgrade",
        steps: ["clearPendingRelease", "probe", "stop", "backup", "migrate", "release"],
        addedValues: ["image.all.tag"],
        warnings: ["a_gap_is_said: proxy has one replica"],
        interruption: "none",
        reversibility: "reversible",
        attempt: "2.1.4-to-2.2.9-r7",
      },
      endpoint: "my-release-milvus.milvus.svc:19530",
      backupClaim: "my-release-meta-2.1.4-to-2.2.9-r7",
    });
  });

  for (const kind of PLAN_KINDS) {
    it(`${kind}: have no Helm value in them`, () => {
      expect(JSON.stringify(outputsOf(PLANS[kind]))).to.not.match(/s3cret|minioadmin|distributed/);
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
      expect(outputsOf({ ...PLANS.helm, values }, { releaseName: release }).endpoint).to.equal(endpoint);
    });
  }
});
