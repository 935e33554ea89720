/** What a Milvus answers about its data at one moment: plain data, kept as JSON in a ConfigMap. */
import { z } from "zod";

export const LOAD_STATES = ["loaded", "loading", "not loaded"] as const;
export type LoadState = (typeof LOAD_STATES)[number];

export interface Snapshot {
  /** ISO 8601. */
  readonly takenAt: string;
  /** As the service says it, e.g. `v2.3.5-lite`. */
  readonly version: string;
  /** Sorted by database and name. */
  readonly collections: readonly CollectionSnapshot[];
  readonly databases: readonly string[];
  readonly answers: readonly QueryAnswer[];
}

export interface CollectionSnapshot {
  readonly database: string;
  readonly name: string;
  /** As the statistics say: flushed rows, deleted ones included until they are compacted. */
  readonly rows: number;
  readonly loadState: LoadState;
  /** Sorted by field and name. */
  readonly indexes: readonly IndexSnapshot[];
}

export interface IndexSnapshot {
  readonly field: string;
  readonly name: string;
  /** `IVF_FLAT`, `HNSW` … */
  readonly type: string;
  /** `L2`, `IP` …; missing for scalar fields. */
  readonly metric?: string;
}

/** A search that can be repeated word for word. */
export interface Query {
  readonly database: string;
  readonly collection: string;
  /** Field whose values are the ids. */
  readonly primaryKey: string;
  /** Vector field. */
  readonly field: string;
  readonly vector: readonly number[];
  readonly limit: number;
  readonly metric?: string;
  /** Index-specific, e.g. `{nprobe: 16}`. */
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  /** Boolean expression over scalar fields. */
  readonly filter?: string;
  /**
   * `all`: every neighbour has to be the same. A number: so many of them at least, for an index that estimates.
   * 0: an answer is enough.
   */
  readonly same: number | "all";
}

export interface QueryAnswer {
  readonly query: Query;
  /** Nearest first. */
  readonly hits: readonly Hit[];
  /** Why there is no answer, in the service's words. */
  readonly error?: string;
}

export interface Hit {
  /** Primary key as text. */
  readonly id: string;
  readonly distance: number;
}

/** `books`, or `library.books` in another database than the default one. */
export function collectionName({ database, name }: { readonly database: string; readonly name: string }): string {
  return database === DEFAULT_DATABASE ? name : `${database}.${name}`;
}

export const DEFAULT_DATABASE = "default";

/** What a comparison reads of a snapshot. Anything may be in a ConfigMap that somebody has edited. */
const SHAPE = z.looseObject({
  takenAt: z.string(),
  databases: z.array(z.string()),
  collections: z.array(
    z.looseObject({
      database: z.string(),
      name: z.string(),
      rows: z.number(),
      loadState: z.enum(LOAD_STATES),
      indexes: z.array(z.looseObject({ field: z.string(), name: z.string(), type: z.string() })),
    }),
  ),
  answers: z.array(
    z.looseObject({
      query: z.looseObject({
        database: z.string(),
        collection: z.string(),
        primaryKey: z.string(),
        field: z.string(),
        vector: z.array(z.number()),
        limit: z.number(),
        same: z.union([z.number(), z.literal("all")]),
      }),
      // JSON has no word for a distance that is no number, and writes null.
      hits: z.array(z.looseObject({ id: z.string(), distance: z.number().nullable() })),
      error: z.string().optional(),
    }),
  ),
});

export function isSnapshot(value: unknown): value is Snapshot {
  return SHAPE.safeParse(value).success;
}

/** `2 collections with 1500 rows, 1 answer`. */
export function describeSnapshot({ collections, answers }: Snapshot): string {
  const rows = collections.reduce((sum, collection) => sum + collection.rows, 0);
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  return `${count(collections.length, "collection")} with ${count(rows, "row")}, ${count(answers.length, "answer")}`;
}
