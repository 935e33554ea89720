import { expect } from "chai";
import { chartFits } from "../../../../upgrade/charts/rules";
import { planned, running, wanted } from "../support";

describe("which charts run which Milvus (README of charts 4.2.0 to 5.0.19)", () => {
  for (const [chart, milvus, fits] of [
    ["4.1.0", "2.3.22", true],
    ["4.1.29", "2.3.13", true],
    ["4.1.36", "2.3.0", true],
    ["4.1.36", "2.4.23", true],
    ["4.1.28", "2.4.5", false],
    ["4.2.0", "2.3.22", false],
    ["4.2.20", "2.3.13", false],
    ["4.1.36", "2.2.16", false],
    ["4.2.60", "2.4.23", true],
    ["4.2.60", "2.6.0", false],
  ] as const) {
    it(`${milvus} ${fits ? "runs" : "does not run"} on chart ${chart}`, () => {
      expect(chartFits(chart, milvus)).to.equal(fits);
    });
  }

  it("a 2.3 on 4.1.36 stays on it, and goes there when the chart is named", () => {
    expect(planned(wanted("2.3.13"), running("4.1.36", "2.3.5")).chart.version).to.equal("4.1.36");
    expect(planned(wanted("2.3.13", { chartVersion: "4.1.36" }), running("4.1.15", "2.3.5")).chart.version).to.equal(
      "4.1.36",
    );
  });

  it("the chart chosen for 2.3 is still its own", () => {
    expect(planned(wanted("2.3.13"), running("4.1.15", "2.3.5")).chart.version).to.equal("4.1.28");
  });
});
