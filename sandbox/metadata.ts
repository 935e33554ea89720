/**
 * Milvus' metadata in etcd: what is there, in which format, and whether two states hold the same. Keys are Milvus' own;
 * the records are those of the stand-in for the migration tool (sandbox/stand-ins/README.md).
 */
import { createHash } from "node:crypto";
import type { EtcdClient } from "./etcd";

export const METADATA_FORMATS = ["empty", "2.1", "2.2", "mixed"] as const;
export type MetadataFormat = (typeof METADATA_FORMATS)[number];

/** Kinds that a migration has to carry over; each entry is written the same way for both formats. */
export const METADATA_KINDS = ["collection", "alias", "fieldIndex", "segmentIndex", "loaded", "other"] as const;
export type MetadataKind = (typeof METADATA_KINDS)[number];

export interface MetadataState {
  readonly format: MetadataFormat;
  /** Sorted entries of each kind, e.g. `1001 books` for a collection. */
  readonly entries: Readonly<Record<MetadataKind, readonly string[]>>;
}

export const DEFAULT_ROOT_PATH = "by-dev";

/** Keys that only one of the formats has, below `<root>/meta/`. */
const MARKS: readonly { readonly format: "2.1" | "2.2"; readonly key: RegExp }[] = [
  { format: "2.1", key: /^(snapshots\/)?root-coord\/collection-alias\// },
  { format: "2.1", key: /^root-coord\/(index|segment-index)\// },
  { format: "2.1", key: /^indexes\// },
  { format: "2.2", key: /^(snapshots\/)?root-coord\/(aliases|partitions|fields)\// },
  { format: "2.2", key: /^(field-index|segment-index)\// },
  { format: "2.2", key: /^querycoord-(collection|partition)-loadinfo\// },
];

const COLLECTION = /^(snapshots\/)?root-coord\/collection\//;
const TOMBSTONE = "\u26fc";

interface CollectionRecord {
  readonly id: number;
  readonly schema: { readonly name: string };
  readonly partition_ids?: readonly number[];
  readonly field_indexes?: readonly { readonly field_id: number; readonly index_id: number }[];
  readonly state?: string;
}

type Records = ReadonlyMap<string, string>;

/** Reads everything below `<rootPath>/meta`, sessions left out. */
export async function readMetadata(etcd: EtcdClient, rootPath = DEFAULT_ROOT_PATH): Promise<MetadataState> {
  const root = `${rootPath}/meta/`;
  const all = await etcd.list(root);
  const records = new Map(
    all
      .map(({ key, value }): [string, string] => [key.slice(root.length), value])
      .filter(([key]) => !key.startsWith("session/")),
  );
  return metadataState(records);
}

/** Pure part of `readMetadata`: keys are relative to `<root>/meta/`. */
export function metadataState(records: Records): MetadataState {
  const format = metadataFormat(records);
  const entries = Object.fromEntries(METADATA_KINDS.map((kind) => [kind, [] as string[]])) as Record<
    MetadataKind,
    string[]
  >;
  const collections = new Map<number, CollectionRecord>();
  for (const [key, value] of records) {
    if (/^root-coord\/collection\//.test(key) && value !== TOMBSTONE) {
      const record = JSON.parse(value) as CollectionRecord;
      collections.set(record.id, record);
    }
  }
  for (const [key, value] of records) {
    const entry = entryOf(key, value, collections);
    if (entry) entries[entry.kind].push(...entry.texts);
  }
  for (const kind of METADATA_KINDS) entries[kind].sort();
  return { format, entries };
}

function metadataFormat(records: Records): MetadataFormat {
  const found = new Set<"2.1" | "2.2">();
  for (const [key, value] of records) {
    const mark = MARKS.find((candidate) => candidate.key.test(key));
    if (mark) found.add(mark.format);
    else if (COLLECTION.test(key) && value !== TOMBSTONE) {
      found.add((JSON.parse(value) as CollectionRecord).state === undefined ? "2.1" : "2.2");
    }
  }
  if (found.size === 2) return "mixed";
  return [...found][0] ?? "empty";
}

interface Entry {
  readonly kind: MetadataKind;
  readonly texts: readonly string[];
}

/** The part of a record that both formats hold, in words of its own; undefined for what says nothing new. */
function entryOf(key: string, value: string, collections: ReadonlyMap<number, CollectionRecord>): Entry | undefined {
  const one = (kind: MetadataKind, ...words: unknown[]): Entry => ({ kind, texts: [words.join(" ")] });
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (value === TOMBSTONE || key.startsWith("snapshots/")) return undefined;
  const record = (): Record<string, unknown> => JSON.parse(value) as Record<string, unknown>;
  if (key.startsWith("root-coord/collection/")) {
    const { id, schema, partition_ids = [] } = JSON.parse(value) as CollectionRecord;
    return one("collection", id, schema.name, `partitions=${partition_ids.join(",")}`);
  }
  if (key.startsWith("root-coord/collection-alias/")) return one("alias", name, record().id);
  if (key.startsWith("root-coord/aliases/")) return one("alias", name, record().collection_id);
  if (key.startsWith("root-coord/index/") || key.startsWith("field-index/"))
    return one("fieldIndex", ...parts.slice(-2));
  if (key.startsWith("root-coord/segment-index/") || key.startsWith("segment-index/")) {
    const { collection_id, segment_id, index_id, build_id } = record();
    return one("segmentIndex", collection_id, segment_id, index_id, build_id);
  }
  if (key.startsWith("indexes/")) return undefined;
  if (key.startsWith("queryCoord-collectionMeta/")) return { kind: "loaded", texts: loadedIn21(record(), collections) };
  if (key.startsWith("querycoord-")) return one("loaded", ...parts.slice(1));
  return one("other", key, createHash("sha256").update(value).digest("hex").slice(0, 12));
}

/** What 2.2 will have of a 2.1 load record: nothing unless fully loaded and indexed (rule 6.8). */
function loadedIn21(
  record: Record<string, unknown>,
  collections: ReadonlyMap<number, CollectionRecord>,
): readonly string[] {
  const { collection_id, load_type, in_memory_percentage, partition_ids } = record as {
    collection_id: number;
    load_type: string;
    in_memory_percentage: number;
    partition_ids?: number[];
  };
  const collection = collections.get(collection_id);
  // The tool leaves this record in place, so in 2.2 it says nothing any more.
  if (!collection || collection.state !== undefined) return [];
  if (in_memory_percentage < 100 || !collection.field_indexes?.length) return [];
  if (load_type !== "LoadPartition") return [String(collection_id)];
  return (partition_ids ?? []).map((partition) => `${collection_id} ${partition}`);
}

export type MetadataCounts = Readonly<Record<MetadataKind, number>>;

export function countMetadata(state: MetadataState): MetadataCounts {
  return Object.fromEntries(METADATA_KINDS.map((kind) => [kind, state.entries[kind].length])) as MetadataCounts;
}

/** One line for each entry that only one of the two states has; empty when they hold the same, whatever the format. */
export function compareMetadata(before: MetadataState, after: MetadataState): string[] {
  return METADATA_KINDS.flatMap((kind) => {
    const [old, now] = [new Set(before.entries[kind]), new Set(after.entries[kind])];
    return [
      ...[...old].filter((entry) => !now.has(entry)).map((entry) => `lost ${kind}: ${entry}`),
      ...[...now].filter((entry) => !old.has(entry)).map((entry) => `new ${kind}: ${entry}`),
    ];
  });
}
