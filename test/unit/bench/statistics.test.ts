import { expect } from "chai";
import fc from "fast-check";
import { describeSample, judge, median, number, ratio, sampleOf } from "../../../bench/statistics";

describe("benchmark statistics", () => {
  const medians = [
    { values: [3], middle: 3 },
    { values: [3, 1, 2], middle: 2 },
    { values: [4, 1, 3, 2], middle: 2.5 },
    { values: [10, 9, 100], middle: 10 },
  ];
  for (const { values, middle } of medians) {
    it(`the median of ${values.join(", ")} is ${middle}`, () => {
      expect(median(values)).to.equal(middle);
    });
  }

  it("there is no median of nothing", () => {
    expect(() => median([])).to.throw("nothing");
  });

  it("a median lies between the least and the most, in whatever order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const sample = sampleOf(values);
        expect(sample.median).to.be.within(sample.least, sample.most);
        expect(sampleOf(values.toReversed())).to.deep.equal(sample);
      }),
    );
  });

  const texts = [
    { values: [4.236], text: "4.2 s" },
    { values: [4, 5, 4.4], text: "4.4 s (4.0 to 5.0)" },
    { values: [0.4231], text: "0.42 s" },
    { values: [74.6], text: "75 s" },
  ];
  for (const { values, text } of texts) {
    it(`${values.join(", ")} is shown as ${text}`, () => {
      expect(describeSample(sampleOf(values))).to.equal(text);
    });
  }

  it("a ratio has two places, and none to nothing", () => {
    expect([ratio(5, 4), ratio(1, 3), ratio(1, 0)]).to.deep.equal(["1.25 ×", "0.33 ×", "-"]);
    expect(number(2)).to.equal("2.0");
  });

  const targets = [
    { value: 5, verdict: "at most 1.25 ×: met" },
    { value: 5.01, verdict: "at most 1.25 ×: missed: it is slow" },
  ];
  for (const { value, verdict } of targets) {
    it(`${value} against 4 is judged "${verdict}"`, () => {
      expect(judge(value, 4, { atMost: 1.25, reason: "it is slow" })).to.equal(verdict);
    });
  }
});
