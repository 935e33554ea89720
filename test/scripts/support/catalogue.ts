import type { Entries } from "./etcd";

/** A collection as a user of Milvus sees it; the same whatever format its records have. */
export interface Collection {
  readonly id: number;
  readonly name: string;
  readonly aliases: readonly string[];
  /** Segments with the build of their index, when they have one. */
  readonly segments: readonly { readonly id: number; readonly build?: number }[];
  readonly indexed: boolean;
  readonly loaded: boolean;
}

const FIELD = 101;
const TOMBSTONE = "\xe2\x9b\xbc";
const indexOf = (id: number): number => id * 100;
const partitionOf = (id: number): number => id * 10;

/** As Milvus names these prefixes, below the metadata root. */
const COLLECTION = "root-coord/collection";

/** A collection made from a number, all different and each with everything a migration has to carry over. */
export function exampleCollection(id: number): Collection {
  const indexed = id % 3 !== 0;
  return {
    id,
    name: `collection_${id}`,
    aliases: id % 2 === 0 ? [`alias_${id}`, `other_${id}`] : [],
    segments: [1, 2].map((n) => ({ id: id * 1000 + n, ...(indexed ? { build: id * 1000 + 500 + n } : {}) })),
    indexed,
    loaded: indexed && id % 2 === 0,
  };
}

/** The records Milvus 2.1 keeps for these collections (see sandbox/stand-ins/README.md). */
export function records21(collections: readonly Collection[]): Map<string, string> {
  const records = new Map<string, string>();
  const put = (key: string, value: object | string): void => {
    records.set(key, typeof value === "string" ? value : JSON.stringify(value));
  };
  for (const { id, name, aliases, segments, indexed, loaded } of collections) {
    const collection = {
      id,
      schema: { name, fields: [{ fieldID: FIELD, name: "vector", type_params: [{ key: "dim", value: "128" }] }] },
      partition_ids: [partitionOf(id)],
      partition_names: ["_default"],
      shards_num: 2,
      create_time: id,
      ...(indexed ? { field_indexes: [{ field_id: FIELD, index_id: indexOf(id) }] } : {}),
    };
    put(`${COLLECTION}/${id}`, collection);
    put(`snapshots/${COLLECTION}/${id}_ts${id}`, collection);
    for (const alias of aliases) {
      put(`${COLLECTION}-alias/${alias}`, { id, schema: { name: alias } });
      put(`snapshots/${COLLECTION}-alias/${alias}_ts${id}`, { id, schema: { name: alias } });
    }
    if (indexed) {
      put(`root-coord/index/${id}/${indexOf(id)}`, {
        index_name: "_default_idx",
        index_id: indexOf(id),
        index_params: [{ key: "params", value: '{"nlist":128}' }],
        create_time: id,
      });
    }
    for (const { id: segment, build } of segments) {
      // Not UTF-8 on purpose: these records are protobuf, and the migration must not touch them.
      put(`datacoord-meta/s/${id}/${partitionOf(id)}/${segment}`, `\x08\xff\x00\n\t"${segment}`);
      if (build !== undefined) {
        put(`root-coord/segment-index/${segment}/${indexOf(id)}`, {
          collection_id: id,
          partition_id: partitionOf(id),
          segment_id: segment,
          field_id: FIELD,
          index_id: indexOf(id),
          build_id: build,
          enable_index: true,
        });
        put(`indexes/${build}`, {
          index_build_id: build,
          state: "Finished",
          num_rows: 7,
          index_file_paths: [`files/${build}/a`],
        });
      }
    }
    if (loaded) {
      put(`queryCoord-collectionMeta/${id}`, {
        collection_id: id,
        load_type: "LoadCollection",
        replica_number: 1,
        in_memory_percentage: 100,
      });
    }
  }
  return records;
}

/** What a cluster has beside its collections: a dropped collection and records the migration has nothing to do with. */
export function surroundings(): Map<string, string> {
  return new Map([
    [`snapshots/${COLLECTION}/999_ts5`, JSON.stringify({ id: 999, schema: { name: "dropped" } })],
    [`snapshots/${COLLECTION}/999_ts6`, TOMBSTONE],
    ["root-coord/dd-operation", "{}"],
    ["root-coord/dd-msg-send", "true"],
    ["root-coord/credential/users/root", '{"encrypted_password":"x"}'],
    ["datacoord-meta/channel-removal/by-dev-dml_0", ""],
  ]);
}

/** Complete metadata of a 2.1 cluster. */
export function metadata21(collections: readonly Collection[]): Map<string, string> {
  return new Map([...surroundings(), ...records21(collections)]);
}

/** As Milvus drops a collection: its records go, a tombstone is left. Of either version. */
export function withoutCollection(entries: Entries, id: number): Map<string, string> {
  const isOf = (key: string, value: string): boolean =>
    key === `${COLLECTION}/${id}` ||
    new RegExp(`^(root-coord/index|field-index)/${id}/`).test(key) ||
    (/^root-coord\/(collection-alias|aliases)\//.test(key) && new RegExp(`"(collection_)?id":${id}[,}]`).test(value));
  const left = [...entries].filter(([key, value]) => !isOf(key, value));
  return new Map([...left, [`snapshots/${COLLECTION}/${id}_ts900`, TOMBSTONE]]);
}

/** The records Milvus 2.2 would write for a new collection. */
export function records22({ id, name, aliases, segments }: Collection): Map<string, string> {
  const collection = JSON.stringify({
    id,
    schema: { name },
    partition_ids: [partitionOf(id)],
    state: "CollectionCreated",
  });
  return new Map([
    [`${COLLECTION}/${id}`, collection],
    [`root-coord/partitions/${id}/${partitionOf(id)}`, "{}"],
    ...aliases.map((alias): [string, string] => [
      `root-coord/aliases/${alias}`,
      JSON.stringify({ alias_name: alias, collection_id: id, state: "AliasCreated" }),
    ]),
    ...segments.map((segment): [string, string] => [`datacoord-meta/s/${id}/${partitionOf(id)}/${segment.id}`, "new"]),
  ]);
}

interface CollectionRecord {
  readonly id: number;
  readonly schema: { readonly name: string };
}

const numbers = (key: string): number[] =>
  key
    .split("/")
    .filter((part) => /^\d+$/.test(part))
    .map(Number);

/**
 * What Milvus of that version sees in these records, sorted. Written against the record formats, not against the
 * stand-in's conversion: the oracle of the tests.
 */
export function readCatalogue(entries: Entries, version: "2.1" | "2.2"): Collection[] {
  const under = (prefix: string): [string, string][] => [...entries].filter(([key]) => key.startsWith(`${prefix}/`));
  const aliases = under(version === "2.1" ? `${COLLECTION}-alias` : "root-coord/aliases").map(([key, value]) => {
    const record = JSON.parse(value) as { id?: number; collection_id?: number };
    return { alias: key.split("/").at(-1) ?? "", collection: version === "2.1" ? record.id : record.collection_id };
  });
  const indexed = new Set(
    under(version === "2.1" ? "root-coord/index" : "field-index").map(([key]) => numbers(key)[0]),
  );
  const builds = new Map(
    under(version === "2.1" ? "root-coord/segment-index" : "segment-index").map(([, value]) => {
      const record = JSON.parse(value) as { segment_id: number; build_id: number };
      // In 2.1 what a segment index says is only worth something with the record of its build.
      const isWhole = version === "2.2" || entries.has(`indexes/${record.build_id}`);
      return [record.segment_id, isWhole ? record.build_id : -1];
    }),
  );
  const loaded = new Set(
    under(version === "2.1" ? "queryCoord-collectionMeta" : "querycoord-collection-loadinfo").map(
      ([key]) => numbers(key)[0],
    ),
  );
  return under(COLLECTION)
    .map(([, value]) => JSON.parse(value) as CollectionRecord)
    .map(({ id, schema }) => ({
      id,
      name: schema.name,
      aliases: aliases
        .filter(({ collection }) => collection === id)
        .map(({ alias }) => alias)
        .sort(),
      segments: under(`datacoord-meta/s/${id}`)
        .map(([key]) => numbers(key).at(-1) ?? 0)
        .sort((a, b) => a - b)
        .map((segment) => {
          const build = builds.get(segment);
          return { id: segment, ...(build === undefined ? {} : { build }) };
        }),
      indexed: indexed.has(id),
      loaded: loaded.has(id),
    }))
    .sort((a, b) => a.id - b.id);
}
