import path from "node:path";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import type { EngineReport } from "../../sandbox/report";
import { type RunResult, tryRun } from "../../sandbox/run";
import { tsxCommand } from "../../sandbox/tsx";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { killUpWhen } from "./support/killedRun";
import { failureOf, problems, RELEASE, startTestBed, type TestBed, until } from "./support/testBed";

const LOCK = `${RELEASE.name}-upgrade-lock`;
const IN_NAMESPACE = `--namespace=${RELEASE.namespace}`;
const STACKS = ["ours", "theirs"] as const;

describe("two stacks that mean the same release", () => {
  let bed: TestBed;
  let stacks: Readonly<Record<(typeof STACKS)[number], EngineStack>>;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.0.34");
    const config = {
      "milvus:version": "2.2.16",
      "milvus:strategy": "helm",
      "milvus:timeouts": { lock: "5s", pending: "5s" },
    };
    stacks = { ours: await bed.stack(config, "ours"), theirs: await bed.stack(config, "theirs") };
  });
  after(() => bed.stop());

  /** In a process of its own, as two engineers type it. */
  function up(stackName: string): Promise<RunResult> {
    const args = ["up", "--sandbox", bed.sandbox.name, "--stack", stackName];
    const [command, script] = tsxCommand(path.join(__dirname, "..", "..", "sandbox", "cli.ts"), args);
    return tryRun(command, script, { env: bed.sandbox.env, timeoutSeconds: 300 });
  }
  const said = ({ diagnostics }: EngineReport) => diagnostics.map(({ message }) => message).join("\n");
  const lockIsThere = async () =>
    (await bed.sandbox.tryKubectl(["get", "configmap", LOCK, IN_NAMESPACE])).exitCode === 0;
  const helmIsAtWork = async () =>
    (await bed.sandbox.helm(["list", IN_NAMESPACE, "--all", "--output=json"])).includes("pending-upgrade");
  const neverReady = (image: string) => bed.faults({ milvus: [{ component: "proxy", image, effect: "neverReady" }] });

  it("started at the same moment: one upgrades, the other stops before it touches anything and says who is at work", async () => {
    neverReady("2.2.16");
    const runs = STACKS.map(async (name) => ({ name, result: await up(name) }));
    // The one that works waits for a pod; so the first that ends is the one that was stopped.
    const { name, result } = await Promise.race(runs);
    const winner = name === "ours" ? "theirs" : "ours";
    const text = `${result.stdout}${result.stderr}`;
    expect(result.exitCode, text).to.not.equal(0);
    expect(text).to.contain("refused (another_run_is_active)");
    expect(text).to.contain(`stack organization/milvus/${winner}`);
    expect(text).to.contain(`kubectl -n ${RELEASE.namespace} delete configmap ${LOCK}`);
    await until("the winner upgrades", helmIsAtWork);

    const preview = await stacks[name].preview().catch((error: unknown) => error as Error);
    expect(preview instanceof Error ? preview.message : said(preview)).to.match(
      /another_run_is_active|another run may be at work/,
    );
    bed.faults({});
    for (const ended of await Promise.all(runs)) {
      if (ended.name === winner) expect(ended.result.exitCode, ended.result.stdout).to.equal(0);
    }
    const milvus = await bed.observe();
    expect(problems(milvus, { version: "2.2.16" })).to.deep.equal([]);
    expect(milvus.revision, "one upgrade and no more").to.equal(2);
    expect(await lockIsThere(), "the lock is given back").to.equal(false);
  });

  it("the lock of a run that was killed is taken over once it is silent, and a run that has lost it stops before its next step", async () => {
    const { ours, theirs } = stacks;
    for (const stack of [ours, theirs]) await stack.setConfig({ "milvus:version": "2.3.5" });
    neverReady("2.3.5");
    await killUpWhen(bed.sandbox, "release", helmIsAtWork, { stackName: "ours" });
    // What the killed run began has to be cleared first, which is held up here.
    bed.faults({ containers: [{ container: "delete-record", hold: true }] });
    let taking = failureOf(theirs.up());
    // The first try takes the lock over, and may be refused for the record, which was touched a moment ago.
    let heard = "";
    await until(
      "the other stack is at work",
      async () => {
        const ended = await Promise.race([taking, Promise.resolve(undefined)]);
        if (ended !== undefined) {
          expect(ended.message).to.contain("another_helm_run_may_be_active");
          heard += said(ended.report);
          taking = failureOf(theirs.up());
        }
        return turnHasCome("delete-record");
      },
      180,
    );
    // As a run does that takes over from one that sleeps.
    const robber = JSON.stringify({ data: { run: "another", who: "joe@desktop" } });
    await bed.sandbox.kubectl(["patch", "configmap", LOCK, IN_NAMESPACE, "--type=merge", `--patch=${robber}`]);
    bed.faults({});
    const failed = await taking;
    expect(heard + said(failed.report))
      .to.contain("stack organization/milvus/ours")
      .and.to.contain("its lock is taken over");
    expect(failed.message).to.contain(`another one has taken over the release ${RELEASE.name}`);
    expect((await bed.observe()).revision, "the record is cleared, and the Release not touched").to.equal(2);

    await bed.sandbox.kubectl(["delete", "configmap", LOCK, IN_NAMESPACE]);
    await theirs.up();
    expect(problems(await bed.observe(), { version: "2.3.5" })).to.deep.equal([]);
    expect(await lockIsThere()).to.equal(false);
  });

  async function turnHasCome(container: string): Promise<boolean> {
    const selector = "--selector=batch.kubernetes.io/job-name";
    const text = await bed.sandbox.kubectl(["get", "pods", IN_NAMESPACE, selector, "--output=json"]);
    return (JSON.parse(text) as { items: JobPod[] }).items.some((pod) => isTurnOf(container, pod));
  }
});
