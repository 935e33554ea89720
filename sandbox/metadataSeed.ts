/** Metadata as a Milvus 2.1 in use leaves it in etcd, so that a migration has something to lose. */
import type { EtcdClient } from "./etcd";
import { DEFAULT_ROOT_PATH } from "./metadata";

export interface SeedOptions {
  /** Default `by-dev`. */
  readonly rootPath?: string;
  /** Default 5. */
  readonly collections?: number;
  /** Segments of each collection; default 4. */
  readonly segments?: number;
}

const TOMBSTONE = "\u26fc";
/** A Milvus timestamp: milliseconds shifted by 18 bits, with a counter below. */
const FIRST_TIMESTAMP = 437_000_000_000_000_000n;
const FIRST_ID = 437_000_000_000_001n;

/** Writes it; returns the number of keys. Same options, same keys and values. */
export async function seedMetadata(etcd: EtcdClient, options: SeedOptions = {}): Promise<number> {
  const root = options.rootPath ?? DEFAULT_ROOT_PATH;
  const records = seedRecords(options.collections ?? 5, options.segments ?? 4);
  for (const [key, value] of records) await etcd.put(`${root}/meta/${key}`, value);
  await etcd.put(`${root}/kv/gid/timestamp`, String(FIRST_TIMESTAMP));
  return records.size + 1;
}

/** Keys relative to `<root>/meta/`. Pure. */
export function seedRecords(collections: number, segments: number): Map<string, string> {
  const records = new Map<string, string>();
  let lastId = FIRST_ID;
  const nextId = (): number => {
    lastId += 1n;
    return Number(lastId);
  };
  const put = (key: string, value: unknown): void => void records.set(key, JSON.stringify(value));
  records.set("root-coord/credential/users/root", '{"username":"root","encrypted_password":"$2a$10$sandbox"}');
  for (let index = 0; index < collections; index += 1) {
    addCollection(index, { records, put, nextId, segments });
  }
  // A collection that was dropped: only its snapshots are left.
  const dropped = nextId();
  const born = { id: dropped, schema: schema("dropped"), shards_num: 2, create_time: timestamp(9001) };
  put(`snapshots/root-coord/collection/${dropped}_ts${timestamp(9001)}`, born);
  records.set(`snapshots/root-coord/collection/${dropped}_ts${timestamp(9002)}`, TOMBSTONE);
  return records;
}

interface Writer {
  readonly records: Map<string, string>;
  readonly put: (key: string, value: unknown) => void;
  readonly nextId: () => number;
  readonly segments: number;
}

/** Every third collection has an index, loaded; another third partitions, one loaded; the rest is neither. */
function addCollection(index: number, { put, nextId, segments }: Writer): void {
  const kind = (["indexed", "partitioned", "plain"] as const)[index % 3] ?? "plain";
  const id = nextId();
  const partitions = kind === "partitioned" ? [nextId(), nextId(), nextId()] : [nextId()];
  const indexId = nextId();
  const indexed = kind !== "plain";
  const created = timestamp(index);
  const record = {
    id,
    schema: schema(`collection_${index}`),
    partition_ids: partitions,
    partition_names: partitions.map((_, number) => (number === 0 ? "_default" : `part_${number}`)),
    shards_num: 2,
    create_time: created,
    ...(indexed ? { field_indexes: [{ field_id: 101, index_id: indexId }] } : {}),
  };
  put(`root-coord/collection/${id}`, record);
  put(`snapshots/root-coord/collection/${id}_ts${created}`, record);
  if (index % 2 === 0) {
    const alias = { id, schema: { name: `alias_${index}` } };
    put(`root-coord/collection-alias/alias_${index}`, alias);
    put(`snapshots/root-coord/collection-alias/alias_${index}_ts${timestamp(index + 100)}`, alias);
  }
  for (let number = 0; number < segments; number += 1) {
    const segment = nextId();
    const partition = partitions[number % partitions.length];
    const rows = 1000 * (number + 1);
    put(`datacoord-meta/s/${id}/${partition}/${segment}`, {
      ID: segment,
      collectionID: id,
      num_of_rows: rows,
      state: "Flushed",
    });
    if (!indexed) continue;
    const build = nextId();
    put(`root-coord/segment-index/${segment}/${indexId}`, {
      collection_id: id,
      partition_id: partition,
      segment_id: segment,
      field_id: 101,
      index_id: indexId,
      build_id: build,
      enable_index: true,
      create_time: created,
    });
    put(`indexes/${build}`, {
      index_build_id: build,
      state: "Finished",
      num_rows: rows,
      index_file_paths: [
        `files/index_files/${build}/1/${partition}/${segment}/IVF`,
        `files/index_files/${build}/1/meta`,
      ],
      index_version: 1,
      serialize_size: 512 * rows,
    });
  }
  if (!indexed) return;
  put(`root-coord/index/${id}/${indexId}`, {
    index_name: "_default_idx",
    index_id: indexId,
    index_params: [
      { key: "index_type", value: "IVF_FLAT" },
      { key: "metric_type", value: "L2" },
      { key: "params", value: '{"nlist":128}' },
    ],
    create_time: created,
  });
  put(`queryCoord-collectionMeta/${id}`, {
    collection_id: id,
    load_type: kind === "partitioned" ? "LoadPartition" : "LoadCollection",
    ...(kind === "partitioned" ? { partition_ids: partitions.slice(0, 2) } : {}),
    replica_number: 1,
    in_memory_percentage: 100,
  });
}

function schema(name: string): object {
  return {
    name,
    fields: [
      { fieldID: 100, name: "id" },
      { fieldID: 101, name: "vector", type_params: [{ key: "dim", value: "128" }] },
    ],
  };
}

/** Small enough to stay exact as a number. */
function timestamp(step: number): number {
  return Number(FIRST_TIMESTAMP / 1_000_000n) + step;
}
