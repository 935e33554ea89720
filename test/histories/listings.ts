import type { Entries } from "./records";

/** What metadata.sh finds out from its listings. Keys are below the metadata root; the session counter is left out. */

const NEWER =
  /^(root-coord\/(aliases|partitions|fields)|snapshots\/root-coord\/aliases|field-index|segment-index|querycoord-(collection|partition)-loadinfo)\//;

export type Kind = "of 2.1" | "of 2.2" | "segments without collections";

/** As `describe`. */
export function kindOf(entries: Entries): Kind {
  const keys = [...entries.keys()];
  const has = (pattern: RegExp) => keys.some((key) => pattern.test(key));
  if (has(NEWER)) return "of 2.2";
  const isEmptied = !has(/^root-coord\/collection\//) && !has(/^snapshots\/root-coord\/collection\//);
  return isEmptied && has(/^datacoord-meta\/s\//) ? "segments without collections" : "of 2.1";
}

/** As `same_entries`: what differs; undefined when nothing does. */
export function difference(backup: Entries, now: Entries, mode: "equal" | "contains"): string | undefined {
  const differs: string[] = [];
  for (const [key, value] of backup) {
    const found = now.get(key);
    if (found === undefined) differs.push(`missing ${key}`);
    else if (found !== value) differs.push(`changed ${key}`);
  }
  if (mode === "equal") for (const key of now.keys()) if (!backup.has(key)) differs.push(`new ${key}`);
  return differs.length > 0 ? `${differs.length} entries differ; ${differs.slice(0, 3).join("; ")}` : undefined;
}

/** As `is_migrated`: what is wrong; undefined when nothing is. */
export function wrongAfterMigration(backup: Entries, now: Entries): string | undefined {
  const differs: string[] = [];
  const [must, may, loaded] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const same = new Map<string, string>();
  const built = new Map<string, number>();
  const add = (segment: string, by: number) => built.set(segment, (built.get(segment) ?? 0) + by);
  for (const [key, value] of backup) {
    if (/^(snapshots\/)?root-coord\/dd-(operation|msg-send)/.test(key) || key.startsWith("indexes/")) continue;
    if (key.startsWith("root-coord/index/")) may.add(key.slice(17));
    else if (key.startsWith("root-coord/segment-index/")) add(key.split("/")[2] ?? "", 1);
    else if (/root-coord\/collection-alias\//.test(key)) must.add(key.replace("collection-alias/", "aliases/"));
    else if (/^(snapshots\/)?root-coord\/collection\//.test(key)) must.add(key);
    else {
      if (key.startsWith("queryCoord-collectionMeta/")) loaded.add(key.slice(26));
      same.set(key, value);
    }
  }
  let segmentIndexes = 0;
  let fieldIndexes = 0;
  for (const [key, value] of now) {
    if (/^((snapshots\/)?root-coord\/collection-alias\/|root-coord\/(segment-)?index\/|indexes\/)/.test(key)) {
      differs.push(`still of 2.1: ${key}`);
    } else if (must.delete(key)) {
      if (value === "") differs.push(`empty ${key}`);
    } else if (same.has(key)) {
      if (same.get(key) !== value) differs.push(`changed ${key}`);
      same.delete(key);
    } else if (key.startsWith("segment-index/")) {
      add(key.split("/")[3] ?? "", -1);
      segmentIndexes++;
    } else if (key.startsWith("field-index/")) {
      if (!may.has(key.slice(12))) differs.push(`unexpected ${key}`);
      fieldIndexes++;
    } else if (/^querycoord-(collection|partition)-loadinfo\//.test(key)) {
      if (!loaded.has(key.split("/")[1] ?? "")) differs.push(`unexpected ${key}`);
    } else differs.push(`unexpected ${key}`);
  }
  for (const key of [...must, ...same.keys()]) differs.push(`missing ${key}`);
  for (const [segment, count] of built) if (count !== 0) differs.push(`segment indexes of segment ${segment}`);
  if (segmentIndexes > 0 && fieldIndexes === 0) differs.push("segment indexes without any field index");
  return differs.length > 0 ? `${differs.length} differences; ${differs.slice(0, 3).join("; ")}` : undefined;
}
