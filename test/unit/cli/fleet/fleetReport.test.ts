import { readFileSync } from "node:fs";
import { expect } from "chai";
import { DEFAULT_LIMITS, type FleetFacts, fleetCommand, fleetReport } from "../../../../cli/fleet/fleetReport";
import { beforehand } from "../../../../cli/fleet/fleetRun";
import type { FleetRequest, Outlook, Progress, StackEnd } from "../../../../cli/fleet/model";
import { matrixLines, resultLines } from "../../../../cli/format/fleet";
import { asFleetMarkdown } from "../../../../cli/format/fleetMarkdown";
import { wayReport } from "../../../../cli/walk/wayReport";
import { FLEET_REPORT, FLEET_SCHEMA_FILE, fleetSchema } from "../../../../scripts/fleetSchema";
import { forecastWay } from "../../../../upgrade/walk/nextMove";
import { MIXED, running, wanted } from "../../upgrade/support";

const REQUEST: FleetRequest = { patterns: ["prod-*"], to: "2.6", limits: DEFAULT_LIMITS };
const FACTS: FleetFacts = {
  end: "run",
  isInterrupted: false,
  at: Date.parse("2026-05-01T12:00:00Z"),
  seconds: 754,
  logOf: (stack) => `/logs/${stack}.log`,
};

function outlook(stack: string, kind: Outlook["kind"] = "hops", why: readonly string[] = []): Outlook {
  const goal = wanted("2.6");
  const forecast = forecastWay(goal, running("4.2.20", "2.4.16", { names: MIXED }));
  const isRead = kind !== "unreadable";
  return {
    stack,
    kind,
    ...(isRead && { from: kind === "nothing" ? "2.6.15" : "2.4.16" }),
    ...(isRead && { way: { ...wayReport(stack, goal, forecast), ...(kind === "nothing" && { hops: [] }) } }),
    why,
    isVerified: true,
    limitSeconds: 60,
  };
}

function withEnd(progress: Progress, end: StackEnd): Progress {
  return { ...progress, end, seconds: 90, place: end.outcome === "arrived" ? "done" : "failed" };
}

const ARRIVED: StackEnd = { outcome: "arrived", version: "2.6.15", done: ["a", "b"], why: [] };
const FAILED: StackEnd = { outcome: "failed", done: ["a"], why: ["pod x is stuck"] };
const LOCKED: StackEnd = { outcome: "locked", done: [], why: ["the stack is locked by jane"] };
const plain = (lines: readonly string[]) => lines.join("\n");

describe("the report of a fleet", () => {
  it("before anything is begun shows way, runs, interruption and way back of each stack", () => {
    const report = fleetReport(REQUEST, beforehand([outlook("prod-a"), outlook("prod-b", "nothing")], REQUEST.limits), {
      ...FACTS,
      end: "planned",
    });
    const text = plain(matrixLines(report));
    expect(text).to.match(
      /prod-a +2\.4\.16 → 2\.5\.\d+ → 2\.6\.\d+ +\w+, \w+ +about .* +(one way|restore only|reversible)/,
    );
    expect(text).to.match(/prod-b +2\.6\.15, nothing to do/);
    expect(text).to.include("first prod-a, then at most 4 at once; stops when 1 has failed");
    expect(report.stacks.map(({ outcome }) => outcome)).to.deep.equal(["not begun", "nothing to do"]);
    expect([report.stopped, report.next]).to.deep.equal([
      undefined,
      ["To begin: npm run upgrade -- --stacks 'prod-*' --to 2.6"],
    ]);
  });

  it("of which another run holds a stack has failed nowhere, and says when to go on", () => {
    const [a, b] = beforehand([outlook("prod-a"), outlook("prod-b")], REQUEST.limits);
    const fleet = [a, b].flatMap((it, index) => (it ? [withEnd(it, [ARRIVED, LOCKED][index] ?? LOCKED)] : []));
    const report = fleetReport(REQUEST, fleet, FACTS);
    expect([report.end, report.stacks.map(({ outcome }) => outcome)]).to.deep.equal(["locked", ["arrived", "locked"]]);
    expect(report.next).to.deep.equal([
      "Once nobody is at work on prod-b: npm run upgrade -- --stacks 'prod-*' --to 2.6",
    ]);
    expect(plain(resultLines(report)))
      .to.include("1 of 2 stacks are there")
      .and.to.include("locked by jane");
  });

  it("says of a stack that arrived without a run of this fleet that somebody else has upgraded it", () => {
    const fleet = beforehand([outlook("prod-a")], REQUEST.limits).map((it) => withEnd(it, { ...ARRIVED, done: [] }));
    const report = fleetReport(REQUEST, fleet, FACTS);
    expect([report.end, report.stacks[0]?.why]).to.deep.equal(["done", ["another run has upgraded it meanwhile"]]);
  });

  it("says beforehand that what is refused leaves no room to fail, with each way on", () => {
    const refused = outlook("prod-b", "refused", ["refused (a_rule): no", "what to do: yes"]);
    const fleet = beforehand([outlook("prod-a"), refused], REQUEST.limits);
    const report = fleetReport(REQUEST, fleet, { ...FACTS, end: "planned" });
    expect(plain(matrixLines(report)))
      .to.include("refused (a_rule): no")
      .and.to.include("nothing is begun: 1 stack cannot be upgraded, and --max-failures is 1");
    expect(report.next).to.deep.equal([
      "To see what is wrong with prod-b alone: npm run upgrade -- --stack prod-b --to 2.6",
      "Then all again, what is done is not done again: npm run upgrade -- --stacks 'prod-*' --to 2.6",
      "Or without prod-b: npm run upgrade -- --stacks 'prod-*' '!prod-b' --to 2.6",
      "Or the others anyway: npm run upgrade -- --stacks 'prod-*' --to 2.6 --max-failures 2",
    ]);
  });

  it("a canary that cannot be opened is not helped by more failures", () => {
    const fleet = beforehand([outlook("prod-a", "unreadable", ["no passphrase"]), outlook("prod-b")], REQUEST.limits);
    const { next, stopped } = fleetReport(REQUEST, fleet, { ...FACTS, end: "planned" });
    expect(stopped).to.include("the canary prod-a cannot be upgraded");
    expect(next.some((line) => line.includes("--max-failures"))).to.equal(false);
  });

  for (const { when, ends, interrupted = false, end, title } of [
    { when: "all arrived", ends: [ARRIVED, ARRIVED], end: "done", title: "all 2 stacks are there" },
    {
      when: "interrupted when it was over",
      ends: [ARRIVED, ARRIVED],
      interrupted: true,
      end: "done",
      title: "all 2 stacks are there",
    },
    { when: "the second failed", ends: [ARRIVED, FAILED], end: "failed", title: "1 of 2 stacks are there" },
    {
      when: "interrupted",
      ends: [{ ...FAILED, outcome: "interrupted" } as StackEnd],
      interrupted: true,
      end: "interrupted",
      title: "interrupted: 0 of 2 stacks are there",
    },
  ]) {
    it(`${when}: ${title}`, () => {
      const fleet = beforehand([outlook("prod-a"), outlook("prod-b")], REQUEST.limits).map((progress, index) => {
        const its = ends[index];
        return its === undefined ? progress : withEnd(progress, its);
      });
      const report = fleetReport(REQUEST, fleet, { ...FACTS, isInterrupted: interrupted });
      expect(report.end).to.equal(end);
      expect(FLEET_REPORT.safeParse(report).error).to.equal(undefined);
      expect(plain(resultLines(report))).to.include(title);
      expect(report.next).to.have.length.greaterThan(0);
    });
  }

  it("names reason and log of what failed, in text and Markdown, and lets no foreign text in as markup", () => {
    const evil = { ...FAILED, why: ["pod \u001b[2J <img src=x> @team | [x](http://y)"] };
    const [a, b] = beforehand([outlook("prod-a"), outlook("prod-b")], REQUEST.limits);
    if (a === undefined || b === undefined) throw new Error("two were given");
    const report = fleetReport(REQUEST, [withEnd(a, evil), b], FACTS);
    expect(plain(resultLines(report)))
      .to.include("pod \\u{1b}[2J")
      .and.to.include("/logs/prod-a.log");
    const markdown = asFleetMarkdown(report);
    expect(markdown)
      .to.include("| `prod-a` (canary) | failed |")
      .and.to.include("| `prod-b` | not begun |")
      .and.to.include("```sh\nnpm run upgrade -- --stack prod-a --to 2.6\n```")
      .and.to.include("`/logs/prod-a.log`");
    for (const markup of [/(?<!\\)<img/, /@team/, /(?<!\\)\[x/]) expect(markdown).not.to.match(markup);
    expect(markdown).not.to.include("\u001b");
  });

  it("has the schema that docs/fleet.schema.json tells", () => {
    expect(readFileSync(FLEET_SCHEMA_FILE, "utf8")).to.equal(fleetSchema());
  });

  it("gives the command back as it was typed", () => {
    const limits = { canary: 0, maxParallel: 8, maxFailures: 3 };
    const command = fleetCommand({ patterns: ["prod-*", "!it's"], limits, folder: "my folder" });
    expect(command).to.equal(
      "npm run upgrade -- --stacks 'prod-*' '!it'\\''s' --canary 0 --max-parallel 8 --max-failures 3 --cwd 'my folder'",
    );
  });
});
