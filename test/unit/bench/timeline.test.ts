import { expect } from "chai";
import {
  availability,
  longestWithout,
  outage,
  secondsIncomplete,
  secondsInterrupted,
  type Timeline,
} from "../../../bench/timeline";

/** One moment a second; `undefined`: not there. */
function timeline(counts: Readonly<Record<string, readonly (number | undefined)[]>>): Timeline {
  const length = Math.max(...Object.values(counts).map((list) => list.length));
  return Array.from({ length }, (_, second) => ({
    at: 1_700_000_000_000 + second * 1000,
    ready: new Map(
      Object.entries(counts).flatMap(([name, list]) => {
        const ready = list[second];
        return ready === undefined ? [] : [[name, ready] as const];
      }),
    ),
  }));
}

const rows = [
  {
    what: "nothing happens",
    counts: { proxy: [1, 1, 1] },
    expected: { outage: 0, withoutProxy: 0, incomplete: 0, interrupted: 0 },
  },
  {
    what: "all stop and start again",
    counts: { proxy: [1, 0, 0, 0, 1, 1], querynode: [3, 3, 1, 0, 0, 3] },
    expected: { outage: 4, withoutProxy: 3, incomplete: 4, interrupted: 4 },
  },
  {
    what: "components roll one after the other",
    counts: { proxy: [2, 1, 2, 2, 2], querynode: [2, 2, 2, 1, 2] },
    expected: { outage: 3, withoutProxy: 0, incomplete: 2, interrupted: 0 },
  },
  {
    what: "the proxy is away twice",
    counts: { proxy: [1, 0, 1, 0, 0, 1] },
    expected: { outage: 4, withoutProxy: 2, incomplete: 3, interrupted: 3 },
  },
  {
    what: "the new version has a component less",
    counts: { proxy: [1, 1, 1, 1], indexcoord: [1, 0, undefined, undefined] },
    expected: { outage: 0, withoutProxy: 0, incomplete: 0, interrupted: 0 },
  },
  {
    what: "a Deployment is made anew",
    counts: { proxy: [1, undefined, undefined, 1] },
    expected: { outage: 2, withoutProxy: 2, incomplete: 2, interrupted: 2 },
  },
  {
    what: "it ends before all are back",
    counts: { proxy: [2, 2, 1, 1] },
    expected: { outage: 1, withoutProxy: 0, incomplete: 1, interrupted: 0 },
  },
];

describe("a timeline of ready replicas", () => {
  for (const { what, counts, expected } of rows) {
    it(`tells the seconds when ${what}`, () => {
      const seen = timeline(counts);
      expect({
        outage: outage(seen),
        withoutProxy: longestWithout(seen, "proxy"),
        incomplete: secondsIncomplete(seen),
        interrupted: secondsInterrupted(seen),
      }).to.deep.equal(expected);
    });
  }
});

describe("the share of replicas that are ready", () => {
  it("counts from the first that is missing, with a few seconds around the outage", () => {
    const at = (seconds: number, proxy: number, querynode: number) => ({
      at: seconds * 1000,
      ready: new Map([
        ["proxy", proxy],
        ["querynode", querynode],
      ]),
    });
    const timeline = [at(0, 1, 2), at(20, 1, 2), at(24, 0, 2), at(25, 0, 1), at(30, 1, 2), at(34, 1, 2), at(60, 1, 2)];
    expect(availability(timeline)).to.deep.equal([
      [-4, 100],
      [0, 50],
      [1, 25],
      [6, 100],
      [10, 100],
    ]);
  });
});
