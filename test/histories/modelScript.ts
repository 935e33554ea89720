import type { Etcd } from "./etcd";
import { difference, kindOf, wrongAfterMigration } from "./listings";
import {
  type Backup,
  EXIT,
  type Folder,
  isHalfMigrated,
  type MetadataScript,
  type ScriptEnvironment,
  type Verb,
  type VerbOutcome,
  type Volume,
} from "./metadata";
import type { Entries } from "./records";
import { type Fault, type Point, Tool, type ToolResult } from "./tool";

/** The only way out, as `end` in the script. */
class End extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

const CODES = { none: 0, sessions: EXIT.sessionsAlive, etcd: EXIT.etcdUnreachable, unknown: EXIT.toolFailed } as const;

/** A model of metadata.sh: the same decisions over the same records, with kill points between every two steps. */
export class ModelScript implements MetadataScript {
  run(verb: Verb, volume: Volume, etcd: Etcd, env: ScriptEnvironment, fault: Fault): Promise<VerbOutcome> {
    const moments = new Run(volume, etcd, env, fault).run(verb);
    const killed = fault.how === "kill at a statement" ? "script" : fault.how === "kill within the tool" ? "tool" : "";
    let passed = 0;
    for (;;) {
      const { done, value } = moments.next();
      if (done) return Promise.resolve(value);
      if (value.kind === killed && ++passed === fault.number) {
        return Promise.resolve({ code: null, message: `killed at ${value.kind} ${value.name}` });
      }
    }
  }
}

class Run {
  private readonly tool: Tool;
  private mode: "equal" | "contains" = "equal";

  constructor(
    private readonly volume: Volume,
    etcd: Etcd,
    private readonly env: ScriptEnvironment,
    fault: Fault,
  ) {
    this.tool = new Tool({ etcd, root: env.root, sessions: env.sessions }, fault);
  }

  *run(verb: Verb): Generator<Point, VerbOutcome> {
    try {
      yield* this.statement("begin");
      yield* this.verb(verb);
    } catch (error) {
      if (error instanceof End) return { code: error.code, message: `metadata.sh ${verb}: ${error.message}` };
      throw error;
    }
    throw new Error(`${verb} ended without an outcome`);
  }

  private verb(verb: Verb): Generator<Point, void> {
    switch (verb) {
      case "backup":
        return this.backup();
      case "migrate":
        return this.migrate();
      case "restore":
      case "rollback":
        return this.restore(verb);
      case "probe":
        throw new End(2, "unknown verb");
    }
  }

  private *statement(name: string): Generator<Point, void> {
    yield { kind: "script", name };
  }

  private get folder(): Folder {
    const found = this.volume.get(this.env.attempt) ?? { marks: new Set() };
    this.volume.set(this.env.attempt, found);
    return found;
  }

  private has(mark: string): boolean {
    return this.folder.marks.has(mark);
  }

  private *mark(name: string): Generator<Point, void> {
    this.folder.marks.add(name);
    yield* this.statement(`mark ${name}`);
  }

  private *clearMark(name: string): Generator<Point, void> {
    this.folder.marks.delete(name);
    yield* this.statement(`clear ${name}`);
  }

  private *look(): Generator<Point, Entries | ToolResult> {
    const result = yield* this.tool.call("backup");
    yield* this.statement("looked");
    return result.file?.entries ?? result;
  }

  private *mustLook(failure: (result: ToolResult) => End): Generator<Point, Entries> {
    const seen = yield* this.look();
    if (seen instanceof Map) return seen;
    throw failure(seen as ToolResult);
  }

  private checkedBackup(): Backup {
    const { backup } = this.folder;
    const { source, target, root } = this.env;
    if (backup === undefined) throw new End(EXIT.backupMissing, "the backup is missing, although the attempt has one.");
    if (backup.versions !== `${source} ${target}` || backup.root !== root) {
      throw new End(EXIT.versionsRefused, `the backup is for ${backup.versions} under ${backup.root}.`);
    }
    return backup;
  }

  private refuseHalfMigratedOthers(): void {
    for (const [name, folder] of this.volume) {
      if (name === this.env.attempt || !isHalfMigrated(folder)) continue;
      throw new End(EXIT.halfMigrated, `attempt ${name} left the metadata half migrated. Restore that attempt first.`);
    }
  }

  private *backup(): Generator<Point, void> {
    this.refuseHalfMigratedOthers();
    if (this.has("backup.done")) {
      this.checkedBackup();
      throw new End(0, "the backup of this attempt exists already and is good; it is kept.");
    }
    if (this.has("migrate.started")) throw new End(EXIT.halfMigrated, "has begun to migrate, but has no backup.");
    const result = yield* this.tool.call("backup");
    if (result.file === undefined) throw new End(CODES[result.problem], `no backup taken: ${result.problem}.`);
    const { entries, counter } = result.file;
    const kind = kindOf(entries);
    if (kind === "of 2.2") throw new End(EXIT.halfMigrated, "the metadata holds records of 2.2 already.");
    if (kind !== "of 2.1") throw new End(EXIT.halfMigrated, "the metadata holds segments but no collection.");
    yield* this.statement("record");
    const { root, source, target } = this.env;
    this.folder.backup = { entries, counter, root, versions: `${source} ${target}` };
    yield* this.mark("backup.done");
    throw new End(0, `backed up ${entries.size} entries.`);
  }

  private *migrate(): Generator<Point, void> {
    this.refuseHalfMigratedOthers();
    if (!this.has("backup.done")) throw new End(EXIT.backupMissing, "the attempt has no backup.");
    if (this.has("migrate.done") && !this.has("restore.started")) throw new End(0, "the metadata is migrated already.");
    const wasHalf = isHalfMigrated(this.folder);
    const backup = this.checkedBackup();
    if (wasHalf) yield* this.putBack(backup);
    if (!wasHalf || this.mode !== "equal") {
      const now = yield* this.mustLook(({ problem }) => new End(CODES[problem], "not migrated, nothing changed."));
      const differs = difference(backup.entries, now, "equal");
      if (differs) {
        throw new End(EXIT.metadataChanged, `not migrated, nothing changed: ${differs}. A new attempt is needed.`);
      }
    }
    for (const mark of ["migrate.done", "restore.done", "restore.started"]) yield* this.clearMark(mark);
    yield* this.mark("migrate.started");
    const result = yield* this.tool.call("run");
    yield* this.statement("tool has run");
    if (result.problem !== "none") {
      if (!result.touched && result.problem === "sessions") {
        yield* this.clearMark("migrate.started");
        throw new End(CODES[result.problem], "not migrated, nothing changed.");
      }
      return yield* this.failAfterRestoring(backup, CODES[result.problem], "the migration failed.");
    }
    const now = yield* this.look();
    if (!(now instanceof Map)) {
      return yield* this.failAfterRestoring(backup, CODES[(now as ToolResult).problem], "could not be looked at.");
    }
    const wrong = wrongAfterMigration(backup.entries, now);
    if (wrong) return yield* this.failAfterRestoring(backup, EXIT.verifyFailed, `not complete: ${wrong}.`);
    yield* this.mark("migrate.done");
    throw new End(0, "migrated.");
  }

  private *restore(verb: "restore" | "rollback"): Generator<Point, void> {
    if (!this.has("migrate.started")) throw new End(0, "the migration had not begun: nothing to restore.");
    if (this.has("restore.done")) throw new End(0, "the metadata is restored already.");
    const isFinished = this.has("migrate.done") && !this.has("restore.started");
    if (verb === "restore" && isFinished) throw new End(EXIT.alreadyMigrated, "the migration is finished.");
    const backup = this.checkedBackup();
    if (isFinished) yield* this.mustLook(({ problem }) => new End(CODES[problem], "not rolled back."));
    yield* this.putBack(backup);
    throw new End(0, "restored.");
  }

  private *putBack(backup: Backup): Generator<Point, void> {
    this.mode = this.has("migrate.done") ? "contains" : "equal";
    const fails = () => new End(EXIT.restoreFailed, "the metadata could not be restored.");
    if (this.mode === "equal") {
      const now = yield* this.mustLook(fails);
      if (difference(backup.entries, now, "equal") === undefined) {
        yield* this.mark("restore.started");
        yield* this.mark("restore.done");
        return;
      }
    }
    yield* this.mark("restore.started");
    const result = yield* this.tool.call("rollback", backup.entries, backup.counter);
    if (result.problem !== "none") throw fails();
    const now = yield* this.mustLook(fails);
    const differs = difference(backup.entries, now, this.mode);
    if (differs) throw new End(EXIT.restoreFailed, `differs from the backup after the restore: ${differs}.`);
    yield* this.mark("restore.done");
  }

  private *failAfterRestoring(backup: Backup, code: number, message: string): Generator<Point, void> {
    yield* this.putBack(backup);
    throw new End(code, `${message} The metadata is as before.`);
  }
}
