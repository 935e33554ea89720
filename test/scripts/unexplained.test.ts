import { existsSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { expect } from "chai";
import { EXIT, type Site } from "./support/bench";
import { exampleCollection, metadata21, records21, records22, withoutCollection } from "./support/catalogue";
import type { Entries } from "./support/etcd";
import { COLLECTIONS, convertedByTool, OLD, saysHalfMigrated } from "./support/state";
import { halfMigrate, mustEnd, mustHold, mustRefuse, stoppedSite } from "./support/steps";
import { useBench } from "./support/useBench";

const OVERWRITE = { env: { OVERWRITE: "yes" } };

/** What 2.1 makes of its metadata when it goes on: each must never be overwritten by an earlier backup. */
const LATER: readonly { readonly title: string; readonly records: Entries }[] = [
  { title: "a new collection", records: metadata21([...COLLECTIONS, exampleCollection(8)]) },
  { title: "a collection dropped", records: withoutCollection(OLD, 2) },
  { title: "an alias more", records: new Map([...OLD, ["root-coord/collection-alias/late", '{"id":1}']]) },
  { title: "a segment more", records: new Map([...OLD, ["datacoord-meta/s/3/30/3009", "new"]]) },
  { title: "a segment changed", records: new Map([...OLD, ["datacoord-meta/s/3/30/3001", '\x08\xfe\x00\n\t"3001']]) },
];

/** The records of the second that a rollback of the tool does not remove, and those of the first. */
const withLeftOvers = (records: Entries, others: Entries): Entries =>
  new Map([...[...others].filter(([key]) => /^(datacoord-meta|queryCoord)/.test(key)), ...records]);

describe("metadata.sh and metadata that its own migration cannot have left", function () {
  this.timeout(120_000);
  const bench = useBench();
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });

  const halfMigrated = async (): Promise<Site> => {
    const site = await stoppedSite(bench(), "backup");
    await halfMigrate(site);
    return site;
  };

  const migrated = (): Promise<Site> => stoppedSite(bench(), "backup", "migrate");

  /** Somebody puts these records into etcd, and Milvus starts on them. */
  const replaceAndStart = async (site: Site, records: Entries): Promise<void> => {
    await site.seed(records, await site.counter());
    await site.startMilvus();
  };

  /** What was set aside is whole: the tool can put it back. */
  const mustHaveSetAside = async (site: Site, number: number, records: Entries): Promise<void> => {
    const record = readFileSync(site.file(`replaced-${number}.record`), "utf8");
    expect(record).to.match(
      new RegExp(`^size=\\d+\nentries=${records.size + 1}\nsha256=[0-9a-f]{64}\ncreatedAt=[0-9TZ:-]+\ncounter=\\d+\n$`),
    );
    await site.seed(new Map());
    expect((await site.runTool("rollback", site.file(`replaced-${number}.bak`))).code).to.equal(0);
    await mustHold(site, records, "what was set aside");
  };

  describe("half migrated, then repaired by hand and used", () => {
    for (const { title, records } of LATER) {
      it(`${title}: 21, nothing changed`, async () => {
        const site = await halfMigrated();
        await replaceAndStart(site, records);
        for (const verb of ["migrate", "restore", "rollback"] as const) {
          const says =
            /backup is not put back, nothing changed.*half migrated.*cannot have left: \d+ entries; .*registered at least 8 times.*OVERWRITE=yes.*begin a new attempt/;
          await mustRefuse(site, verb, EXIT.metadataChanged, says);
          expect(saysHalfMigrated(site.attemptFolder())).to.equal(true);
        }
      });
    }

    it("OVERWRITE=yes: set aside, readable, then restored", async () => {
      const site = await halfMigrated();
      const records = metadata21([...COLLECTIONS, exampleCollection(8)]);
      await replaceAndStart(site, records);
      const { log } = await mustEnd(site, "restore", OVERWRITE);
      expect(log).to.match(/set aside what is in etcd: .*replaced-1\.bak/);
      await mustHold(site, withLeftOvers(OLD, records));
      await mustHaveSetAside(site, 1, records);
    });

    it("OVERWRITE=yes: set aside, then migrated; killed in the middle it goes on without OVERWRITE", async () => {
      const site = await halfMigrated();
      const records = metadata21([...COLLECTIONS, exampleCollection(8)]);
      await replaceAndStart(site, records);
      await halfMigrate(site, OVERWRITE);
      await mustEnd(site, "migrate");
      await mustHold(site, withLeftOvers(converted, records));
      expect(existsSync(site.file("replaced-2.bak"))).to.equal(false);
    });

    it("an earlier state of etcd put back: says so", async () => {
      const site = await halfMigrated();
      await site.seed(new Map([...OLD, ["root-coord/collection-alias/earlier", "{}"]]), 3);
      await mustRefuse(
        site,
        "restore",
        EXIT.metadataChanged,
        /counter is \d+ where this attempt had seen \d+: an earlier state/,
      );
    });

    it("the very metadata of the backup put back by hand: goes on", async () => {
      const site = await halfMigrated();
      await replaceAndStart(site, OLD);
      const { log } = await mustEnd(site, "migrate");
      expect(log).to.include("nothing to put back");
      await mustHold(site, converted);
    });

    it("an attempt of the earlier version of the script, without counter and listings: the same", async () => {
      const site = await halfMigrated();
      for (const name of ["counter", "backup.list", "migrated.list.tmp"]) {
        rmSync(site.file(name));
      }
      await replaceAndStart(site, metadata21([...COLLECTIONS, exampleCollection(8)]));
      await mustRefuse(site, "restore", EXIT.metadataChanged, /cannot have left: \d+ entries/);
      await site.seed(OLD);
      await halfMigrate(site);
      await mustEnd(site, "restore");
      await mustHold(site, OLD);
    });
  });

  describe("not begun, and Milvus has run since the backup", () => {
    for (const { title, records } of LATER) {
      it(`${title}: migrate says 21; OVERWRITE=yes sets it aside and migrates the backup`, async () => {
        const site = await stoppedSite(bench(), "backup");
        await replaceAndStart(site, records);
        await mustRefuse(site, "migrate", EXIT.metadataChanged, /not what the backup holds .*OVERWRITE=yes/);
        await mustEnd(site, "migrate", OVERWRITE);
        await mustHold(site, withLeftOvers(converted, withLeftOvers(OLD, records)));
        await mustHaveSetAside(site, 1, records);
      });
    }
  });

  describe("finished, and migrate once more", () => {
    it("2.2 has run and written, or dropped everything: 0, migrated already", async () => {
      const site = await migrated();
      await site.startMilvus();
      expect((await mustEnd(site, "migrate")).reason).to.include("migrated already");
      await site.write(records22(exampleCollection(77)));
      // Twice: what the first of them has seen must not count as the end of the migration.
      for (const time of [1, 2]) {
        expect((await mustEnd(site, "migrate")).reason, `time ${time}`).to.include("migrated already");
      }
      const dropped = [1, 2, 3, 4, 77].reduce<Entries>(withoutCollection, await site.metadata());
      await site.seed(dropped, await site.counter());
      expect((await mustEnd(site, "migrate")).reason).to.include("migrated already");
    });

    it("etcd of 2.1 put back, as it was or used: 21; OVERWRITE=yes sets it aside and migrates again", async () => {
      for (const [records, counter] of [
        [OLD, 13],
        [metadata21([...COLLECTIONS, exampleCollection(8)]), 60],
      ] as const) {
        const site = await migrated();
        await site.seed(records, counter);
        const says =
          /is finished, but etcd does not hold.*(of 2\.1|as before the migration): .*snapshot of etcd.*put back, or Milvus 2\.1 has run/;
        await mustRefuse(site, "migrate", EXIT.metadataChanged, says);
        await mustEnd(site, "migrate", OVERWRITE);
        await mustHold(site, withLeftOvers(converted, withLeftOvers(OLD, records)));
        await mustHaveSetAside(site, 1, records);
      }
    });

    it("etcd of a 2.1 without indexes and aliases put back, which only its collections tell: 21", async () => {
      const plain = records21([exampleCollection(3)]);
      const site = bench().site();
      await site.seed(plain);
      await mustEnd(site, "backup");
      await mustEnd(site, "migrate");
      await replaceAndStart(site, plain);
      await mustRefuse(site, "migrate", EXIT.metadataChanged, /2 entries; as before the migration: /);
    });

    it("a collection that only 2.1 can have made, with its partitions in its own record: 21; one of 2.2: 0", async () => {
      const site = await migrated();
      const made = exampleCollection(3);
      await site.startMilvus();
      await site.write(
        new Map([...records21([{ ...made, id: 77 }])].filter(([key]) => key === "root-coord/collection/77")),
      );
      await mustRefuse(site, "migrate", EXIT.metadataChanged, /of 2\.1: milvus-\d+\/meta\/root-coord\/collection\/77/);
      await site.write(new Map([["root-coord/partitions/77/770", "{}"]]));
      await mustEnd(site, "migrate");
    });

    it("an empty etcd, or another one: 21", async () => {
      const site = await migrated();
      await site.seed(new Map(), 60);
      await mustRefuse(site, "migrate", EXIT.metadataChanged, /no collection is left/);
      await site.seed(converted, 2);
      await mustEnd(site, "migrate");
      await site.seed(withoutCollection(converted, 2), 2);
      await mustRefuse(
        site,
        "migrate",
        EXIT.metadataChanged,
        /not what this attempt had migrated.*earlier state of etcd/,
      );
    });

    it("a record changed although nothing has registered: 21", async () => {
      const site = await migrated();
      await site.drop("datacoord-meta/s/3/30/3001");
      await mustRefuse(
        site,
        "migrate",
        EXIT.metadataChanged,
        /1 entries differ; missing .*3001; although no component/,
      );
    });

    it("an attempt of the earlier version of the script, without counter and listings: the same by kinds", async () => {
      const site = await migrated();
      for (const name of ["counter", "backup.list", "migrated.list"]) {
        rmSync(site.file(name));
      }
      await mustEnd(site, "migrate");
      await site.startMilvus();
      await site.write(records22(exampleCollection(77)));
      await mustEnd(site, "migrate");
      await site.seed(OLD, 60);
      await mustRefuse(site, "migrate", EXIT.metadataChanged, /of 2\.1: /);
    });

    it("with a backup that went bad: 0, it is not needed", async () => {
      const site = await migrated();
      truncateSync(site.file("migration.bak"), 100);
      expect((await mustEnd(site, "migrate")).reason).to.include("migrated already");
      await mustRefuse(site, "rollback", EXIT.backupCorrupt, /Nothing was changed/);
    });
  });

  describe("restore of a finished migration", () => {
    it("that nothing has used: 0, restored", async () => {
      const site = await migrated();
      const { log } = await mustEnd(site, "restore");
      expect(log).to.include("undoing it loses nothing");
      await mustHold(site, OLD);
      expect(existsSync(site.file("replaced-1.bak"))).to.equal(false);
    });

    it("that was looked at again and again: still 0", async () => {
      const site = await migrated();
      for (let time = 0; time < 3; time++) {
        await mustEnd(site, "migrate");
        await mustEnd(site, "backup");
      }
      await mustEnd(site, "restore");
      await mustHold(site, OLD);
    });

    it("that 2.2 has been started on, has written to, or runs on: 22", async () => {
      const started = await migrated();
      await started.startMilvus();
      await mustRefuse(started, "restore", EXIT.alreadyMigrated, /registered at least 8 times/);
      const written = await migrated();
      await written.write(new Map([["root-coord/credential/users/root", "other"]]));
      await mustRefuse(written, "restore", EXIT.alreadyMigrated, /may have used its outcome/);
      const running = await migrated();
      await running.openSession("proxy-9", 600);
      const settings = { env: { SESSION_TIMEOUT: "1" } };
      await mustRefuse(running, "restore", EXIT.alreadyMigrated, /To do that: the verb rollback/, settings);
    });

    it("of which the session counter is not known: 22", async () => {
      const site = await migrated();
      rmSync(site.file("counter"));
      await mustRefuse(site, "restore", EXIT.alreadyMigrated, /may have used its outcome/);
    });
  });

  describe("restore, or rollback, where there is nothing to undo, and etcd is of 2.2", () => {
    it("not begun, or restored already: 21", async () => {
      for (const verbs of [["backup"], ["backup", "migrate", "rollback"]] as const) {
        const site = await stoppedSite(bench(), ...verbs);
        await replaceAndStart(site, converted);
        for (const verb of ["restore", "rollback"] as const) {
          await mustRefuse(site, verb, EXIT.metadataChanged, /nothing of attempt .* to undo.*records of 2\.2/);
        }
        await replaceAndStart(site, metadata21([...COLLECTIONS, exampleCollection(8)]));
        await mustEnd(site, "restore");
      }
    });

    it("and etcd cannot be looked at: the code of that, not 0", async () => {
      const site = await stoppedSite(bench(), "backup");
      await site.openSession("rootcoord", 600);
      const settings = { env: { SESSION_TIMEOUT: "1" } };
      await mustRefuse(
        site,
        "restore",
        EXIT.sessionsAlive,
        /nothing to restore, but etcd could not be looked at/,
        settings,
      );
    });
  });

  describe("rollback", () => {
    const used = async (): Promise<{ site: Site; found: Entries }> => {
      const site = await migrated();
      await site.startMilvus();
      await site.write(records22(exampleCollection(77)));
      return { site, found: await site.metadata() };
    };

    it("sets aside what 2.2 has written, in any case", async () => {
      const { site, found } = await used();
      await mustEnd(site, "rollback");
      await mustHold(site, withLeftOvers(OLD, found));
      await mustHaveSetAside(site, 1, found);
      const unused = await migrated();
      await mustEnd(unused, "rollback");
      await mustHold(unused, OLD);
      await mustHaveSetAside(unused, 1, converted);
    });

    it("killed in the middle: goes on, with nothing set aside a second time", async () => {
      for (const point of ["mid-clean-source:1", "mid-clean-target:5", "before-restore", "mid-restore:20"]) {
        const { site, found } = await used();
        const { signal } = await site.run("rollback", { env: { SANDBOX_FAULT: `${point}=kill-group` } });
        expect(signal).to.equal("SIGKILL");
        await site.expireLeases();
        await mustEnd(site, "rollback");
        await mustHold(site, withLeftOvers(OLD, found));
        expect(existsSync(site.file("replaced-2.bak"))).to.equal(false);
      }
    });

    it("killed in the middle, and Milvus has written in between: 21; OVERWRITE=yes sets that aside as well", async () => {
      const { site } = await used();
      await site.run("rollback", { env: { SANDBOX_FAULT: "mid-restore:20=kill-group" } });
      await site.expireLeases();
      await replaceAndStart(site, metadata21([...COLLECTIONS, exampleCollection(8)]));
      const found = await site.metadata();
      await mustRefuse(site, "rollback", EXIT.metadataChanged, /cannot have left: /);
      await mustEnd(site, "rollback", OVERWRITE);
      await mustHold(site, withLeftOvers(OLD, found));
      await mustHaveSetAside(site, 2, found);
    });

    it("of an etcd that is of 2.1 already: 21, unless OVERWRITE", async () => {
      const site = await migrated();
      const later = metadata21([...COLLECTIONS, exampleCollection(8)]);
      await replaceAndStart(site, later);
      await mustRefuse(
        site,
        "rollback",
        EXIT.metadataChanged,
        /not rolled back, nothing changed: .*(of 2\.1|as before the migration): .*2\.1 can be started/,
      );
      await mustEnd(site, "rollback", OVERWRITE);
      await mustHold(site, withLeftOvers(OLD, later));
      await mustHaveSetAside(site, 1, later);
    });
  });
});
