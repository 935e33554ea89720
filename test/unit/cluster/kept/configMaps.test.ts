import { expect } from "chai";
import { ClusterError } from "../../../../cluster/errors";
import { applyConfigMap, type ConfigMapContent, deleteConfigMap } from "../../../../cluster/kept/configMaps";
import { ConfigMapServer } from "../../../support/configMapServer";

const NAME = "my-release-verify-2.2.16-to-2.3.5-r1";
const OURS = { "app.kubernetes.io/part-of": "milvus-upgrade", "milvus-upgrade/release": "my-release" };
const CONTENT: ConfigMapContent = {
  name: NAME,
  namespace: "milvus",
  labels: OURS,
  annotations: { "milvus-upgrade/verification": "failed" },
  data: { summary: "books is gone" },
  binaryData: { "snapshot.json.gz": "AAAA" },
};

describe("a ConfigMap that the program keeps something in", () => {
  let api: ConfigMapServer;
  beforeEach(async () => {
    api = new ConfigMapServer();
    await api.start();
  });
  afterEach(() => api.stop());

  const apply = (changes: Partial<ConfigMapContent> = {}) => applyConfigMap(api.client, { ...CONTENT, ...changes });
  const stored = () => api.stored.get(NAME);
  const errorOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("is created, and brought to its content: what is not in it any more is taken out", async () => {
    await apply();
    expect(stored()).to.deep.include({ data: CONTENT.data, binaryData: CONTENT.binaryData });
    expect(stored()?.metadata).to.deep.include({ labels: OURS, annotations: CONTENT.annotations });
    await apply({ data: { "snapshot.json": "{}" }, binaryData: {} });
    expect(stored()).to.deep.include({ data: { "snapshot.json": "{}" }, binaryData: {} });
  });

  for (const { what, labels } of [
    { what: "without labels", labels: undefined },
    { what: "of another program", labels: { "app.kubernetes.io/part-of": "shop" } },
  ]) {
    it(`${what} is refused by name, with what to do and what it costs, and nothing is written`, async () => {
      const theirs = api.put({
        metadata: { name: NAME, ...(labels && { labels }) },
        data: { "settings.yaml": "retries: 3" },
      });
      const error = await errorOf(apply());
      expect(error).to.be.instanceOf(ClusterError);
      expect((error as ClusterError).code).to.equal("foreignObject");
      for (const words of [
        `The ConfigMap ${NAME} in the namespace milvus is not this program's`,
        "Nothing was written to it",
        `kubectl -n milvus get configmap ${NAME} -o yaml`,
        `kubectl -n milvus delete configmap ${NAME}`,
        "loses what is in it",
      ]) {
        expect((error as ClusterError).message).to.include(words);
      }
      expect(api.writes).to.deep.equal([]);
      expect(stored()).to.deep.equal(theirs);
    });
  }

  it("of an earlier version of the program, which names the release alone, is written, and gets the label", async () => {
    api.put({ metadata: { name: NAME, labels: { "milvus-upgrade/release": "my-release" } } });
    await apply();
    expect(stored()?.metadata.labels).to.deep.equal(OURS);
    expect(stored()?.data).to.deep.equal(CONTENT.data);
  });

  for (const { what, before } of [
    { what: "is created", before: false },
    { what: "is changed", before: true },
  ]) {
    it(`that somebody else makes while it ${what} stays as it is`, async () => {
      if (before) api.put({ metadata: { name: NAME, labels: OURS } });
      const theirs = { metadata: { name: NAME }, data: { "settings.yaml": "retries: 3" } };
      api.onWrite = () => void api.put(theirs);
      expect(await errorOf(apply())).to.include({ code: "foreignObject" });
      expect(stored()?.data).to.deep.equal(theirs.data);
    });
  }

  it("of its own that changes meanwhile is read again, and written", async () => {
    api.put({ metadata: { name: NAME, labels: OURS } });
    api.onWrite = () => {
      api.onWrite = () => undefined;
      api.put({ metadata: { name: NAME, labels: OURS }, data: { stale: "1" } });
    };
    await apply();
    expect(stored()?.data).to.deep.equal(CONTENT.data);
  });

  it("is written again when the answer was lost", async () => {
    api.onWrite = () => {
      api.onWrite = () => undefined;
      api.loseNextAnswer = true;
    };
    await apply();
    expect(stored()?.data).to.deep.equal(CONTENT.data);
    expect(api.writes.map((write) => write.split(" ")[0])).to.deep.equal(["POST", "PATCH"]);
  });

  it("is deleted, and one that is gone already is fine; what keeps it is told", async () => {
    api.put({ metadata: { name: NAME, labels: OURS } });
    const remove = () => deleteConfigMap(api.client, { name: NAME, namespace: "milvus" });
    expect(await remove()).to.equal(undefined);
    expect(stored()).to.equal(undefined);
    expect(await remove()).to.equal(undefined);
    api.refuse = 403;
    expect(await remove()).to.equal("refused with 403");
  });
});
