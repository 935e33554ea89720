import { setTimeout as sleep } from "node:timers/promises";
import type { CollectionAddress, CollectionSchema, MilvusService } from "./service";
import { ServiceError } from "./service";
import {
  type CollectionSnapshot,
  collectionName,
  DEFAULT_DATABASE,
  type Query,
  type QueryAnswer,
  type Snapshot,
} from "./snapshot";
import { isLeftover } from "./writeCheck";

/** A query of the stack config; what it leaves out is filled in from the collection. */
export interface ChosenQuery {
  readonly collection: string;
  readonly database?: string | undefined;
  /** Default: the first field of 32-bit floats. */
  readonly field?: string | undefined;
  /** Default: the vector of a stored row. */
  readonly vector?: readonly number[] | undefined;
  /** Default 5. */
  readonly limit?: number | undefined;
  readonly params?: Query["params"] | undefined;
  readonly filter?: string | undefined;
  /** Neighbours that have to be the same. Default: all. */
  readonly same?: number | undefined;
}

export interface Patience {
  /**
   * How long loaded collections may fail to answer before that counts, in milliseconds: all of them together, since a
   * server loads them side by side. One that is loaded again gets as much once more.
   */
  readonly answers: number;
  /** Release and load a collection that still fails then. */
  readonly reload: boolean;
  /** Between two tries, in milliseconds. Default 1000. */
  readonly pause?: number;
}

type Say = (line: string) => void;

const LIMIT = 5;
const DIGITS = 3;
const RETRY_MS = 1000;
const PROGRESS_MS = 10_000;

/**
 * What the service answers now. With `chosen` queries their collections are compared by ids and distances; the other
 * loaded ones are asked as well, and an answer is enough. Without, every loaded collection is compared.
 *
 * @throws ServiceError when the service cannot be asked; a search that fails is part of the snapshot.
 */
export async function takeSnapshot(
  service: MilvusService,
  chosen: readonly ChosenQuery[],
  say: Say,
): Promise<Snapshot> {
  const frame = await readFrame(service, say);
  const answers: QueryAnswer[] = [];
  for (const query of await makeQueries(service, frame.collections, chosen)) answers.push(await service.search(query));
  return { ...frame, answers };
}

/**
 * The same questions again, with the queries of the earlier snapshot. Collections that are loaded and do not answer get
 * time: query nodes go on loading after the service is ready.
 */
export async function repeatSnapshot(
  service: MilvusService,
  before: Snapshot,
  patience: Patience,
  say: Say,
): Promise<Snapshot> {
  const frame = await readFrame(service, say);
  const deadline = Date.now() + patience.answers;
  const answers: QueryAnswer[] = [];
  for (const { query, error } of before.answers) {
    const collection = { database: query.database, name: query.collection };
    const now = frame.collections.find((it) => it.database === collection.database && it.name === collection.name);
    if (now === undefined) continue;
    const mayWait = error === undefined && now.loadState !== "not loaded";
    answers.push(await (mayWait ? searchPatiently(service, query, patience, deadline, say) : service.search(query)));
    if (mayWait) await awaitLoaded(service, collection, patience, deadline);
  }
  // States change while collections are waited for or loaded again.
  const collections = await readCollections(service, frame.databases, () => undefined);
  return { ...frame, collections, answers };
}

async function readFrame(service: MilvusService, say: Say): Promise<Omit<Snapshot, "answers">> {
  const version = await service.version();
  const databases = await service.databases();
  const collections = await readCollections(service, databases, say);
  return { takenAt: new Date().toISOString(), version, databases, collections };
}

async function readCollections(
  service: MilvusService,
  databases: readonly string[],
  say: Say,
): Promise<readonly CollectionSnapshot[]> {
  const addresses: CollectionAddress[] = [];
  for (const database of databases) {
    for (const name of await service.collections(database)) {
      // One that a killed write check has left is no data, and may be gone by the comparison.
      if (!(await isLeftover(service, { database, name }))) addresses.push({ database, name });
    }
  }
  const collections: CollectionSnapshot[] = [];
  let told = Date.now();
  for (const address of addresses) {
    collections.push({ ...address, ...(await service.statistics(address)) });
    if (Date.now() - told > PROGRESS_MS) {
      say(`read ${collections.length} of ${addresses.length} collections`);
      told = Date.now();
    }
  }
  return collections;
}

async function makeQueries(
  service: MilvusService,
  collections: readonly CollectionSnapshot[],
  chosen: readonly ChosenQuery[],
): Promise<Query[]> {
  const queries: Query[] = [];
  for (const choice of chosen) {
    const address = { database: choice.database ?? DEFAULT_DATABASE, name: choice.collection };
    const found = collections.find(({ database, name }) => database === address.database && name === address.name);
    if (found === undefined) {
      throw new ServiceError(
        `milvus:verifyQueries asks the collection ${collectionName(address)}, which does not exist.`,
      );
    }
    const query = await makeQuery(service, found, choice, choice.same ?? "all");
    if (query === undefined) {
      const field = choice.field === undefined ? "" : ` ${choice.field}`;
      throw new ServiceError(
        `The collection ${collectionName(address)} has no field${field} of float vectors to search.`,
      );
    }
    queries.push(query);
  }
  const asked = new Set(queries.map(({ database, collection }) => collectionName({ database, name: collection })));
  const others = collections.filter((it) => it.loadState === "loaded" && !asked.has(collectionName(it)));
  for (const found of others) {
    const query = await makeQuery(service, found, {}, chosen.length > 0 ? 0 : "all");
    if (query !== undefined) queries.push(query);
  }
  return queries;
}

/** Undefined for a collection without vectors of floats. */
async function makeQuery(
  service: MilvusService,
  collection: CollectionSnapshot,
  choice: Partial<ChosenQuery>,
  same: Query["same"],
): Promise<Query | undefined> {
  const schema: CollectionSchema = await service.describe(collection);
  const field = schema.vectors.find(({ name }) => choice.field === undefined || name === choice.field);
  if (field === undefined) return undefined;
  const metric = collection.indexes.find((index) => index.field === field.name)?.metric;
  return {
    database: collection.database,
    collection: collection.name,
    primaryKey: schema.primaryKey.name,
    field: field.name,
    vector:
      choice.vector ??
      shortened((await service.sampleVector(collection, schema, field.name)) ?? someVector(field.dimensions)),
    limit: choice.limit ?? LIMIT,
    ...(metric !== undefined && { metric }),
    ...(choice.params !== undefined && { params: choice.params }),
    ...(choice.filter !== undefined && { filter: choice.filter }),
    same,
  };
}

/** Near enough to the row, and a third of the length as text: a thousand collections have to fit into a ConfigMap. */
function shortened(vector: readonly number[]): number[] {
  return vector.map((value) => Number(value.toPrecision(DIGITS)));
}

/** The same one every time, and near nothing in particular. */
function someVector(dimensions: number): number[] {
  return Array.from({ length: dimensions }, (_, index) => Math.sin(index + 1));
}

/** Waits until a search succeeds; then, if asked to, loads the collection again. */
async function searchPatiently(
  service: MilvusService,
  query: Query,
  patience: Patience,
  deadline: number,
  say: Say,
): Promise<QueryAnswer> {
  const collection = { database: query.database, name: query.collection };
  const name = collectionName(collection);
  const first = await searchUntil(service, query, patience, deadline, say);
  if (first.error === undefined || !patience.reload) return first;
  say(`${name} does not answer (${first.error}): releasing and loading it again`);
  try {
    await service.reload(collection);
  } catch (error) {
    return { ...first, error: error instanceof Error ? error.message : String(error) };
  }
  say(`${name} is loaded again`);
  return await searchUntil(service, query, patience, Date.now() + patience.answers, say);
}

/** A collection that answers may still say that it is loading. */
async function awaitLoaded(
  service: MilvusService,
  collection: CollectionAddress,
  { pause = RETRY_MS }: Patience,
  deadline: number,
): Promise<void> {
  while ((await service.loadState(collection)) === "loading" && Date.now() < deadline) await sleep(pause);
}

async function searchUntil(
  service: MilvusService,
  query: Query,
  { pause = RETRY_MS }: Patience,
  deadline: number,
  say: Say,
): Promise<QueryAnswer> {
  const started = Date.now();
  let told = started;
  for (;;) {
    const answer = await service.search(query);
    if (answer.error === undefined || Date.now() + pause > deadline) return answer;
    if (Date.now() - told > PROGRESS_MS) {
      const waited = Math.round((Date.now() - started) / 1000);
      say(`${query.collection} does not answer yet after ${waited} s: ${answer.error}`);
      told = Date.now();
    }
    await sleep(pause);
  }
}
