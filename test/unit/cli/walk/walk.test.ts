import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { wayLines } from "../../../../cli/format/way";
import type { PlanReport } from "../../../../cli/plan/report";
import { outcomeOf } from "../../../../cli/plan/report";
import { deadRuns, forgetRun, type OwnRun, rememberRun } from "../../../../cli/pulumi/ownRuns";
import { areDead, isLocked, locksIn } from "../../../../cli/pulumi/stackLock";
import { limitOf } from "../../../../cli/pulumi/up";
import { type UpEnd, type Walked, type Walker, type WalkOptions, walk } from "../../../../cli/walk/walk";
import { wayReport } from "../../../../cli/walk/wayReport";
import { parseConfig } from "../../../../config/parseConfig";
import { runShown } from "../../../../process/shownCommand";
import type { ClusterState, Refusal, Wanted } from "../../../../upgrade/model";
import { PLAN_KINDS } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { stepsLimit } from "../../../../upgrade/steps/steps";
import { factsAfter, stateFromFacts } from "../../../../upgrade/walk/lastFacts";
import { forecastWay } from "../../../../upgrade/walk/nextMove";
import { declare, PLANS, plannedRun, SETTINGS } from "../../../support/plans";
import { record } from "../../../support/recordingMonitor";
import { component, NOW, planned, running, wanted } from "../../upgrade/support";

/** A cluster that a run changes as its plan says, and a record of what the walk did to it. */
class FakeWorld implements Walker {
  readonly did: string[] = [];
  readonly said: string[] = [];
  ends: UpEnd[] = [];
  answers: boolean[] = [];
  refusals: (Refusal | undefined)[] = [];
  /** What a look shows before the state itself. */
  looks: ClusterState[] = [];
  /** Who else is at work, each time somebody asks; then nobody. */
  others: string[] = [];
  slept = 0;

  constructor(
    private readonly asked: Wanted,
    public state: ClusterState,
    private readonly changes = true,
  ) {}

  look = () => Promise.resolve(this.looks.shift() ?? this.state);
  otherRun = () => Promise.resolve(this.others.shift());
  plan = (request: string): Promise<PlanReport> => {
    const refusal = this.refusals.shift();
    const plan = refusal ?? planUpgrade({ ...this.asked, version: request }, this.state);
    const head = {
      format: 1,
      stack: "dev",
      release: "milvus/my-release",
      basis: "cluster",
      outcome: outcomeOf(plan),
    } as const;
    if (plan.kind === "refused") return Promise.resolve({ ...head, refusal: plan });
    const title = `${plan.from ?? ""} → ${plan.to}`;
    return Promise.resolve({
      ...head,
      plan: {
        ...plan,
        title,
        hash: `hash of ${plan.to}`,
        approval: [],
        verification: [],
        steps: [],
        added: [],
        expectedSeconds: 0,
      },
    } as unknown as PlanReport);
  };
  show = ({ number, total, report }: Parameters<Walker["show"]>[0]) =>
    void this.did.push(`show ${number}/${total} ${report.plan?.title ?? ""}`);
  ask = () => Promise.resolve(this.answers.shift() ?? true);
  setVersion = (version: string) => {
    this.did.push(`set ${version}`);
    return Promise.resolve();
  };
  up = ({ move }: Parameters<Walker["up"]>[0]): Promise<UpEnd> => {
    this.did.push(`up ${move.request}`);
    const end = this.ends.shift() ?? { kind: "done" };
    if (end.kind === "done" && this.changes) this.state = this.after(move.request);
    return Promise.resolve(end);
  };
  say = (line: string) => void this.said.push(line);
  sleep = (seconds: number) => {
    this.slept += seconds;
    return Promise.resolve();
  };

  private after(request: string): ClusterState {
    const goal = { ...this.asked, version: request };
    const plan = planned(goal, this.state);
    const state = stateFromFacts(factsAfter(plan, this.state, goal.releaseName), goal, NOW);
    return { ...state, notes: [], ...(state.release && { release: { ...state.release, userValues: plan.values } }) };
  }
}

const OPTIONS: WalkOptions = { waitSeconds: 60 };

function go(world: FakeWorld, asked: Wanted, options = OPTIONS): Promise<Walked> {
  return walk(asked, options, world);
}

describe("a walk beside somebody else's", () => {
  const asked = wanted("2.2.16");
  const start = () => running("4.0.34", "2.2.14");
  const JANE = "jane@laptop, stack organization/milvus/prod";
  const LOCKED = { kind: "busy", who: "jane", why: "the stack is locked by jane" } as const;

  it("waits as long as that run gives signs of life, and has nothing left to do then", async () => {
    const first = new FakeWorld(asked, start());
    await go(first, asked);
    const world = new FakeWorld(asked, first.state);
    world.others = [JANE, JANE];
    expect(await go(world, asked)).to.deep.equal({
      end: { kind: "arrived", version: "2.2.16" },
      done: [],
      waitedFor: JANE,
    });
    expect(world.did).to.deep.equal(["set 2.2.16"]);
    expect(world.said.filter((line) => line.includes(JANE))).to.have.length(1);
    expect(world.slept).to.be.at.least(20);
  });

  it("looks again after a lock of pulumi's, and neither shows nor asks for the same plan twice", async () => {
    const world = new FakeWorld(asked, start());
    world.ends = [LOCKED, LOCKED];
    world.answers = [true, false];
    const { end, done } = await go(world, asked);
    expect([end.kind, done]).to.deep.equal(["arrived", ["2.2.14 → 2.2.16"]]);
    expect(world.did.filter((it) => it.startsWith("show"))).to.have.length(1);
    expect(world.did.filter((it) => it.startsWith("up"))).to.have.length(3);
  });

  it("shows and asks for another plan than the one that was agreed to before the wait", async () => {
    const world = new FakeWorld(wanted("2.3"), start());
    world.ends = [LOCKED];
    world.answers = [true, false];
    const { up, plan } = world;
    world.plan = async (request) => {
      const report = await plan(request);
      return { ...report, ...(report.plan && { plan: { ...report.plan, hash: report.plan.title } }) };
    };
    world.up = (run) => {
      // Meanwhile somebody has brought it further.
      if (world.ends.length > 0) world.state = running("4.0.34", "2.2.16");
      return up(run);
    };
    expect((await go(world, wanted("2.3"))).end).to.deep.equal({ kind: "declined" });
    expect(world.did.filter((it) => it.startsWith("show"))).to.have.length(2);
  });

  it("ends where a lock shows no sign of life, and says who has it: that is no failed upgrade", async () => {
    const world = new FakeWorld(asked, start());
    world.ends = Array.from({ length: 50 }, () => LOCKED);
    const { end, done } = await go(world, asked);
    expect([end, done]).to.deep.equal([{ kind: "busy", why: LOCKED.why }, []]);
    expect(world.slept).to.be.within(120, 160);
  });

  it("waits for nobody for ever", async () => {
    const world = new FakeWorld(asked, start());
    world.otherRun = () => Promise.resolve(JANE);
    const { end } = await go(world, asked);
    expect(end.kind === "busy" && end.why).to.include(JANE);
    expect(world.did).to.deep.equal([]);
  });
});

describe("a walk over several hops", () => {
  const asked = wanted("2.4");
  const start = () => running("3.2.18", "2.1.4");

  it("stops before a hop that may not be begun now, and says why: the window has closed meanwhile", async () => {
    const world = new FakeWorld(asked, start());
    const closed = { kind: "refused", rule: "only_within_the_window", reason: "closed", remedy: "later" } as const;
    const plan = world.plan;
    world.plan = async (request) => ({ ...(await plan(request)), ...(request === "2.3.13" && { notNow: closed }) });
    const { end, done } = await go(world, asked);
    expect(end).to.deep.equal({ kind: "refused", refusal: closed });
    expect(done).to.deep.equal(["2.1.4 → 2.2.14"]);
    expect(world.did.at(-1)).to.equal("up 2.2.14");
  });

  it("sets the version and runs up for each hop, and ends with the version as it was asked for", async () => {
    const world = new FakeWorld(asked, start());
    const { end, done } = await go(world, asked);
    expect(end).to.deep.equal({ kind: "arrived", version: "2.4.16" });
    expect(world.did).to.deep.equal([
      "show 1/3 2.1.4 → 2.2.14",
      "set 2.2.14",
      "up 2.2.14",
      "show 2/3 2.2.14 → 2.3.13",
      "set 2.3.13",
      "up 2.3.13",
      "show 3/3 2.3.13 → 2.4.16",
      "set 2.4",
      "up 2.4",
      "set 2.4",
    ]);
    expect(done).to.have.length(3);
  });

  it("that is there already runs nothing, and leaves the version asked for in the config", async () => {
    const first = new FakeWorld(asked, start());
    await go(first, asked);
    const world = new FakeWorld(asked, first.state);
    expect((await go(world, asked)).end.kind).to.equal("arrived");
    expect(world.did).to.deep.equal(["set 2.4"]);
  });

  it("stops at a failed run, and a second walk goes on from what the cluster shows", async () => {
    const world = new FakeWorld(asked, start());
    world.ends = [{ kind: "done" }, { kind: "failed", why: "exit code 255" }];
    const { end, done } = await go(world, asked);
    expect(end).to.deep.equal({ kind: "failed", why: "exit code 255" });
    expect(done).to.deep.equal(["2.1.4 → 2.2.14"]);
    world.did.length = 0;
    expect((await go(world, asked)).end.kind).to.equal("arrived");
    expect(world.did.filter((it) => it.startsWith("up"))).to.deep.equal(["up 2.3.13", "up 2.4"]);
  });

  it("finishes the hop that a killed walk has left half way, before the next one", async () => {
    const state = running("4.0.34", "2.2.14");
    const components = state.components.map((it, index) => (index < 2 ? component(it.component, "2.3.5") : it));
    const world = new FakeWorld(asked, { ...state, components });
    expect((await go(world, asked)).end.kind).to.equal("arrived");
    expect(world.did.filter((it) => it.startsWith("up"))).to.deep.equal(["up 2.3.5", "up 2.4"]);
  });

  it("ends at once when it was interrupted", async () => {
    const world = new FakeWorld(asked, start());
    world.ends = [{ kind: "interrupted" }];
    expect((await go(world, asked)).end).to.deep.equal({ kind: "interrupted" });
    expect(world.did.at(-1)).to.equal("up 2.2.14");
  });

  it("that is told no sets nothing and runs nothing", async () => {
    const world = new FakeWorld(asked, start());
    world.answers = [false];
    expect((await go(world, asked)).end).to.deep.equal({ kind: "declined" });
    expect(world.did).to.deep.equal(["show 1/3 2.1.4 → 2.2.14"]);
  });

  it("stops at what the preflight refuses, before the config is touched", async () => {
    const refusal: Refusal = { kind: "refused", rule: "preflight_has_errors", reason: "no rights", remedy: "ask" };
    const world = new FakeWorld(asked, start());
    world.refusals = [undefined, refusal];
    expect((await go(world, asked)).end).to.deep.equal({ kind: "refused", refusal });
    expect(world.did.at(-1)).to.equal("up 2.2.14");
  });

  it("runs the approved plan and stops before the next one", async () => {
    const world = new FakeWorld(asked, start());
    const { end } = await go(world, asked, { ...OPTIONS, approvedPlan: "hash of 2.2.14" });
    expect(end).to.deep.equal({ kind: "unapproved", hash: "hash of 2.3.13", request: "2.3.13" });
    expect(world.did).to.deep.equal(["show 1/3 2.1.4 → 2.2.14", "set 2.2.14", "up 2.2.14", "show 2/3 2.2.14 → 2.3.13"]);
  });

  it("does not run the same hop for ever when a run changes nothing", async () => {
    const world = new FakeWorld(asked, start(), false);
    const { end } = await go(world, asked);
    expect(end.kind === "failed" && end.why).to.contain("the cluster stands where it stood");
    expect(world.did.filter((it) => it.startsWith("up"))).to.have.length(1);
  });

  describe("where somebody may be at work", () => {
    const busy = running("4.0.34", "2.2.14", {
      release: {
        status: "pending-upgrade",
        updatedAt: NOW,
        lastDeployed: { revision: 6, chartVersion: "4.0.34", appVersion: "2.2.14" },
      },
    });

    it("waits, says so, and goes on when it is over", async () => {
      const world = new FakeWorld(asked, running("4.0.34", "2.2.14"));
      world.looks = [busy, busy];
      expect((await go(world, asked)).end.kind).to.equal("arrived");
      expect(world.said.join()).to.contain("another run may be at work");
    });

    it("waits no longer than it was told", async () => {
      const world = new FakeWorld(asked, busy);
      const { end } = await go(world, asked);
      expect(end.kind === "refused" && end.refusal.rule).to.equal("another_helm_run_may_be_active");
      expect(world.did).to.deep.equal([]);
    });
  });
});

describe("the way on the command line", () => {
  it("has each hop with chart, cost and way back, and the sum", () => {
    const asked = wanted("2.6");
    const lines = wayLines(wayReport("dev", asked, forecastWay(asked, running("3.2.18", "2.1.4"))));
    const text = stripVTControlCharacters(lines.join("\n"));
    for (const words of [
      "Milvus 2.1.4 → 2.6.15 (2.6) in 5 hops",
      "1. upgrade with metadata migration, Milvus 2.1.4 → 2.2.14, chart 4.0.34",
      "expected: an outage of about 4 min 40 s",
      "way back: restore only",
      "5. ordered rolling upgrade, Milvus 2.5.16 → 2.6.15, chart 5.0.19",
      "in all: about",
    ]) {
      expect(text).to.include(words);
    }
  });
});

describe("the lock of a stack", () => {
  const said = (who: string) =>
    `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.\n  file:///state/.pulumi/locks/organization/milvus/dev/1.json: created by ${who} at 2026-05-01T12:00:00Z\n`;
  /** Gone, and started by this command a moment before the lock. */
  const dead: OwnRun[] = [{ pid: 77, at: "2026-05-01T11:59:58Z" }];

  for (const { what, stderr, runs = dead, isDead } of [
    { what: "of a run of this command that is gone is dead", stderr: said("root@here (pid 77)"), isDead: true },
    { what: "of another machine may be alive", stderr: said("root@there (pid 77)"), isDead: false },
    {
      what: "of a process that nobody here has started may be alive",
      stderr: said("root@here (pid 78)"),
      isDead: false,
    },
    {
      what: "of a container with the same host name and number, at another time, may be alive",
      stderr: said("root@here (pid 77)"),
      runs: [{ pid: 77, at: "2026-05-01T10:00:00Z" }],
      isDead: false,
    },
    {
      what: "that is older than the run with its number may be alive",
      stderr: said("root@here (pid 77)"),
      runs: [{ pid: 77, at: "2026-05-01T12:30:00Z" }],
      isDead: false,
    },
    {
      what: "beside one of a user whose name has a blank may be alive: to cancel takes both away",
      stderr: `${said("root@here (pid 77)")}\n  file:///state/other.json: created by Jane Doe@there (pid 5) at 2026-05-01T12:00:00Z`,
      isDead: false,
    },
    {
      what: "beside one that cannot be read may be alive",
      stderr: `${said("root@here (pid 77)")}\n  file:///state/other.json: created by a version to come`,
      isDead: false,
    },
    {
      what: "of Pulumi's service says nothing of who it is",
      stderr: "error: [409] Conflict: Another update is currently in progress.",
      isDead: false,
    },
  ]) {
    it(what, () => {
      expect(isLocked(stderr)).to.equal(true);
      expect(areDead(locksIn(stderr), "here", runs)).to.equal(isDead);
    });
  }

  it("is not seen in another error", () => {
    expect(isLocked("error: update failed")).to.equal(false);
    expect(areDead(locksIn("error: update failed"), "here", dead)).to.equal(false);
  });
});

describe("runs of pulumi that this command has started", () => {
  const before = process.env.XDG_STATE_HOME;
  let state: string;
  beforeEach(() => {
    state = mkdtempSync(path.join(tmpdir(), "milvus-state-"));
    process.env.XDG_STATE_HOME = state;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = before;
    rmSync(state, { recursive: true });
  });
  const files = () => path.join(state, "milvus-upgrade", "runs");
  async function endedProcess(): Promise<number> {
    const child = spawn("sleep", ["60"]);
    rememberRun(child.pid ?? 0);
    expect(deadRuns()).to.deep.equal([]);
    child.kill("SIGKILL");
    await once(child, "exit");
    return child.pid ?? 0;
  }

  it("are dead once their process is gone, until they are forgotten", async () => {
    const pid = await endedProcess();
    expect(deadRuns().map((run) => run.pid)).to.deep.equal([pid]);
    forgetRun(pid);
    expect(deadRuns()).to.deep.equal([]);
  });

  it("are not dead for another container, which does not see their processes", async () => {
    const file = path.join(files(), `${await endedProcess()}.json`);
    const run = JSON.parse(readFileSync(file, "utf8")) as OwnRun;
    writeFileSync(file, JSON.stringify({ ...run, place: "another boot pid:[4026532000]" }));
    expect(deadRuns()).to.deep.equal([]);
  });

  it("are dead when their number was given to another process", function () {
    if (!existsSync("/proc/self/stat")) this.skip();
    rememberRun(process.pid);
    expect(deadRuns()).to.deep.equal([]);
    const file = path.join(files(), `${process.pid}.json`);
    const run = JSON.parse(readFileSync(file, "utf8")) as OwnRun;
    writeFileSync(file, JSON.stringify({ ...run, began: "1" }));
    expect(deadRuns()).to.have.length(1);
  });
});

describe("the time limit of a run", () => {
  const none = { pending: 0, lock: 0, settle: 0, verify: 0, answers: 0, writes: 0 };
  const timeouts = { ...SETTINGS.timeouts, rolloutOf: { querynode: 7200 } };
  const oldPods = { hashes: ["5f"], graceSeconds: 1800 };
  const withOldPods = {
    ...PLANS.rolling,
    steps: PLANS.rolling.steps.map((step) => (step.kind === "resume" ? { ...step, oldPods } : step)),
  };
  for (const plan of [...PLAN_KINDS.map((kind) => PLANS[kind]), withOldPods]) {
    const what = plan === withOldPods ? "rolling, with old pods that take their time" : plan.kind;
    it(`is longer than the Jobs and the Release may take, which read the same table: ${what}`, async () => {
      const { registered } = await record(() => declare(plannedRun(plan, { settings: { ...SETTINGS, timeouts } })));
      const limits = registered.map(({ inputs }) => {
        const { spec, timeout } = inputs as { spec?: { activeDeadlineSeconds?: number }; timeout?: number };
        return timeout ?? spec?.activeDeadlineSeconds ?? 0;
      });
      const together = limits.reduce((sum, seconds) => sum + seconds, 0);
      expect(stepsLimit(plan.steps, timeouts)).to.equal(together);
      expect(limitOf(plan.steps, { ...timeouts, ...none })).to.be.above(together);
    });
  }

  it("gives a migration with the default timeouts more than its steps may take, which 10,440 s are not", () => {
    const { steps } = planned(wanted("2.2.14"), running("3.2.18", "2.1.4"));
    const { settings } = parseConfig({ config: { "milvus:version": "2.2.14" } });
    // Those of stop, backup, migrate and the Release alone.
    expect(stepsLimit(steps, settings.timeouts)).to.be.above(11_760);
    expect(limitOf(steps, settings.timeouts)).to.be.above(stepsLimit(steps, settings.timeouts));
  });

  it("grows with the time that a single component is given", () => {
    const { steps } = PLANS.rolling;
    const usual = limitOf(steps, { ...SETTINGS.timeouts, ...none });
    expect(limitOf(steps, { ...timeouts, ...none }) - usual).to.equal(7200 - SETTINGS.timeouts.rollout);
  });
});

describe("a command whose output is shown", () => {
  const options = { cwd: "/", env: process.env, output: 2, timeoutSeconds: 60 } as const;
  const script = (text: string) => ["-c", text];

  it("gives its exit code and what it wrote to stderr", async () => {
    const signals = new EventEmitter();
    const result = await runShown("sh", script("exit 3"), { ...options, signals });
    expect(result).to.deep.include({ exitCode: 3, end: "itself", stderr: "" });
    expect(signals.listenerCount("SIGINT")).to.equal(0);
  });

  it("is interrupted once by what comes several times at the same moment", async () => {
    const signals = new EventEmitter();
    const ready = path.join(mkdtempSync(path.join(tmpdir(), "milvus-shown-")), "ready");
    // Ends with the number of interrupts, once there was one and some time for others.
    const count = `n=0; trap 'n=$((n+1))' INT; touch ${ready}; while [ $n = 0 ]; do sleep 0.05; done; sleep 0.3; sleep 0.3; exit $n`;
    const run = runShown("sh", script(count), { ...options, signals });
    while (!existsSync(ready)) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const signal of ["SIGINT", "SIGTERM", "SIGINT"]) signals.emit(signal);
    expect(await run).to.deep.include({ exitCode: 1, end: "interrupted" });
  });

  it("is interrupted when its time is over", async () => {
    const signals = new EventEmitter();
    const run = runShown("sh", script("trap 'exit 9' INT; while true; do sleep 0.05; done"), {
      ...options,
      timeoutSeconds: 2,
      signals,
    });
    expect(await run).to.deep.include({ exitCode: 9, end: "time limit" });
  });
});
