import { expect } from "chai";
import { readCluster } from "../../../../cluster/state/readCluster";
import { type Answers, fakeClient, forbidden } from "../../../support/fakeClient";
import { deployment, recorded } from "../objects";

const AT = "2026-01-01T00:00:00Z";
const read = (answers: Answers) => readCluster(fakeClient(answers), { releaseName: "my-release", namespace: "milvus" });

function claim(name: string, labels: Record<string, string> = {}) {
  return { metadata: { name, labels, creationTimestamp: AT } };
}

/** As a StatefulSet labels its claims: with what it selects by. */
const ofInstance = (name: string) => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/instance": "my-release",
});
const ofRelease = (app: string) => ({ app, release: "my-release" });

describe("what an earlier Milvus of the name has left (labels and names of the charts' claims)", () => {
  for (const [name, labels, part] of [
    ["data-my-release-etcd-0", ofInstance("etcd"), "etcd"],
    ["data-my-release-etcd-2", {}, "etcd"],
    ["data-my-release-0", ofInstance("etcd"), "etcd"],
    ["export-my-release-minio-3", ofRelease("minio"), "object storage"],
    ["export-my-release-minio-0", {}, "object storage"],
    ["export-1-my-release-minio-0", {}, "object storage"],
    ["my-release-minio", {}, "object storage"],
    ["my-release-pulsar-bookie-journal-my-release-pulsar-bookie-0", ofRelease("pulsar"), "message queue"],
    ["my-release-pulsarv3-zookeeper-data-my-release-pulsarv3-zookeeper-0", {}, "message queue"],
    ["data-my-release-kafka-0", ofInstance("kafka"), "message queue"],
    ["data-my-release-zookeeper-0", {}, "message queue"],
    ["woodpecker-storage-my-release-milvus-woodpecker-0", {}, "message queue"],
    ["my-release-milvus", {}, "standalone"],
    ["my-release-milvus-logs", {}, "logs"],
    ["renamed", { ...ofInstance("vectors"), "helm.sh/chart": "milvus-4.2.20" }, "standalone"],
  ] as const) {
    it(`${name} is of ${part}`, async () => {
      const { leftovers } = await read({ persistentvolumeclaims: [claim(name, { ...labels })] });
      expect(leftovers?.map((it) => [it.claimName, it.part, it.createdAt])).to.deep.equal([[name, part, AT]]);
    });
  }

  for (const [title, given] of [
    ["another release", claim("data-other-etcd-0", { ...ofInstance("etcd"), "app.kubernetes.io/instance": "other" })],
    ["a release whose name begins alike", claim("data-my-release-2-etcd-0")],
    ["another program", claim("data-my-release-postgresql-0")],
    [
      "the backups of this program",
      claim("my-release-meta-2.1.4-to-2.2.9-r7", {
        "milvus-upgrade/release": "my-release",
        "milvus-upgrade/from": "2.1.4",
        "milvus-upgrade/to": "2.2.9",
        "milvus-upgrade/revision": "7",
        "milvus-upgrade/ordinal": "1",
      }),
    ],
  ] as const) {
    it(`are no claims of ${title}`, async () => {
      expect((await read({ persistentvolumeclaims: [given] })).leftovers).to.equal(undefined);
    });
  }

  it("say chart and version where their labels do, and no version of a subchart's as that of Milvus", async () => {
    const labels = { "helm.sh/chart": "milvus-4.0.34", "app.kubernetes.io/version": "2.2.14" };
    const { leftovers } = await read({
      persistentvolumeclaims: [
        claim("my-release-milvus", { ...ofInstance("milvus"), ...labels }),
        claim("my-release-minio", {
          ...ofRelease("minio"),
          chart: "minio-8.0.17",
          "app.kubernetes.io/version": "2.2.0",
        }),
      ],
    });
    expect(leftovers).to.deep.equal([
      { claimName: "my-release-milvus", part: "standalone", createdAt: AT, chart: "milvus-4.0.34", version: "2.2.14" },
      { claimName: "my-release-minio", part: "object storage", createdAt: AT, chart: "minio-8.0.17" },
    ]);
  });

  it("are none where Milvus is installed, by its record or by its Deployments", async () => {
    const persistentvolumeclaims = [claim("data-my-release-etcd-0")];
    expect((await read({ persistentvolumeclaims, secrets: recorded("deployed") })).leftovers).to.equal(undefined);
    expect((await read({ persistentvolumeclaims, deployments: [deployment("proxy")] })).leftovers).to.equal(undefined);
  });

  it("are not known where claims may not be listed, and that is said", async () => {
    const { leftovers, notes } = await read({ persistentvolumeclaims: forbidden("persistentvolumeclaims") });
    expect(leftovers).to.equal(undefined);
    expect(notes.join()).to.contain("whether an earlier Milvus my-release has left data");
  });
});
