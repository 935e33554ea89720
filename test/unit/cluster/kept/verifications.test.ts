import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { LARGEST_SNAPSHOT, verificationStates } from "../../../../cluster/kept/verifications";

type ConfigMap = Parameters<typeof verificationStates>[0][number];

function configMap(revision: number, more: Omit<ConfigMap, "metadata">): ConfigMap {
  const attempt = { release: "my", from: "2.2.16", to: "2.3.5", revision: String(revision), ordinal: "1" };
  const labels = Object.fromEntries(Object.entries(attempt).map(([key, value]) => [`milvus-upgrade/${key}`, value]));
  return {
    metadata: { name: `my-verify-r${revision}`, labels, annotations: { "milvus-upgrade/verification": "failed" } },
    ...more,
  };
}
const packed = (bytes: Buffer | string): Omit<ConfigMap, "metadata"> => ({
  data: { summary: "books is gone" },
  binaryData: { "snapshot.json.gz": Buffer.from(bytes).toString("base64") },
});

describe("the snapshot of a verification", () => {
  const whole = gzipSync('{"takenAt":"now"}');
  // What is a thousand times as large unpacked.
  const bomb = gzipSync(Buffer.alloc(LARGEST_SNAPSHOT + 1), { level: 1 });

  for (const { what, bytes, why } of [
    { what: "cut off", bytes: whole.subarray(0, -6), why: /^it cannot be unpacked \(unexpected end of file\)$/ },
    { what: "no gzip", bytes: "oops", why: /^it cannot be unpacked \(incorrect header check\)$/ },
    { what: "empty", bytes: "", why: /^it cannot be unpacked \(unexpected end of file\)$/ },
    { what: "larger unpacked than any that is written", bytes: bomb, why: /^it unpacks to more than 32 MB$/ },
  ]) {
    it(`that is ${what} is damaged, which is said, and status and the other records are known all the same`, () => {
      const found = verificationStates(
        [configMap(1, { data: { "snapshot.json": "{}" } }), configMap(2, packed(bytes))],
        {},
      );
      expect(found.map(({ configMap: name, status }) => [name, status])).to.deep.equal([
        ["my-verify-r1", "failed"],
        ["my-verify-r2", "failed"],
      ]);
      const [good, bad] = found;
      expect(good).to.include({ snapshot: "{}" }).and.to.not.have.property("damaged");
      expect(bad).to.include({ summary: "books is gone" }).and.to.not.have.property("snapshot");
      expect(bad?.damaged).to.match(why);
    });
  }
});

describe("the verification of an earlier installation", () => {
  it("is none of this one's: its higher revision does not hide what failed here", () => {
    const of = (record: ConfigMap, firstDeployed: string): ConfigMap => ({
      ...record,
      metadata: {
        ...record.metadata,
        annotations: { ...record.metadata?.annotations, "milvus-upgrade/first-deployed": firstDeployed },
      },
    });
    const found = verificationStates([of(configMap(2, {}), "now"), of(configMap(9, {}), "before")], {
      firstDeployedAt: "now",
    });
    expect(found.map(({ configMap: name }) => name)).to.deep.equal(["my-verify-r2"]);
  });
});
