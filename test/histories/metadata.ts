import type { Etcd } from "./etcd";
import type { Entries } from "./records";
import type { Fault } from "./tool";

export type Verb = "probe" | "backup" | "migrate" | "restore" | "rollback";

export const MARKS = [
  "backup.done",
  "backup.outdated",
  "migrate.started",
  "migrate.done",
  "restore.started",
  "restore.done",
] as const;
export type Mark = (typeof MARKS)[number];

/** What an attempt has left on its volume. */
export interface Folder {
  backup?: Backup;
  /** What the session counter was at the last look that was explained, and the calls of the tool since. */
  counter?: { readonly base: number; readonly calls: number };
  /** The verified metadata at the end of the migration. */
  migrated?: Entries;
  /** Set aside before the backup was put over it, the newest last. */
  readonly replaced: Copy[];
  /** Backups of this attempt from before Milvus ran again. */
  readonly outdated: Copy[];
  readonly marks: Set<Mark>;
}

export interface Copy {
  readonly entries: Entries;
  readonly counter: number;
}

export interface Backup extends Copy {
  readonly root: string;
  readonly versions: string;
  readonly installation: string;
}

/** A claim's volume: one folder for each attempt. */
export type Volume = Map<string, Folder>;

export interface ScriptEnvironment {
  readonly root: string;
  readonly attempt: string;
  readonly source: string;
  readonly target: string;
  readonly installation: string;
  readonly overwrite: boolean;
  /** The components of Milvus that have a session below the root path. */
  readonly sessions: () => readonly string[];
}

export interface VerbOutcome {
  /** null: killed. */
  readonly code: number | null;
  readonly message: string;
}

/** Runs the verbs of metadata.sh. */
export interface MetadataScript {
  run(verb: Verb, volume: Volume, etcd: Etcd, environment: ScriptEnvironment, fault: Fault): Promise<VerbOutcome>;
  /** Makes the volume one that version 0.1 of this program has left: it knew neither installation nor counter nor listings. */
  age(volume: Volume): void;
}

export { EXIT } from "../support/exitCodes";

export function newFolder(): Folder {
  return { replaced: [], outdated: [], marks: new Set() };
}

export function ageFolder(folder: Folder): void {
  delete folder.counter;
  delete folder.migrated;
  if (folder.backup) folder.backup = { ...folder.backup, installation: "" };
}

export function isHalfMigrated({ marks }: Folder): boolean {
  return (
    marks.has("migrate.started") &&
    !marks.has("restore.done") &&
    (marks.has("restore.started") || !marks.has("migrate.done"))
  );
}

export function copyVolume(volume: Volume): Volume {
  return new Map(
    [...volume].map(([name, folder]) => [
      name,
      {
        ...folder,
        marks: new Set(folder.marks),
        replaced: [...folder.replaced],
        outdated: [...folder.outdated],
      },
    ]),
  );
}
