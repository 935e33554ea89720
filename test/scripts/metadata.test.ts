import { readFileSync } from "node:fs";
import { expect } from "chai";
import { EXIT, type Site } from "./support/bench";
import { exampleCollection, readCatalogue, records22 } from "./support/catalogue";
import type { Entries } from "./support/etcd";
import { forgetfulTool } from "./support/programs";
import { COLLECTIONS, convertedByTool, type Format, formatOf, OLD } from "./support/state";
import { mustEnd, stoppedSite } from "./support/steps";
import { useBench } from "./support/useBench";

/** What can go wrong within the tool's `run`; each time the backup must be back when the script fails. */
const FAILURES: readonly {
  readonly title: string;
  readonly fault: string;
  readonly code: number;
  readonly says: RegExp;
}[] = [
  {
    title: "etcd fails while the old records are removed",
    fault: "mid-clean:3=fail",
    code: EXIT.etcdUnreachable,
    says: /request timed out/,
  },
  {
    title: "etcd fails while the new records are saved",
    fault: "mid-save:7=fail",
    code: EXIT.etcdUnreachable,
    says: /request timed out/,
  },
  {
    title: "the tool alone is killed after the old records are gone",
    fault: "after-clean=kill",
    code: EXIT.toolFailed,
    says: /exit code 137/,
  },
  {
    title: "the tool alone is killed while it saves",
    fault: "mid-save:20=kill",
    code: EXIT.toolFailed,
    says: /exit code 137/,
  },
];

describe("metadata.sh", function () {
  this.timeout(120_000);
  const bench = useBench();
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });

  const format = (site: Site): Promise<Format> => formatOf(site, OLD, converted);

  describe("puts the backup back before it fails", () => {
    for (const { title, fault, code, says } of FAILURES) {
      it(`${title}: ${code}`, async () => {
        const site = await stoppedSite(bench(), "backup");
        const outcome = await site.run("migrate", { env: { SANDBOX_FAULT: fault } });
        expect(outcome.code, outcome.log).to.equal(code);
        expect(outcome.reason)
          .to.match(says)
          .and.match(/The metadata is as before \(\d+ entries, compared with the backup\); nothing is lost/);
        expect(await format(site)).to.equal("old");
        await mustEnd(site, "migrate");
        expect(await format(site)).to.equal("new");
      });
    }

    it("a tool that reports success and has lost a record: 19", async () => {
      for (const lost of [
        "root-coord/collection/2",
        "root-coord/aliases/alias_4",
        "segment-index/1/10/1001/1501",
        "datacoord-meta/s/3/30/3001",
      ]) {
        const site = await stoppedSite(bench(), "backup");
        const outcome = await site.run("migrate", { env: { META_MIGRATION: forgetfulTool(site, lost) } });
        expect(outcome.code, outcome.log).to.equal(EXIT.verifyFailed);
        expect(outcome.reason).to.match(/the migrated metadata is not complete: 1 differences.*as before/);
        expect(await format(site)).to.equal("old");
      }
    });

    it("and says so with 18 when it cannot: a session comes up in the middle and stays", async () => {
      const site = await stoppedSite(bench(), "backup");
      const running = site.run("migrate", { env: { SANDBOX_FAULT: "mid-save:9=sleep:10000", SESSION_TIMEOUT: "1" } });
      await until(async () => (await site.metadata()).size < OLD.size);
      await site.openSession("datanode-3", 600);
      const outcome = await running;
      expect(outcome.code, outcome.log).to.equal(EXIT.restoreFailed);
      expect(outcome.reason).to.match(
        /could not be restored: sessions under .*: datanode \(1 alive.*do not start Milvus; run this again/,
      );
      expect(await format(site)).to.equal("neither");
      await site.expireLeases();
      await mustEnd(site, "restore");
      expect(await format(site)).to.equal("old");
    });
  });

  describe("goes the whole way", () => {
    it("backup, migrate: every collection, alias, index and segment is there in the new format", async () => {
      const site = await stoppedSite(bench());
      const backup = await mustEnd(site, "backup");
      expect(backup.reason).to.match(
        /backed up \d+ entries: 4 collections, 6 collection snapshots, 4 aliases, 3 field indexes, 6 segment indexes, 8 segments/,
      );
      const record = readFileSync(site.file("backup.record"), "utf8");
      expect(record).to.match(
        /^size=\d+\nentries=\d+\nsha256=[0-9a-f]{64}\nsourceVersion=2\.1\.4\ntargetVersion=2\.2\.9\nrootPath=milvus-\d+\/meta\n/,
      );
      const migrate = await mustEnd(site, "migrate");
      expect(migrate.reason).to.match(/migrated from 2\.1\.4 to 2\.2\.9: .*4 collections/);
      for (const [index, text] of [
        "look at",
        "compare",
        "start mark",
        "migrate from",
        "verify",
        "end mark",
      ].entries()) {
        expect(migrate.log).to.match(new RegExp(`^\\[ *\\d+s\\] Step ${index + 1} of 6: .*${text}`, "m"));
      }
      expect(await format(site)).to.equal("new");
      expect(readCatalogue(await site.metadata(), "2.2")).to.deep.equal(COLLECTIONS);
      expect(readCatalogue(OLD, "2.1")).to.deep.equal(COLLECTIONS);
    });

    it("every verb again: exit 0, nothing done", async () => {
      const site = await stoppedSite(bench(), "backup");
      const backup = readFileSync(site.file("migration.bak"));
      expect((await mustEnd(site, "restore")).reason).to.include("had not begun");
      expect((await mustEnd(site, "backup")).reason).to.include("it is kept");
      await mustEnd(site, "migrate");
      expect((await mustEnd(site, "migrate")).reason).to.include("migrated already");
      expect((await mustEnd(site, "backup")).reason).to.include("it is kept");
      expect(readFileSync(site.file("migration.bak")).equals(backup)).to.equal(true);
      await mustEnd(site, "rollback");
      expect((await mustEnd(site, "rollback")).reason).to.include("restored already");
      expect((await mustEnd(site, "restore")).reason).to.include("restored already");
      expect(await format(site)).to.equal("old");
    });

    it("a session that ends in time: waits, and goes on without a fixed sleep", async () => {
      const site = await stoppedSite(bench());
      const lease = site.openSession("proxy-3", 2);
      await lease;
      const { log } = await mustEnd(site, "backup");
      expect(log).to.include(
        "waiting up to 20 s: there are still sessions alive, prefix: proxy, num of alive sessions: 1",
      );
    });

    it("a tool that was killed: waits for its session to end", async () => {
      const site = await stoppedSite(bench(), "backup");
      await site.run("migrate", { env: { SANDBOX_FAULT: "mid-save:9=kill-group" } });
      const { log } = await mustEnd(site, "migrate");
      expect(log).to.include("waiting up to 20 s: other migration is running");
      expect(await format(site)).to.equal("new");
    });

    it("rollback after 2.2 has run: every old record is back, what 2.2 wrote is named", async () => {
      const site = await stoppedSite(bench(), "backup", "migrate");
      await site.startMilvus();
      await site.write(records22(exampleCollection(77)));
      const { log } = await mustEnd(site, "rollback");
      expect(log).to.match(/2 entries that are not in the backup stay in etcd/);
      const now = await site.metadata();
      expect(readCatalogue(now, "2.1")).to.deep.equal(COLLECTIONS);
      expect([...now.keys()].filter((key) => !OLD.has(key))).to.deep.equal([
        "datacoord-meta/s/77/770/77001",
        "datacoord-meta/s/77/770/77002",
      ]);
    });

    it("a new attempt on the same volume takes a backup of its own", async () => {
      const site = await stoppedSite(bench(), "backup", "migrate", "rollback");
      const settings = { attempt: "2.1.4-to-2.2.9-r9" };
      await mustEnd(site, "backup", settings);
      await mustEnd(site, "migrate", settings);
      expect(await format(site)).to.equal("new");
      expect(site.has("migration.bak") && site.has("migration.bak", settings.attempt)).to.equal(true);
    });
  });

  describe("is asked to stop (SIGTERM to the shell, as a container gets it)", () => {
    it("while it waits for sessions: ends with 143, nothing changed", async () => {
      const site = await stoppedSite(bench(), "backup");
      await site.openSession("proxy-3", 600);
      const outcome = await site.run("migrate", {
        onOutput: stopOnce("waiting up to", 0),
      });
      expect(outcome.code, outcome.log).to.equal(EXIT.interrupted);
      expect(outcome.reason).to.match(/stopped on request.*Run it again/);
      expect(await format(site)).to.equal("old");
      expect(site.has("migrate.started")).to.equal(false);
    });

    it("within the tool's backup: ends the tool and itself", async () => {
      const site = await stoppedSite(bench());
      const begun = Date.now();
      const outcome = await site.run("backup", {
        env: { SANDBOX_FAULT: "before-write=sleep:60000" },
        onOutput: stopOnce("Step 2", 300),
      });
      expect(outcome.code, outcome.log).to.equal(EXIT.interrupted);
      expect(Date.now() - begun).to.be.lessThan(20_000);
      expect(site.has("migration.bak")).to.equal(false);
    });

    it("within the tool's run: finishes", async () => {
      const site = await stoppedSite(bench(), "backup");
      const outcome = await site.run("migrate", {
        env: { SANDBOX_FAULT: "mid-save:9=sleep:700" },
        onOutput: stopOnce("Step 4", 200),
      });
      expect(outcome.code, outcome.log).to.equal(0);
      expect(outcome.log).to.include("asked to stop");
      expect(await format(site)).to.equal("new");
    });
  });
});

/** Sends SIGTERM to the shell alone, so many milliseconds after it has said this. */
function stopOnce(said: string, milliseconds: number): (text: string, pid: number) => void {
  let isSent = false;
  return (text, pid) => {
    if (!isSent && text.includes(said)) {
      isSent = true;
      setTimeout(() => process.kill(pid, "SIGTERM"), milliseconds);
    }
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error("waited 20 s in vain");
    }
  }
}
