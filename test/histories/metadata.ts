import type { Etcd } from "./etcd";
import type { Entries } from "./records";
import type { Fault } from "./tool";

export type Verb = "probe" | "backup" | "migrate" | "restore" | "rollback";

/** What an attempt has left on its volume. */
export interface Folder {
  backup?: Backup;
  /** What was set aside before the backup was put over it. */
  replaced?: readonly Backup[];
  readonly marks: Set<string>;
}

export interface Backup {
  readonly entries: Entries;
  readonly counter: number;
  readonly root: string;
  readonly versions: string;
}

/** A claim's volume: one folder for each attempt. */
export type Volume = Map<string, Folder>;

export interface ScriptEnvironment {
  readonly root: string;
  readonly attempt: string;
  readonly source: string;
  readonly target: string;
  /** Sessions of Milvus below the root path. */
  readonly sessions: () => number;
}

export interface VerbOutcome {
  /** null: killed. */
  readonly code: number | null;
  readonly message: string;
}

/** Runs the verbs of metadata.sh. */
export interface MetadataScript {
  run(verb: Verb, volume: Volume, etcd: Etcd, environment: ScriptEnvironment, fault: Fault): Promise<VerbOutcome>;
}

export const EXIT = {
  backupMissing: 11,
  etcdUnreachable: 13,
  sessionsAlive: 14,
  halfMigrated: 16,
  versionsRefused: 17,
  restoreFailed: 18,
  verifyFailed: 19,
  toolFailed: 20,
  metadataChanged: 21,
  alreadyMigrated: 22,
} as const;

export function isHalfMigrated({ marks }: Folder): boolean {
  return (
    marks.has("migrate.started") &&
    !marks.has("restore.done") &&
    (marks.has("restore.started") || !marks.has("migrate.done"))
  );
}
