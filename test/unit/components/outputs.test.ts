import { expect } from "chai";
import fc from "fast-check";
import { type Planned, plannedOutputs } from "../../../components/outputs";
import { type AttemptState, PLAN_KINDS, type UpgradePlan } from "../../../upgrade/model";
import { asLastFacts } from "../../../upgrade/walk/lastFacts";
import { anyText } from "../../support/anyText";
import { PLANS, plannedRun } from "../../support/plans";
import { attempt } from "../upgrade/support";

function outputsOf(plan: UpgradePlan, changes: Partial<Planned> = {}) {
  const { state, releaseName, namespace } = plannedRun(plan);
  return plannedOutputs({ plan, state, releaseName, namespace, words: (text) => text, ...changes });
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
        warnings: ["requests_fail_for_a_short_time: proxy has one replica"],
        interruption: "none",
        reversibility: "reversible",
        attempt: "2.1.4-to-2.2.9-r7",
      },
      endpoint: "my-release-milvus.milvus.svc:19530",
      backupClaim: "my-release-meta-2.1.4-to-2.2.9-r7",
    });
  });

  it("tell the newest backup claim that is in the cluster, whatever a state that was put back knows of it", () => {
    const { state } = plannedRun(PLANS.nothing);
    const at = (day: number) => ({ createdAt: `2026-05-0${day}T10:00:00Z` });
    const older = { ...attempt("restored"), ...at(1) };
    const newer = { ...attempt("migrated", { ordinal: 2 }), ...at(2) };
    const theirs = { ...attempt("migrated", { ordinal: 3 }), ...at(3), isForeign: true };
    const told = (...attempts: readonly AttemptState[]) =>
      outputsOf(PLANS.nothing, { state: { ...state, attempts } }).backupClaim;
    expect(told(newer, older, theirs)).to.equal(newer.claimName);
    expect(told(theirs)).to.equal(undefined);
  });

  for (const kind of PLAN_KINDS) {
    it(`${kind}: have no Helm value in them`, () => {
      expect(JSON.stringify(outputsOf(PLANS[kind]))).to.not.match(/s3cret|minioadmin|distributed/);
    });
  }

  it("have texts of others on one line each, and no escape sequence: names, values, words of the cluster", () => {
    const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}]/u;
    const evil = anyText(12).map((text) => `${text}\u001b[2J\r\n\u202efake`);
    fc.assert(
      fc.property(evil, (text) => {
        const plan = {
          ...PLANS.migration,
          from: text,
          chart: { ...PLANS.migration.chart, name: text },
          reason: text,
          interruption: text,
          added: [{ path: text, value: 1, rule: "requests_fail_for_a_short_time", reason: text }],
          warnings: [{ rule: "requests_fail_for_a_short_time", message: text }],
          migration: { ...PLANS.migration.migration, claimName: text },
          values: { fullnameOverride: text },
        } as unknown as UpgradePlan;
        const texts = JSON.stringify(outputsOf(plan), (_key, value: unknown) => {
          if (typeof value === "string") expect(value).to.not.match(INVISIBLE);
          return value;
        });
        expect(texts).to.contain("fake");
      }),
    );
  });

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
