import { expect } from "chai";
import fc from "fast-check";
import { CheckedScript } from "../histories/checkedScript";
import type { Event } from "../histories/events";
import { histories } from "../histories/generate";
import { runHistory } from "../histories/history";
import { minimise } from "../histories/minimise";
import { ModelScript } from "../histories/modelScript";
import { NAMED } from "../histories/named";
import type { UpResult } from "../histories/run";
import { Killer } from "./support/killing";
import { IS_FULL, SEED } from "./support/state";
import { useBench } from "./support/useBench";

/** Runs of the script without which a history is not worth the real etcd. */
const LEAST_VERBS = 4;

/**
 * The histories of test/histories with the real script on the real etcd, at every verb beside its model: the thousands that are played
 * with the model alone are worth as much as it is true.
 */
describe("whatever people do, and wherever the script is killed", function () {
  this.timeout(30 * 60 * 1000);
  const bench = useBench();
  let killer: Killer;
  before(() => {
    killer = new Killer(bench());
  });

  async function check(events: readonly Event[], ends?: UpResult["kind"]): Promise<number> {
    const script = new CheckedScript(bench(), killer);
    const { violation, lines, results } = await runHistory(events, { script, hasGate: true });
    expect(violation, lines.join("\n")).to.equal(undefined);
    if (ends !== undefined) expect(results.at(-1)?.kind, lines.join("\n")).to.equal(ends);
    return script.compared;
  }

  for (const { name, events, ends } of NAMED) {
    it(name, async () => {
      await check(events, ends);
    });
  }

  it("the script does what its model does, nothing is lost, and no upgrade succeeds over another format", async () => {
    const numRuns = Number(process.env.SCRIPT_TESTS_HISTORIES ?? (IS_FULL ? 150 : 12));
    process.stdout.write(`      SCRIPT_TESTS_SEED=${SEED}, ${numRuns} histories\n`);
    const counts = { histories: 0, verbs: 0 };
    const model = { script: new ModelScript(), hasGate: true };
    const outcome = await fc.check(
      fc.asyncProperty(histories, async (events) => {
        const { results } = await runHistory(events, model);
        fc.pre(results.reduce((sum, { verbs }) => sum + verbs.length, 0) >= LEAST_VERBS);
        counts.histories += 1;
        counts.verbs += await check(events);
      }),
      { seed: SEED, numRuns, endOnFailure: true, maxSkipsPerRun: 1000 },
    );
    process.stdout.write(`      ${counts.histories} histories, ${counts.verbs} runs of the script\n`);
    const found = outcome.counterexample?.[0];
    if (found === undefined) return;
    const isWrong = async (events: readonly Event[]) =>
      check(events).then(
        () => false,
        () => true,
      );
    const small = await minimise(found, isWrong);
    process.stderr.write(`      SCRIPT_TESTS_SEED=${SEED}: ${JSON.stringify(small)}\n`);
    await check(small);
    throw outcome.errorInstance;
  });
});
