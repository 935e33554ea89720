import type { RowRule } from "../upgrade/verification";
import {
  type CollectionSnapshot,
  collectionName,
  DEFAULT_DATABASE,
  type Hit,
  type Query,
  type QueryAnswer,
  type Snapshot,
} from "./snapshot";

export const DIFFERENCE_KINDS = [
  "database missing",
  "collection missing",
  "rows changed",
  "index missing",
  "index changed",
  "load state changed",
  "no answer",
  "neighbours changed",
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  readonly kind: DifferenceKind;
  /** Database or collection that it is about. */
  readonly subject: string;
  /** A whole sentence, with both values. */
  readonly message: string;
}

/** Distances are single precision, and another version may add up in another order. */
const TOLERANCE = 1e-3;
const MOST_SHOWN = 10;
const LONGEST_ID = 40;

/**
 * Everything that was there before and is not the same after, one by one. What is new is no difference: nothing says
 * that nobody may create a collection during an upgrade. Neither is a search that failed before as well.
 */
export function compareSnapshots(before: Snapshot, after: Snapshot, rows: RowRule = "exact"): Difference[] {
  const databases = new Set(after.databases);
  const collections = new Map(after.collections.map((collection) => [key(collection), collection]));
  const answers = new Map(after.answers.map((answer) => [JSON.stringify(answer.query), answer]));
  const lost = before.databases.filter((database) => !databases.has(database));
  return [
    ...lost.map((database) => difference("database missing", database, `The database ${database} is not there.`)),
    ...before.collections.flatMap((collection) =>
      compareCollections(collection, collections.get(key(collection)), rows),
    ),
    ...before.answers
      .filter(({ query }) => collections.has(key({ database: query.database, name: query.collection })))
      .flatMap((answer) => compareAnswers(answer, answers.get(JSON.stringify(answer.query)))),
  ];
}

function compareCollections(
  before: CollectionSnapshot,
  after: CollectionSnapshot | undefined,
  rule: RowRule,
): Difference[] {
  const name = collectionName(before);
  if (after === undefined) {
    return [difference("collection missing", name, `The collection ${name} (${before.rows} rows) is not there.`)];
  }
  const fewer = after.rows < before.rows;
  const rowsDiffer = rule === "exact" ? after.rows !== before.rows : rule === "no fewer" && fewer;
  const unloaded = before.loadState === "loaded" && after.loadState !== "loaded";
  return [
    ...(rowsDiffer
      ? [difference("rows changed", name, `The collection ${name} has ${after.rows} rows; it had ${before.rows}.`)]
      : []),
    ...compareIndexes(before, after),
    ...(unloaded
      ? [difference("load state changed", name, `The collection ${name} is ${after.loadState}; it was loaded.`)]
      : []),
  ];
}

/** By field and type: names of indexes nobody named are the server's own and change between versions. */
function compareIndexes(before: CollectionSnapshot, after: CollectionSnapshot): Difference[] {
  const name = collectionName(before);
  return before.indexes.flatMap((index) => {
    const ofField = after.indexes.filter(({ field }) => field === index.field);
    const now = ofField.find((other) => other.name === index.name) ?? ofField[0];
    const was = [index.type, index.metric].filter(Boolean).join(" ");
    if (now === undefined) {
      const message = `The index on ${name}.${index.field} (${was}) is not there.`;
      return [difference("index missing", name, message)];
    }
    const is = [now.type, now.metric].filter(Boolean).join(" ");
    return is === was
      ? []
      : [difference("index changed", name, `The index on ${name}.${index.field} is ${is}; it was ${was}.`)];
  });
}

function compareAnswers(before: QueryAnswer, after: QueryAnswer | undefined): Difference[] {
  if (before.error !== undefined) return [];
  const { query } = before;
  const name = collectionName({ database: query.database, name: query.collection });
  if (after === undefined || after.error !== undefined) {
    const why = after?.error ?? "it was not asked";
    return [difference("no answer", name, `A search in ${name} fails (${why}); it found ${list(before.hits)} before.`)];
  }
  const found = new Map(after.hits.map((hit) => [hit.id, hit]));
  const kept = before.hits.filter((hit) => {
    const now = found.get(hit.id);
    return now !== undefined && isClose(now.distance, hit.distance);
  });
  if (kept.length >= needed(query, before.hits.length)) return [];
  const message = `The neighbours in ${name} are others (${whatChanged(before.hits, found)}): it finds ${list(after.hits)}; it found ${list(before.hits)}.`;
  return [difference("neighbours changed", name, message)];
}

function needed({ same }: Query, found: number): number {
  return same === "all" ? found : Math.min(same, found);
}

function whatChanged(before: readonly Hit[], found: ReadonlyMap<string, Hit>): string {
  const changes = before.flatMap(({ id, distance }) => {
    const now = found.get(id);
    if (now === undefined) return [`${shownId(id)} is missing`];
    return isClose(now.distance, distance) ? [] : [`the distance of ${shownId(id)} is ${now.distance}`];
  });
  return several(changes);
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
}

/** `466 (0.4365), 227 (0.5088)`. */
export function list(hits: readonly Hit[]): string {
  if (hits.length === 0) return "nothing";
  return several(hits.map(({ id, distance }) => `${shownId(id)} (${Number(distance.toPrecision(4))})`));
}

/** Of up to a thousand. */
function several(items: readonly string[]): string {
  const more = items.length - MOST_SHOWN;
  return items.slice(0, MOST_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A key of type VarChar is a text that any client may have written. */
function shownId(id: string): string {
  if (/^-?\d{1,20}$/.test(id)) return id;
  return JSON.stringify(id.length > LONGEST_ID ? `${id.slice(0, LONGEST_ID)}…` : id);
}

function key({ database, name }: { readonly database: string; readonly name: string }): string {
  return JSON.stringify([database || DEFAULT_DATABASE, name]);
}

function difference(kind: DifferenceKind, subject: string, message: string): Difference {
  return { kind, subject, message };
}
