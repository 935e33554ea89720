import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { DEFAULT_ATTEMPT, EXIT, type RunSettings, type Site, type Verb } from "./support/bench";
import type { Entries } from "./support/etcd";
import { convertedByTool, type Format, formatOf, OLD } from "./support/state";
import { halfMigrate, stoppedSite } from "./support/steps";
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

const openSession = async (site: Site, role: string): Promise<void> => {
  await site.openSession(role, 600);
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
      prepare: (site) => openSession(site, "querynode-12"),
      settings: { env: { SESSION_TIMEOUT: "1" } },
      code: EXIT.sessionsAlive,
      says: /sessions under milvus-\d+\/meta\/session\/ did not expire within 1 s: querynode \(1 alive/,
    }),
  ),
  {
    title: "another migration runs",
    verb: "backup",
    prepare: (site) => openSession(site, "migration"),
    settings: { env: { SESSION_TIMEOUT: "1", TOOL_LEASE: "-9" } },
    code: EXIT.otherMigration,
    says: /another migration holds milvus-\d+\/meta\/session\/migration/,
  },
  {
    title: "the tool takes longer than it may",
    verb: "backup",
    settings: { env: { SANDBOX_FAULT: "before-write=sleep:60000", TOOL_TIMEOUT: "1" } },
    code: EXIT.toolFailed,
    says: /no backup taken, nothing changed: the tool took longer than 1 s \(TOOL_TIMEOUT\)/,
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
    says: /1 entries differ; new milvus-\d+\/meta\/root-coord\/collection-alias\/late.*begin a new attempt/,
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
    says: /without their records/,
    leaves: "neither",
  },
  {
    title: "backup of metadata that a migration on another volume left behind half saved",
    verb: "backup",
    prepare: async (site) => {
      await site.runTool("run", "/dev/null", { SANDBOX_FAULT: "after-save=kill" });
      await site.expireLeases();
    },
    code: EXIT.halfMigrated,
    says: /holds records of 2\.2 already/,
    leaves: "new",
  },
  {
    title: "restore of a finished migration that 2.2 has been started on",
    verb: "restore",
    after: ["backup", "migrate"],
    prepare: (site) => site.startMilvus(),
    code: EXIT.alreadyMigrated,
    says: /registered at least 8 times since.*To do that: the verb rollback/,
    leaves: "new",
    started: true,
  },
  {
    title: "rollback while Milvus runs",
    verb: "rollback",
    after: ["backup", "migrate"],
    prepare: (site) => openSession(site, "rootcoord"),
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

describe("metadata.sh refuses, with a code of its own and a sentence, and touches nothing", function () {
  this.timeout(120_000);
  const bench = useBench();
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });

  for (const { title, verb, after, prepare, settings, code, says, leaves, started } of REFUSALS) {
    it(`${title}: ${code}`, async () => {
      const site = await stoppedSite(bench(), ...(after ?? []));
      await prepare?.(site);
      const before = await site.metadata();
      const outcome = await site.run(verb, settings);
      expect(outcome.code, outcome.log).to.equal(code);
      expect(outcome.reason)
        .to.match(says)
        .and.match(new RegExp(`^metadata\\.sh ${verb}: `))
        .and.not.include("\n");
      expect(await formatOf(site, OLD, converted)).to.equal(leaves ?? "old");
      expect([...(await site.metadata())]).to.deep.equal([...before]);
      expect(site.has("migrate.started")).to.equal(started ?? false);
    });
  }

  it("every code is another", () => {
    const codes = Object.values(EXIT);
    expect(new Set(codes).size).to.equal(codes.length);
  });

  it("takes an attempt's name for one folder only", async () => {
    const site = await stoppedSite(bench());
    for (const attempt of ["../elsewhere", ".", "a/b"]) {
      expect((await site.run("backup", { attempt })).code).to.equal(EXIT.usage);
    }
    expect(site.has("", DEFAULT_ATTEMPT)).to.equal(false);
  });
});
