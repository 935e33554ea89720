import { expect } from "chai";
import type { Leftover, VerificationState } from "../../../../upgrade/model";
import { attempt, cluster, planned, refused, release, wanted } from "../support";

const SAID = "claims_of_an_earlier_milvus";
const ETCD: Leftover = { claimName: "data-my-release-etcd-0", part: "etcd", createdAt: "2026-01-02T00:00:00Z" };
const MINIO: Leftover = {
  claimName: "export-my-release-minio-0",
  part: "object storage",
  createdAt: "2026-01-03T00:00:00Z",
};
const SINGLE: Leftover = {
  claimName: "my-release-milvus",
  part: "standalone",
  createdAt: "2026-01-01T00:00:00Z",
  chart: "milvus-4.0.34",
  version: "2.2.14",
};
const STANDALONE = { cluster: { enabled: false } };
const DELETE = "kubectl -n milvus delete pvc data-my-release-etcd-0 export-my-release-minio-0";

function said(leftovers: readonly Leftover[], values = {}, version = "2.5.16", over = {}): string {
  return planned(wanted(version, { values }), cluster({ leftovers, ...over }))
    .warnings.filter(({ rule }) => rule === SAID)
    .map(({ message }) => message)
    .join("\n");
}

function verification(to: string): VerificationState {
  return {
    configMap: "my-release-verify",
    attempt: { from: "2.1.4", to, revision: 7, ordinal: 1 },
    status: "passed",
    summary: "",
  };
}

describe("an install over what an earlier Milvus of the name has left", () => {
  it("names the claims, what happens, and how to begin empty", () => {
    expect(said([ETCD, MINIO]))
      .to.contain("data-my-release-etcd-0 (etcd) and export-my-release-minio-0 (object storage)")
      .and.contain("They do not say which Milvus wrote them")
      .and.contain("the oldest is of 2026-01-02")
      .and.contain("starts with what is in them: collections, users and passwords")
      .and.contain(`all of it is lost: ${DELETE}`);
  });

  it("says that the metadata has no data where the object storage's claims are gone", () => {
    expect(said([ETCD])).to.contain("collections would be shown that cannot be loaded");
    expect(said([ETCD], { externalS3: { enabled: true } })).to.not.contain("cannot be loaded");
  });

  it("passes over what the new one does not take up", () => {
    const external = { externalEtcd: { enabled: true }, externalS3: { enabled: true } };
    expect(said([ETCD, MINIO], external)).to.equal("");
    expect(said([SINGLE])).to.equal("");
    expect(said([])).to.equal("");
  });

  it("says whose they are, of the same minor", () => {
    expect(said([SINGLE], STANDALONE, "2.2.16"))
      .to.contain("They are of Milvus 2.2.14, as the label of my-release-milvus (chart milvus-4.0.34) says")
      .and.contain("starts with what is in them");
    expect(said([ETCD], {}, "2.2.16", { verification: verification("2.2.14") })).to.contain(
      "as the ConfigMap my-release-verify of its last upgrade says",
    );
  });

  for (const { title, state, values = {}, by } of [
    { title: "a label", state: { leftovers: [SINGLE] }, values: STANDALONE, by: "the label of my-release-milvus" },
    {
      title: "a verification",
      state: { leftovers: [ETCD, MINIO], verification: verification("2.2.14") },
      by: "the ConfigMap my-release-verify",
    },
    {
      title: "a finished migration",
      state: { leftovers: [ETCD, MINIO], attempts: [{ ...attempt("migrated"), isForeign: true }] },
      by: "the claim claim-7-1 of its last migration",
    },
  ]) {
    it(`is refused where ${title} says that another minor wrote them`, () => {
      const refusal = refused(wanted("2.5.16", { values }), cluster(state));
      expect(refusal.rule).to.equal("claims_of_another_minor");
      expect(refusal.reason).to.contain(by).and.contain("cannot be expected to read the metadata of 2.2");
      expect(refusal.remedy)
        .to.contain("pulumi config set milvus:version 2.2.")
        .and.contain("delete pvc")
        .and.contain("lost");
    });
  }

  it("does not take the label of chart 5 for another minor than 3.0, which has the same chart", () => {
    const label = { ...SINGLE, chart: "milvus-5.0.19", version: "2.6.15" };
    expect(said([label], STANDALONE, "3.0.1")).to.contain("They are of Milvus 2.6.15");
  });

  it("is not asked of an install that died and is begun again: its claims are its own", () => {
    const died = release("4.2.58", "2.5.16", {
      status: "pending-install",
      revision: 1,
      updatedAt: "2026-01-01T00:00:00Z",
    });
    const plan = planned(wanted("2.5.16"), cluster({ release: died, leftovers: [ETCD] }));
    expect([plan.kind, plan.warnings.map(({ rule }) => rule).includes(SAID)]).to.deep.equal(["install", false]);
  });
});
