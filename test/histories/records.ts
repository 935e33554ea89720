import { type Collection, exampleCollection, readCatalogue, records21 } from "../scripts/support/catalogue";

export type { Collection };
export type Minor = "2.1" | "2.2";
/** Keys and values; bytes as latin1 text. */
export type Entries = ReadonlyMap<string, string>;

const TOMBSTONE = "\xe2\x9b\xbc";
const COLLECTION = "root-coord/collection/";
const ALIAS = "root-coord/collection-alias/";
const SNAPSHOTS = "snapshots/";

/** What every Milvus writes at its first start, in either format. */
export const FIRST_START: Entries = new Map([["root-coord/credential/users/root", '{"encrypted_password":"x"}']]);

/** A new collection: smaller than those of the script's own tests, so that thousands of histories take seconds. */
export function newCollection(id: number): Collection {
  const example = exampleCollection(id);
  return changed(example, { segments: example.segments.slice(0, 1) });
}

export function withIndex(collection: Collection): Collection {
  return changed(collection, {
    indexed: true,
    segments: collection.segments.map(({ id }) => ({ id, build: id + 500 })),
  });
}

export function withSegment(collection: Collection): Collection {
  const id = Math.max(...collection.segments.map((segment) => segment.id)) + 1;
  const segment = { id, ...(collection.indexed && { build: id + 500 }) };
  return changed(collection, { segments: [...collection.segments, segment] });
}

/** The members in the order in which the reader of the records makes them: catalogues are compared as text. */
function changed(collection: Collection, over: Partial<Collection>): Collection {
  const { id, name, aliases, segments, indexed, loaded } = { ...collection, ...over };
  return { id, name, aliases, segments, indexed, loaded };
}

/** The records that Milvus of that minor writes for a collection, keys below the metadata root. */
export function recordsOf(collection: Collection, minor: Minor): Entries {
  const old = records21([collection]);
  if (minor === "2.1") return old;
  const segments = [...old].filter(([key]) => key.startsWith("datacoord-meta/"));
  const partition = `root-coord/partitions/${collection.id}/${collection.id * 10}`;
  return new Map([...convert(old), ...segments, [partition, "{}"]]);
}

/** What that Milvus removes when the collection is dropped, and writes. Its segments stay until they are collected. */
export function dropOf(
  { id, aliases }: Collection,
  at: number,
): { readonly removed: RegExp; readonly written: Entries } {
  const named = aliases.length > 0 ? `|(root-coord/collection-alias|root-coord/aliases)/(${aliases.join("|")})$` : "";
  return {
    removed: new RegExp(
      `^(root-coord/collection/${id}$|root-coord/index/${id}/|root-coord/segment-index/${id}\\d{3}/|indexes/${id}\\d{3}$|queryCoord-collectionMeta/${id}$|root-coord/partitions/${id}/|field-index/${id}/|segment-index/${id}/|querycoord-(collection|partition)-loadinfo/${id}($|/)${named})`,
    ),
    written: new Map([[`snapshots/root-coord/collection/${id}_ts${at}`, TOMBSTONE]]),
  };
}

const catalogues = new WeakMap<Entries, Partial<Record<Minor, readonly Collection[]>>>();

/**
 * What Milvus of that minor sees in these records. A collection in the other one's format is none that it can use, even
 * where it has neither index nor alias to miss. The entries must not be changed afterwards: the answer is kept.
 */
export function catalogueOf(entries: Entries, minor: Minor): readonly Collection[] {
  const known = catalogues.get(entries)?.[minor];
  if (known) return known;
  const seen = readCatalogue(entries, minor).map((collection) => {
    const isNew = entries.get(`root-coord/collection/${collection.id}`)?.includes('"state":') === true;
    if (isNew === (minor === "2.2")) return collection;
    return changed(collection, { name: `${collection.name} in the format of ${isNew ? "2.2" : "2.1"}` });
  });
  catalogues.set(entries, { ...catalogues.get(entries), [minor]: seen });
  return seen;
}

export function sameCollection(a: Collection | undefined, b: Collection | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function sameCatalogue(a: readonly Collection[], b: readonly Collection[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

// ---------------------------------------------------------------------------------------------- conversion

interface CollectionRecord {
  readonly id: number;
  readonly schema: { readonly name: string; readonly fields?: readonly FieldRecord[] };
  readonly field_indexes?: readonly { readonly field_id: number; readonly index_id: number }[];
}
interface FieldRecord {
  readonly fieldID: number;
  readonly type_params?: readonly Param[];
}
interface Param {
  readonly key: string;
  readonly value: string;
}
interface IndexRecord {
  readonly index_name: string;
  readonly index_params: readonly Param[];
  readonly create_time?: number;
}
interface SegmentIndexRecord {
  readonly collection_id: number;
  readonly partition_id: number;
  readonly segment_id: number;
  readonly index_id: number;
  readonly build_id: number;
}
interface BuildRecord {
  readonly state: string;
  readonly num_rows?: number;
  readonly index_file_paths?: readonly string[];
}
interface LoadRecord {
  readonly collection_id: number;
  readonly replica_number: number;
}

const parsed = new Map<string, unknown>();
/** The same few values are read thousands of times. */
function parse(value: string): unknown {
  if (!parsed.has(value)) parsed.set(value, JSON.parse(value));
  return parsed.get(value);
}

/** What the migration tool loads: a part of the metadata by its prefix. */
export type Load = (prefix: string) => readonly (readonly [string, string])[];

export function convert(old: Entries): [string, string][] {
  return convertLoaded((prefix) => [...old].filter(([key]) => key.startsWith(prefix)).sort(byKey));
}

const byKey = (a: readonly [string, string], b: readonly [string, string]) => (a[0] < b[0] ? -1 : 1);

/** The records of 2.2 in the order in which the stand-in for the tool saves them (sandbox/stand-ins, convert.go). */
export function convertLoaded(load: Load): [string, string][] {
  const out: [string, string][] = [];
  const put = (key: string, record: object) => out.push([key, JSON.stringify(record)]);
  const living = new Map<number, CollectionRecord | undefined>();
  const newest = new Map<number, number>();
  const learn = (id: number, at: number, record: CollectionRecord | undefined) => {
    if ((newest.get(id) ?? 0) > at) return;
    newest.set(id, at);
    living.set(id, record);
  };
  for (const [key, value] of load(`${SNAPSHOTS}root-coord/collection`)) {
    const at = key.lastIndexOf("_ts");
    const timestamp = Number(key.slice(at + 3));
    const plain = key.slice(SNAPSHOTS.length, at);
    const isAlias = plain.startsWith(ALIAS);
    const newKey = isAlias ? `${SNAPSHOTS}root-coord/aliases/${plain.slice(ALIAS.length)}_ts${timestamp}` : key;
    if (value === TOMBSTONE) {
      out.push([newKey, TOMBSTONE]);
      if (!isAlias) learn(Number(plain.slice(COLLECTION.length)), timestamp, undefined);
      continue;
    }
    const record = parse(value) as CollectionRecord;
    if (isAlias) {
      put(newKey, alias22(record, timestamp));
      continue;
    }
    learn(record.id, timestamp, record);
    put(newKey, collection22(record));
  }
  for (const [key, value] of load(COLLECTION)) {
    const record = parse(value) as CollectionRecord;
    living.set(record.id, record);
    put(key, collection22(record));
  }
  for (const [key, value] of load(ALIAS)) {
    put(`root-coord/aliases/${key.slice(ALIAS.length)}`, alias22(parse(value) as CollectionRecord, 0));
  }
  const indexes = new Map(load("root-coord/index/"));
  for (const id of [...living.keys()].sort((a, b) => a - b)) {
    const record = living.get(id);
    for (const { field_id, index_id } of record?.field_indexes ?? []) {
      const found = indexes.get(`root-coord/index/${id}/${index_id}`);
      if (found === undefined) throw new ConversionError(`index not exist, collection: ${id}, index: ${index_id}`);
      const { index_name, index_params, create_time } = parse(found) as IndexRecord;
      const field = record?.schema.fields?.find(({ fieldID }) => fieldID === field_id);
      put(`field-index/${id}/${index_id}`, {
        collection_id: id,
        field_id,
        index_id,
        index_name: index_name === "_default_idx" ? `_default_idx_${field_id}` : index_name,
        type_params: field?.type_params,
        index_params: flat(index_params),
        user_index_params: index_params,
        create_time,
      });
    }
  }
  const builds = new Map(load("indexes/"));
  for (const [, value] of load("root-coord/segment-index/")) {
    const { collection_id, partition_id, segment_id, index_id, build_id } = parse(value) as SegmentIndexRecord;
    const found = builds.get(`indexes/${build_id}`);
    if (found === undefined) throw new ConversionError(`index build meta not found, segment id: ${segment_id}`);
    const build = parse(found) as BuildRecord;
    put(`segment-index/${collection_id}/${partition_id}/${segment_id}/${build_id}`, {
      collection_id,
      partition_id,
      segment_id,
      num_rows: build.num_rows,
      index_id,
      build_id,
      state: build.state,
      index_file_keys: build.index_file_paths?.map((file) => file.split("/").at(-1)),
      write_handoff: true,
    });
  }
  for (const [, value] of load("queryCoord-collectionMeta/")) {
    const { collection_id, replica_number } = parse(value) as LoadRecord;
    const references = living.get(collection_id)?.field_indexes ?? [];
    if (references.length === 0) continue;
    put(`querycoord-collection-loadinfo/${collection_id}`, {
      collection_id,
      replica_number,
      status: "Loaded",
      field_index_id: Object.fromEntries(references.map(({ field_id, index_id }) => [String(field_id), index_id])),
    });
  }
  return out;
}

/** What the tool cannot convert ends its `run` after it has removed the source. */
export class ConversionError extends Error {}

function collection22(record: CollectionRecord): object {
  // What is undefined is not written.
  return { ...record, field_indexes: undefined, state: "CollectionCreated" };
}

function alias22({ id, schema }: CollectionRecord, timestamp: number): object {
  return {
    alias_name: schema.name,
    collection_id: id,
    ...(timestamp > 0 && { created_time: timestamp }),
    state: "AliasCreated",
  };
}

function flat(params: readonly Param[]): Param[] {
  const all = params.flatMap(({ key, value }) =>
    key === "params"
      ? Object.entries(parse(value) as Record<string, unknown>).map(([name, member]) => ({
          key: name,
          value: String(member),
        }))
      : [{ key, value }],
  );
  return all.sort((a, b) => (a.key < b.key ? -1 : 1));
}
