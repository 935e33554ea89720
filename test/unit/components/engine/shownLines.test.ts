import { mkdtempSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { pulumiUp } from "../../../../components/engine/operation";
import { ShownLines } from "../../../../components/engine/shownLines";

const LINES = ["ordered rolling upgrade, Milvus 2.4.5 → 2.4.6", "plan hash: abc"];

describe("what the preview of an up has said", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "milvus-shown-"));
  });
  const shown = (up: number | undefined = 7, stack = "acme/milvus/prod") => new ShownLines(stack, { up, folder });
  const files = () => readdirSync(folder);

  it("is not said again by the update of the same pulumi, once", () => {
    shown().keep(LINES);
    expect(readFileSync(path.join(folder, files()[0] ?? ""), "utf8")).not.to.contain("2.4.5");
    expect(shown().unsaid(LINES)).to.deep.equal([]);
    expect(files()).to.deep.equal([]);
    expect(shown().unsaid(LINES)).to.deep.equal(LINES);
  });

  for (const { title, next } of [
    { title: "another pulumi, such as one with --skip-preview", next: () => shown(8) },
    { title: "another stack", next: () => shown(7, "acme/milvus/staging") },
  ]) {
    it(`is said again by ${title}`, () => {
      shown().keep(LINES);
      expect(next().unsaid(LINES)).to.deep.equal(LINES);
    });
  }

  it("leaves what is new by then to be said", () => {
    shown().keep(LINES);
    expect(shown().unsaid(["warning", ...LINES])).to.deep.equal(["warning"]);
  });

  it("is said again after an hour at the question", () => {
    shown().keep(LINES);
    const [file = ""] = files();
    const longAgo = Date.now() / 1000 - 4000;
    utimesSync(path.join(folder, file), longAgo, longAgo);
    expect(shown().unsaid(LINES)).to.deep.equal(LINES);
  });

  it("is not written through a link that somebody has put there", () => {
    shown().keep(LINES);
    const [file = ""] = files();
    shown().unsaid(LINES);
    const theirs = path.join(folder, "theirs");
    writeFileSync(theirs, "keep me");
    symlinkSync(theirs, path.join(folder, file));
    shown().keep(LINES);
    expect(readFileSync(theirs, "utf8")).to.equal("keep me");
    expect(shown().unsaid(LINES)).to.deep.equal(LINES);
  });

  it("is kept for no other command, and where there is no such folder", () => {
    new ShownLines("acme/milvus/prod", { up: undefined, folder }).keep(LINES);
    expect(files()).to.deep.equal([]);
    const nowhere = new ShownLines("acme/milvus/prod", { up: 7, folder: path.join(folder, "gone") });
    nowhere.keep(LINES);
    expect(nowhere.unsaid(LINES)).to.deep.equal(LINES);
  });

  it("belongs to the pulumi above the program, where that is an up", () => {
    const below =
      (...args: string[]) =>
      (pid: number) =>
        pid === process.ppid ? { parent: 7, args: ["node", "run"] } : pid === 7 ? { parent: 1, args } : undefined;
    expect(pulumiUp(below("pulumi", "up", "--yes"))).to.equal(7);
    expect(pulumiUp(below("pulumi", "update"))).to.equal(7);
    expect(pulumiUp(below("pulumi", "preview"))).to.equal(undefined);
    expect(pulumiUp(below("make", "up"))).to.equal(undefined);
  });
});
