import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Bench, Outcome, RunSettings, Site } from "../scripts/support/bench";
import type { Killer } from "../scripts/support/killing";
import type { Etcd } from "./etcd";
import {
  copyVolume,
  type Folder,
  MARKS,
  type MetadataScript,
  type ScriptEnvironment,
  type Verb,
  type VerbOutcome,
  type Volume,
} from "./metadata";
import { ModelScript, momentsOf } from "./modelScript";
import { type Fault, NO_FAULT } from "./tool";

/**
 * The real metadata.sh on the real etcd, with the model beside it: after every verb the exit code, the volume and all of etcd
 * must be the same. What was killed at a statement must have left what the model has at one of its moments.
 */
export class CheckedScript implements MetadataScript {
  private readonly site: Site;
  private readonly model = new ModelScript();
  private readonly folders = new Map<Volume, string>();
  /** Verbs that were run and compared. */
  compared = 0;

  constructor(
    bench: Bench,
    private readonly killer: Killer,
  ) {
    this.site = bench.site();
  }

  async run(verb: Verb, volume: Volume, etcd: Etcd, env: ScriptEnvironment, fault: Fault): Promise<VerbOutcome> {
    const real = await this.runReal(verb, volume, etcd, env, fault);
    this.compared += 1;
    const found = { etcd: await this.read(), volume: this.signature(volume, env.attempt) };
    const killedAt = fault.how === "kill at a statement" || fault.how === "kill within the tool";
    const wasKilled = killedAt && real.code === null;
    const outcome =
      fault.how === "kill at a statement"
        ? await this.follow(verb, volume, etcd, env, wasKilled ? found : undefined)
        : await this.model.run(verb, volume, etcd, env, fault);
    // A killed tool's session stays for a moment, and every call that finds it counts.
    if (fault.how === "kill the tool alone") this.adoptCounters(etcd, env, volume, found);
    const modelled = { etcd: describeEtcd(etcd), volume: signatureOf(volume.get(env.attempt)) };
    const [expected, actual] = [
      { code: outcome.code, ...modelled },
      { code: wasKilled ? null : real.code, etcd: describeKeys(found.etcd), volume: found.volume },
    ];
    if (JSON.stringify(expected) !== JSON.stringify(actual)) {
      throw new Error(
        [
          `the model of metadata.sh ${verb} (${env.attempt}, ${fault.how} ${fault.number}) is not what the script does:`,
          `model:  ${outcome.code ?? "killed"} ${outcome.message}`,
          `script: ${real.code ?? real.signal ?? ""} ${real.reason}`,
          `model's volume:  ${modelled.volume}`,
          `script's volume: ${found.volume}`,
          `in etcd, model only:  ${onlyIn(modelled.etcd, actual.etcd)}`,
          `in etcd, script only: ${onlyIn(actual.etcd, modelled.etcd)}`,
          real.log,
        ].join("\n"),
      );
    }
    return { ...outcome, message: real.reason === "" ? outcome.message : real.reason };
  }

  age(volume: Volume): void {
    this.model.age(volume);
    const root = this.folderOf(volume);
    for (const attempt of volume.keys()) {
      for (const file of ["counter", "migrated.list", "backup.list"])
        rmSync(path.join(root, attempt, file), { force: true });
      const record = path.join(root, attempt, "backup.record");
      if (!existsSync(record)) continue;
      const lines = readFileSync(record, "utf8").split("\n");
      writeFileSync(record, lines.filter((line) => !/^(installation|listSha256)=/.test(line)).join("\n"));
    }
  }

  // ------------------------------------------------------------------------------------------ the real one

  private async runReal(
    verb: Verb,
    volume: Volume,
    etcd: Etcd,
    env: ScriptEnvironment,
    { how, number }: Fault,
  ): Promise<Outcome> {
    const { site } = this;
    await site.bench.etcd.reset(
      this.prefix,
      new Map([...etcd.keys].map(([key, value]): [string, string] => [this.prefix + key, value])),
    );
    const sessions = env.sessions();
    for (const [index, component] of sessions.entries()) {
      const key = `${this.prefix}${env.root}/meta/session/${component}-${index}`;
      await site.bench.etcd.putWithLease(key, "{}", 60);
    }
    const settings: RunSettings = {
      attempt: env.attempt,
      env: {
        DATA_DIR: this.folderOf(volume),
        SOURCE_VERSION: env.source,
        TARGET_VERSION: env.target,
        ETCD_ROOT_PATH: this.prefix + env.root,
        INSTALLATION: env.installation,
        OVERWRITE: env.overwrite ? "yes" : "no",
        // The model's order: what a restore that is killed leaves is compared entry by entry.
        SANDBOX_ORDER: "sorted",
        ...(sessions.length > 0 && { SESSION_TIMEOUT: "0" }),
      },
    };
    const point = { number, name: "" };
    const run = (): Promise<Outcome> => {
      const scriptVerb = verb;
      switch (how) {
        case "none":
          return site.run(scriptVerb, settings);
        case "kill at a statement":
          return this.killer.killAt(site, scriptVerb, { ...point, kind: "script" }, settings);
        case "kill within the tool":
          return this.killer.killAt(site, scriptVerb, { ...point, kind: "tool" }, settings);
        case "kill the tool alone":
          return this.killer.faultAt(site, scriptVerb, number, "kill", settings);
        case "etcd fails":
          return this.killer.faultAt(site, scriptVerb, number, "fail", settings);
      }
    };
    const outcome = await run();
    await site.bench.etcd.revokeLeases(this.prefix);
    return outcome;
  }

  private get prefix(): string {
    return `${this.site.rootPath}/`;
  }

  private folderOf(volume: Volume): string {
    const known = this.folders.get(volume);
    if (known !== undefined) return known;
    const folder = path.join(this.site.folder, `volume-${this.folders.size}`);
    mkdirSync(folder, { recursive: true });
    this.folders.set(volume, folder);
    return folder;
  }

  private async read(): Promise<Map<string, string>> {
    const entries = await this.site.bench.etcd.entries(this.prefix);
    return new Map([...entries].map(([key, value]) => [key.slice(this.prefix.length), value]));
  }

  /** What decides anything of an attempt's folder. */
  private signature(volume: Volume, attempt: string): string {
    const folder = path.join(this.folderOf(volume), attempt);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    const listed = (file: string) =>
      files.includes(file) ? readFileSync(path.join(folder, file), "utf8").trim().split("\n").length : 0;
    const has = (file: string) => files.includes(file);
    const count = (kind: string) => files.filter((file) => file.startsWith(kind) && file.endsWith(".record")).length;
    return JSON.stringify({
      marks: MARKS.filter(has),
      // Version 0.1 kept no listing.
      backup:
        (has("backup.done") &&
          (has("backup.list") ? listed("backup.list") : entriesOf(path.join(folder, "backup.record")))) ||
        0,
      counter: has("counter") ? readFileSync(path.join(folder, "counter"), "utf8").trim() : "",
      migrated: listed("migrated.list"),
      replaced: count("replaced-"),
      outdated: count("outdated-"),
    });
  }

  // ------------------------------------------------------------------------------------------ the model

  /** To the moment that has left the same; without one to the end. */
  private async follow(
    verb: Verb,
    volume: Volume,
    etcd: Etcd,
    env: ScriptEnvironment,
    found: { readonly etcd: ReadonlyMap<string, string>; readonly volume: string } | undefined,
  ): Promise<VerbOutcome> {
    if (found === undefined) return this.model.run(verb, volume, etcd, env, NO_FAULT);
    const [copy, copied] = [copyVolume(volume), etcd.copy()];
    const expected = describeKeys(found.etcd);
    const matches = () => signatureOf(copy.get(env.attempt)) === found.volume && describeEtcd(copied) === expected;
    const moments = momentsOf(verb, copy, copied, env, NO_FAULT);
    let name = "its first statement";
    // Never a step of the model beyond the moment that is alike: what is taken over is what the script has left.
    while (!matches()) {
      const { done, value } = moments.next();
      if (done) {
        if (matches()) break;
        return { code: null, message: "killed where the model never is" };
      }
      name = `${value.kind} ${value.name}`;
    }
    volume.clear();
    for (const [attempt, folder] of copy) volume.set(attempt, folder);
    etcd.become(copied);
    return { code: null, message: `killed at ${name}` };
  }

  private adoptCounters(
    etcd: Etcd,
    env: ScriptEnvironment,
    volume: Volume,
    found: { readonly etcd: ReadonlyMap<string, string>; readonly volume: string },
  ): void {
    const key = `${env.root}/meta/session/id`;
    const value = found.etcd.get(key);
    if (value !== undefined) etcd.set(key, value);
    const folder = volume.get(env.attempt);
    const [base, calls] = (JSON.parse(found.volume) as { counter: string }).counter.split(" ").map(Number);
    if (folder && base !== undefined && calls !== undefined) folder.counter = { base, calls };
  }
}

function entriesOf(record: string): number {
  return Number(/^entries=(\d+)$/m.exec(existsSync(record) ? readFileSync(record, "utf8") : "")?.[1]);
}

function signatureOf(folder: Folder | undefined): string {
  const marks = folder?.marks ?? new Set();
  const counter = folder?.counter;
  return JSON.stringify({
    marks: MARKS.filter((mark) => marks.has(mark)),
    // The listings hold the session counter too.
    backup: marks.has("backup.done") ? (folder?.backup?.entries.size ?? -1) + 1 : 0,
    counter: counter ? `${counter.base} ${counter.calls}` : "",
    migrated: folder?.migrated ? folder.migrated.size + 1 : 0,
    replaced: folder?.replaced.length ?? 0,
    outdated: folder?.outdated.length ?? 0,
  });
}

function describeEtcd({ keys }: Etcd): string {
  return describeKeys(keys);
}

function describeKeys(keys: ReadonlyMap<string, string>): string {
  return [...keys]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    .join("\n");
}

function onlyIn(a: string, b: string): string {
  const others = new Set(b.split("\n"));
  return a
    .split("\n")
    .filter((line) => !others.has(line))
    .join("\n    ");
}
