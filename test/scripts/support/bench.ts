import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../../support/exitCodes";
import { type Entries, type SecureDoor, TestEtcd } from "./etcd";
import { fastFolder } from "./folders";
import { findTools, type TestTools } from "./tools";

export { EXIT };

export const SCRIPT = path.resolve(__dirname, "../../../components/scripts/metadata.sh");

export type Verb = "probe" | "backup" | "migrate" | "restore" | "rollback";

export interface Outcome {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output and error. */
  readonly log: string;
  /** The termination message, without its line end. */
  readonly reason: string;
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** Command that runs the script, default `sh`. */
  readonly shell?: readonly string[];
  /** Default {@link SCRIPT}. */
  readonly script?: string;
  readonly attempt?: string;
  /** Called with the process id (and group) once the process runs. */
  readonly onStart?: (pid: number) => void;
  /** Seconds after which it is killed; default {@link LIMIT_SECONDS}. */
  readonly limitSeconds?: number;
  /** Every piece of output as it comes. */
  readonly onOutput?: (text: string, pid: number) => void;
}

let serial = 0;

/** What all script tests share: one etcd and the migration tool's stand-in. */
export class Bench {
  private constructor(
    readonly etcd: TestEtcd,
    readonly tools: TestTools,
    readonly folder: string,
  ) {}

  /** A sentence when the tools cannot be had. */
  static async open(): Promise<Bench | string> {
    const tools = await findTools();
    if (typeof tools === "string") {
      return tools;
    }
    return new Bench(await TestEtcd.start(tools.etcd), tools, mkdtempSync(path.join(fastFolder(), "scripts-")));
  }

  async close(): Promise<void> {
    await this.etcd.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The same tools with another etcd, which goes with it. */
  async withEtcd(door: SecureDoor): Promise<Bench> {
    const folder = mkdtempSync(path.join(fastFolder(), "scripts-"));
    return new Bench(await TestEtcd.start(this.tools.etcd, door), this.tools, folder);
  }

  /** A Milvus of its own: a root path in etcd and a volume. */
  site(): Site {
    serial += 1;
    return new Site(this, `milvus-${serial}`);
  }
}

/** One Milvus' metadata and backup volume. */
export class Site {
  readonly folder: string;
  readonly volume: string;

  constructor(
    readonly bench: Bench,
    readonly rootPath: string,
  ) {
    this.folder = path.join(bench.folder, rootPath);
    this.volume = path.join(this.folder, "data");
    mkdirSync(this.volume, { recursive: true });
  }

  get prefix(): string {
    return `${this.rootPath}/meta/`;
  }

  attemptFolder(attempt = DEFAULT_ATTEMPT): string {
    return path.join(this.volume, attempt);
  }

  file(name: string, attempt = DEFAULT_ATTEMPT): string {
    return path.join(this.attemptFolder(attempt), name);
  }

  has(name: string, attempt = DEFAULT_ATTEMPT): boolean {
    return existsSync(this.file(name, attempt));
  }

  /** Makes etcd hold exactly these records, keys below the metadata root, and a session counter as every Milvus has. */
  async seed(records: Entries, counter = 12): Promise<void> {
    const entries = new Map([...records].map(([key, value]) => [this.prefix + key, value]));
    entries.set(`${this.prefix}session/id`, String(counter));
    await this.bench.etcd.reset(this.prefix, entries);
  }

  /** The session counter. */
  async counter(): Promise<number> {
    const entries = await this.bench.etcd.entries(`${this.prefix}session/id`);
    return Number(entries.get(`${this.prefix}session/id`) ?? 0);
  }

  /** What the start of a Milvus leaves in etcd, whatever it does then: every component takes a number of the session counter. */
  async startMilvus(components = MILVUS_COMPONENTS): Promise<void> {
    await this.bench.etcd.put(`${this.prefix}session/id`, String((await this.counter()) + components));
  }

  /** What a running Milvus writes. */
  async write(records: Entries): Promise<void> {
    for (const [key, value] of records) {
      await this.bench.etcd.put(this.prefix + key, value);
    }
  }

  async drop(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.bench.etcd.removeKey(this.prefix + key);
    }
  }

  /** The metadata, keys below the metadata root, without the session counter that every run of the tool moves. */
  async metadata(): Promise<Entries> {
    const entries = await this.bench.etcd.entries(this.prefix);
    return new Map(
      [...entries]
        .map(([key, value]): [string, string] => [key.slice(this.prefix.length), value])
        .filter(([key]) => key !== "session/id"),
    );
  }

  /** The session of a Milvus component. */
  async openSession(role: string, seconds: number): Promise<string> {
    return this.bench.etcd.putWithLease(`${this.prefix}session/${role}`, JSON.stringify({ ServerName: role }), seconds);
  }

  /** Lets the time pass in which a dead process' leases end. */
  async expireLeases(): Promise<void> {
    await this.bench.etcd.revokeLeases(this.prefix);
  }

  clearVolume(): void {
    rmSync(this.volume, { recursive: true, force: true });
    mkdirSync(this.volume);
  }

  saveVolume(to: string): void {
    rmSync(to, { recursive: true, force: true });
    cpSync(this.volume, to, { recursive: true });
  }

  loadVolume(from: string): void {
    rmSync(this.volume, { recursive: true, force: true });
    cpSync(from, this.volume, { recursive: true });
  }

  environment(attempt = DEFAULT_ATTEMPT): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      META_MIGRATION: this.bench.tools.metaMigration,
      DATA_DIR: this.volume,
      WORK_DIR: path.join(this.folder, "work"),
      ATTEMPT: attempt,
      SOURCE_VERSION: "2.1.4",
      TARGET_VERSION: "2.2.9",
      ETCD_ENDPOINTS: "my-release-etcd:2379",
      ETCD_ROOT_PATH: this.rootPath,
      ETCD_META_SUB_PATH: "meta",
      ETCD_KV_SUB_PATH: "kv",
      SESSION_TIMEOUT: "20",
      SESSION_POLL: "0.2",
      TOOL_LEASE: "1",
      TERMINATION_LOG: path.join(this.folder, "termination-log"),
      SANDBOX_HOSTS: `my-release-etcd:2379=${this.bench.etcd.address}`,
      SANDBOX_SESSION_TTL: "1",
    };
  }

  /** Runs the script to its end, in a process group and with a scratch folder of its own, as a container would. */
  async run(verb: Verb, settings: RunSettings = {}): Promise<Outcome> {
    const env = { ...this.environment(settings.attempt), ...settings.env };
    const terminationLog = env.TERMINATION_LOG ?? "";
    rmSync(terminationLog, { force: true });
    rmSync(env.WORK_DIR ?? "", { recursive: true, force: true });
    const [shell = "sh", ...shellArguments] = settings.shell ?? ["sh"];
    const { code, signal, log } = await runGroup(
      shell,
      [...shellArguments, settings.script ?? SCRIPT, verb],
      env,
      settings,
    );
    const reason = existsSync(terminationLog) ? readFileSync(terminationLog, "utf8").replace(/\n$/, "") : "";
    return { code, signal, log, reason };
  }

  /** Runs the migration tool itself. */
  async runTool(
    command: "backup" | "run" | "rollback",
    backupFile: string,
    env: Record<string, string> = {},
  ): Promise<Outcome> {
    const config = [
      `cmd: {type: ${command}}`,
      `config: {sourceVersion: 2.1.4, targetVersion: 2.2.9, backupFilePath: ${backupFile}}`,
      "metastore: {type: etcd}",
      `etcd: {endpoints: ["my-release-etcd:2379"], rootPath: ${this.rootPath}, metaSubPath: meta, kvSubPath: kv}`,
    ].join("\n");
    const file = path.join(this.folder, `${command}.yaml`);
    writeFileSync(file, config);
    const result = await runGroup(this.bench.tools.metaMigration, [`-config=${file}`], {
      ...this.environment(),
      ...env,
    });
    return { ...result, reason: "" };
  }
}

/** rootcoord, indexcoord, indexnode, datacoord, datanode, querycoord, querynode and proxy, one of each. */
const MILVUS_COMPONENTS = 8;

export const DEFAULT_ATTEMPT = "2.1.4-to-2.2.9-r7";

/** Longer than any script here takes, so that a hang is a failure and not a stuck run. */
const LIMIT_SECONDS = 120;

function runGroup(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  settings: RunSettings = {},
): Promise<Omit<Outcome, "reason">> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const { pid } = child;
    child.once("error", reject);
    if (pid === undefined) {
      return;
    }
    const killGroup = (): void => {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // Everything in the group has ended.
      }
    };
    const limit = setTimeout(killGroup, (settings.limitSeconds ?? LIMIT_SECONDS) * 1000);
    let log = "";
    const take = (chunk: Buffer): void => {
      const text = chunk.toString("utf8");
      log += text;
      settings.onOutput?.(text, pid);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("exit", killGroup);
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, log });
    });
    settings.onStart?.(pid);
  });
}
