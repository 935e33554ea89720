import { expect } from "chai";
import { ClusterError } from "../../../cluster/errors";
import { LARGEST_SNAPSHOT, verificationStates } from "../../../cluster/kept/verifications";
import type { VerificationState } from "../../../upgrade/model";
import { hasSnapshot } from "../../../upgrade/verification";
import type { Difference } from "../../../verify/compare";
import { readSnapshot, recordContent } from "../../../verify/record";
import type { QueryAnswer, Snapshot } from "../../../verify/snapshot";

const TARGET = { releaseName: "my-release", namespace: "milvus" };
const LIMIT = 1_048_576;

function record(snapshot: string | undefined, summary = "books is gone"): VerificationState {
  return {
    configMap: "my-release-verify-2.2.16-to-2.3.5-r1",
    attempt: { from: "2.2.16", to: "2.3.5", revision: 1, ordinal: 1 },
    status: "failed",
    summary,
    ...(snapshot !== undefined && { snapshot }),
  };
}

const snapshots = new Map<string, string>();

function snapshotOf(count: number, dimensions: number): string {
  const key = `${count} of ${dimensions}`;
  const text = snapshots.get(key) ?? snapshotText(count, dimensions);
  snapshots.set(key, text);
  return text;
}

/** As a server answers with so many loaded collections of so many dimensions, vectors as they are kept. */
function snapshotText(count: number, dimensions: number): string {
  const names = Array.from({ length: count }, (_, index) => `collection_${index}`);
  // So many that one that comes again is out of reach for gzip, which looks 32 kB back.
  const vectors = Array.from({ length: 10 }, (_, seed) =>
    Array.from({ length: dimensions }, (_, index) =>
      Number((Math.sin(seed * 7919 + index * 104_729) / 30).toPrecision(3)),
    ),
  );
  const answers = names.map((collection, index): QueryAnswer => {
    const query = {
      database: "default",
      collection,
      primaryKey: "id",
      field: "v",
      vector: vectors[index % vectors.length] ?? [],
      limit: 5,
      same: "all" as const,
    };
    const hits = [0, 1, 2, 3, 4].map((hit) => ({ id: `${index}00${hit}`, distance: hit / 7 }));
    return { query, hits };
  });
  const snapshot: Snapshot = {
    takenAt: "2026-05-01T12:00:00Z",
    version: "v2.2.16",
    databases: ["default"],
    collections: names.map((name) => ({ database: "default", name, rows: 1000, loadState: "loaded", indexes: [] })),
    answers,
  };
  return JSON.stringify(snapshot);
}

function sizeOf({ data, binaryData }: ReturnType<typeof recordContent>): number {
  const texts = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return texts + Object.values(binaryData).reduce((sum, text) => sum + Buffer.from(text, "base64").byteLength, 0);
}

/** Written, and read again as the next run does. */
function kept(state: VerificationState, content = recordContent(TARGET, state)): VerificationState | undefined {
  const { name, labels, annotations, data, binaryData } = content;
  return verificationStates(
    [
      {
        metadata: { name, labels: { ...labels }, annotations: { ...annotations } },
        data: { ...data },
        binaryData: { ...binaryData },
      },
    ],
    {},
  ).at(-1);
}

describe("the ConfigMap of a verification", () => {
  it("a small snapshot is text, fits, and is read again as it was", () => {
    const state = record(snapshotOf(3, 128));
    const content = recordContent(TARGET, state);
    expect([...Object.keys(content.data), ...Object.keys(content.binaryData)]).to.have.members([
      "summary",
      "snapshot.json",
    ]);
    expect(sizeOf(content)).to.be.below(LIMIT);
    expect(kept(state, content)).to.deep.equal(state);
  });

  it("says whose it is, as everything that the upgrade makes", () => {
    const { labels } = recordContent(TARGET, record(undefined));
    expect(labels).to.include({
      "app.kubernetes.io/part-of": "milvus-upgrade",
      "milvus-upgrade/release": "my-release",
      "milvus-upgrade/verification": "true",
    });
  });

  it("a snapshot that does not fit is refused with what to do", () => {
    expect(() => recordContent(TARGET, record(snapshotOf(500, 1536)))).to.throw("milvus:verify health");
  });

  it("a snapshot that the next run would refuse to unpack is not written, however small it is packed", () => {
    const text = "a".repeat(LARGEST_SNAPSHOT + 1);
    expect(() => recordContent(TARGET, record(text))).to.throw("milvus:verify health");
    expect(kept(record(text.slice(1)))?.snapshot).to.have.length(LARGEST_SNAPSHOT);
  });

  it("300 collections with vectors of 1,536 numbers are packed, fit beside ten thousand differences, and are read again", () => {
    const differences = Array.from(
      { length: 10_000 },
      (_, index): Difference => ({
        kind: "collection missing",
        subject: `collection_${index}`,
        message: `The collection collection_${index} (1000 rows) is not there.`,
      }),
    );
    const summary = differences.map(({ message }) => message).join(" ");
    const state = record(snapshotOf(300, 1536), summary);
    const content = recordContent(TARGET, state, { problems: [], differences });
    expect(Object.keys(content.data)).to.have.members(["summary", "result.json"]);
    expect(Object.keys(content.binaryData)).to.have.members(["snapshot.json.gz"]);
    expect(sizeOf(content)).to.be.below(LIMIT);
    // The summary is cut, as is said below.
    expect({ ...kept(state, content), summary }).to.deep.equal(state);
    const found = JSON.parse(content.data["result.json"] ?? "") as { differences: Difference[]; notShown: number };
    // The first are kept, and how many more there were.
    expect(found.differences[0]?.subject).to.equal("collection_0");
    expect(found.differences.length + found.notShown).to.equal(10_000);
    expect(content.data.summary).to.include("collection_0").and.to.include("the run that failed listed everything");
  });
});

describe("the snapshot of a record, read back", () => {
  const bare = record(undefined);

  it("is what was written, whatever its size", () => {
    for (const count of [0, 3, 300]) {
      const text = snapshotOf(count, 128);
      expect(readSnapshot("milvus", kept(record(text)))).to.deep.equal(JSON.parse(text));
    }
  });

  it("is missing where only the health was looked at, and is there where it is damaged", () => {
    expect(readSnapshot("milvus", bare)).to.equal(undefined);
    expect(readSnapshot("milvus", undefined)).to.equal(undefined);
    expect([hasSnapshot(undefined), hasSnapshot(bare), hasSnapshot({ ...bare, damaged: "x" })]).to.deep.equal([
      false,
      false,
      true,
    ]);
  });

  const wrongRows = snapshotOf(1, 2).replace('"rows":1000', '"rows":"many"');
  for (const { what, damage, why } of [
    { what: "that cannot be unpacked", damage: { damaged: "it unpacks to more than 32 MB" }, why: "more than 32 MB" },
    { what: "that was edited by hand", damage: { snapshot: "oops" }, why: "it is not JSON (" },
    { what: "that is empty", damage: { snapshot: "" }, why: "it is not JSON (" },
    { what: "of other JSON", damage: { snapshot: "{}" }, why: "it is JSON, but not a snapshot" },
    { what: "of null", damage: { snapshot: "null" }, why: "it is JSON, but not a snapshot" },
    { what: "with a wrong part", damage: { snapshot: wrongRows }, why: "it is JSON, but not a snapshot" },
  ]) {
    it(`${what} is an error with the ConfigMap, the reason, what to type and what it costs`, () => {
      const read = () => readSnapshot("milvus", { ...bare, ...damage });
      expect(read).to.throw(ClusterError).with.property("code", "badSnapshot");
      for (const words of [
        "The snapshot in the ConfigMap my-release-verify-2.2.16-to-2.3.5-r1 in the namespace milvus",
        why,
        "kubectl -n milvus delete configmap my-release-verify-2.2.16-to-2.3.5-r1",
        "nobody can say any more whether the data is as it was before that upgrade",
      ]) {
        expect(read).to.throw(words);
      }
    });
  }
});
