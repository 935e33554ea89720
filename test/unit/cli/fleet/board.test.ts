import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { Board } from "../../../../cli/fleet/board";
import type { Progress } from "../../../../cli/fleet/model";

const TICK_MS = 1200;

function fakeStream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  const stream = { isTTY, columns: 40, rows: 10, write } as unknown as NodeJS.WriteStream;
  return { stream, text: () => stripVTControlCharacters(written.join("")), raw: () => written.join("") };
}

const progress = (stack: string, over: Partial<Progress> = {}): Progress => ({
  outlook: { stack, kind: "hops", from: "2.4.16", why: [], isVerified: true, limitSeconds: 60 },
  isCanary: false,
  place: "waiting",
  ...over,
});

describe("what is shown while a fleet runs", () => {
  const { CI, TERM } = process.env;
  beforeEach(() => {
    delete process.env.CI;
    process.env.TERM = "xterm";
  });
  after(() => {
    if (CI !== undefined) process.env.CI = CI;
    if (TERM !== undefined) process.env.TERM = TERM;
  });

  it("in CI is a line for each change, and one after a minute without", async () => {
    const { stream, text, raw } = fakeStream(false);
    let now = 1_000_000;
    const board = new Board({ stream, maxFailures: 1, now: () => now });
    const a = progress("prod-a", { isCanary: true, place: "running", startedAt: now });
    board.open([a, progress("prod-b")]);
    board.begun(a);
    a.run = "run 1 of 1: Helm \u001b[2Jupgrade";
    board.run(a);
    now += 59_000;
    await sleep(TICK_MS);
    expect(text().split("\n")).to.have.length(3);
    now += 2000;
    await sleep(TICK_MS);
    a.place = "failed";
    a.seconds = 61;
    a.end = { outcome: "failed", done: [], why: ["pod x is stuck", "more"] };
    board.ended(a);
    board.halted({ kind: "canary", stacks: ["prod-a"] });
    board.close();
    expect(text().trimEnd().split("\n")).to.deep.equal([
      "prod-a: begins as canary, Milvus 2.4.16",
      "prod-a: run 1 of 1: Helm \\u{1b}[2Jupgrade",
      "0 there, 0 failed, 1 under way, 1 wait: prod-a (61 s, run 1 of 1: Helm \\u{1b}[2Jupgrade)",
      "prod-a: failed after 61 s: pod x is stuck",
      "stopping: the canary prod-a did not arrive, so no other stack is begun",
    ]);
    expect(raw()).not.to.include("\u001b[2J");
  });

  it("on a terminal is a table of what is under way, no line wider than it, and gone at the end", async () => {
    const { stream, text, raw } = fakeStream(true);
    const board = new Board({ stream, maxFailures: 1 });
    const long = "x".repeat(100);
    const fleet = Array.from({ length: 20 }, (_, index) =>
      progress(`prod-${index}`, { place: "running", startedAt: Date.now(), run: long }),
    );
    board.open(fleet);
    await sleep(TICK_MS);
    const lines = text().trimEnd().split("\n");
    expect(lines[0]).to.equal("0 there, 0 failed, 20 under way, 0 wait");
    expect(lines).to.have.length(8);
    expect(lines.every(({ length }) => length < 40)).to.equal(true);
    board.say("a line that stays");
    board.close();
    // Back over the table, and the screen cleared from there.
    expect(raw()).to.include("\u001b[8A");
    expect(raw().endsWith("\u001b[0J")).to.equal(true);
    expect(text()).to.include("\na line that stays\n");
  });
});
