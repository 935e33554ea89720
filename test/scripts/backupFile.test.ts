import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { tryRun } from "../../sandbox/run";
import { SCRIPT, type Site } from "./support/bench";
import { stoppedSite } from "./support/steps";
import { findProgram } from "./support/tools";
import { useBench } from "./support/useBench";

/** One file as the script's own reader sees it. */
interface Reading {
  readonly isGood: boolean;
  readonly says: string;
  readonly listing: string;
}

describe("metadata.sh reads backup files", function () {
  this.timeout(120_000);
  const bench = useBench();

  /** Runs the script's read_backup, as it stands there, over all these files with one shell. */
  const readAll = async (site: Site, files: readonly Buffer[], shell: readonly string[]): Promise<Reading[]> => {
    const folder = path.join(site.folder, "files");
    mkdirSync(folder, { recursive: true });
    const reader = /^read_backup\(\) \{\n[\s\S]*?^\}\n/m.exec(readFileSync(SCRIPT, "utf8"))?.[0] ?? "";
    expect(reader).to.include("od -An");
    for (const [index, content] of files.entries()) {
      writeFileSync(path.join(folder, String(index)), content);
    }
    const loop = `${reader}i=0; while [ $i -lt ${files.length} ]; do read_backup $i $i.list >$i.says; echo $? >$i.code; i=$((i + 1)); done`;
    const script = path.join(folder, "read.sh");
    writeFileSync(script, loop);
    const [command = "sh", ...rest] = shell;
    const { exitCode, stderr } = await tryRun(command, [...rest, script], { cwd: folder, timeoutSeconds: 100 });
    expect(exitCode, stderr).to.equal(0);
    const text = (index: number, what: string): string =>
      readFileSync(path.join(folder, `${index}.${what}`), "latin1").trim();
    return files.map((_, index) => ({
      isGood: text(index, "code") === "0",
      says: text(index, "says"),
      listing: text(index, "list"),
    }));
  };

  const smallBackup = async (site: Site): Promise<Buffer> => {
    await site.seed(
      new Map([
        ["root-coord/collection/1", '{"id":1,"schema":{"name":"a"}}'],
        ["datacoord-meta/s/1/10/1001", `\x00\xff\n\t"\\ ${"long ".repeat(8)}`],
        ["datacoord-meta/empty", ""],
      ]),
    );
    const file = path.join(site.folder, "small.bak");
    expect((await site.runTool("backup", file)).code).to.equal(0);
    return readFileSync(file);
  };

  for (const shell of [["sh"], ["busybox", "sh"]]) {
    const name = shell.join(" ");
    it(`whole, cut anywhere, or with any byte of an entry changed (${name})`, async function () {
      if (findProgram(shell[0] ?? "") === undefined) {
        process.stderr.write(`      SKIPPED: ${name} is not on PATH\n`);
        this.skip();
      }
      const site = await stoppedSite(bench());
      const whole = await smallBackup(site);
      const headerEnd = 8 + whole.readUInt8(0);
      const cuts = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));
      const changed = Array.from({ length: whole.length - headerEnd }, (_, index) => {
        const copy = Buffer.from(whole);
        copy[headerEnd + index] = (copy[headerEnd + index] ?? 0) ^ 0x15;
        return copy;
      });
      const [good, ...others] = await readAll(site, [whole, ...cuts, ...changed], shell);
      expect(good?.isGood, good?.says).to.equal(true);
      expect(good?.says).to.equal("4");
      expect(good?.listing.split("\n").map((line) => line.split("\t").slice(0, 2))).to.have.deep.members([
        [`${site.prefix}root-coord/collection/1`, "30"],
        [`${site.prefix}datacoord-meta/s/1/10/1001`, "47"],
        [`${site.prefix}datacoord-meta/empty`, "0"],
        [`${site.prefix}session/id`, "2"],
      ]);
      for (const [length, { isGood, says }] of others.slice(0, cuts.length).entries()) {
        expect(isGood, `cut to ${length} of ${whole.length} bytes: ${says}`).to.equal(false);
        expect(says).to.match(/truncated|header says|cut|longer/);
      }
      for (const [index, { isGood, listing }] of others.slice(cuts.length).entries()) {
        expect(isGood && listing === good?.listing, `byte ${headerEnd + index} changed unnoticed`).to.equal(false);
      }
    });
  }
});
