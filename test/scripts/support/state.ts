import { existsSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Site } from "./bench";
import { exampleCollection, metadata21 } from "./catalogue";
import type { Entries } from "./etcd";

/** Enough workers to use the waiting of one for the work of others. */
export const WORKERS = Math.max(3, Math.min(6, cpus().length + 1));

/**
 * `SCRIPT_TESTS=full` takes every moment of every scenario, goes on in both directions from each, and lets many more
 * things happen. Without it the directions take turns and longer scenarios take a part of their moments.
 */
export const IS_FULL = process.env.SCRIPT_TESTS === "full";

/** `SCRIPT_TESTS=sample`, as CI runs it: a third of what is taken without it; three seeds in a row have all of it. */
export const IS_SAMPLE = process.env.SCRIPT_TESTS === "sample";

/** Chooses what is random, and which part is taken; printed, so that a run can be repeated by `SCRIPT_TESTS_SEED`. */
export const SEED = Number(process.env.SCRIPT_TESTS_SEED ?? Date.now() % 1_000_000);

export const COLLECTIONS = [1, 2, 3, 4].map(exampleCollection);
export const OLD: Entries = metadata21(COLLECTIONS);

/** Etcd and volume of a site at one moment. */
export interface Saved {
  readonly metadata: Entries;
  readonly counter: number;
  readonly volume: string;
  /** The record of a backup names its root path. */
  readonly rootPath: string;
}

export async function save(site: Site, name: string): Promise<Saved> {
  const volume = path.join(site.folder, `saved-${name}`);
  site.saveVolume(volume);
  return { metadata: await site.metadata(), counter: await site.counter(), volume, rootPath: site.rootPath };
}

/** Puts a site back into a state that was saved on this very site. */
export async function load(site: Site, saved: Saved): Promise<void> {
  await site.seed(saved.metadata, saved.counter);
  site.loadVolume(saved.volume);
}

/** The metadata of the old format as the migration tool, left alone, converts it: what every migration must end with. */
export async function convertedByTool(site: Site, old: Entries): Promise<Entries> {
  await site.seed(old);
  const { code, log } = await site.runTool("run", "/dev/null");
  expect(code, log).to.equal(0);
  return site.metadata();
}

export type Format = "old" | "new" | "neither";

export async function formatOf(site: Site, old: Entries, converted: Entries): Promise<Format> {
  const now = await site.metadata();
  return equal(now, old) ? "old" : equal(now, converted) ? "new" : "neither";
}

export function equal(a: Entries, b: Entries): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** Do the marks say that the metadata may be neither old nor new? The rule of the script, told a second time. */
export function saysHalfMigrated(folder: string): boolean {
  const marked = (name: string): boolean => existsSync(path.join(folder, name));
  const isUndoing = marked("restore.started") && !marked("restore.done");
  const isMigrating = !marked("migrate.done") && !marked("restore.done");
  return marked("migrate.started") && (isUndoing || isMigrating);
}
