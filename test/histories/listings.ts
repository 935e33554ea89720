import type { Entries } from "./records";
import { CLEANED } from "./tool";

/**
 * The rules of metadata.sh about what etcd can hold, told a second time. Keys are below the metadata root, and the session
 * counter is left out.
 */

const OLD = /^((snapshots\/)?root-coord\/collection-alias|root-coord\/(segment-)?index|indexes)\//;
const NEW =
  /^((snapshots\/)?root-coord\/(aliases|partitions|fields|database)|field-index|segment-index|querycoord-(collection|partition)-loadinfo)\//;
const COLLECTION = /^(snapshots\/)?root-coord\/collection\//;
const TOMBSTONE_SIZE = 3;

export type Kind = "of 2.1" | "of 2.2" | "half removed" | "nothing";

/** What a new backup would hold. */
export function kindOf(entries: Entries): Kind {
  const keys = [...entries.keys()];
  if (keys.length === 0) return "nothing";
  if (keys.some((key) => NEW.test(key))) return "of 2.2";
  const there = new Set(keys.flatMap((key) => /^root-coord\/collection\/(\d+)$/.exec(key)?.[1] ?? []));
  const newest = new Map<string, { at: number; size: number }>();
  for (const [key, value] of entries) {
    const [, id, time] = /^snapshots\/root-coord\/collection\/(\d+)_ts(\d+)$/.exec(key) ?? [];
    if (id === undefined) continue;
    const at = Number(time);
    if ((newest.get(id)?.at ?? 0) <= at) newest.set(id, { at, size: value.length });
  }
  const isDropped = (id: string) => newest.get(id)?.size === TOMBSTONE_SIZE;
  const isHalf =
    [...newest.keys()].some((id) => !there.has(id) && !isDropped(id)) ||
    // 2.1 writes a snapshot with every collection.
    [...there].some((id) => !newest.has(id)) ||
    // Beside whole collections segments may be left over from a rollback of 2.2.
    (there.size === 0 && newest.size === 0 && keys.some((key) => key.startsWith("datacoord-meta/s/")));
  return isHalf ? "half removed" : "of 2.1";
}

/** What differs; undefined when nothing does. */
export function difference(backup: Entries, now: Entries, mode: "equal" | "contains"): string | undefined {
  const differs: string[] = [];
  for (const [key, value] of backup) {
    const found = now.get(key);
    if (found === undefined) differs.push(`missing ${key}`);
    else if (found !== value) differs.push(`changed ${key}`);
  }
  if (mode === "equal") for (const key of now.keys()) if (!backup.has(key)) differs.push(`new ${key}`);
  return said(differs);
}

function said(differs: readonly string[]): string | undefined {
  return differs.length > 0 ? `${differs.length} entries differ; ${differs.slice(0, 3).join("; ")}` : undefined;
}

/** The record of 2.1 that one of 2.2 is made from; a segment's index goes by its segment. */
function sourceOf(key: string): string {
  if (/root-coord\/aliases\//.test(key)) return key.replace("root-coord/aliases/", "root-coord/collection-alias/");
  if (key.startsWith("field-index/")) return key.replace("field-index/", "root-coord/index/");
  const parts = key.split("/");
  if (parts[0] === "segment-index") return `root-coord/segment-index/${parts[3] ?? ""}`;
  if (/^querycoord-(collection|partition)-loadinfo$/.test(parts[0] ?? "")) {
    return `queryCoord-collectionMeta/${parts[1] ?? ""}`;
  }
  return "";
}

function stem(key: string): string {
  return key.startsWith("root-coord/segment-index/") ? key.split("/").slice(0, 3).join("/") : key;
}

function isCleaned(key: string): boolean {
  return [...CLEANED["2.1"], ...CLEANED["2.2"]].some((prefix) => key.startsWith(prefix));
}

/** What the migration of these records has not done; undefined when it is whole. */
export function wrongAfterMigration(before: Entries, now: Entries): string | undefined {
  const differs: string[] = [];
  const [must, may] = [new Set<string>(), new Set<string>()];
  const same = new Map<string, string>();
  const built = new Map<string, number>();
  for (const [key, value] of before) {
    if (/^(snapshots\/)?root-coord\/dd-(operation|msg-send)/.test(key)) continue;
    if (OLD.test(key)) {
      if (key.startsWith("root-coord/segment-index/")) built.set(stem(key), (built.get(stem(key)) ?? 0) + 1);
      if (key.startsWith("root-coord/index/")) may.add(key);
      if (/root-coord\/collection-alias\//.test(key)) must.add(key);
    } else if (COLLECTION.test(key)) must.add(key);
    else {
      if (key.startsWith("queryCoord-collectionMeta/")) may.add(key);
      same.set(key, value);
    }
  }
  let segmentIndexes = 0;
  let fieldIndexes = 0;
  for (const [key, value] of now) {
    const from = sourceOf(key);
    if (OLD.test(key)) differs.push(`still of 2.1: ${key}`);
    else if (NEW.test(key)) {
      if (must.delete(from)) continue;
      const left = built.get(from);
      if (left !== undefined) {
        built.set(from, left - 1);
        segmentIndexes++;
      } else if (!may.has(from)) differs.push(`unexpected ${key}`);
      else if (key.startsWith("field-index/")) fieldIndexes++;
    } else if (must.delete(key)) {
      if (value === "") differs.push(`empty ${key}`);
    } else if (same.has(key)) {
      if (same.get(key) !== value) differs.push(`changed ${key}`);
      same.delete(key);
    } else differs.push(`unexpected ${key}`);
  }
  for (const key of [...must, ...same.keys()]) differs.push(`missing ${key}`);
  for (const [segment, count] of built) if (count !== 0) differs.push(`indexes of ${segment}`);
  if (segmentIndexes > 0 && fieldIndexes === 0) differs.push("segment indexes without any field index");
  return said(differs);
}

/**
 * What an interrupted or failed migration or restore of the backup cannot have left. What was set aside may be there while it
 * is being replaced, and afterwards where the tool does not remove it.
 */
export function unexplained(
  backup: Entries,
  replaced: Entries,
  now: Entries,
  isRestoring: boolean,
): string | undefined {
  const differs: string[] = [];
  const sources = new Set([...backup.keys()].filter((key) => OLD.test(key) || /^queryCoord-/.test(key)).map(stem));
  for (const [key, value] of now) {
    const old = backup.get(key);
    if (old === value) continue;
    if (replaced.get(key) === value && (isRestoring || !isCleaned(key))) continue;
    if (old !== undefined) {
      if (!COLLECTION.test(key) || value === "") differs.push(`changed ${key}`);
    } else if (!sources.has(sourceOf(key))) differs.push(`new ${key}`);
  }
  for (const key of backup.keys()) if (!now.has(key) && !isCleaned(key)) differs.push(`missing ${key}`);
  return said(differs);
}

/** Why this cannot be what 2.2 has made of the migrated metadata; undefined when it can. */
export function notOf22(backup: Entries, migrated: Entries, now: Entries): string | undefined {
  const differs: string[] = [];
  for (const [key, value] of now) {
    if (OLD.test(key)) differs.push(`of 2.1: ${key}`);
    if (COLLECTION.test(key) && backup.get(key) === value && (migrated.get(key) ?? value) !== value) {
      differs.push(`as before the migration: ${key}`);
    }
  }
  const has = (entries: Entries) => [...entries.keys()].some((key) => COLLECTION.test(key));
  const isWiped = !has(now) && ![...now.keys()].some((key) => /^(snapshots\/)?root-coord\/database\//.test(key));
  if (isWiped && (has(backup) || has(migrated))) differs.push("no collection is left");
  // A new collection of 2.2 has its partitions in records of their own.
  const partitioned = new Set(
    [...now.keys()].flatMap((key) => /^root-coord\/partitions\/(\d+)\//.exec(key)?.[1] ?? []),
  );
  for (const key of now.keys()) {
    const id = /^root-coord\/collection\/(\d+)$/.exec(key)?.[1];
    if (id === undefined || backup.has(key) || migrated.has(key) || partitioned.has(id)) continue;
    differs.push(`of 2.1: ${key}`);
  }
  return said(differs);
}
