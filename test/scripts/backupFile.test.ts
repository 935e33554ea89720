import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { tryRun } from "../../sandbox/run";
import { SCRIPT, type Site } from "./support/bench";
import { programFolder } from "./support/programs";
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
  const readAll = async (
    site: Site,
    files: readonly Buffer[],
    shell: readonly string[],
    programs?: string,
  ): Promise<Reading[]> => {
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
    const { exitCode, stderr } = await tryRun(command, [...rest, script], {
      cwd: folder,
      timeoutSeconds: 100,
      ...(programs === undefined ? {} : { env: { ...process.env, PATH: `${programs}:${process.env.PATH ?? ""}` } }),
    });
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

  // The checksum of a value, told a second time: the value as one number, divided by 2^32 for every word it takes.
  const checksum = (value: Buffer): string => {
    const prime = 1442n * 2n ** 32n - 1n;
    const inverse = 1442n * 2n ** 24n;
    const number = [...value].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    return String(value.reduce((sum) => (sum * inverse) % prime, number % prime));
  };

  /** What it is read with; the last is an od that knows no line lengths. */
  const READERS = ["mawk", "gawk", "busybox awk", "od"];
  for (const reader of READERS) {
    it(`lists an entry the same wherever it stands in the file, with the checksum of its value (${reader})`, async function () {
      const [name = "", ...rest] = reader.split(" ");
      const program = findProgram(name);
      if (program === undefined) {
        process.stderr.write(`      SKIPPED: ${name} is not on PATH\n`);
        this.skip();
      }
      const site = await stoppedSite(bench());
      // All lengths and so all places within words and blocks; some longer than blocks, some of one byte again and again.
      const lengths = [...Array.from({ length: 40 }, (_, index) => index), 511, 512, 513, 1500, 70_000];
      const entries = new Map(
        lengths.flatMap((length, index): [string, string][] => [
          [`root-coord/collection/${"7".repeat(1 + (index % 9))}/${length}`, randomBytes(length).toString("latin1")],
          [`datacoord-meta/s/${length}`, "\xff".repeat(length)],
          [`datacoord-meta/zero/${length}`, "\x00".repeat(length)],
        ]),
      );
      await site.seed(entries);
      const files: Buffer[] = [];
      for (const number of [1, 2, 3]) {
        const file = path.join(site.folder, `${number}.bak`);
        expect((await site.runTool("backup", file)).code).to.equal(0);
        files.push(readFileSync(file));
      }
      expect(files[0]?.equals(files[1] ?? Buffer.alloc(0)), "the order is another each time").to.equal(false);
      const folder =
        reader === "od"
          ? programFolder(site, "od", `sh -c 'case "$*" in *-w*) exit 1 ;; esac; exec ${program} "$@"' od`)
          : programFolder(site, "awk", [program, ...rest].join(" "));
      const wanted = [...entries].map(
        ([key, value]) => `${site.prefix}${key}\t${value.length}\t${checksum(Buffer.from(value, "latin1"))}`,
      );
      const counter = await site.counter();
      for (const [index, { isGood, says, listing }] of (await readAll(site, files, ["sh"], folder)).entries()) {
        expect(isGood, says).to.equal(true);
        expect(listing.split("\n").sort()).to.deep.equal(
          [...wanted, `${site.prefix}session/id\t2\t0\t${counter - 2 + index}`].sort(),
        );
      }
    });
  }

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
