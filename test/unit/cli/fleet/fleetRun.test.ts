import { expect } from "chai";
import { FleetRun } from "../../../../cli/fleet/fleetRun";
import type { Outlook, StackEnd } from "../../../../cli/fleet/model";
import type { FleetLimits } from "../../../../cli/fleet/waves";

const outlook = (stack: string, kind: Outlook["kind"] = "hops"): Outlook => ({
  stack,
  kind,
  why: [],
  isVerified: true,
  limitSeconds: 60,
});

/** Stacks whose walks end when the test says so, and a record of what was begun. */
class FakeStacks {
  readonly did: string[] = [];
  private readonly ends = new Map<string, (end: StackEnd) => void>();
  readonly run: FleetRun;
  readonly ended: Promise<void>;

  constructor(stacks: readonly Outlook[], limits: Partial<FleetLimits> = {}, cannotStart?: string) {
    this.run = new FleetRun(
      stacks,
      { canary: 1, maxParallel: 2, maxFailures: 1, ...limits },
      ({ stack }) => {
        if (stack === cannotStart) throw new Error("no memory");
        const end = new Promise<StackEnd>((resolve) => this.ends.set(stack, resolve));
        return { end, interrupt: () => void this.did.push(`interrupt ${stack}`) };
      },
      {
        begun: ({ outlook: { stack } }) => void this.did.push(`begin ${stack}`),
        run: () => undefined,
        ended: ({ outlook: { stack }, end }) => void this.did.push(`${stack} ${end?.outcome ?? ""}`),
        halted: ({ kind }) => void this.did.push(`halt: ${kind}`),
      },
    );
    this.ended = this.run.toEnd();
  }

  async end(stack: string, outcome: StackEnd["outcome"]): Promise<void> {
    this.ends.get(stack)?.({ outcome, done: [], why: [] });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const FOUR = ["a", "b", "c", "d"].map((stack) => outlook(stack));

describe("a fleet that runs", () => {
  it("begins the canary, then as many as may be at once, each as soon as there is room", async () => {
    const fleet = new FakeStacks(FOUR);
    for (const stack of ["a", "c", "b", "d"]) await fleet.end(stack, "arrived");
    await fleet.ended;
    expect(fleet.did).to.deep.equal([
      ...["begin a", "a arrived", "begin b", "begin c", "c arrived", "begin d", "b arrived", "d arrived"],
    ]);
    expect(fleet.run.fleet.map(({ place }) => place)).to.deep.equal(["done", "done", "done", "done"]);
  });

  it("begins no other once too many have failed, and waits for what is under way", async () => {
    const fleet = new FakeStacks(FOUR);
    await fleet.end("a", "arrived");
    await fleet.end("b", "failed");
    let isOver = false;
    void fleet.ended.then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).to.equal(false);
    await fleet.end("c", "arrived");
    await fleet.ended;
    expect(fleet.did.slice(4)).to.deep.equal(["b failed", "halt: failures", "c arrived"]);
  });

  it("interrupted, interrupts each that is under way, each time once more, and begins no other", async () => {
    const fleet = new FakeStacks(FOUR);
    await fleet.end("a", "arrived");
    fleet.run.interrupt();
    fleet.run.interrupt();
    await fleet.end("b", "interrupted");
    fleet.run.interrupt();
    await fleet.end("c", "arrived");
    await fleet.ended;
    expect(fleet.did.slice(4)).to.deep.equal([
      ...["interrupt b", "interrupt c", "interrupt b", "interrupt c"],
      ...["b interrupted", "interrupt c", "c arrived"],
    ]);
  });

  it("takes a process that cannot be started for a failure of its stack, not for its own end", async () => {
    const fleet = new FakeStacks(FOUR, { maxFailures: 2 }, "b");
    for (const stack of ["a", "c", "d"]) await fleet.end(stack, "arrived");
    await fleet.ended;
    const [, b] = fleet.run.fleet;
    expect([b?.place, b?.end?.why]).to.deep.equal(["failed", ["Its process could not be started: no memory"]]);
  });

  it("begins nothing where nothing is to be done", async () => {
    const fleet = new FakeStacks([outlook("a", "nothing"), outlook("b", "refused")]);
    await fleet.ended;
    expect(fleet.did).to.deep.equal([]);
  });
});
