import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { compareCatalogues, formatCatalogue, mergeIndexes, readIndex } from "../../../scripts/chartIndex";
import { CHART_RELEASES } from "../../../upgrade/versions/releases";

const entry = (chart: string, milvus: string, date = "2026-04-16") =>
  `  - version: ${chart}\n    appVersion: ${milvus}\n    created: "${date}T13:58:41Z"\n    urls: [https://example.com/m.tgz]\n`;
const index = (...entries: readonly string[]) => `apiVersion: v1\nentries:\n  milvus:\n${entries.join("")}`;

describe("readIndex", () => {
  it("takes releases from 3.0.0 on, newest first, whatever their order", () => {
    const text = index(
      entry("3.0.0", "2.0.0"),
      entry("2.4.23", "2.0.0-pre-ga"),
      entry("5.0.20", '"2.6.16"'),
      entry("4.10.0", "v2.2.9"),
    );
    expect(readIndex(text)).to.deep.equal([
      { chart: "5.0.20", milvus: "2.6.16", date: "2026-04-16" },
      { chart: "4.10.0", milvus: "2.2.9", date: "2026-04-16" },
      { chart: "3.0.0", milvus: "2.0.0", date: "2026-04-16" },
    ]);
  });

  it("leaves chart numbers with a suffix out", () => {
    expect(readIndex(index(entry("5.0.20-rc.1", "2.6.16"), entry("5.0.19", "2.6.15"))).length).to.equal(1);
  });

  for (const { title, text, says } of [
    { title: "another file", text: "hello", says: "not the index of the Milvus charts" },
    { title: "an index without milvus", text: "entries:\n  etcd: []\n", says: "entries.milvus: has no list of charts" },
    {
      title: "an entry without a version",
      text: "entries:\n  milvus:\n  - appVersion: 2.6.0\n    created: 2026-04-16T0\n",
      says: "entries.milvus.0.version: has no version",
    },
    {
      title: "an entry with a strange date",
      text: "entries:\n  milvus:\n  - version: 5.0.0\n    appVersion: 2.6.0\n    created: April\n",
      says: "dated in another way",
    },
    { title: "a chart for no version", text: index(entry("5.0.20", "master")), says: 'chart 5.0.20: "master"' },
    { title: "old charts only", text: index(entry("2.4.23", "2.0.0")), says: "no chart from 3.0.0 on" },
  ]) {
    it(`refuses ${title}`, () => {
      expect(() => readIndex(text)).to.throw(says);
    });
  }
});

describe("compareCatalogues", () => {
  const release = (chart: string, milvus = "2.6.0") => ({ chart, milvus, date: "2026-01-01" });

  it("says what is new, changed and withdrawn", () => {
    const change = compareCatalogues(
      [release("5.0.1"), release("5.0.0")],
      [release("5.0.2"), release("5.0.1", "2.6.1")],
    );
    expect(change).to.deep.equal({
      added: [release("5.0.2")],
      changed: [release("5.0.1", "2.6.1")],
      withdrawn: [release("5.0.0")],
    });
  });

  it("refuses an index that is cut off", () => {
    expect(() => compareCatalogues(CHART_RELEASES, CHART_RELEASES.slice(0, 200))).to.throw("seems to be cut off");
  });
});

describe("mergeIndexes", () => {
  it("takes the first word on a chart, and sorts all", () => {
    const [a, b] = [
      { chart: "4.0.0", milvus: "2.2.1", date: "2023-01-01" },
      { chart: "5.0.0", milvus: "2.6.0", date: "2025-01-01" },
    ];
    expect(mergeIndexes([[a], [b, { ...a, milvus: "2.2.2" }]])).to.deep.equal([b, a]);
  });
});

describe("formatCatalogue", () => {
  it("writes the data file as it is", () => {
    const file = join(__dirname, "..", "..", "..", "upgrade", "versions", "catalogue.json");
    expect(formatCatalogue(CHART_RELEASES)).to.equal(readFileSync(file, "utf8"));
  });
});
