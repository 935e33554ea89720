/**
 * Whether Milvus takes writes: a collection of the check's own is made, filled, flushed, loaded, searched and dropped. After
 * an upgrade a cluster may answer searches from what is loaded and refuse every write.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { WRITE_CHECK_PREFIX, WRITTEN_ROWS } from "../upgrade/verification";
import { ID_FIELD, VECTOR_FIELD } from "./client";
import {
  type CollectionAddress,
  type MilvusService,
  ServiceError,
  type WritableService,
  type WrittenRow,
} from "./service";
import { DEFAULT_DATABASE } from "./snapshot";

export interface WriteCheck {
  /** What is wrong, one sentence each; empty when all went well. */
  readonly problems: readonly string[];
  /** That were written, found again and dropped; missing when something went wrong. */
  readonly rows?: number;
}

export interface WritePatience {
  /** Milliseconds for all steps together: right after an upgrade a channel may not be ready yet, so a step is tried again. */
  readonly limit: number;
  /** Between two tries, in milliseconds. Default 1000. */
  readonly pause?: number;
}

type Say = (line: string) => void;

/** What the description begins with. Name and description together tell a leftover from a collection of somebody's. */
const MARK = "milvus-upgrade/write-check";
const DESCRIPTION = `${MARK}: made by a verification, which drops it; if it was killed, the next one does`;
const DIMENSIONS = 8;
const LOOKED_FOR = 17;
const PAUSE_MS = 1000;
const PROGRESS_MS = 10_000;
/** For dropping what was made, after everything else. */
const DROP_MS = 30_000;
/** Time gives nobody a right. Milvus: PrivilegeNotPermitted, "permission deny"; gRPC: UNAUTHENTICATED. */
const NOT_ALLOWED = /permission den|privilege|not authorized|unauthenticated|auth check failure/i;
const NOT_THERE = /not (?:found|exist)|can't find collection|doesn't exist/i;

/** A collection that an earlier write check has left. Only one whose name looks like it is asked for its description. */
export async function isLeftover(service: MilvusService, collection: CollectionAddress): Promise<boolean> {
  if (!collection.name.startsWith(WRITE_CHECK_PREFIX)) return false;
  const { description = "" } = await service.describe(collection);
  return description.startsWith(MARK);
}

/** Drops what earlier checks have left, then makes a check of its own. Nothing of it stays, unless Milvus does not drop it. */
export async function checkWrites(service: WritableService, patience: WritePatience, say: Say): Promise<WriteCheck> {
  await dropLeftovers(service, say);
  const name = `${WRITE_CHECK_PREFIX}${randomBytes(4).toString("hex")}`;
  const collection = { database: DEFAULT_DATABASE, name };
  const rows = Array.from({ length: WRITTEN_ROWS }, (_, id): WrittenRow => ({ id, vector: vectorOf(id) }));
  const steps: readonly (readonly [string, () => Promise<void>])[] = [
    ["create a collection", () => service.create(collection, DESCRIPTION, DIMENSIONS)],
    ["insert", () => service.insert(collection, rows)],
    ["flush", () => service.flush(collection)],
    ["index and load", () => service.load(collection)],
    ["find what was inserted", () => find(service, collection)],
  ];
  say(`writing ${WRITTEN_ROWS} rows into ${name}, a collection of the check's own`);
  const problems: string[] = [];
  const deadline = Date.now() + patience.limit;
  for (const [what, step] of steps) {
    const problem = await patiently(what, step, patience, deadline, say);
    if (problem === undefined) continue;
    problems.push(problem);
    break;
  }
  const left = await dropped(service, collection, patience, say);
  if (left !== undefined) problems.push(left);
  return problems.length > 0 ? { problems } : { problems, rows: WRITTEN_ROWS };
}

/** @throws ServiceError where one cannot be dropped */
async function dropLeftovers(service: WritableService, say: Say): Promise<void> {
  for (const name of await service.collections(DEFAULT_DATABASE)) {
    const collection = { database: DEFAULT_DATABASE, name };
    if (!(await isLeftover(service, collection))) continue;
    await service.drop(collection);
    say(`dropped ${name}, which a write check that was killed had left`);
  }
}

/** Why a step failed until the time was over, as a sentence; undefined when it went well. */
async function patiently(
  what: string,
  step: () => Promise<void>,
  { pause = PAUSE_MS }: WritePatience,
  deadline: number,
  say: Say,
): Promise<string | undefined> {
  const started = Date.now();
  let told = started;
  for (;;) {
    try {
      await step();
      return undefined;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const waited = Math.round((Date.now() - started) / 1000);
      if (NOT_ALLOWED.test(error.reason)) return notAllowed(what, error);
      if (Date.now() + pause > deadline) {
        return `Milvus does not take writes: to ${what} failed for ${waited} s (${error.reason}). Searches in loaded collections may still work.`;
      }
      if (Date.now() - told > PROGRESS_MS) {
        say(`Milvus does not ${what} yet after ${waited} s: ${error.reason}`);
        told = Date.now();
      }
      await sleep(pause);
    }
  }
}

function notAllowed(what: string, { reason }: ServiceError): string {
  return `The write check may not ${what} (${reason}). Give the user of milvus:credentials the rights that milvus:verify write needs, or set another user; without them: pulumi config set milvus:verify data`;
}

async function find(service: WritableService, { database, name }: CollectionAddress): Promise<void> {
  const query = {
    database,
    collection: name,
    primaryKey: ID_FIELD,
    field: VECTOR_FIELD,
    limit: 1,
    same: "all",
  } as const;
  const { hits, error } = await service.search({ ...query, vector: vectorOf(LOOKED_FOR), metric: "L2" });
  if (error !== undefined) throw new ServiceError(`A search in ${name} fails: ${error}`, error);
  const [nearest] = hits;
  if (nearest?.id === String(LOOKED_FOR)) return;
  const found = nearest === undefined ? "nothing" : `row ${nearest.id}`;
  throw new ServiceError(`a search for row ${LOOKED_FOR} of ${name} finds ${found}`);
}

async function dropped(
  service: WritableService,
  collection: CollectionAddress,
  { pause = PAUSE_MS, limit }: WritePatience,
  say: Say,
): Promise<string | undefined> {
  const drop = async () => {
    try {
      await service.drop(collection);
    } catch (error) {
      // Where it could not be made, there is none.
      if (!(error instanceof ServiceError && NOT_THERE.test(error.reason))) throw error;
    }
  };
  const why = await patiently("drop it", drop, { pause, limit }, Date.now() + Math.min(DROP_MS, limit), say);
  return (
    why &&
    `The collection ${collection.name} of the write check is still there: ${why} The next verification with milvus:verify write drops it.`
  );
}

/** Far from each other: no index can take one for another. */
function vectorOf(id: number): number[] {
  return Array.from({ length: DIMENSIONS }, (_, place) => (Math.floor(id / 2 ** place) % 2 === 1 ? 1 : 0));
}
