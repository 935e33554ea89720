import { expect } from "chai";
import { type Attempt, retry } from "../../../../cluster/api/retry";

/** Gives these in turn, and counts how often it was asked. */
function attempts(...results: readonly Attempt<string>[]) {
  const times: number[] = [];
  const attempt = (): Promise<Attempt<string>> => {
    times.push(performance.now());
    return Promise.resolve(results[Math.min(times.length, results.length) - 1] ?? expect.fail("no results"));
  };
  return { times, attempt };
}
const done = { result: "done", again: false };
const passing = { result: "passing", again: true };

describe("a retry", () => {
  for (const { what, results, pauses, tries, result } of [
    { what: "tries once what succeeds at once", results: [done], pauses: [1, 1], tries: 1, result: "done" },
    { what: "tries again what may pass", results: [passing, passing, done], pauses: [1, 1], tries: 3, result: "done" },
    { what: "gives up once the pauses are used up", results: [passing], pauses: [1, 1], tries: 3, result: "passing" },
    { what: "tries once without pauses", results: [passing], pauses: [], tries: 1, result: "passing" },
  ]) {
    it(what, async () => {
      const { times, attempt } = attempts(...results);
      expect(await retry(pauses, attempt)).to.equal(result);
      expect(times).to.have.length(tries);
    });
  }

  it("waits as long as the server asks where that is longer than the pause", async () => {
    const { times, attempt } = attempts({ ...passing, after: 60 }, done);
    await retry([1], attempt);
    expect((times[1] ?? 0) - (times[0] ?? 0)).to.be.at.least(55);
  });

  it("passes on what is thrown, without another try", async () => {
    let tries = 0;
    const thrown = await retry([1, 1], () => {
      tries += 1;
      return Promise.reject<Attempt<never>>(new Error("foreign"));
    }).catch((error: unknown) => error);
    expect(thrown).to.have.property("message", "foreign");
    expect(tries).to.equal(1);
  });
});
