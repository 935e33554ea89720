import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { EXIT, type RunSettings, type Site } from "./support/bench";
import type { Entries } from "./support/etcd";
import { convertedByTool, formatOf, OLD } from "./support/state";
import { useBench } from "./support/useBench";

/** A volume that can be filled up for real: a small file system where it may be mounted, else a limit on file sizes. */
interface SmallVolume {
  readonly kind: string;
  readonly settings: RunSettings;
  readonly fill: () => void;
  readonly free: () => void;
  readonly close: () => void;
}

function smallVolume(site: Site): SmallVolume | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", site.volume], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  const filler = path.join(site.volume, "filler");
  let isMounted = true;
  const close = (): void => {
    if (isMounted) {
      execFileSync("umount", ["--lazy", site.volume]);
      isMounted = false;
    }
  };
  // Also when the tests are broken off.
  process.once("exit", close);
  return {
    kind: "a file system of 128 KiB",
    settings: {},
    fill: () => {
      const { bavail, bsize } = statfsSync(site.volume);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    free: () => rmSync(filler),
    close,
  };
}

describe("metadata.sh on a volume that is full", function () {
  this.timeout(60_000);
  const bench = useBench();
  const volumes: SmallVolume[] = [];
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });
  after(() => {
    for (const { close } of volumes) {
      close();
    }
  });

  const prepare = async (test: Mocha.Context): Promise<{ site: Site; volume: SmallVolume }> => {
    const site = bench().site();
    await site.seed(OLD);
    const volume = smallVolume(site);
    if (volume === undefined) {
      process.stderr.write(
        "      SKIPPED: no small file system can be mounted here (needs root); the limit on file sizes is tested\n",
      );
      test.skip();
    }
    volumes.push(volume);
    return { site, volume };
  };

  it("backup: 10, no backup, nothing changed; with space, the same run goes through", async function () {
    const { site, volume } = await prepare(this);
    volume.fill();
    const outcome = await site.run("backup");
    expect(outcome.code, outcome.log).to.equal(EXIT.diskFull);
    expect(outcome.reason).to.match(
      /no backup taken, nothing changed: no space: .*no space left on device.*Enlarge the claim/,
    );
    expect(readdirSync(site.attemptFolder())).to.deep.equal([]);
    expect(await formatOf(site, OLD, converted)).to.equal("old");
    volume.free();
    expect((await site.run("backup")).code).to.equal(0);
  });

  it("migrate: 10, nothing changed; with space, the same run goes through", async function () {
    const { site, volume } = await prepare(this);
    expect((await site.run("backup")).code).to.equal(0);
    volume.fill();
    const outcome = await site.run("migrate");
    expect(outcome.code, outcome.log).to.equal(EXIT.diskFull);
    expect(outcome.reason).to.match(/not migrated, nothing changed: the marks could not be written/);
    expect(site.has("migrate.started")).to.equal(false);
    expect(await formatOf(site, OLD, converted)).to.equal("old");
    volume.free();
    expect((await site.run("migrate")).code).to.equal(0);
    expect(await formatOf(site, OLD, converted)).to.equal("new");
  });

  it("full only once the tool runs: finishes, since everything it needs was written beforehand", async function () {
    const { site, volume } = await prepare(this);
    expect((await site.run("backup")).code).to.equal(0);
    const outcome = await site.run("migrate", {
      env: { SANDBOX_FAULT: "mid-save:9=sleep:700" },
      onOutput: (text) => {
        if (text.includes("Step 4")) {
          volume.fill();
        }
      },
    });
    expect(outcome.code, outcome.log).to.equal(0);
    expect(await formatOf(site, OLD, converted)).to.equal("new");
  });

  it("full once the tool runs, and the tool fails: the backup is put back all the same", async function () {
    const { site, volume } = await prepare(this);
    expect((await site.run("backup")).code).to.equal(0);
    const outcome = await site.run("migrate", {
      env: { SANDBOX_FAULT: "mid-save:9=sleep:700,mid-save:10=fail" },
      onOutput: (text) => {
        if (text.includes("Step 4")) {
          volume.fill();
        }
      },
    });
    expect(outcome.code, outcome.log).to.equal(EXIT.etcdUnreachable);
    expect(outcome.reason).to.include("The metadata is as before");
    expect(await formatOf(site, OLD, converted)).to.equal("old");
  });

  it("rollback, which sets aside first: 10, nothing changed; with space, the same run goes through", async function () {
    const { site, volume } = await prepare(this);
    expect((await site.run("backup")).code).to.equal(0);
    expect((await site.run("migrate")).code).to.equal(0);
    volume.fill();
    const outcome = await site.run("rollback");
    expect(outcome.code, outcome.log).to.equal(EXIT.diskFull);
    expect(outcome.reason).to.match(/could not be set aside, nothing changed.*Enlarge the claim/);
    expect(site.has("restore.started")).to.equal(false);
    expect(await formatOf(site, OLD, converted)).to.equal("new");
    volume.free();
    expect((await site.run("rollback")).code).to.equal(0);
    expect(await formatOf(site, OLD, converted)).to.equal("old");
  });

  it("restore after a kill: not without the comparison, 18; with space, the same run goes through", async function () {
    const { site, volume } = await prepare(this);
    expect((await site.run("backup")).code).to.equal(0);
    await site.run("migrate", { env: { SANDBOX_FAULT: "mid-save:9=kill-group" } });
    await site.expireLeases();
    volume.fill();
    // The scratch space is full as well: a file may not grow to the size of a backup.
    const limit = ["sh", "-c", 'ulimit -f 2; exec sh "$@"', "sh"];
    const outcome = await site.run("restore", { shell: limit });
    expect(outcome.code, outcome.log).to.equal(EXIT.restoreFailed);
    expect(outcome.reason).to.match(/could not be restored: no space: .*do not start Milvus/);
    expect(
      (await site.run("restore", { env: { OVERWRITE: "yes" } })).code,
      "explained: the scratch space is enough",
    ).to.equal(0);
    volume.free();
    expect(await formatOf(site, OLD, converted)).to.equal("old");
  });

  it("backup over an outdated one: 10, the old one stays; with space, the same run goes through", async function () {
    const { site, volume } = await prepare(this);
    expect((await site.run("backup")).code).to.equal(0);
    const backup = readFileSync(site.file("migration.bak"), "base64");
    volume.fill();
    expect((await site.run("backup")).reason).to.include("is what etcd holds; it is kept");
    await site.drop("root-coord/dd-operation");
    const outcome = await site.run("backup");
    expect(outcome.code, outcome.log).to.equal(EXIT.diskFull);
    expect(outcome.reason).to.match(/no new backup taken, nothing changed.*The backup of .* stays/);
    expect(readFileSync(site.file("migration.bak"), "base64")).to.equal(backup);
    volume.free();
    expect((await site.run("backup")).code).to.equal(0);
    expect((await site.run("migrate")).code).to.equal(0);
  });

  it("a file that may not grow to the backup's size (ulimit -f): 10, nothing changed", async () => {
    const site = bench().site();
    await site.seed(OLD);
    const outcome = await site.run("backup", { shell: ["sh", "-c", 'ulimit -f 2; exec sh "$@"', "sh"] });
    expect(outcome.code, outcome.log).to.equal(EXIT.diskFull);
    expect(existsSync(site.file("migration.bak"))).to.equal(false);
    expect(await formatOf(site, OLD, converted)).to.equal("old");
  });
});
