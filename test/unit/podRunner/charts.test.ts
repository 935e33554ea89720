import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { chartsFolder, chartValues, materializeCharts, SANDBOX_CHARTS } from "../../../sandbox/charts";

type Enabled = Record<string, { readonly enabled?: boolean } | undefined>;

describe("charts of the sandbox", () => {
  let target: string;
  before(() => {
    target = materializeCharts(mkdtempSync(join(tmpdir(), "charts-")));
  });
  after(() => rmSync(target, { recursive: true, force: true }));

  for (const [version, milvus] of Object.entries(SANDBOX_CHARTS)) {
    it(`milvus-${version} is for Milvus ${milvus}`, () => {
      const chart = parse(readFileSync(join(target, `milvus-${version}`, "Chart.yaml"), "utf8")) as object;
      expect(chart).to.include({ name: "milvus", version, appVersion: milvus });
    });
  }

  const flips = [
    { key: "pulsar", before: "4.2.20", after: "4.2.33", from: true, to: false },
    { key: "pulsarv3", before: "4.2.20", after: "4.2.33", from: undefined, to: true },
    { key: "rootCoordinator", before: "4.2.0", after: "4.2.20", from: true, to: false },
    { key: "mixCoordinator", before: "4.2.0", after: "4.2.20", from: false, to: true },
    { key: "streaming", before: "4.2.58", after: "5.0.0", from: false, to: true },
    { key: "indexNode", before: "4.2.58", after: "5.0.0", from: true, to: false },
  ];
  for (const { key, before, after, from, to } of flips) {
    it(`${key}.enabled is ${from} in ${before} and ${to} in ${after} (rule 4.2)`, () => {
      expect((chartValues(before, "0.0.0") as Enabled)[key]?.enabled).to.equal(from);
      expect((chartValues(after, "0.0.0") as Enabled)[key]?.enabled).to.equal(to);
    });
  }

  it("metadata.rootPath ends with chart 4.0.0 (rule 5.2)", () => {
    expect(chartValues("3.3.6", "2.2.0")).to.have.property("metadata");
    expect(chartValues("4.0.8", "2.2.3")).not.to.have.property("metadata");
  });

  it("MILVUS_CHARTS takes their place, and has to exist", () => {
    const before = process.env.MILVUS_CHARTS;
    try {
      process.env.MILVUS_CHARTS = target;
      expect(chartsFolder("/nowhere")).to.equal(target);
      process.env.MILVUS_CHARTS = join(target, "none");
      expect(() => chartsFolder("/nowhere")).to.throw("does not exist");
    } finally {
      if (before === undefined) delete process.env.MILVUS_CHARTS;
      else process.env.MILVUS_CHARTS = before;
    }
  });
});
