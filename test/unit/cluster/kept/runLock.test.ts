import { expect } from "chai";
import { ClusterError } from "../../../../cluster/errors";
import {
  LONGEST_SILENCE,
  type LockRequest,
  type RunLock,
  readLivingRun,
  readRunLock,
  type Taken,
  takeRunLock,
} from "../../../../cluster/kept/runLock";
import { ConfigMapServer } from "../../../support/configMapServer";

const NAME = "my-release-upgrade-lock";

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("the lock of a release", () => {
  let api: ConfigMapServer;
  let held: RunLock[];

  beforeEach(async () => {
    api = new ConfigMapServer();
    held = [];
    await api.start();
  });
  afterEach(async () => {
    api.refuse = undefined;
    await Promise.all(held.map((lock) => lock.release()));
    api.stop();
  });

  const stored = () => api.stored.get(NAME);
  async function take(run: string, changes: Partial<LockRequest> = {}): Promise<Taken> {
    const taken = await takeRunLock(api.client, {
      releaseName: "my-release",
      namespace: "milvus",
      holder: { run, who: `${run}@laptop`, stack: `organization/milvus/${run}`, since: "2026-01-01T00:00:00Z" },
      silence: 1,
      isAlive: () => true,
      say: () => undefined,
      ...changes,
    });
    if ("lock" in taken) held.push(taken.lock);
    return taken;
  }
  const lockOf = (taken: Taken): RunLock => {
    if ("lock" in taken) return taken.lock;
    throw new Error(`busy: ${taken.busy.who}`);
  };
  async function errorOf(work: Promise<unknown>): Promise<ClusterError> {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ClusterError);
    return error as ClusterError;
  }

  it("is a ConfigMap that says who has it, and is gone when it is given back", async () => {
    const lock = lockOf(await take("jane"));
    expect(stored()?.metadata.name).to.equal(NAME);
    expect(stored()?.data).to.include({ who: "jane@laptop", stack: "organization/milvus/jane", silence: "1" });
    await lock.check();
    await lock.release();
    expect(stored()).to.equal(undefined);
    await lock.release();
  });

  it("is gone once it is given back, also for whoever gives it back while that is under way", async () => {
    const lock = lockOf(await take("jane"));
    void lock.release();
    expect(stored()).to.not.equal(undefined);
    await lock.release();
    expect(stored()).to.equal(undefined);
  });

  it("of many runs that begin at once exactly one gets it, and the others are told who", async () => {
    const taken = await Promise.all(["a", "b", "c", "d"].map((run) => take(run)));
    const winners = taken.filter((it) => "lock" in it);
    expect(winners).to.have.length(1);
    const holder = stored()?.data?.who;
    for (const loser of taken) {
      if ("busy" in loser) expect(loser.busy.who).to.equal(holder);
    }
  });

  it("is renewed as long as its run lives, so that nobody takes it over", async () => {
    lockOf(await take("jane"));
    expect(await take("joe")).to.have.nested.property("busy.who", "jane@laptop");
    expect(await take("joe", { silence: 0.6 })).to.have.nested.property("busy.who", "jane@laptop");
  });

  it("tells those who ask of a run that lives, and of none that is dead or gone", async () => {
    const ask = () =>
      readLivingRun(api.client, {
        releaseName: "my-release",
        namespace: "milvus",
        silence: 0.6,
        say: () => undefined,
      });
    expect(await ask()).to.equal(undefined);
    const lock = lockOf(await take("jane"));
    expect((await ask())?.who).to.equal("jane@laptop");
    await lock.release();
    lockOf(await take("joe", { isAlive: () => false }));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await ask()).to.equal(undefined);
  });

  it("of a run that is dead is taken over by exactly one other after its silence", async () => {
    const dead = lockOf(await take("jane", { isAlive: () => false }));
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const taken = await Promise.all([take("joe", { say }), take("jim", { say })]);
    expect(taken.filter((it) => "lock" in it)).to.have.length(1);
    expect(stored()?.data?.who).to.match(/^ji?o?[em]@laptop$/);
    expect(said.join("\n"))
      .to.contain("jane@laptop, stack organization/milvus/jane")
      .and.to.contain("silent for 1 s, so its lock is taken over");
    const error = await errorOf(dead.check());
    expect(error.code).to.equal("lockLost");
    expect(error.message).to.contain("another one has taken over the release my-release");
    // What is another's now is not given back.
    await dead.release();
    expect(stored()).to.not.equal(undefined);
  });

  it("is not taken over because the clock is set, or because the machine slept", async () => {
    const first = lockOf(await take("jane", { silence: 6 }));
    const now = Date.now;
    const watching = take("joe");
    await new Promise((resolve) => setTimeout(resolve, 300));
    Date.now = () => now() + 3_600_000;
    try {
      expect(await watching).to.have.property("busy");
    } finally {
      Date.now = now;
    }
    await first.check();
  });

  it("that goes away while it is watched is taken at once", async () => {
    const lock = lockOf(await take("jane", { silence: 30 }));
    const waiting = take("joe");
    await lock.release();
    expect(await waiting).to.have.property("lock");
    expect(stored()?.data?.who).to.equal("joe@laptop");
  });

  it("is its own when only the answer to its creation was lost", async () => {
    api.loseNextAnswer = true;
    await lockOf(await take("jane")).check();
    expect(stored()?.data?.run).to.equal("jane");
  });

  it("survives that somebody else writes to it", async () => {
    const lock = lockOf(await take("jane"));
    api.put(stored() ?? expect.fail("no lock"));
    await lock.check();
    await lock.release();
    expect(stored()).to.equal(undefined);
  });

  it("that was deleted by hand stops its run before the next step", async () => {
    const lock = lockOf(await take("jane"));
    api.stored.clear();
    expect((await errorOf(lock.check())).code).to.equal("lockLost");
  });

  it("is nothing where there is no namespace yet", async () => {
    api.refuse = 404;
    await lockOf(await take("jane")).check();
  });

  it("is taken, and given back, once a server that is starting answers again", async () => {
    const startLater = () => {
      api.refuse = 503;
      setTimeout(() => {
        api.refuse = undefined;
      }, 100);
    };
    startLater();
    const lock = lockOf(await take("jane"));
    expect(stored()?.data?.run).to.equal("jane");
    startLater();
    await lock.release();
    expect(stored()).to.equal(undefined);
  });

  it("that may not be written is an error that says whose it is and where the run stands", async () => {
    api.refuse = 403;
    const error = await errorOf(take("jane"));
    expect(error.code).to.equal("forbidden");
    expect(error.message).to.contain(NAME).and.to.contain("Nothing was touched");
  });

  describe("whose name a ConfigMap of somebody else has", () => {
    const address = { releaseName: "my-release", namespace: "milvus" };
    const theirs = () => {
      const labels = { "app.kubernetes.io/part-of": "shop" };
      return api.put({ data: { "settings.yaml": "retries: 3" }, metadata: { name: NAME, labels } });
    };
    const expectRefusal = (error: ClusterError) => {
      expect(error.code).to.equal("foreignObject");
      for (const words of [
        `The ConfigMap ${NAME} in the namespace milvus is not this program's`,
        "app.kubernetes.io/part-of=milvus-upgrade",
        "Nothing was touched",
        `kubectl -n milvus get configmap ${NAME} -o yaml`,
        `kubectl -n milvus delete configmap ${NAME}`,
        "loses what is in it",
      ]) {
        expect(error.message).to.include(words);
      }
    };

    it("is refused at once, and nothing of it is changed", async () => {
      const before = theirs();
      const said: string[] = [];
      expectRefusal(await errorOf(take("jane", { silence: 0.1, say: (line) => void said.push(line) })));
      expect(stored()).to.deep.equal(before);
      expect(said).to.deep.equal([]);
    });

    it("is refused without labels as well, and in a preview in the same words", async () => {
      api.put({ data: { "settings.yaml": "retries: 3" }, metadata: { name: NAME } });
      expectRefusal(await errorOf(readRunLock(api.client, address)));
    });

    it("is refused when it comes in the place of a lock that is watched", async () => {
      await take("jane", { silence: 30 });
      const waiting = errorOf(take("joe", { silence: 1 }));
      const before = theirs();
      expectRefusal(await waiting);
      expect(stored()).to.deep.equal(before);
    });

    it("has lost it for the run that held it, which leaves it alone", async () => {
      const lock = lockOf(await take("jane"));
      const before = theirs();
      expect((await errorOf(lock.check())).code).to.equal("lockLost");
      await lock.release();
      expect(stored()).to.deep.equal(before);
    });
  });

  it("of a run of an earlier version, which has the label, is taken over as ever", async () => {
    api.put({
      data: { run: "old", who: "jim@laptop", stack: "s", since: "2026-01-01T00:00:00Z", silence: "0.1" },
      metadata: { name: NAME, labels: { "app.kubernetes.io/part-of": "milvus-upgrade" } },
    });
    expect(await readRunLock(api.client, { releaseName: "my-release", namespace: "milvus" })).to.include({
      who: "jim@laptop",
    });
    await lockOf(await take("jane", { silence: 0.1 })).check();
    expect(stored()?.data?.run).to.equal("jane");
  });

  const planted = (data: object) =>
    api.put({
      data: { run: "x", ...data },
      metadata: { name: NAME, labels: { "app.kubernetes.io/part-of": "milvus-upgrade" } },
    });

  for (const silence of ["1e9", "1000000000", "Infinity"]) {
    it(`that asks for a silence of ${silence} s is waited for 600 s, which is said`, async () => {
      planted({ silence });
      const said: string[] = [];
      const waiting = take("jane", { say: (line) => said.push(line) });
      await until(() => said.length > 0);
      api.stored.clear();
      await waiting;
      expect(said[0]).to.include(`watching for ${LONGEST_SILENCE} s`).and.to.include("at most 600 s are granted");
    });
  }

  for (const silence of ["-5", "soon", "NaN"]) {
    it(`that asks for a silence of ${silence} is waited for as long as this run waits`, async () => {
      planted({ silence });
      await lockOf(await take("jane", { silence: 0.1 })).check();
    });
  }

  it("shows no more of what another lock says than a line takes", async () => {
    planted({ who: "a".repeat(100_000), stack: "b".repeat(100_000), since: "c".repeat(100_000) });
    const holder = await readRunLock(api.client, { releaseName: "my-release", namespace: "milvus" });
    expect(JSON.stringify(holder).length).to.be.below(500);
  });

  it("is not there for nobody", async () => {
    expect(await readRunLock(api.client, { releaseName: "my-release", namespace: "milvus" })).to.equal(undefined);
  });
});
