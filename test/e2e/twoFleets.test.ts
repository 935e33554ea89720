import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { killAll, processTree } from "../../sandbox/processTree";
import { FLEET, type FleetBed, type FleetCommand, outcomes, startFleetBed } from "./support/fleetBed";
import { until } from "./support/testBed";

describe("two people, two machines, one fleet", () => {
  let bed: FleetBed;
  /** The checkout of the second. */
  let elsewhere: string;
  before(async () => {
    bed = await startFleetBed({ settle: "1s", pending: "5s", release: "300s" });
    elsewhere = bed.elsewhere();
  });
  after(() => bed.stop());

  const ALL_THERE = FLEET.map((stack) => `${stack} arrived`);
  /** A standalone of this version does not get ready in any of these clusters. */
  const hold = (image: string) => bed.faults({ milvus: [{ component: "standalone", image, effect: "neverReady" }] });
  const logOf = (logs: string, stack: string) => () => {
    try {
      return readFileSync(path.join(elsewhere, logs, `${stack}.log`), "utf8");
    } catch {
      return "";
    }
  };
  const logs = (name: string) => ["--logs", path.join(elsewhere, name)];
  const untilOrOver = (what: string, command: FleetCommand, condition: () => boolean | Promise<boolean>) =>
    until(what, async () => command.isOver() || (await condition()), 240);
  /** How many runs each stack got of both. */
  const runsOf = (...commands: FleetCommand[]) =>
    FLEET.map((_, index) =>
      commands.reduce((sum, command) => sum + (command.report().stacks[index]?.done.length ?? 0), 0),
    );

  it("typed at the same moment: each stack is upgraded once, and both tell the truth", async () => {
    const before = await bed.revisions();
    const first = bed.fleet("2.4.17", ["--yes"]);
    const second = bed.fleet("2.4.17", ["--yes", ...logs("same")], elsewhere);
    const codes = await Promise.all([first.end, second.end]);
    const said = `${first.output()}\n--- the second:\n${second.output()}`;
    expect(codes, said).to.deep.equal([0, 0]);
    expect([outcomes(first.report()), outcomes(second.report())], said).to.deep.equal([ALL_THERE, ALL_THERE]);
    expect([await bed.versions(), await bed.revisions()]).to.deep.equal([
      FLEET.map(() => "2.4.17"),
      before.map((revision) => revision + 1),
    ]);
    expect(runsOf(first, second), said).to.deep.equal([1, 1, 1]);
    for (const stack of FLEET)
      expect([bed.configOf(stack), bed.configOf(stack, elsewhere)]).to.deep.equal(["2.4.17", "2.4.17"]);
    // Who had no run of their own says who did it.
    const foreign = [first, second].flatMap((it) => it.report().stacks.filter(({ done }) => done.length === 0));
    expect(foreign.map(({ why }) => why.join(" ")).join("\n")).to.match(/another run/);
    expect(foreign.every(({ why }) => why.length > 0)).to.equal(true);
  });

  it("a single upgrade is at work when the fleet comes to its stack: the fleet waits for it, and the report says so", async () => {
    const before = await bed.revisions();
    hold("2.4.18");
    const single = bed.upgrade(["--stack", "prod-b", "--to", "2.4.18", "--yes"]);
    await untilOrOver("the single one is at work", single, async () => (await bed.versionOf("prod-b")) === "2.4.18");
    expect(single.isOver(), single.output()).to.equal(false);
    const fleet = bed.fleet("2.4.18", ["--yes", "--canary", "0", ...logs("single")], elsewhere);
    await untilOrOver("the fleet waits", fleet, () => logOf("single", "prod-b")().includes("waiting for another run"));
    expect(fleet.isOver(), fleet.output()).to.equal(false);
    bed.faults({});
    expect([await single.end, await fleet.end], `${single.output()}\n${fleet.output()}`).to.deep.equal([0, 0]);
    const report = fleet.report();
    expect(outcomes(report)).to.deep.equal(ALL_THERE);
    expect(report.stacks.map(({ done }) => done.length)).to.deep.equal([1, 0, 1]);
    expect(report.stacks[1]?.why.join(" ")).to.match(
      /^waited for another run: .+@.+, stack organization\/milvus\/prod-b/,
    );
    expect([await bed.versions(), await bed.revisions()]).to.deep.equal([
      FLEET.map(() => "2.4.18"),
      before.map((revision) => revision + 1),
    ]);
  });

  it("Ctrl-C on the one: the other, which waited, goes on with what was begun", async () => {
    hold("2.4.19");
    const first = bed.fleet("2.4.19", ["--yes"]);
    await untilOrOver("the canary is at work", first, async () => (await bed.versionOf("prod-a")) === "2.4.19");
    const second = bed.fleet("2.4.19", ["--yes", ...logs("stopped")], elsewhere);
    await untilOrOver("the second waits", second, () =>
      logOf("stopped", "prod-a")().includes("waiting for another run"),
    );
    expect([first.isOver(), second.isOver()], second.output()).to.deep.equal([false, false]);
    first.child.kill("SIGINT");
    expect(await first.end, first.output()).to.equal(130);
    expect(outcomes(first.report())).to.deep.equal(["prod-a interrupted", "prod-b not begun", "prod-c not begun"]);
    bed.faults({});
    expect(await second.end, second.output()).to.equal(0);
    expect([outcomes(second.report()), await bed.versions()]).to.deep.equal([ALL_THERE, FLEET.map(() => "2.4.19")]);
  });

  it("Ctrl-C on the one that waits: it has begun nothing, and the other arrives", async () => {
    hold("2.4.20");
    const first = bed.fleet("2.4.20", ["--yes"]);
    await untilOrOver("the canary is at work", first, async () => (await bed.versionOf("prod-a")) === "2.4.20");
    const second = bed.fleet("2.4.20", ["--yes", ...logs("waiting")], elsewhere);
    await untilOrOver("the second waits", second, () =>
      logOf("waiting", "prod-a")().includes("waiting for another run"),
    );
    second.child.kill("SIGINT");
    expect(await second.end, second.output()).to.equal(130);
    expect(outcomes(second.report())).to.deep.equal(["prod-a interrupted", "prod-b not begun", "prod-c not begun"]);
    bed.faults({});
    expect(await first.end, first.output()).to.equal(0);
    expect(outcomes(first.report())).to.deep.equal(ALL_THERE);
  });

  it("the machine of the one died: the other says who holds the stack, has failed nowhere, and goes on with --unlock", async () => {
    hold("2.4.21");
    const first = bed.fleet("2.4.21", ["--yes"]);
    await untilOrOver("the canary is at work", first, async () => (await bed.versionOf("prod-a")) === "2.4.21");
    killAll(await processTree(first.child.pid ?? 0));
    await first.end;
    bed.faults({});
    const second = bed.fleet("2.4.21", ["--yes", ...logs("died")], elsewhere);
    expect(await second.end, second.output()).to.equal(1);
    const report = second.report();
    expect([report.end, outcomes(report)]).to.deep.equal([
      "locked",
      ["prod-a locked", "prod-b not begun", "prod-c not begun"],
    ]);
    expect(report.stacks[0]?.why.join(" ")).to.match(
      /locked by another run.*\(.+ on .+, process \d+, since .+\).*--unlock/,
    );
    expect(report.next.join("\n")).to.include("Once nobody is at work on prod-a: npm run upgrade");
    const third = bed.fleet("2.4.21", ["--yes", "--unlock"], elsewhere);
    expect(await third.end, third.output()).to.equal(0);
    expect([outcomes(third.report()), await bed.versions()]).to.deep.equal([ALL_THERE, FLEET.map(() => "2.4.21")]);
  });
});
