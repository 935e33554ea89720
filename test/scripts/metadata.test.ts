import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { DEFAULT_ATTEMPT, EXIT, type Outcome, type RunSettings, type Site, type Verb } from "./support/bench";
import { exampleCollection, readCatalogue, records22 } from "./support/catalogue";
import type { Entries } from "./support/etcd";
import { COLLECTIONS, convertedByTool, formatOf, type Format, OLD } from "./support/state";
import { findProgram } from "./support/tools";
import { useBench } from "./support/useBench";

const OTHER_ATTEMPT = "2.1.4-to-2.2.8-r7";

/** A case in which a verb must end with a certain code and a sentence, and leave the metadata in a certain state. */
interface Refusal {
  readonly title: string;
  readonly verb: Verb;
  /** State the verb finds; default: 2.1 metadata, nothing done yet. */
  readonly after?: readonly Verb[];
  readonly prepare?: (site: Site) => Promise<void> | void;
  readonly settings?: RunSettings;
  readonly code: number;
  readonly says: RegExp;
  /** Default: old. */
  readonly leaves?: Format;
  /** Does the attempt have a start mark afterwards? Default: no. */
  readonly started?: boolean;
}

const flipByte = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
};

const remove = async (site: Site, keys: readonly string[]): Promise<void> => {
  for (const key of keys) {
    await site.bench.etcd.remove(site.prefix + key);
  }
};

const halfMigrate = async (site: Site): Promise<void> => {
  const { signal } = await site.run("migrate", { env: { SANDBOX_FAULT: "mid-save:9=kill-group" } });
  expect(signal).to.equal("SIGKILL");
  await site.expireLeases();
};

const REFUSALS: readonly Refusal[] = [
  {
    title: "the environment is incomplete",
    verb: "backup",
    settings: { env: { ETCD_ROOT_PATH: "" } },
    code: EXIT.usage,
    says: /ETCD_ROOT_PATH is not set/,
  },
  ...(
    [
      ["v2.1.4", "2.2.9"],
      ["2.1.04", "2.2.9"],
      ["2.1.4", "2.4.1"],
      ["2.0.2", "2.2.9"],
      ["2.1.4", "2.2.0-rc1"],
      ["2.1.4", "2.2"],
    ] as const
  ).map(
    ([from, to]): Refusal => ({
      title: `versions ${from} to ${to}`,
      verb: "migrate",
      settings: { env: { SOURCE_VERSION: from, TARGET_VERSION: to } },
      code: EXIT.versionsRefused,
      says: new RegExp(`not from ${from} to ${to}`),
    }),
  ),
  {
    title: "etcd cannot be reached",
    verb: "backup",
    settings: { env: { ETCD_ENDPOINTS: "127.0.0.1:1", ETCD_TIMEOUT: "1" } },
    code: EXIT.etcdUnreachable,
    says: /etcd at 127\.0\.0\.1:1 cannot be reached: .*connection refused/,
  },
  {
    title: "etcd cannot be reached any more",
    verb: "migrate",
    after: ["backup"],
    settings: { env: { SANDBOX_HOSTS: "my-release-etcd:2379=127.0.0.1:1", ETCD_TIMEOUT: "1" } },
    code: EXIT.etcdUnreachable,
    says: /not migrated, nothing changed: etcd at my-release-etcd:2379 cannot be reached/,
  },
  ...(["backup", "migrate"] as const).map(
    (verb): Refusal => ({
      title: `${verb} while a query node has a session`,
      verb,
      ...(verb === "migrate" ? { after: ["backup"] as const } : {}),
      prepare: async (site) => void (await site.openSession("querynode-12", 600)),
      settings: { env: { SESSION_TIMEOUT: "1" } },
      code: EXIT.sessionsAlive,
      says: /sessions under milvus-\d+\/meta\/session\/ did not expire within 1 s: querynode \(1 alive/,
    }),
  ),
  {
    title: "another migration runs",
    verb: "backup",
    prepare: async (site) => void (await site.openSession("migration", 600)),
    settings: { env: { SESSION_TIMEOUT: "1", TOOL_LEASE: "-9" } },
    code: EXIT.otherMigration,
    says: /another migration holds milvus-\d+\/meta\/session\/migration/,
  },
  {
    title: "migrate without a backup",
    verb: "migrate",
    code: EXIT.backupMissing,
    says: /has no backup\. Nothing was changed/,
  },
  {
    title: "the backup file is gone",
    verb: "migrate",
    after: ["backup"],
    prepare: (site) => rmSync(site.file("migration.bak")),
    code: EXIT.backupMissing,
    says: /migration\.bak is missing.*Nothing was changed/,
  },
  {
    title: "the backup file is truncated",
    verb: "migrate",
    after: ["backup"],
    prepare: (site) => truncateSync(site.file("migration.bak"), statSync(site.file("migration.bak")).size - 1),
    code: EXIT.backupCorrupt,
    says: /has \d+ bytes where \d+ are recorded/,
  },
  {
    title: "one byte of the backup file is another",
    verb: "migrate",
    after: ["backup"],
    prepare: (site) => flipByte(site.file("migration.bak"), 300),
    code: EXIT.backupCorrupt,
    says: /does not have its recorded checksum/,
  },
  {
    title: "backup again over a backup file that went bad",
    verb: "backup",
    after: ["backup"],
    prepare: (site) => appendFileSync(site.file("migration.bak"), "x"),
    code: EXIT.backupCorrupt,
    says: /It is not replaced/,
  },
  {
    title: "the attempt's backup is for other versions",
    verb: "migrate",
    after: ["backup"],
    settings: { env: { TARGET_VERSION: "2.2.8" } },
    code: EXIT.versionsRefused,
    says: /is for 2\.1\.4 to 2\.2\.9 under/,
  },
  {
    title: "Milvus has written since the backup",
    verb: "migrate",
    after: ["backup"],
    prepare: (site) => site.bench.etcd.put(`${site.prefix}root-coord/collection-alias/late`, "{}"),
    code: EXIT.metadataChanged,
    says: /1 entries differ; new milvus-\d+\/meta\/root-coord\/collection-alias\/late.*a new attempt with a new backup/,
    leaves: "neither",
  },
  ...(["backup", "migrate"] as const).map(
    (verb): Refusal => ({
      title: `${verb} while another attempt is half migrated`,
      verb,
      after: ["backup"],
      prepare: halfMigrate,
      settings: { attempt: OTHER_ATTEMPT },
      code: EXIT.halfMigrated,
      says: /attempt 2\.1\.4-to-2\.2\.9-r7 left the metadata half migrated/,
      leaves: "neither",
      started: true,
    }),
  ),
  {
    title: "backup of metadata that a migration on another volume left behind without its old records",
    verb: "backup",
    prepare: (site) => remove(site, ["root-coord/", "snapshots/", "indexes/"]),
    code: EXIT.halfMigrated,
    says: /holds segments but no collection/,
    leaves: "neither",
  },
  {
    title: "backup of metadata that a migration on another volume left behind half saved",
    verb: "backup",
    prepare: async (site) => void (await site.runTool("run", "/dev/null", { SANDBOX_FAULT: "after-save=kill" }), await site.expireLeases()),
    code: EXIT.halfMigrated,
    says: /holds records of 2\.2 already/,
    leaves: "new",
  },
  {
    title: "restore of a finished migration",
    verb: "restore",
    after: ["backup", "migrate"],
    code: EXIT.alreadyMigrated,
    says: /ask for it by the verb rollback/,
    leaves: "new",
    started: true,
  },
  {
    title: "rollback while Milvus runs",
    verb: "rollback",
    after: ["backup", "migrate"],
    prepare: async (site) => void (await site.openSession("rootcoord", 600)),
    settings: { env: { SESSION_TIMEOUT: "1" } },
    code: EXIT.sessionsAlive,
    says: /not rolled back, nothing changed: sessions under .*: rootcoord/,
    leaves: "new",
    started: true,
  },
  {
    title: "restore with a truncated backup",
    verb: "restore",
    after: ["backup"],
    prepare: async (site) => {
      await halfMigrate(site);
      truncateSync(site.file("migration.bak"), 200);
    },
    code: EXIT.backupCorrupt,
    says: /Do not start Milvus; restore etcd from another backup/,
    leaves: "neither",
    started: true,
  },
];

/** What can go wrong within the tool's `run`; each time the backup must be back when the script fails. */
const FAILURES: readonly { readonly title: string; readonly fault: string; readonly code: number; readonly says: RegExp }[] = [
  { title: "etcd fails while the old records are removed", fault: "mid-clean:3=fail", code: EXIT.etcdUnreachable, says: /request timed out/ },
  { title: "etcd fails while the new records are saved", fault: "mid-save:7=fail", code: EXIT.etcdUnreachable, says: /request timed out/ },
  { title: "the tool alone is killed after the old records are gone", fault: "after-clean=kill", code: EXIT.toolFailed, says: /exit code 137/ },
  { title: "the tool alone is killed while it saves", fault: "mid-save:20=kill", code: EXIT.toolFailed, says: /exit code 137/ },
];

describe("metadata.sh", function () {
  this.timeout(120_000);
  const bench = useBench();
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });

  const stopped = async (...verbs: readonly Verb[]): Promise<Site> => {
    const site = bench().site();
    await site.seed(OLD);
    for (const verb of verbs) {
      await done(site, verb);
    }
    return site;
  };
  const done = async (site: Site, verb: Verb, settings: RunSettings = {}): Promise<Outcome> => {
    const outcome = await site.run(verb, settings);
    expect(outcome.code, outcome.log).to.equal(0);
    return outcome;
  };
  const format = (site: Site): Promise<Format> => formatOf(site, OLD, converted);

  describe("refuses, with a code of its own and a sentence, and touches nothing", () => {
    for (const { title, verb, after, prepare, settings, code, says, leaves, started } of REFUSALS) {
      it(`${title}: ${code}`, async () => {
        const site = await stopped(...(after ?? []));
        await prepare?.(site);
        const before = await site.metadata();
        const outcome = await site.run(verb, settings);
        expect(outcome.code, outcome.log).to.equal(code);
        expect(outcome.reason).to.match(says).and.match(new RegExp(`^metadata\\.sh ${verb}: `)).and.not.include("\n");
        expect(await format(site)).to.equal(leaves ?? "old");
        expect([...(await site.metadata())]).to.deep.equal([...before]);
        expect(site.has("migrate.started")).to.equal(started ?? false);
      });
    }

    it("every code is another", () => {
      const codes = Object.values(EXIT);
      expect(new Set(codes).size).to.equal(codes.length);
    });
  });

  describe("puts the backup back before it fails", () => {
    for (const { title, fault, code, says } of FAILURES) {
      it(`${title}: ${code}`, async () => {
        const site = await stopped("backup");
        const outcome = await site.run("migrate", { env: { SANDBOX_FAULT: fault } });
        expect(outcome.code, outcome.log).to.equal(code);
        expect(outcome.reason).to.match(says).and.match(/The metadata is as before \(\d+ entries, compared with the backup\); nothing is lost/);
        expect(await format(site)).to.equal("old");
        await done(site, "migrate");
        expect(await format(site)).to.equal("new");
      });
    }

    it("a tool that reports success and has lost a record: 19", async () => {
      for (const lost of ["root-coord/collection/2", "root-coord/aliases/alias_4", "segment-index/1/10/1001/1501", "datacoord-meta/s/3/30/3001"]) {
        const site = await stopped("backup");
        const outcome = await site.run("migrate", { env: { META_MIGRATION: forgetfulTool(site, lost) } });
        expect(outcome.code, outcome.log).to.equal(EXIT.verifyFailed);
        expect(outcome.reason).to.match(/the migrated metadata is not complete: 1 differences.*as before/);
        expect(await format(site)).to.equal("old");
      }
    });

    it("and says so with 18 when it cannot: a session comes up in the middle and stays", async () => {
      const site = await stopped("backup");
      const running = site.run("migrate", { env: { SANDBOX_FAULT: "mid-save:9=sleep:1500", SESSION_TIMEOUT: "1" } });
      await until(async () => (await site.metadata()).has("root-coord/collection/1") === false);
      await site.openSession("datanode-3", 600);
      const outcome = await running;
      expect(outcome.code, outcome.log).to.equal(EXIT.restoreFailed);
      expect(outcome.reason).to.match(/could not be restored: sessions under .*: datanode \(1 alive.*do not start Milvus; run this again/);
      expect(await format(site)).to.equal("neither");
      await site.expireLeases();
      await done(site, "restore");
      expect(await format(site)).to.equal("old");
    });
  });

  describe("goes the whole way", () => {
    it("backup, migrate: every collection, alias, index and segment is there in the new format", async () => {
      const site = await stopped();
      const backup = await done(site, "backup");
      expect(backup.reason).to.match(/backed up \d+ entries: 4 collections, 6 collection snapshots, 4 aliases, 3 field indexes, 6 segment indexes, 8 segments/);
      const record = readFileSync(site.file("backup.record"), "utf8");
      expect(record).to.match(/^size=\d+\nentries=\d+\nsha256=[0-9a-f]{64}\nsourceVersion=2\.1\.4\ntargetVersion=2\.2\.9\nrootPath=milvus-\d+\/meta\n/);
      const migrate = await done(site, "migrate");
      expect(migrate.reason).to.match(/migrated from 2\.1\.4 to 2\.2\.9: .*4 collections/);
      for (const [index, text] of ["look at", "compare", "start mark", "migrate from", "verify", "end mark"].entries()) {
        expect(migrate.log).to.match(new RegExp(`^\\[ *\\d+s\\] Step ${index + 1} of 6: .*${text}`, "m"));
      }
      expect(await format(site)).to.equal("new");
      expect(readCatalogue(await site.metadata(), "2.2")).to.deep.equal(COLLECTIONS);
      expect(readCatalogue(OLD, "2.1")).to.deep.equal(COLLECTIONS);
    });

    it("every verb again: exit 0, nothing done", async () => {
      const site = await stopped("backup");
      const backup = readFileSync(site.file("migration.bak"));
      expect((await done(site, "restore")).reason).to.include("had not begun");
      expect((await done(site, "backup")).reason).to.include("it is kept");
      await done(site, "migrate");
      expect((await done(site, "migrate")).reason).to.include("migrated already");
      expect((await done(site, "backup")).reason).to.include("it is kept");
      expect(readFileSync(site.file("migration.bak")).equals(backup)).to.equal(true);
      await done(site, "rollback");
      expect((await done(site, "rollback")).reason).to.include("restored already");
      expect((await done(site, "restore")).reason).to.include("restored already");
      expect(await format(site)).to.equal("old");
    });

    it("a session that ends in time: waits, and goes on without a fixed sleep", async () => {
      const site = await stopped();
      const lease = site.openSession("proxy-3", 2);
      await lease;
      const { log } = await done(site, "backup");
      expect(log).to.include("waiting up to 20 s: there are still sessions alive, prefix: proxy, num of alive sessions: 1");
    });

    it("a tool that was killed: waits for its session to end", async () => {
      const site = await stopped("backup");
      await site.run("migrate", { env: { SANDBOX_FAULT: "mid-save:9=kill-group" } });
      const { log } = await done(site, "migrate");
      expect(log).to.include("waiting up to 20 s: other migration is running");
      expect(await format(site)).to.equal("new");
    });

    it("rollback after 2.2 has run: every old record is back, what 2.2 wrote is named", async () => {
      const site = await stopped("backup", "migrate");
      for (const [key, value] of records22(exampleCollection(77))) {
        await site.bench.etcd.put(site.prefix + key, value);
      }
      const { log } = await done(site, "rollback");
      expect(log).to.match(/2 entries that are not in the backup stay in etcd/);
      const now = await site.metadata();
      expect(readCatalogue(now, "2.1")).to.deep.equal(COLLECTIONS);
      expect([...now.keys()].filter((key) => !OLD.has(key))).to.deep.equal(["datacoord-meta/s/77/770/77001", "datacoord-meta/s/77/770/77002"]);
    });

    it("a new attempt on the same volume takes a backup of its own", async () => {
      const site = await stopped("backup", "migrate", "rollback");
      const settings = { attempt: "2.1.4-to-2.2.9-r9" };
      await done(site, "backup", settings);
      await done(site, "migrate", settings);
      expect(await format(site)).to.equal("new");
      expect(site.has("migration.bak") && site.has("migration.bak", settings.attempt)).to.equal(true);
    });
  });

  describe("is asked to stop (SIGTERM to the shell, as a container gets it)", () => {
    it("while it waits for sessions: ends with 143, nothing changed", async () => {
      const site = await stopped("backup");
      await site.openSession("proxy-3", 600);
      const outcome = await site.run("migrate", { onOutput: (text, pid) => void (text.includes("waiting up to") && process.kill(pid, "SIGTERM")) });
      expect(outcome.code, outcome.log).to.equal(EXIT.interrupted);
      expect(outcome.reason).to.match(/stopped on request.*Run it again/);
      expect(await format(site)).to.equal("old");
      expect(site.has("migrate.started")).to.equal(false);
    });

    it("within the tool's backup: ends the tool and itself", async () => {
      const site = await stopped();
      const begun = Date.now();
      const outcome = await site.run("backup", {
        env: { SANDBOX_FAULT: "before-write=sleep:60000" },
        onOutput: (text, pid) => void (text.includes("Step 2") && setTimeout(() => process.kill(pid, "SIGTERM"), 300)),
      });
      expect(outcome.code, outcome.log).to.equal(EXIT.interrupted);
      expect(Date.now() - begun).to.be.lessThan(20_000);
      expect(site.has("migration.bak")).to.equal(false);
    });

    it("within the tool's run: finishes", async () => {
      const site = await stopped("backup");
      const outcome = await site.run("migrate", {
        env: { SANDBOX_FAULT: "mid-save:9=sleep:700" },
        onOutput: (text, pid) => void (text.includes("Step 4") && setTimeout(() => process.kill(pid, "SIGTERM"), 200)),
      });
      expect(outcome.code, outcome.log).to.equal(0);
      expect(outcome.log).to.include("asked to stop");
      expect(await format(site)).to.equal("new");
    });
  });

  it("what is renamed into place was synced before, and the rename is synced after it", async () => {
    const site = await stopped();
    const log = path.join(site.folder, "calls");
    const env = { PATH: `${recordingPrograms(site, log)}:${process.env.PATH ?? ""}` };
    await done(site, "backup", { env });
    await done(site, "migrate", { env });
    const calls = readFileSync(log, "utf8").trim().split("\n");
    const renames = calls.flatMap((call, index) => (call.startsWith("mv ") ? [index] : []));
    expect(renames.length).to.equal(5);
    for (const index of renames) {
      const before = calls.slice(0, index).findLast((call) => !call.startsWith("mv "));
      const after = calls.slice(index).find((call) => !call.startsWith("mv "));
      expect([before, after], calls[index]).to.deep.equal([`sync -f ${site.volume}`, `sync -f ${site.volume}`]);
    }
  });

  describe("does the same under every shell it may meet", () => {
    const shells: readonly { readonly name: string; readonly program: string; readonly command: readonly string[] }[] = [
      { name: "sh", program: "sh", command: ["sh"] },
      { name: "dash", program: "dash", command: ["dash"] },
      { name: "bash in POSIX mode", program: "bash", command: ["bash", "--posix"] },
      { name: "busybox with nothing but busybox (as in milvusdb/meta-migration)", program: "busybox", command: ["busybox", "sh"] },
    ];
    for (const { name, program, command } of shells) {
      it(name, async function () {
        const found = findProgram(program);
        if (found === undefined) {
          process.stderr.write(`      SKIPPED: ${program} is not on PATH\n`);
          this.skip();
        }
        const site = await stopped();
        const [, ...rest] = command;
        const settings: RunSettings = {
          shell: [found, ...rest],
          ...(program === "busybox" ? { env: { PATH: busyboxFolder(site, found) } } : {}),
        };
        await done(site, "backup", settings);
        const { signal } = await site.run("migrate", { ...settings, env: { ...settings.env, SANDBOX_FAULT: "mid-save:9=kill-group" } });
        expect(signal).to.equal("SIGKILL");
        await done(site, "restore", settings);
        expect(await format(site)).to.equal("old");
        await done(site, "migrate", settings);
        expect(await format(site)).to.equal("new");
        await done(site, "rollback", settings);
        expect(await format(site)).to.equal("old");
      });
    }
  });

  it("takes an attempt's name for one folder only", async () => {
    const site = await stopped();
    for (const attempt of ["../elsewhere", ".", "a/b"]) {
      expect((await site.run("backup", { attempt })).code).to.equal(EXIT.usage);
    }
    expect(site.has("", DEFAULT_ATTEMPT)).to.equal(false);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error("waited 20 s in vain");
    }
  }
}

/** The tool, but a record is missing after its `run`. */
function forgetfulTool(site: Site, key: string): string {
  const file = path.join(site.folder, "forgetful-tool");
  const request = JSON.stringify({ key: Buffer.from(site.prefix + key, "latin1").toString("base64") });
  writeFileSync(
    file,
    `#!${process.execPath}
const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const isRun = /type: run/.test(readFileSync(process.argv[2].replace("-config=", ""), "utf8"));
const { status } = spawnSync(${JSON.stringify(site.bench.tools.metaMigration)}, process.argv.slice(2), { stdio: "inherit" });
if (!isRun || status !== 0) process.exit(status ?? 1);
fetch("http://${site.bench.etcd.address}/v3/kv/deleterange", { method: "POST", body: ${JSON.stringify(request)} }).then(() => process.exit(0));
`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** A folder with a `sync` and a `mv` that write down how they are called. */
function recordingPrograms(site: Site, log: string): string {
  const folder = path.join(site.folder, "programs");
  mkdirSync(folder, { recursive: true });
  for (const [name, run] of [
    ["sync", ":"],
    ["mv", `exec ${findProgram("mv") ?? "/bin/mv"} "$@"`],
  ] as const) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>'${log}'\n${run}\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  return folder;
}

/** A folder whose only programs are links to busybox, named as in the migration tool's image (Alpine). */
function busyboxFolder(site: Site, busybox: string): string {
  const folder = path.join(site.folder, "busybox");
  mkdirSync(folder, { recursive: true });
  for (const name of ["awk", "cat", "date", "mkdir", "mv", "od", "rm", "sha256sum", "sleep", "sync", "wc"]) {
    writeFileSync(path.join(folder, name), `#!${busybox} sh\nexec ${busybox} ${name} "$@"\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  return folder;
}
