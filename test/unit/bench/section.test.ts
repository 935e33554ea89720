import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { chooseParts, PARTS } from "../../../bench/parts";
import { type Section, sectionMarkdown, sectionText, withSection } from "../../../bench/section";

const SECTION: Section = {
  name: "planning",
  title: "Planning",
  about: ["Every pair."],
  tables: [{ head: ["what", "time"], rows: [["a | b", "1.0 s"]] }],
  notes: ["Memory: 3 MB."],
  stamp: "2 cores; commit abc",
};
const document = (inside: string) =>
  ["# Benchmarks", "<!-- bench: planning -->", inside, "<!-- end of bench: planning -->", "after"].join("\n");

describe("a section of docs/benchmarks.md", () => {
  it("has title, tables, notes and where it was measured, with cells that cannot break the table", () => {
    expect(sectionMarkdown(SECTION)).to.equal(
      [
        "## Planning",
        "Every pair.",
        "| what | time |\n| --- | ---: |\n| a \\| b | 1.0 s |",
        "- Memory: 3 MB.",
        "*2 cores; commit abc*",
      ].join("\n\n"),
    );
  });

  it("is printed with columns that line up", () => {
    expect(sectionText(SECTION)).to.contain("  what    time\n  a | b   1.0 s");
  });

  it("is written between its marks, and the rest stays as it is", () => {
    expect(withSection(document("old"), "planning", "new")).to.equal(document("new"));
    expect(withSection(document("new"), "planning", "new")).to.equal(document("new"));
  });

  it("is refused where the document has no place for it", () => {
    expect(() => withSection(document("old"), "scale", "new")).to.throw("<!-- bench: scale -->");
  });

  const choices = [
    { only: "planning,downtime", names: ["planning", "downtime", "downtime-pulls"] },
    { only: "scale", names: ["scale-pods", "scale-fleet"] },
    { only: undefined, names: PARTS.map(({ name }) => name) },
  ];
  for (const { only, names } of choices) {
    it(`--only ${only ?? "(not given)"} measures ${names.join(", ")}`, () => {
      expect(chooseParts(only).map(({ name }) => name)).to.deep.equal(names);
    });
  }

  it("a part that is not there is refused with the names of those that are", () => {
    expect(() => chooseParts("planing")).to.throw(/no part planing; there are downtime, /);
  });

  it("are those that have the scene, where one is asked for", () => {
    expect(chooseParts(undefined, "roll").map(({ name }) => name)).to.deep.equal(["downtime-pulls"]);
    expect(() => chooseParts("downtime", "rol")).to.throw("no scene rol; there are migration (downtime-pulls), ");
    expect(() => chooseParts("planning", "roll")).to.throw("no scene roll; there are none in these parts");
  });

  for (const { name } of PARTS) {
    it(`has its place in the document: ${name}`, () => {
      const text = readFileSync(path.join(__dirname, "../../../docs/benchmarks.md"), "utf8");
      expect(withSection(text, name, "new")).to.contain(`<!-- bench: ${name} -->\nnew\n`);
    });
  }
});
