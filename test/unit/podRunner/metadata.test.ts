import { expect } from "chai";
import { compareMetadata, countMetadata, metadataState } from "../../../sandbox/metadata";
import { seedRecords } from "../../../sandbox/metadataSeed";

const ID = 7;
const collection = { id: ID, schema: { name: "books" }, partition_ids: [8] };
const json = (value: unknown): string => JSON.stringify(value);

const OLD = new Map([
  [`root-coord/collection/${ID}`, json({ ...collection, field_indexes: [{ field_id: 101, index_id: 9 }] })],
  ["root-coord/collection-alias/b", json({ id: ID, schema: { name: "b" } })],
  [`root-coord/index/${ID}/9`, json({ index_name: "_default_idx", index_id: 9 })],
  [
    "root-coord/segment-index/11/9",
    json({ collection_id: ID, partition_id: 8, segment_id: 11, index_id: 9, build_id: 12 }),
  ],
  ["indexes/12", json({ index_build_id: 12 })],
  [
    `queryCoord-collectionMeta/${ID}`,
    json({ collection_id: ID, load_type: "LoadCollection", in_memory_percentage: 100 }),
  ],
  ["datacoord-meta/s/7/8/11", json({ ID: 11 })],
]);
const NEW = new Map([
  [`root-coord/collection/${ID}`, json({ ...collection, state: "CollectionCreated" })],
  ["root-coord/aliases/b", json({ alias_name: "b", collection_id: ID, state: "AliasCreated" })],
  [`field-index/${ID}/9`, json({ collection_id: ID, index_id: 9 })],
  [`segment-index/${ID}/8/11/12`, json({ collection_id: ID, segment_id: 11, index_id: 9, build_id: 12 })],
  [`querycoord-collection-loadinfo/${ID}`, json({ collection_id: ID })],
  [
    `queryCoord-collectionMeta/${ID}`,
    json({ collection_id: ID, load_type: "LoadCollection", in_memory_percentage: 100 }),
  ],
  ["datacoord-meta/s/7/8/11", json({ ID: 11 })],
]);
const without = (records: ReadonlyMap<string, string>, ...keys: string[]): Map<string, string> =>
  new Map([...records].filter(([key]) => !keys.some((prefix) => key.startsWith(prefix))));

describe("format of metadata", () => {
  const table = [
    { title: "nothing", records: new Map<string, string>(), format: "empty" },
    {
      title: "only what no migration touches",
      records: without(OLD, "root-coord", "indexes", "query"),
      format: "empty",
    },
    { title: "2.1 records", records: OLD, format: "2.1" },
    { title: "2.2 records", records: NEW, format: "2.2" },
    {
      title: "a 2.1 collection alone",
      records: without(OLD, "root-coord/collection-", "root-coord/i", "root-coord/s", "indexes"),
      format: "2.1",
    },
    {
      title: "2.2 collections, the rest not yet saved",
      records: without(NEW, "root-coord/aliases", "field", "segment", "querycoord"),
      format: "2.2",
    },
    { title: "both", records: new Map([...NEW, ...without(OLD, "root-coord/collection/")]), format: "mixed" },
  ];
  for (const { title, records, format } of table) {
    it(`${title}: ${format}`, () => expect(metadataState(records).format).to.equal(format));
  }
});

describe("comparison of metadata", () => {
  it("finds the same in both formats", () => {
    expect(compareMetadata(metadataState(OLD), metadataState(NEW))).to.deep.equal([]);
  });

  it("names what was lost and what is new", () => {
    const later = without(NEW, "field-index", `root-coord/collection/${ID}`);
    later.set("root-coord/aliases/new", json({ collection_id: ID }));
    expect(compareMetadata(metadataState(OLD), metadataState(later))).to.deep.equal([
      "lost collection: 7 books partitions=8",
      "new alias: new 7",
      "lost fieldIndex: 7 9",
    ]);
  });

  it("does not expect a collection that was not fully loaded to be loaded (rule 6.8)", () => {
    const half = new Map(OLD);
    half.set(
      `queryCoord-collectionMeta/${ID}`,
      json({ collection_id: ID, load_type: "LoadCollection", in_memory_percentage: 50 }),
    );
    expect(compareMetadata(metadataState(half), metadataState(without(NEW, "querycoord-")))).to.deep.equal([]);
  });
});

describe("seeded metadata", () => {
  it("is of format 2.1, with something of every kind", () => {
    const state = metadataState(seedRecords(5, 4));
    expect(state.format).to.equal("2.1");
    expect(countMetadata(state)).to.deep.equal({
      collection: 5,
      alias: 3,
      fieldIndex: 4,
      segmentIndex: 16,
      loaded: 6,
      other: 21,
    });
  });

  it("is the same each time", () => {
    expect([...seedRecords(3, 2)]).to.deep.equal([...seedRecords(3, 2)]);
  });
});
