import { expect } from "chai";
import { readsOf, readsTable } from "../../../scripts/readsTable";

describe("the table of what charts read", () => {
  it("finds what templates name, below a guard the parts alone", () => {
    const found = readsOf(["{{ .Values.a.b }}{{ $.Values.c }}", "{{ if and .Values.d .Values.d.on }}{{ end }}"]);
    expect([...found].sort()).to.deep.equal(["a.b", "c", "d.on"]);
  });

  it("writes each key under the charts that read it, also with a gap", () => {
    const releases = [
      ["3.0.0", ["a", "b"]],
      ["3.0.10", ["a"]],
      ["4.0.0", ["a", "b", "c"]],
    ].map(([chart, reads]) => ({ chart: chart as string, reads: new Set(reads as string[]) }));
    expect(JSON.parse(readsTable(releases))).to.deep.equal({ "3.0.0": "a", "3.0.0 3.0.10": "b", "4.0.0": "b c" });
  });
});
