import type { CollectionSnapshot, LoadState, Query, QueryAnswer } from "./snapshot";

export interface VectorField {
  readonly name: string;
  readonly dimensions: number;
}

/** As much of a collection's schema as a search needs. */
export interface CollectionSchema {
  readonly primaryKey: { readonly name: string; readonly isText: boolean };
  /** Fields of 32-bit floats, in the schema's order. */
  readonly vectors: readonly VectorField[];
  /** As whoever made the collection wrote it. Missing: nothing. */
  readonly description?: string;
}

/** A row of the write check's own collection. */
export interface WrittenRow {
  readonly id: number;
  readonly vector: readonly number[];
}

/** A collection by database and name. */
export interface CollectionAddress {
  readonly database: string;
  readonly name: string;
}

/**
 * What the verification asks of a Milvus. All but `reload` only read;
 * what writes is in WritableService. Every call ends within the time limit that the
 * connection was made with.
 */
export interface MilvusService {
  version(): Promise<string>;
  /** `default` alone where the server knows no databases (before 2.2.9). */
  databases(): Promise<readonly string[]>;
  collections(database: string): Promise<readonly string[]>;
  describe(collection: CollectionAddress): Promise<CollectionSchema>;
  statistics(collection: CollectionAddress): Promise<Omit<CollectionSnapshot, "database" | "name">>;
  loadState(collection: CollectionAddress): Promise<LoadState>;
  /** The vector of some stored row; undefined when none can be had. */
  sampleVector(
    collection: CollectionAddress,
    schema: CollectionSchema,
    field: string,
  ): Promise<readonly number[] | undefined>;
  /** A refusal of the server is an answer with an error. */
  search(query: Query): Promise<QueryAnswer>;
  /** Releases and loads; its searches fail meanwhile. */
  reload(collection: CollectionAddress): Promise<void>;
  close(): Promise<void>;
}

/** What the write check does to a collection of its own, beside what it asks. Every call may be repeated. */
export interface WritableService extends MilvusService {
  /** With the fields `id` (64-bit key) and `vector` (32-bit floats), one shard, and this description. */
  create(collection: CollectionAddress, description: string, dimensions: number): Promise<void>;
  insert(collection: CollectionAddress, rows: readonly WrittenRow[]): Promise<void>;
  /** Until what was inserted is in the object storage. */
  flush(collection: CollectionAddress): Promise<void>;
  /** Indexes `vector` by its distance L2, and loads. */
  load(collection: CollectionAddress): Promise<void>;
  drop(collection: CollectionAddress): Promise<void>;
}

/** The service cannot be reached, or refuses what it is asked. The message is for people and holds no credentials. */
export class ServiceError extends Error {
  override readonly name: string = "ServiceError";

  constructor(
    message: string,
    /** The server's own words. */
    readonly reason: string = message,
    /** Time mends nothing: a right is missing. */
    readonly isFinal = false,
  ) {
    super(message);
  }
}
