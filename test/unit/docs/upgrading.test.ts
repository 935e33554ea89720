import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { newestChartFor } from "../../../upgrade/charts/choice";
import type { PlanKind } from "../../../upgrade/model";
import { MIXED, planned, running, SEPARATE, STREAMING, wanted } from "../upgrade/support";

const text = readFileSync(join(__dirname, "..", "..", "..", "docs", "upgrading.md"), "utf8");
const KINDS: Readonly<Record<string, PlanKind>> = {
  migration: "migration",
  "Helm upgrade": "helm",
  rolling: "rolling",
};
const rows = [
  ...text.matchAll(/^\| (\d\S+) \| `milvus:version: (\S+)` \|.*\| (migration|Helm upgrade|rolling)[^|]*\|$/gm),
];

/** What the charts of that time run. */
function componentsOf(version: string): readonly string[] {
  if (version.startsWith("2.5")) return MIXED;
  return /^(2\.6|3)\./.test(version) ? STREAMING : SEPARATE;
}

describe("the paths of docs/upgrading.md", () => {
  it("are read by this test", () => {
    expect(rows).to.have.length(8);
  });

  for (const [, from = "", to = "", what = ""] of rows) {
    it(`${from} → ${to} is planned as ${what}`, () => {
      const chart = newestChartFor(from) ?? "";
      expect(planned(wanted(to), running(chart, from, { names: componentsOf(from) })).kind).to.equal(KINDS[what]);
    });
  }
});
