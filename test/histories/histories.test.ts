import { expect } from "chai";
import fc from "fast-check";
import type { Event } from "./events";
import { histories, interruptedRuns } from "./generate";
import { type History, runHistory } from "./history";
import { minimise } from "./minimise";
import { ModelScript } from "./modelScript";
import { NAMED } from "./named";
import type { Program } from "./run";

const RUNS = Number(process.env.HISTORIES ?? 20);
/**
 * Chooses the histories; printed, so that a run can be repeated by `HISTORIES_SEED`. `npm test` always plays the same ones: it must
 * not fail by chance for what nobody has changed. Others are played by `npm run test:histories`.
 */
const SEED = Number(
  process.env.HISTORIES_SEED ?? (process.env.HISTORIES === undefined ? 20261128 : Date.now() % 1_000_000),
);
const PROGRAM: Program = { script: new ModelScript(), hasGate: true };

describe("whatever people do", function () {
  this.timeout(10 * 60 * 1000);

  for (const { name, events, ends } of NAMED) {
    it(name, async () => {
      const history = await runHistory(events, PROGRAM);
      mustHold(history);
      if (ends !== undefined) expect(history.results.at(-1)?.kind, history.lines.join("\n")).to.equal(ends);
    });
  }

  it("nothing acknowledged is lost, and no upgrade succeeds over metadata of another format", async () => {
    process.stdout.write(`      HISTORIES_SEED=${SEED}, ${RUNS} histories\n`);
    const outcome = await fc.check(
      fc.asyncProperty(histories, async (events) => mustHold(await runHistory(events, PROGRAM))),
      { seed: SEED, numRuns: RUNS },
    );
    const found = outcome.counterexample?.[0];
    if (found === undefined) return;
    const small = await minimise(found, async (events) => (await runHistory(events, PROGRAM)).violation !== undefined);
    mustHold(await runHistory(small, PROGRAM), `HISTORIES_SEED=${SEED}\n${JSON.stringify(small)}`);
    throw outcome.errorInstance;
  });

  it("what only dies comes to its end by running it again and doing what is said first", async () => {
    const again: Event = { kind: "up", trouble: { kind: "none" }, without: [], overlaps: false };
    const obey: Event = { kind: "follow the remedy", which: 0 };
    await fc.assert(
      fc.asyncProperty(interruptedRuns, fc.constantFrom("2.2.9", "2.1.4"), async (events, to) => {
        const wanted: Event = { ...again, to };
        // What is refused first says another way; then the wanted one is free, and the last run has nothing to do.
        const end = [wanted, obey, again, wanted, obey, again, again];
        const history = await runHistory([...events, ...end], PROGRAM);
        mustHold(history);
        const last = history.results.at(-1);
        if (last?.kind !== "nothing" || last.plan?.to !== to) {
          throw new Error([`not finished: ${last?.text ?? ""}`, ...history.lines].join("\n"));
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

function mustHold({ violation, lines }: History, how = ""): void {
  if (violation === undefined) return;
  throw new Error([`${violation.what}: ${violation.why}`, "", ...lines, how].join("\n"));
}
