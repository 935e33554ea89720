import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import type { EngineReport } from "../../sandbox/report";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { killUpWhen } from "./support/killedRun";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed, until } from "./support/testBed";

const LOCK = `${RELEASE.name}-upgrade-lock`;

describe("two stacks that mean the same release", () => {
  let bed: TestBed;
  let ours: EngineStack;
  let theirs: EngineStack;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.0.34");
    const config = { "milvus:version": "2.2.16", "milvus:strategy": "helm" };
    ours = await bed.stack(config, "ours");
    theirs = await bed.stack(config, "theirs");
  });
  after(() => bed.stop());

  const said = ({ diagnostics }: EngineReport) => diagnostics.map(({ message }) => message).join("\n");
  const lockIsThere = async () =>
    (await bed.sandbox.tryKubectl(["get", "configmap", LOCK, `--namespace=${RELEASE.namespace}`])).exitCode === 0;
  const helmIsAtWork = async () =>
    (await bed.sandbox.helm(["list", "--namespace=milvus", "--all", "--output=json"])).includes("pending-upgrade");
  const neverReady = (image: string) => bed.faults({ milvus: [{ component: "proxy", image, effect: "neverReady" }] });

  it("started at the same moment: one upgrades, the other stops before it touches anything and says who is at work", async () => {
    neverReady("2.2.16");
    type Ended = { readonly name: string; readonly error?: Error };
    const end = (stack: EngineStack): Promise<Ended> =>
      stack.up().then(
        () => ({ name: stack.name }),
        (error: unknown) => ({ name: stack.name, error: error as Error }),
      );
    const runs = [end(ours), end(theirs)];
    // The one that works waits for a pod; so the first that ends is the one that was stopped.
    const stopped = await Promise.race(runs);
    const winner = stopped.name === "ours" ? "theirs" : "ours";
    expect(stopped.error?.message).to.contain("refused (another_run_is_at_work)");
    expect(stopped.error?.message).to.contain(`stack organization/milvus/${winner}`);
    expect(stopped.error?.message).to.contain(`kubectl -n ${RELEASE.namespace} delete configmap ${LOCK}`);
    await until("the winner upgrades", helmIsAtWork);

    const preview = await (stopped.name === "ours" ? ours : theirs).preview().catch((error: unknown) => error);
    expect(preview instanceof Error ? preview.message : said(preview as EngineReport)).to.match(
      /another_run_is_at_work|another run may be at work/,
    );
    bed.faults({});
    const ended = await Promise.all(runs);
    expect(ended.find(({ name }) => name === winner)?.error).to.equal(undefined);
    const milvus = await bed.observe();
    expect(problems(milvus, { version: "2.2.16" })).to.deep.equal([]);
    expect(milvus.revision, "one upgrade and no more").to.equal(2);
    expect(await lockIsThere(), "the lock is given back").to.equal(false);
  });

  it("then finds nothing to do in the stack that was stopped", async () => {
    for (const stack of [ours, theirs]) {
      expect(
        changeList(await stack.up()).filter((line) => !/Release|Provider|Stack|kubernetes/.test(line)),
      ).to.deep.equal([]);
    }
    expect((await bed.observe()).revision).to.equal(2);
  });

  it("a run that was killed leaves its lock, and a run of the other stack takes it over once it is silent", async () => {
    await bed.install("4.0.34", undefined, { name: "second", namespace: "second" });
    const config = {
      "milvus:release": "second",
      "milvus:namespace": "second",
      "milvus:version": "2.2.16",
      "milvus:strategy": "helm",
      "milvus:timeouts": { lock: "5s", pending: "5s" },
    };
    await bed.stack(config, "killed");
    const other = await bed.stack(config, "other");
    neverReady("2.2.16");
    await killUpWhen(bed.sandbox, "release", helmIsAtWorkIn("second"), { stackName: "killed" });
    bed.faults({});
    let report: EngineReport | undefined;
    await until(
      "an up that goes through",
      async () => {
        try {
          report = await other.up();
          return true;
        } catch (error) {
          if (!String(error).includes("a_pending_release_may_have_somebody_at_work")) throw error;
          return false;
        }
      },
      120,
    );
    expect(report && said(report))
      .to.contain("stack organization/milvus/killed")
      .and.to.contain("its lock is taken over");
  });

  it("a run that has lost its lock stops before its next step", async () => {
    await bed.seed();
    await bed.install("3.2.18", undefined, { name: "third", namespace: "third" });
    const stack = await bed.stack(
      { "milvus:release": "third", "milvus:namespace": "third", "milvus:version": "2.2.0" },
      "third",
    );
    bed.faults({ containers: [{ container: "await-pods-gone", hold: true }] });
    const failed = failureOf(stack.up());
    await until("the stop is under way", () => turnHasCome("third", "await-pods-gone"), 90);
    // As a run does that takes over from one that sleeps.
    await bed.sandbox.kubectl([
      "patch",
      "configmap",
      "third-upgrade-lock",
      "--namespace=third",
      "--type=merge",
      '--patch={"data":{"run":"another","who":"joe@desktop"}}',
    ]);
    bed.faults({});
    expect((await failed).message).to.contain("another one has taken over the release third");
    const claims = await bed.sandbox.kubectl(["get", "pvc", "--namespace=third", "--output=name"]);
    expect(claims, "nothing comes after the stop").to.not.contain("third-meta");
    await bed.sandbox.kubectl(["delete", "configmap", "third-upgrade-lock", "--namespace=third"]);
    await stack.up();
    expect((await bed.metadata()).format).to.equal("2.2");
  });

  const helmIsAtWorkIn = (namespace: string) => async () =>
    (await bed.sandbox.helm(["list", `--namespace=${namespace}`, "--all", "--output=json"])).includes(
      "pending-upgrade",
    );

  async function turnHasCome(namespace: string, container: string): Promise<boolean> {
    const text = await bed.sandbox.kubectl([
      "get",
      "pods",
      `--namespace=${namespace}`,
      "--selector=batch.kubernetes.io/job-name",
      "--output=json",
    ]);
    return (JSON.parse(text) as { items: JobPod[] }).items.some((pod) => isTurnOf(container, pod));
  }
});
