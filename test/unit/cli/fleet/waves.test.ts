import { expect } from "chai";
import fc from "fast-check";
import { type FleetLimits, type Member, nextUp, type Place } from "../../../../cli/fleet/waves";

const PLACES: Readonly<Record<string, Place>> = { w: "waiting", r: "running", d: "done", f: "failed", l: "locked" };
/** `dwr`: the first is done, the second waits, the third is under way. */
const fleetOf = (places: string): Member[] =>
  Array.from(places, (letter, index) => ({
    stack: String.fromCharCode(97 + index),
    place: PLACES[letter] ?? "waiting",
  }));
const limits = (over: Partial<FleetLimits> = {}): FleetLimits => ({
  canary: 1,
  maxParallel: 2,
  maxFailures: 1,
  ...over,
});

const TABLE: readonly {
  readonly when: string;
  readonly fleet: string;
  readonly over?: Partial<FleetLimits>;
  readonly begin?: string;
  readonly halt?: "canary" | "failures";
}[] = [
  { when: "nothing has begun: the canary alone", fleet: "wwww", begin: "a" },
  { when: "the canary is under way: nobody else", fleet: "rwww" },
  { when: "the canary is done: the next, as many as may be at once", fleet: "dwww", begin: "bc" },
  { when: "one of two is under way: one more", fleet: "drww", begin: "c" },
  { when: "as many are under way as may be: nobody", fleet: "drrw" },
  {
    when: "the canary has failed: nobody, whatever the budget is",
    fleet: "fwww",
    over: { maxFailures: 9 },
    halt: "canary",
  },
  { when: "one has failed of one: nobody, and one is still under way", fleet: "dfrw", halt: "failures" },
  { when: "one has failed of two: on", fleet: "dfww", over: { maxFailures: 2 }, begin: "cd" },
  { when: "two have failed of two", fleet: "dffw", over: { maxFailures: 2 }, halt: "failures" },
  { when: "two canaries at once", fleet: "wwww", over: { canary: 2 }, begin: "ab" },
  { when: "one of two canaries is done: the others wait for the second", fleet: "drww", over: { canary: 2 } },
  {
    when: "one of two canaries has failed, the other is under way",
    fleet: "frww",
    over: { canary: 2 },
    halt: "canary",
  },
  { when: "more canaries than may be at once", fleet: "wwww", over: { canary: 3, maxParallel: 1 }, begin: "a" },
  { when: "no canary: all at once", fleet: "wwww", over: { canary: 0, maxParallel: 4 }, begin: "abcd" },
  { when: "more canaries than stacks", fleet: "ww", over: { canary: 5 }, begin: "ab" },
  {
    when: "one behind the canary is refused before anything begins: not even the canary",
    fleet: "wwfw",
    halt: "failures",
  },
  { when: "the same with room for it", fleet: "wwfw", over: { maxFailures: 2 }, begin: "a" },
  { when: "the canary had nothing to do, as in a fleet that goes on", fleet: "dddw", begin: "d" },
  { when: "somebody else holds one: that is no failure", fleet: "dlww", begin: "cd" },
  { when: "somebody else holds the canary: nobody knows whether it is well", fleet: "lwww", halt: "canary" },
  { when: "all are done", fleet: "dddd" },
  { when: "the last has failed: there is nothing to stop", fleet: "dddf" },
];

describe("what a fleet begins next", () => {
  for (const { when, fleet, over, begin = "", halt } of TABLE) {
    it(`${when} (${fleet})`, () => {
      const next = nextUp(fleetOf(fleet), limits(over));
      expect([next.begin.join(""), next.halt?.kind]).to.deep.equal([begin, halt]);
    });
  }

  it("in any fleet: never more at once than may be, never one behind a canary that is not done, and it comes to an end", () => {
    const anyLimits = fc.record({
      canary: fc.nat(4),
      maxParallel: fc.integer({ min: 1, max: 5 }),
      maxFailures: fc.integer({ min: 1, max: 4 }),
    });
    // How each stack ends, and which of those under way ends first.
    const anyEnds = fc.array(fc.record({ isWell: fc.boolean(), turn: fc.nat() }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anyLimits, anyEnds, (given, ends) => {
        const places: Place[] = ends.map(() => "waiting");
        const fleet = () => places.map((place, index) => ({ stack: String(index), place }));
        for (let round = 0; round <= ends.length; round++) {
          const { begin, halt } = nextUp(fleet(), given);
          for (const stack of begin) places[Number(stack)] = "running";
          const running = [...places.keys()].filter((index) => places[index] === "running");
          expect(running.length).to.be.at.most(given.maxParallel);
          const canariesDone = places.slice(0, given.canary).every((place) => place === "done");
          if (!canariesDone) expect(places.slice(given.canary).every((place) => place === "waiting")).to.equal(true);
          if (running.length === 0) {
            expect(halt !== undefined || places.every((place) => place === "done" || place === "failed")).to.equal(
              true,
            );
            const failed = places.filter((place) => place === "failed").length;
            // Those that were under way when the last that may fail did so may fail as well.
            expect(failed).to.be.at.most(given.maxFailures + given.maxParallel - 1);
            return;
          }
          const chosen = running[(ends[round]?.turn ?? 0) % running.length] ?? 0;
          places[chosen] = ends[chosen]?.isWell === true ? "done" : "failed";
        }
        throw new Error("the fleet has no end");
      }),
    );
  });
});
