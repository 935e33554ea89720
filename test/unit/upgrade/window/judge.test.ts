import { expect } from "chai";
import type { ClusterState } from "../../../../upgrade/model";
import { usualTime } from "../../../../upgrade/plan/usualTime";
import { judgeWindow } from "../../../../upgrade/window/judge";
import { parseWindows, type Window } from "../../../../upgrade/window/window";
import { component, PLANS, RELEASE, state } from "../../../support/plans";

const WINDOW = parseWindows("Sat 02:00-05:00 Europe/Berlin") as Window[];
/** A Friday evening in Berlin, the Saturday's window, and its last minute. */
const [BEFORE, WITHIN, LATE] = ["2026-01-02T20:00Z", "2026-01-03T01:00Z", "2026-01-03T03:59Z"].map((it) =>
  Date.parse(it),
) as [number, number, number];
const judged = (
  now: number,
  plan = PLANS.rolling as (typeof PLANS)[keyof typeof PLANS],
  over: Partial<ClusterState> = {},
) => judgeWindow(WINDOW, plan, state(over), now);

describe("the window of an upgrade", () => {
  it("refuses to begin before it, and says when it is", () => {
    const { lines, refusal } = judged(BEFORE);
    expect(refusal).to.include({ rule: "only_within_the_window" });
    expect(refusal?.reason).to.equal(
      "milvus:window (Sat 02:00-05:00 Europe/Berlin) is not open now. The next one is Sat 2026-01-03 02:00 (Europe/Berlin), in 5 h. Nothing was touched.",
    );
    expect(refusal?.remedy).to.include("pulumi config rm milvus:window");
    expect(lines[0]).to.match(/^window: up refuses to begin now: .*in 5 h\.$/);
  });

  it("lets a plan begin that ends before it closes", () => {
    const { lines, refusal } = judged(WITHIN);
    expect(refusal).to.equal(undefined);
    expect(lines[0]).to.match(
      /^window: open until Sat 2026-01-03 05:00 \(Europe\/Berlin\), 3 h; this plan usually takes about \d+ min$/,
    );
  });

  it("refuses a plan that is expected to last longer than what is left, and says when the next one is", () => {
    const { refusal } = judged(LATE);
    expect(refusal?.reason).to.match(
      /closes in 1 min, Sat 2026-01-03 05:00 .*usually takes about \d+ min\. The next one is Sat 2026-01-10 02:00/,
    );
    expect(refusal?.remedy).to.match(/^Run the same command again then\./);
  });

  it("says where no window is long enough", () => {
    const short = parseWindows("Sat 02:00-02:01 UTC") as Window[];
    const { refusal } = judgeWindow(short, PLANS.migration, state(), Date.parse("2026-01-03T02:00Z"));
    expect(refusal?.remedy).to.match(/^No window is that long: set a longer one/);
  });

  it("begins at the last second that is enough, and not at the one after", () => {
    const last = Date.parse("2026-01-03T04:00Z") - usualTime(PLANS.rolling) * 1000;
    expect([judged(last).refusal, judged(last + 1000).refusal?.rule]).to.deep.equal([
      undefined,
      "only_within_the_window",
    ]);
  });

  for (const { what, plan = PLANS.rolling, over = {}, isFree } of [
    { what: "a hop", isFree: false },
    { what: "a rollback", plan: PLANS.rollback, isFree: false },
    { what: "a migration that is given up", plan: PLANS.giveUp, isFree: true },
    { what: "nothing", plan: PLANS.nothing, isFree: true },
    {
      what: "what a dead run began",
      over: { openUpgrade: { from: "2.2.8", to: "2.2.9", startedAt: "x", runs: 1 } },
      isFree: true,
    },
    {
      what: "the way back from what a dead run began",
      over: { openUpgrade: { from: "2.2.9", to: "2.2.12", startedAt: "x", runs: 1 } },
      isFree: true,
    },
    {
      what: "a hop beside what a dead run began",
      over: { openUpgrade: { from: "2.2.0", to: "2.2.5", startedAt: "x", runs: 1 } },
      isFree: false,
    },
    {
      what: "a release that is pending",
      over: { release: { ...RELEASE, status: "pending-upgrade" as const } },
      isFree: true,
    },
    {
      what: "a roll of which a component is paused",
      over: { components: [component("proxy", { paused: true })] },
      isFree: true,
    },
    {
      what: "a roll of which one runs already",
      over: { components: [component("proxy"), component("querynode", { image: "milvusdb/milvus:v2.2.9" })] },
      isFree: true,
    },
    {
      what: "a Milvus that is at 0",
      over: { components: [component("proxy", { replicas: 0, pods: 0 })] },
      isFree: true,
    },
    {
      what: "a migration after its backup",
      over: {
        attempts: [
          {
            id: { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 },
            claimName: "c",
            phase: "backedUp" as const,
            createdAt: "x",
          },
        ],
      },
      isFree: true,
    },
    {
      what: "a hop after a migration that is finished",
      over: {
        attempts: [
          {
            id: { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 },
            claimName: "c",
            phase: "migrated" as const,
            createdAt: "x",
          },
        ],
      },
      isFree: false,
    },
  ]) {
    it(`is ${isFree ? "not " : ""}asked for by ${what}`, () => {
      expect(judged(BEFORE, plan, over).refusal === undefined).to.equal(isFree);
    });
  }

  it("is not asked for where none is set", () => {
    expect(judgeWindow(undefined, PLANS.rolling, state(), BEFORE)).to.deep.equal({ lines: [] });
  });
});
