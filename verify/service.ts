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
}

/** A collection by database and name. */
export interface CollectionAddress {
  readonly database: string;
  readonly name: string;
}

/**
 * What the verification asks of a Milvus. All but `reload` only read. Every call ends within the time limit that the
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
