import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { FACTS_DOCUMENT, factAnchor, namedFacts, withFactLinks } from "../../../scripts/facts";

const root = path.join(__dirname, "..", "..", "..");
const document = readFileSync(FACTS_DOCUMENT, "utf8");
/** Of each row that has an anchor, this and the number beside it. */
const rows = [...document.matchAll(/^\| <a id="([^"]+)"><\/a>(\S+) \| (.*) \|$/gm)].map(
  ([, anchor = "", number = "", rest = ""]) => ({ anchor, number, cells: rest.split(" | ") }),
);
const facts = rows.map(({ number }) => number);

/** Programs, tests and documents. */
function files(): string[] {
  const left = ["node_modules", "dist", "coverage"];
  return readdirSync(root, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && !left.includes(name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(path.join(root, entry.name), { recursive: true, encoding: "utf8" }).map((name) =>
            path.join(entry.name, name),
          )
        : [entry.name],
    )
    .filter((name) => /\.(ts|md)$/.test(name) && !name.split(path.sep).some((folder) => left.includes(folder)));
}

describe("docs/upgrade-facts.md", () => {
  it("has a fact a row, each with an anchor after its number, and none twice", () => {
    expect(facts.length).to.be.greaterThan(300);
    expect(rows.filter(({ anchor, number }) => anchor !== factAnchor(number))).to.deep.equal([]);
    expect(facts.filter((number, index) => facts.indexOf(number) !== index)).to.deep.equal([]);
    expect([...document.matchAll(/^\| *\d+\.\d+.*$/gm)].map(([row]) => row)).to.deep.equal([]);
  });

  it("has a row without a letter above those with one", () => {
    const lettered = facts.filter((number) => /[a-z]$/.test(number));
    expect(lettered.filter((number) => !facts.includes(number.slice(0, -1)))).to.deep.equal([]);
  });

  it("leaves nothing empty, and every link of it that leads elsewhere is defined", () => {
    expect(rows.filter(({ cells }) => cells.length < 2 || cells.some((cell) => cell.trim() === ""))).to.deep.equal([]);
    const defined = [...document.matchAll(/^\[([^\]]+)\]: https:\/\/\S+$/gm)].map(([, name = ""]) => name);
    const used = [...document.matchAll(/\]\[([^\]]+)\]/g)].map(([, name = ""]) => name);
    expect(used.length).to.be.greaterThan(200);
    expect(used.filter((name) => !defined.includes(name))).to.deep.equal([]);
    expect(defined.filter((name) => !used.includes(name))).to.deep.equal([]);
  });

  it("has each fact that code, tests and documents name", () => {
    // What is here names facts that there are not.
    const named = files()
      .filter((name) => path.resolve(root, name) !== __filename)
      .flatMap((file) => namedFacts(readFileSync(path.join(root, file), "utf8")).map((number) => ({ file, number })));
    expect(named.length).to.be.greaterThan(200);
    expect(named.filter(({ number }) => !facts.includes(number))).to.deep.equal([]);
  });
});

describe("the facts that a text names", () => {
  const cases: readonly { readonly text: string; readonly facts: readonly string[] }[] = [
    { text: "docs/upgrade-facts.md 6.7", facts: ["6.7"] },
    { text: "docs/upgrade-facts.md 5.3, 5.5c and 5.9; milvus issue 41018", facts: ["5.3", "5.5c", "5.9"] },
    { text: "(facts 9.3 to 9.5).", facts: ["9.3", "9.5"] },
    { text: "fact 1.3: above 4.0.11 for 2.3.0-beta", facts: ["1.3"] },
    { text: "chart 5.0.19, and in fact 304 entries", facts: [] },
  ];
  for (const { text, facts: expected } of cases) {
    it(`are ${expected.join(" and ") || "none"} in "${text}"`, () => {
      expect(namedFacts(text)).to.deep.equal(expected);
    });
  }

  it("are links in a document beside it", () => {
    expect(withFactLinks("Source: docs/upgrade-facts.md 6.7 and 6.8a: runner.go.")).to.equal(
      "Source: [fact 6.7](upgrade-facts.md#fact-6-7) and [6.8a](upgrade-facts.md#fact-6-8a): runner.go.",
    );
  });
});
