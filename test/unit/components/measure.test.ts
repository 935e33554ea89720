import { expect } from "chai";
import { endTable, figures, measure } from "../../../components/measure";
import { declare, PLANS, plannedRun } from "../../support/plans";
import { record } from "../../support/recordingMonitor";

const START = Date.parse("2026-05-01T12:00:00Z");
const times = (...seconds: number[]) => seconds.map((it) => START + it * 1000);

describe("the figures of an upgrade", () => {
  it("have each step, and the time from the stop to the Release", () => {
    const measured = figures(PLANS.migration, START, times(1, 2, 12, 16, 21.5, 111));
    expect(measured).to.deep.equal({
      kind: "migration",
      from: "2.1.4",
      to: "2.2.9",
      finishedAt: "2026-05-01T12:01:51.000Z",
      seconds: 111,
      steps: [
        { step: "clearPendingRelease", seconds: 1 },
        { step: "probe", seconds: 1 },
        { step: "stop", seconds: 10 },
        { step: "backup", seconds: 4 },
        { step: "migrate", seconds: 5.5 },
        { step: "release", seconds: 89.5 },
      ],
      interruptedAtMostSeconds: 109,
    });
  });

  it("count every run that it took, from the first stop of any to the Release of the last", () => {
    const begun = {
      from: "2.1.4",
      to: "2.2.9",
      startedAt: "2026-05-01T11:49:00Z",
      stoppedAt: "2026-05-01T11:50:00.000Z",
      runs: 3,
    };
    const measured = figures(PLANS.migration, START, times(1, 2, 12, 16, 21.5, 111), begun);
    expect(measured).to.include({ seconds: 771, runs: 3, interruptedAtMostSeconds: 711 });
  });

  it("claim none where no pod restarts", () => {
    const plan = { ...PLANS.helm, expected: { kind: "none", seconds: 0, parts: [] } } as const;
    expect(figures(plan, START, times(30))).to.not.have.property("interruptedAtMostSeconds");
  });

  it("are a table at the end, with what was expected beside what it was", () => {
    const plan = {
      ...PLANS.migration,
      expected: { kind: "outage", seconds: 280, parts: [{ what: "backup", seconds: 30 }] },
    } as const;
    expect(endTable(plan, { ...figures(plan, START, times(1, 2, 12, 16, 21.5, 111)), runs: 2 })).to.deep.equal([
      "done in 111 s from the first change to the last, over 2 runs; the steps of this one:",
      "  clearPendingRelease      1.0 s",
      "  probe                    1.0 s",
      "  stop                    10.0 s",
      "  backup                   4.0 s",
      "  migrate                  5.5 s",
      "  release                 89.5 s",
      "interruption: at most 109 s; expected was an outage of about 4 min 40 s",
    ]);
  });

  it("claim no interruption of a roll, which serves on", () => {
    expect(figures(PLANS.rolling, START, times(1, 2, 3, 4, 5))).to.not.have.property("interruptedAtMostSeconds");
  });

  it("are kept while nothing is to be done", async () => {
    const previous = figures(PLANS.helm, START, times(30));
    expect(await measure(PLANS.nothing, START, [], previous)).to.equal(previous);
    expect(await measure(PLANS.nothing, START, [], undefined)).to.equal(undefined);
    expect(await measure(PLANS.nothing, START, [], { other: 1 })).to.equal(undefined);
  });

  it("are those of the run", async () => {
    let measured: unknown;
    await record(async () => {
      const { ends } = declare(plannedRun(PLANS.helm));
      measured = await measure(PLANS.helm, START, ends, undefined);
    });
    expect(measured)
      .to.deep.include({ kind: "helm", to: "2.2.9" })
      .and.to.have.keys("kind", "from", "to", "finishedAt", "seconds", "steps", "interruptedAtMostSeconds");
  });
});
