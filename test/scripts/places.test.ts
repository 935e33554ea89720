import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { EXIT, type Site } from "./support/bench";
import { OLD } from "./support/state";
import { halfMigrate, mustEnd, mustHold, mustRefuse, stoppedSite } from "./support/steps";
import { useBench } from "./support/useBench";

describe("metadata.sh at the right place", function () {
  this.timeout(120_000);
  const bench = useBench();

  describe("probe, while Milvus runs", () => {
    const running = async (): Promise<Site> => {
      const site = await stoppedSite(bench());
      await site.openSession("rootcoord", 600);
      await site.openSession("querynode-3", 600);
      return site;
    };

    it("the tool sees its sessions, the volume can be written: 0, at once, and nothing is left", async () => {
      const site = await running();
      const begun = Date.now();
      const { reason } = await mustEnd(site, "probe", { env: { ATTEMPT: "not-yet" } });
      expect(reason).to.match(
        /the tool sees Milvus under milvus-\d+\/meta at my-release-etcd:2379 \(1 sessions of rootcoord\)/,
      );
      expect(Date.now() - begun).to.be.lessThan(15_000);
      expect(readdirSync(site.volume)).to.deep.equal([]);
      await mustHold(site, OLD);
    });

    it("a component comes up while the tool looks: a second look, 0", async () => {
      const site = await stoppedSite(bench());
      const probe = site.run("probe", { env: { SANDBOX_FAULT: "before-write=sleep:3000" } });
      await until(() => bench().etcd.has(`${site.prefix}session/migration`));
      await site.openSession("rootcoord", 600);
      const { code, reason, log } = await probe;
      expect(code, log).to.equal(0);
      expect(log).to.include("session up/down");
      expect(reason).to.include("(1 sessions of rootcoord)");
    });

    it("a wrong root path, another etcd, or no Milvus: 24", async () => {
      const site = await running();
      const says =
        /no component of Milvus has a session under by-mistake\/meta\/session\/ at my-release-etcd:2379.*Nothing was changed/;
      const { code, reason, log } = await site.run("probe", { env: { ETCD_ROOT_PATH: "by-mistake" } });
      expect(code, log).to.equal(EXIT.wrongPlace);
      expect(reason).to.match(says);
      expect(readdirSync(site.volume)).to.deep.equal([]);
      const stopped = await stoppedSite(bench());
      expect((await stopped.run("probe")).code).to.equal(EXIT.wrongPlace);
      await bench().etcd.remove("by-mistake/");
    });

    it("sessions, but none of the root coordinator, as of one component that was restarted with another root path: 24", async () => {
      const site = await stoppedSite(bench());
      await site.openSession("proxy-3", 600);
      const { code, reason } = await site.run("probe");
      expect(code).to.equal(EXIT.wrongPlace);
      expect(reason).to.match(/\(1 of proxy\), but none of the root coordinator.*another root path/);
    });

    it("etcd cannot be reached: 13", async () => {
      const site = await running();
      const { code, reason } = await site.run("probe", { env: { ETCD_ENDPOINTS: "127.0.0.1:1", ETCD_TIMEOUT: "1" } });
      expect(code).to.equal(EXIT.etcdUnreachable);
      expect(reason).to.match(/cannot work here, nothing was changed: etcd at 127\.0\.0\.1:1 cannot be reached/);
    });

    it("a migration is under way: 15, at once", async () => {
      const site = await stoppedSite(bench());
      await site.openSession("migration", 600);
      const begun = Date.now();
      const { code, reason } = await site.run("probe");
      expect(code).to.equal(EXIT.otherMigration);
      expect(reason).to.match(/another migration holds milvus-\d+\/meta\/session\/migration/);
      expect(Date.now() - begun).to.be.lessThan(15_000);
    });

    it("the attempt and its counter know nothing of it", async () => {
      const site = await stoppedSite(bench(), "backup");
      const counter = readFileSync(site.file("counter"), "utf8");
      await site.openSession("rootcoord", 600);
      await mustEnd(site, "probe");
      expect(readFileSync(site.file("counter"), "utf8")).to.equal(counter);
    });
  });

  describe("backup", () => {
    it("of a place without metadata, or with nothing but a session counter: 24, nothing recorded", async () => {
      for (const rootPath of ["nowhere-1", "nowhere-2"]) {
        const site = await stoppedSite(bench());
        if (rootPath === "nowhere-2") {
          await bench().etcd.put(`${rootPath}/meta/session/id`, "7");
        }
        await mustRefuse(
          site,
          "backup",
          EXIT.wrongPlace,
          /no metadata under nowhere-\d\/meta at my-release-etcd:2379/,
          {
            env: { ETCD_ROOT_PATH: rootPath },
          },
        );
        expect(readdirSync(site.attemptFolder())).to.deep.equal([]);
        await bench().etcd.remove(`${rootPath}/`);
      }
    });
  });

  describe("of another installation", () => {
    const FIRST = { env: { INSTALLATION: "milvus/my-release uid=1=" } };
    const SECOND = { env: { INSTALLATION: "milvus/my-release uid=2" } };

    it("every verb that would use the backup: 23, nothing changed", async () => {
      const site = await stoppedSite(bench());
      await mustEnd(site, "backup", FIRST);
      expect(readFileSync(site.file("backup.record"), "utf8")).to.include("\ninstallation=milvus/my-release uid=1=\n");
      const says =
        /taken of another installation of Milvus \(milvus\/my-release uid=1=; this is milvus\/my-release uid=2\)/;
      const refuse = async (...verbs: readonly ("backup" | "migrate" | "restore" | "rollback")[]): Promise<void> => {
        for (const verb of verbs) {
          await mustRefuse(site, verb, EXIT.otherInstallation, says, SECOND);
        }
      };
      await refuse("backup", "migrate", "restore", "rollback");
      expect(existsSync(site.file("migrate.started"))).to.equal(false);
      await halfMigrate(site, FIRST);
      await refuse("backup", "migrate", "restore", "rollback");
      await mustEnd(site, "migrate", FIRST);
      await refuse("backup", "migrate", "restore", "rollback");
      await mustEnd(site, "rollback", FIRST);
      await refuse("backup", "migrate", "restore", "rollback");
    });

    it("where one of the two is not known: goes on", async () => {
      const site = await stoppedSite(bench());
      await mustEnd(site, "backup");
      await mustEnd(site, "migrate", SECOND);
      const other = await stoppedSite(bench());
      await mustEnd(other, "backup", FIRST);
      await mustEnd(other, "migrate");
    });

    it("a name of two lines: 2", async () => {
      const site = await stoppedSite(bench());
      expect((await site.run("backup", { env: { INSTALLATION: "a\nentries=1" } })).code).to.equal(EXIT.usage);
    });
  });

  it("restore of what had not begun, under another root path than that of the backup: 17, nothing is started at an empty place", async () => {
    const site = await stoppedSite(bench(), "backup");
    const { code, reason } = await site.run("restore", { env: { ETCD_ROOT_PATH: "by-mistake" } });
    expect(code).to.equal(EXIT.versionsRefused);
    expect(reason).to.match(/under milvus-\d+\/meta, and Milvus is to be started on by-mistake\/meta/);
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
