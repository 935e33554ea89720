import { expect } from "chai";
import { killAll, processTree } from "../../sandbox/processTree";
import { type FleetBed, FLEET_VERSION as NOW, outcomes, FLEET as STACKS, startFleetBed } from "./support/fleetBed";
import { until } from "./support/testBed";

const NEXT = "2.4.17";

describe("a fleet of three stacks of one project", () => {
  let bed: FleetBed;
  before(async () => {
    bed = await startFleetBed({ settle: "1s", pending: "5s", release: "10s" });
  });
  after(() => bed.stop());
  const versionOf = (stack: string) => bed.versionOf(stack);
  const versions = () => bed.versions();
  const configOf = (stack: string, folder?: string) => bed.configOf(stack, folder);
  const start = (to: string, flags: readonly string[], folder?: string) => bed.fleet(to, flags, folder);

  it("--dry-run shows the matrix and touches nothing", async () => {
    const run = start(NEXT, ["--dry-run"]);
    expect(await run.end, run.output()).to.equal(2);
    expect(run.output()).to.include("3 stacks to Milvus 2.4.17").and.to.include(`${NOW} → ${NEXT}`);
    expect(outcomes(run.report())).to.deep.equal(STACKS.map((stack) => `${stack} not begun`));
    expect([await versions(), STACKS.map((stack) => configOf(stack))]).to.deep.equal([
      [NOW, NOW, NOW],
      [NOW, NOW, NOW],
    ]);
  });

  it("interrupted, ends what is under way, begins no other and says how to go on", async () => {
    bed.faults({ milvus: [{ component: "standalone", image: NEXT, effect: "neverReady" }] });
    const run = start(NEXT, ["--yes"]);
    const isAtWork = async () => run.child.exitCode !== null || (await versionOf("prod-a")) === NEXT;
    await until("the canary is at work", isAtWork, 200);
    run.child.kill("SIGINT");
    expect(await run.end, run.output()).to.equal(130);
    expect(outcomes(run.report())).to.deep.equal(["prod-a interrupted", "prod-b not begun", "prod-c not begun"]);
    expect(run.report().next).to.deep.equal([`To go on: npm run upgrade -- --stacks 'prod-*' --to ${NEXT}`]);
  });

  it("the canary does not get well: the others are not touched", async () => {
    const run = start(NEXT, ["--yes"]);
    expect(await run.end, run.output()).to.equal(1);
    expect(outcomes(run.report()), run.output()).to.deep.equal([
      "prod-a failed",
      "prod-b not begun",
      "prod-c not begun",
    ]);
    expect(run.output())
      .to.include("the canary prod-a did not arrive")
      .and.to.include(`npm run upgrade -- --stack prod-a --to ${NEXT}`);
    expect([await versionOf("prod-b"), await versionOf("prod-c"), configOf("prod-b")]).to.deep.equal([NOW, NOW, NOW]);
    bed.faults({});
  });

  it("the canary gets well, then the others go together; killed (kill -9) with all it has started, it goes on elsewhere", async () => {
    const run = start(NEXT, ["--yes"]);
    const isOver = () => run.child.exitCode !== null;
    await until(
      "the canary is there",
      () => Promise.resolve(isOver() || run.output().includes("prod-a: arrived")),
      200,
    );
    // Those behind the canary are held where their pods must get ready.
    bed.faults({ milvus: [{ component: "standalone", image: NEXT, effect: "neverReady" }] });
    const areAtWork = async () => isOver() || (await versions()).every((version) => version === NEXT);
    await until("both others are at work", areAtWork, 200);
    expect(run.child.exitCode, run.output()).to.equal(null);
    killAll(await processTree(run.child.pid ?? 0));
    await run.end;
    bed.faults({});

    const elsewhere = bed.elsewhere();
    const again = start(NEXT, ["--yes", "--unlock"], elsewhere);
    expect(await again.end, again.output()).to.equal(0);
    expect(outcomes(again.report())).to.deep.equal(["prod-a nothing to do", "prod-b arrived", "prod-c arrived"]);
    expect([await versions(), configOf("prod-c", elsewhere)]).to.deep.equal([[NEXT, NEXT, NEXT], NEXT]);
  });
});
