import { expect } from "chai";
import { verificationStates } from "../../../cluster/verifications";
import type { VerificationState } from "../../../upgrade/model";
import type { Difference } from "../../../verify/compare";
import { recordContent } from "../../../verify/record";
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

/** As a server answers with so many loaded collections of 1,536 dimensions, vectors as they are kept. */
function snapshotOf(count: number, dimensions: number): string {
  const names = Array.from({ length: count }, (_, index) => `collection_${index}`);
  const vector = (seed: number) =>
    Array.from({ length: dimensions }, (_, index) =>
      Number((Math.sin(seed * 7919 + index * 104_729) / 30).toPrecision(3)),
    );
  const answers = names.map((collection, index): QueryAnswer => {
    const query = {
      database: "default",
      collection,
      primaryKey: "id",
      field: "v",
      vector: vector(index),
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
function kept(state: VerificationState): VerificationState | undefined {
  const { name, labels, annotations, data, binaryData } = recordContent(TARGET, state);
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
  for (const { what, count, dimensions, key } of [
    { what: "a small snapshot is text", count: 3, dimensions: 128, key: "snapshot.json" },
    {
      what: "300 collections with vectors of 1,536 numbers are packed",
      count: 300,
      dimensions: 1536,
      key: "snapshot.json.gz",
    },
  ]) {
    it(`${what}, fits, and is read again as it was`, () => {
      const state = record(snapshotOf(count, dimensions));
      const content = recordContent(TARGET, state);
      expect([...Object.keys(content.data), ...Object.keys(content.binaryData)]).to.have.members(["summary", key]);
      expect(sizeOf(content)).to.be.below(LIMIT);
      expect(kept(state)).to.deep.equal(state);
    });
  }

  it("a snapshot that does not fit is refused with what to do", () => {
    expect(() => recordContent(TARGET, record(snapshotOf(900, 1536)))).to.throw("milvus:verify health");
  });

  it("ten thousand differences still fit: the first are kept, and how many more there were", () => {
    const differences = Array.from(
      { length: 10_000 },
      (_, index): Difference => ({
        kind: "collection missing",
        subject: `collection_${index}`,
        message: `The collection collection_${index} (1000 rows) is not there.`,
      }),
    );
    const summary = differences.map(({ message }) => message).join(" ");
    const content = recordContent(TARGET, record(snapshotOf(300, 1536), summary), { problems: [], differences });
    expect(sizeOf(content)).to.be.below(LIMIT);
    const found = JSON.parse(content.data["result.json"] ?? "") as { differences: Difference[]; notShown: number };
    expect(found.differences[0]?.subject).to.equal("collection_0");
    expect(found.differences.length + found.notShown).to.equal(10_000);
    expect(content.data.summary).to.include("collection_0").and.to.include("the run that failed listed everything");
  });
});
