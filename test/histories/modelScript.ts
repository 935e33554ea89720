import type { Etcd } from "./etcd";
import { difference, kindOf, notOf22, unexplained, wrongAfterMigration } from "./listings";
import {
  ageFolder,
  type Backup,
  type Copy,
  EXIT,
  type Folder,
  isHalfMigrated,
  type Mark,
  type MetadataScript,
  newFolder,
  type ScriptEnvironment,
  type Verb,
  type VerbOutcome,
  type Volume,
} from "./metadata";
import { type Command, type Fault, type Point, Tool, type ToolResult } from "./tool";

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

/** A model of metadata.sh: the same decisions over the same records, with a moment to be killed at between every two steps. */
export class ModelScript implements MetadataScript {
  age(volume: Volume): void {
    for (const folder of volume.values()) ageFolder(folder);
  }

  run(verb: Verb, volume: Volume, etcd: Etcd, env: ScriptEnvironment, fault: Fault): Promise<VerbOutcome> {
    const moments = momentsOf(verb, volume, etcd, env, fault);
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

/** One run, moment by moment: what is there at each is what a kill leaves. */
export function momentsOf(
  verb: Verb,
  volume: Volume,
  etcd: Etcd,
  env: ScriptEnvironment,
  fault: Fault,
): Generator<Point, VerbOutcome> {
  return new Run(verb, volume, etcd, env, fault).run();
}

class Run {
  private readonly tool: Tool;
  /** This run has let the tool migrate. */
  private toolHasRun = false;

  constructor(
    private readonly verb: Verb,
    private readonly volume: Volume,
    etcd: Etcd,
    private readonly env: ScriptEnvironment,
    fault: Fault,
  ) {
    this.tool = new Tool({ etcd, root: env.root, sessions: env.sessions }, fault);
  }

  *run(): Generator<Point, VerbOutcome> {
    try {
      yield* this.statement("begin");
      yield* this.act();
    } catch (error) {
      if (error instanceof End) return { code: error.code, message: `metadata.sh ${this.verb}: ${error.message}` };
      throw error;
    }
    throw new Error(`${this.verb} ended without an outcome`);
  }

  private act(): Generator<Point, void> {
    switch (this.verb) {
      case "probe":
        return this.probe();
      case "backup":
        return this.backup();
      case "migrate":
        return this.migrate();
      case "restore":
      case "rollback":
        return this.restore();
    }
  }

  // ------------------------------------------------------------------------------------------ small parts

  private *statement(name: string): Generator<Point, void> {
    yield { kind: "script", name };
  }

  private get folder(): Folder {
    const found = this.volume.get(this.env.attempt) ?? newFolder();
    this.volume.set(this.env.attempt, found);
    return found;
  }

  private has(mark: Mark): boolean {
    return this.folder.marks.has(mark);
  }

  private *mark(name: Mark): Generator<Point, void> {
    this.folder.marks.add(name);
    yield* this.statement(`mark ${name}`);
  }

  private *clearMark(name: Mark): Generator<Point, void> {
    this.folder.marks.delete(name);
    yield* this.statement(`clear ${name}`);
  }

  private get isFinished(): boolean {
    return this.has("migrate.done") && !this.has("restore.started");
  }

  private *call(command: Command): Generator<Point, ToolResult> {
    const { backup, counter } = this.folder;
    if (counter && this.has("backup.done")) {
      // A rollback of the tool puts back the counter that is in the backup.
      const base = command === "rollback" && backup ? Math.min(counter.base, backup.counter) : counter.base;
      this.folder.counter = { base, calls: counter.calls + 1 + counter.base - base };
      yield* this.statement("call counted");
    }
    return yield* this.tool.call(command, backup);
  }

  private *look(): Generator<Point, Copy | ToolResult> {
    const result = yield* this.call("backup");
    yield* this.statement("looked");
    return result.file ?? result;
  }

  private *mustLook(code?: number): Generator<Point, Copy> {
    const seen = yield* this.look();
    if ("entries" in seen) return seen;
    throw new End(code ?? CODES[seen.problem], `etcd could not be looked at: ${seen.problem}.`);
  }

  /** What was seen is what the script expected. */
  private *accept({ counter }: Copy): Generator<Point, void> {
    this.folder.counter = { base: counter, calls: 0 };
    yield* this.statement("counter");
  }

  private nobodyRegistered({ counter }: Copy): boolean {
    const known = this.folder.counter;
    return known !== undefined && known.base <= counter && counter <= known.base + known.calls;
  }

  private checkedBackup(): Backup {
    const { backup } = this.folder;
    const { source, target, root } = this.env;
    if (backup === undefined) throw new End(EXIT.backupMissing, "the backup is missing, although the attempt has one.");
    this.refuseOtherInstallation();
    if (backup.versions !== `${source} ${target}` || backup.root !== root) {
      throw new End(EXIT.versionsRefused, `the backup is for ${backup.versions} under ${backup.root}.`);
    }
    return backup;
  }

  private refuseOtherInstallation(): void {
    const recorded = this.folder.backup?.installation ?? "";
    const { installation } = this.env;
    if (recorded === "" || installation === "" || recorded === installation) return;
    throw new End(EXIT.otherInstallation, "the backup was taken of another installation of Milvus.");
  }

  private refuseHalfMigratedOthers(): void {
    for (const [name, folder] of this.volume) {
      if (name === this.env.attempt || !isHalfMigrated(folder)) continue;
      throw new End(EXIT.halfMigrated, `attempt ${name} left the metadata half migrated. Restore that attempt first.`);
    }
  }

  // ------------------------------------------------------------------------------------------ probe and backup

  private *probe(): Generator<Point, void> {
    const result = yield* this.tool.call("backup");
    if (result.problem === "sessions" && this.env.sessions().includes("rootcoord")) {
      throw new End(0, "the tool sees Milvus.");
    }
    if (result.problem === "sessions") throw new End(EXIT.wrongPlace, "sessions, but none of the root coordinator.");
    if (result.problem !== "none")
      throw new End(CODES[result.problem], `the tool cannot work here: ${result.problem}.`);
    throw new End(EXIT.wrongPlace, `no component of Milvus has a session under ${this.env.root}. Nothing was changed.`);
  }

  private *backup(): Generator<Point, void> {
    this.refuseHalfMigratedOthers();
    const isBegun = this.has("migrate.started") && !this.has("restore.done");
    const old = this.has("backup.done") ? this.checkedBackup() : undefined;
    if (old && isBegun) throw new End(0, "the backup of this attempt exists already and is good; it is kept.");
    if (isBegun) throw new End(EXIT.halfMigrated, "has begun to migrate, but has no backup.");
    if (old === undefined && this.has("backup.outdated")) yield* this.retire();
    const now = yield* this.mustLook();
    if (old && difference(old.entries, now.entries, "equal") === undefined) {
      yield* this.accept(now);
      throw new End(0, "the backup of this attempt exists already and is what etcd holds; it is kept.");
    }
    const kind = kindOf(now.entries);
    if (kind === "nothing") throw new End(EXIT.wrongPlace, `there is no metadata under ${this.env.root}.`);
    if (kind === "of 2.2") throw new End(EXIT.halfMigrated, "the metadata holds records of 2.2 already.");
    if (kind === "half removed") throw new End(EXIT.halfMigrated, "segments or snapshots, but no collection.");
    if (old) {
      yield* this.mark("backup.outdated");
      yield* this.clearMark("backup.done");
      yield* this.retire();
    }
    const { root, source, target, installation } = this.env;
    this.folder.backup = { ...now, root, versions: `${source} ${target}`, installation };
    yield* this.statement("backup renamed");
    yield* this.accept(now);
    yield* this.mark("backup.done");
    throw new End(0, `backed up ${now.entries.size} entries.${old ? " The backup before it is outdated." : ""}`);
  }

  private *retire(): Generator<Point, void> {
    const { backup, outdated } = this.folder;
    if (backup) outdated.push(backup);
    delete this.folder.backup;
    yield* this.statement("outdated backup moved");
    yield* this.clearMark("backup.outdated");
  }

  // ------------------------------------------------------------------------------------------ migrate

  private *migrate(): Generator<Point, void> {
    this.refuseHalfMigratedOthers();
    if (!this.has("backup.done")) throw new End(EXIT.backupMissing, "the attempt has no backup.");
    const backup = this.checkedBackup();
    let before: Copy = backup;
    if (this.isFinished) {
      const now = yield* this.mustLook();
      const wrong = this.notMigratedAnyMore(backup, now);
      if (wrong === undefined) throw new End(0, "the metadata is migrated already.");
      if (!this.env.overwrite) throw new End(EXIT.metadataChanged, `nothing changed: finished, but ${wrong}.`);
      before = yield* this.replaceByBackup(backup, now);
    } else if (isHalfMigrated(this.folder)) {
      before = yield* this.undoHalf(backup);
    } else {
      const now = yield* this.mustLook();
      const differs = difference(backup.entries, now.entries, "equal");
      if (differs === undefined) yield* this.accept(now);
      else if (this.env.overwrite) before = yield* this.replaceByBackup(backup, now);
      else throw new End(EXIT.metadataChanged, `not migrated, nothing changed: ${differs}. A new attempt is needed.`);
    }
    for (const mark of ["migrate.done", "restore.done", "restore.started"] as const) yield* this.clearMark(mark);
    yield* this.mark("migrate.started");
    this.toolHasRun = true;
    const result = yield* this.call("run");
    yield* this.statement("tool has run");
    if (result.problem !== "none") {
      if (!result.touched && result.problem === "sessions") {
        yield* this.clearMark("migrate.started");
        throw new End(CODES[result.problem], "not migrated, nothing changed.");
      }
      return yield* this.failAfterRestoring(backup, CODES[result.problem], "the migration failed.");
    }
    const now = yield* this.look();
    if (!("entries" in now)) {
      return yield* this.failAfterRestoring(backup, CODES[now.problem], "could not be looked at.");
    }
    const wrong = wrongAfterMigration(before.entries, now.entries);
    if (wrong) return yield* this.failAfterRestoring(backup, EXIT.verifyFailed, `not complete: ${wrong}.`);
    yield* this.accept(now);
    this.folder.migrated = now.entries;
    yield* this.statement("outcome listed");
    yield* this.mark("migrate.done");
    throw new End(0, "migrated.");
  }

  /** After a look at a finished migration: what etcd holds that neither it nor 2.2 can have left. */
  private notMigratedAnyMore(backup: Backup, now: Copy): string | undefined {
    const { migrated, counter } = this.folder;
    if (migrated === undefined) {
      return wrongAfterMigration(backup.entries, now.entries) && notOf22(backup.entries, new Map(), now.entries);
    }
    const differs = difference(migrated, now.entries, "equal");
    if (differs === undefined) return undefined;
    if (this.nobodyRegistered(now)) return `${differs}, although nobody has registered`;
    const wrong = notOf22(backup.entries, migrated, now.entries);
    if (wrong) return wrong;
    return counter && now.counter < counter.base ? "the session counter went back" : undefined;
  }

  // ------------------------------------------------------------------------------------------ restore

  private *restore(): Generator<Point, void> {
    if (!this.has("migrate.started") || this.has("restore.done")) return yield* this.restoreNothing();
    const backup = this.checkedBackup();
    if (!this.isFinished) {
      yield* this.undoHalf(backup);
      throw new End(0, "restored.");
    }
    const seen = yield* this.look();
    if (!("entries" in seen)) {
      const isUsed = this.verb === "restore" && seen.problem === "sessions";
      throw new End(isUsed ? EXIT.alreadyMigrated : CODES[seen.problem], "nothing changed.");
    }
    if (this.verb === "rollback") {
      const wrong = this.notMigratedAnyMore(backup, seen);
      if (wrong && !this.env.overwrite) throw new End(EXIT.metadataChanged, `not rolled back: ${wrong}.`);
      yield* this.setAside(seen);
    } else {
      const { migrated } = this.folder;
      const isUnused = migrated && difference(migrated, seen.entries, "equal") === undefined;
      if (!isUnused || !this.nobodyRegistered(seen)) {
        throw new End(EXIT.alreadyMigrated, "the migration is finished. Undoing it loses what was written since.");
      }
    }
    yield* this.putBack(backup);
    throw new End(0, "restored.");
  }

  private *restoreNothing(): Generator<Point, void> {
    if (this.has("backup.done")) this.refuseOtherInstallation();
    const recorded = this.folder.backup?.root ?? this.env.root;
    if (this.has("backup.done") && recorded !== this.env.root) {
      throw new End(EXIT.versionsRefused, `the backup is of the metadata under ${recorded}. Nothing was changed.`);
    }
    const now = yield* this.mustLook();
    if (kindOf(now.entries) === "of 2.2") {
      throw new End(EXIT.metadataChanged, "there is nothing to undo, but etcd holds records of 2.2.");
    }
    throw new End(0, "nothing to restore.");
  }

  /** A migration or its undoing began and did not end. */
  private *undoHalf(backup: Backup): Generator<Point, Copy> {
    const now = yield* this.mustLook(EXIT.restoreFailed);
    if (difference(backup.entries, now.entries, "equal") === undefined) {
      yield* this.accept(now);
      yield* this.mark("restore.started");
      yield* this.mark("restore.done");
      return backup;
    }
    const replaced = this.folder.replaced.at(-1)?.entries ?? new Map<string, string>();
    const nobody = this.nobodyRegistered(now);
    const what = unexplained(backup.entries, replaced, now.entries, this.has("restore.started"));
    if (what === undefined) yield* this.accept(now);
    else if (this.toolHasRun && nobody) yield* this.statement("nobody but the tool");
    else if (this.env.overwrite) yield* this.setAside(now);
    else throw new End(EXIT.metadataChanged, `half migrated, but not explained, nothing changed: ${what}.`);
    return yield* this.putBack(backup);
  }

  private *replaceByBackup(backup: Backup, now: Copy): Generator<Point, Copy> {
    yield* this.setAside(now);
    return yield* this.putBack(backup);
  }

  private *setAside(now: Copy): Generator<Point, void> {
    this.folder.replaced.push(now);
    yield* this.statement("set aside");
  }

  /** Gives what etcd holds then: the backup, and perhaps what the tool does not remove. */
  private *putBack(backup: Backup): Generator<Point, Copy> {
    const mayHaveMore = this.has("migrate.done") || this.folder.replaced.length > 0;
    if (!this.has("restore.started")) yield* this.mark("restore.started");
    if (!this.has("migrate.started")) yield* this.mark("migrate.started");
    if (this.has("restore.done")) yield* this.clearMark("restore.done");
    const result = yield* this.call("rollback");
    if (result.problem !== "none") throw new End(EXIT.restoreFailed, "the metadata could not be restored.");
    const now = yield* this.mustLook(EXIT.restoreFailed);
    const differs = difference(backup.entries, now.entries, mayHaveMore ? "contains" : "equal");
    if (differs) throw new End(EXIT.restoreFailed, `differs from the backup after the restore: ${differs}.`);
    yield* this.accept(now);
    yield* this.mark("restore.done");
    return mayHaveMore ? now : backup;
  }

  private *failAfterRestoring(backup: Backup, code: number, message: string): Generator<Point, void> {
    yield* this.undoHalf(backup);
    throw new End(code, `${message} The metadata is as before.`);
  }
}
