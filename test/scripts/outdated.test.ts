import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { EXIT, type Site } from "./support/bench";
import { exampleCollection, metadata21, withoutCollection } from "./support/catalogue";
import type { Entries } from "./support/etcd";
import { COLLECTIONS, convertedByTool, OLD } from "./support/state";
import { halfMigrate, mustEnd, mustHold, mustRefuse, stoppedSite } from "./support/steps";
import { useBench } from "./support/useBench";

const LATER = metadata21([...COLLECTIONS, exampleCollection(8)]);

describe("metadata.sh backup, when there is one", function () {
  this.timeout(120_000);
  const bench = useBench();
  let converted: Entries;
  let convertedLater: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
    convertedLater = await convertedByTool(bench().site(), LATER);
  });

  const goOn = async (site: Site, records: Entries): Promise<void> => {
    await site.seed(records, await site.counter());
    await site.startMilvus();
  };

  const bytes = (site: Site, name: string): string => readFileSync(site.file(name), "base64");

  it("that is what etcd holds: kept, also after starts of Milvus that wrote nothing", async () => {
    const site = await stoppedSite(bench(), "backup");
    const before = bytes(site, "migration.bak");
    await site.startMilvus();
    expect((await mustEnd(site, "backup")).reason).to.match(
      /is good \(\d+ entries\) and is what etcd holds; it is kept/,
    );
    expect(bytes(site, "migration.bak")).to.equal(before);
    await mustEnd(site, "migrate");
    await mustHold(site, converted);
  });

  it("Milvus has run since: replaced by a new one, the old one is kept beside it", async () => {
    const site = await stoppedSite(bench(), "backup");
    const before = [bytes(site, "migration.bak"), bytes(site, "backup.record")];
    await goOn(site, LATER);
    const { reason, log } = await mustEnd(site, "backup");
    expect(log).to.match(/is not what etcd holds now: \d+ entries differ/);
    expect(reason).to.match(/backed up .*5 collections.*outdated-1\.bak/);
    expect([bytes(site, "outdated-1.bak"), bytes(site, "outdated-1.record")]).to.deep.equal(before);
    await goOn(site, OLD);
    await mustEnd(site, "backup");
    expect([bytes(site, "outdated-1.bak"), bytes(site, "outdated-1.record")]).to.deep.equal(before);
    expect(existsSync(site.file("outdated-2.bak"))).to.equal(true);
    await goOn(site, LATER);
    await mustEnd(site, "backup");
    await mustEnd(site, "migrate");
    await mustHold(site, convertedLater);
    await mustEnd(site, "restore");
    await mustHold(site, LATER);
  });

  it("restored, and Milvus 2.1 has run since: replaced, and the same attempt migrates", async () => {
    for (const undo of ["restore", "rollback"] as const) {
      const site = await stoppedSite(bench(), "backup", "migrate", undo);
      await goOn(site, LATER);
      await mustEnd(site, "backup");
      await mustEnd(site, "migrate");
      await mustHold(site, convertedLater);
    }
  });

  it("and etcd holds what is not fit for one: refused, and it stays", async () => {
    const site = await stoppedSite(bench(), "backup");
    await goOn(site, converted);
    await mustRefuse(site, "backup", EXIT.halfMigrated, /records of 2\.2 already.*The backup of .* stays/);
    await goOn(site, new Map());
    await mustRefuse(site, "backup", EXIT.wrongPlace, /no metadata under .*The backup of .* stays/);
    await goOn(site, new Map([...OLD].filter(([key]) => !key.startsWith("root-coord/collection"))));
    await mustRefuse(
      site,
      "backup",
      EXIT.halfMigrated,
      /a migration removed the records and died.*The backup of .* stays/,
    );
    await goOn(site, OLD);
    await mustEnd(site, "migrate");
    await mustHold(site, converted);
  });

  it("begun and not restored: kept, whatever etcd holds", async () => {
    const site = await stoppedSite(bench(), "backup");
    await halfMigrate(site);
    const before = bytes(site, "migration.bak");
    expect((await mustEnd(site, "backup")).reason).to.include("it is kept");
    await mustEnd(site, "migrate");
    await goOn(site, LATER);
    expect((await mustEnd(site, "backup")).reason).to.include("it is kept");
    expect(bytes(site, "migration.bak")).to.equal(before);
  });

  it("without its listing, or with another one, or of the earlier version of the script: read again", async () => {
    const site = await stoppedSite(bench(), "backup");
    expect((await mustEnd(site, "backup")).log).to.not.include("reading every entry of the backup (");
    writeFileSync(
      site.file("backup.list"),
      readFileSync(site.file("backup.list"), "utf8").replace("session/id", "session/xx"),
    );
    expect((await mustEnd(site, "backup")).log).to.include("reading every entry of the backup (");
    rmSync(site.file("backup.list"));
    expect((await mustEnd(site, "backup")).log).to.include("reading every entry of the backup (");
    const record = readFileSync(site.file("backup.record"), "utf8");
    writeFileSync(site.file("backup.record"), record.replace(/^(installation|listSha256)=.*\n/gm, ""));
    rmSync(site.file("counter"));
    await mustEnd(site, "migrate", { env: { INSTALLATION: "any" } });
    await mustHold(site, converted);
  });
});

describe("metadata.sh backup under a new name, of what a migration on another volume left behind", function () {
  this.timeout(120_000);
  const bench = useBench();
  const settings = { attempt: "2.1.4-to-2.2.9-r8" };

  it("killed at each of the tool's removals: 16, never backed up", async () => {
    for (const removed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
      const site = await stoppedSite(bench(), "backup");
      const { signal } = await site.run("migrate", { env: { SANDBOX_FAULT: `mid-clean:${removed}=kill-group` } });
      expect(signal).to.equal("SIGKILL");
      await site.expireLeases();
      site.clearVolume();
      await mustRefuse(site, "backup", EXIT.halfMigrated, /a migration removed the records and died/, settings);
      expect(site.has("backup.record", settings.attempt)).to.equal(false);
    }
  });

  it("killed in mid-save, with some collections saved and nothing yet that only 2.2 has: 16, never backed up", async () => {
    for (const saved of [1, 2, 3]) {
      const site = await stoppedSite(bench(), "backup");
      await site.run("migrate", { env: { SANDBOX_FAULT: `mid-save:${saved}=kill-group` } });
      await site.expireLeases();
      site.clearVolume();
      expect((await site.run("backup", settings)).code).to.equal(EXIT.halfMigrated);
      expect(site.has("backup.record", settings.attempt)).to.equal(false);
    }
  });

  it("only snapshots of living collections are left, no segment: 16", async () => {
    const site = bench().site();
    const snapshots = [...OLD].filter(([key]) => key.startsWith("snapshots/root-coord/collection/"));
    await site.seed(new Map([...snapshots, ["root-coord/credential/users/root", "{}"]]));
    await mustRefuse(site, "backup", EXIT.halfMigrated, /without their records/, settings);
  });

  it("only segments are left: 16", async () => {
    const site = bench().site();
    await site.seed(new Map([...OLD].filter(([key]) => key.startsWith("datacoord-meta/"))));
    await mustRefuse(site, "backup", EXIT.halfMigrated, /without their records/, settings);
  });

  it("segments that a rollback of 2.2 has left over, beside whole collections: backed up", async () => {
    const site = bench().site();
    await site.seed(new Map([...OLD, ["datacoord-meta/s/77/770/77001", "of 2.2"]]));
    await mustEnd(site, "backup", settings);
  });

  it("every collection dropped by its user, the newest snapshots are tombstones: backed up", async () => {
    const site = bench().site();
    const dropped = COLLECTIONS.reduce<Entries>((records, { id }) => withoutCollection(records, id), OLD);
    // A snapshot from before the drop, whose time is a digit shorter: the newest is not the last of the keys.
    await site.seed(new Map([...dropped, ["snapshots/root-coord/collection/2_ts99", "alive"]]));
    expect((await mustEnd(site, "backup", settings)).reason).to.match(/ 0 collections, .* 8 segments/);
    const never = bench().site();
    await never.seed(new Map([["root-coord/credential/users/root", "{}"]]));
    await mustEnd(never, "backup", settings);
  });

  it("dropped, and made again under the same id: its newest snapshot lives, so its record is missing: 16", async () => {
    const site = bench().site();
    const dropped = COLLECTIONS.reduce<Entries>((records, { id }) => withoutCollection(records, id), OLD);
    await site.seed(new Map([...dropped, ["snapshots/root-coord/collection/2_ts1000", "alive"]]));
    await mustRefuse(site, "backup", EXIT.halfMigrated, /without their records/, settings);
  });
});
