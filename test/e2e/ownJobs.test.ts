import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import type { EngineStack, StackConfig } from "../../sandbox/engine";
import { valuesOfRootPath } from "../../sandbox/milvusValues";
import type { Receipt } from "../../upgrade/receipt/receipt";
import { killUpWhen } from "./support/killedRun";
import { failureOf, startTestBed, type TestBed, until } from "./support/testBed";

const CHART = "4.2.20";
const FROM = "2.4.16";
const TO = "2.4.17";
const IMAGE = `milvusdb/milvus:v${FROM}`;
const RELEASE = "my-release";

/** A Milvus in a namespace of its own, and a CronJob of which each Job writes down when it begins and ends. */
interface Site {
  readonly stack: EngineStack;
  /** `begin`, `end`, `fail` of the Jobs, in their order. */
  jobs(): string[];
  /** The Job that runs does not end before `letGo`. */
  hold(): void;
  letGo(): void;
  /** Each Job fails, or no longer. */
  fails(isBroken: boolean): void;
  makeCronJob(): Promise<void>;
  version(): Promise<string>;
  /** Name and generation of what Helm has made. */
  milvus(): Promise<string>;
  /** The newest, as the cluster has it. */
  receipt(): Promise<Receipt | undefined>;
}

describe("Jobs of the user's around an upgrade, and a run that does not live to its end", () => {
  let bed: TestBed;
  before(async () => {
    bed = await startTestBed();
  });
  after(() => bed.stop());

  /** @param name of namespace, stack and CronJob */
  async function site(name: string, config: StackConfig): Promise<Site> {
    const values = {
      cluster: { enabled: false },
      pulsar: { enabled: false },
      etcd: { replicaCount: 1 },
      minio: { replicas: 1 },
      ...valuesOfRootPath(name),
    };
    await bed.install(CHART, { ...values, image: { all: { tag: `v${FROM}` } } }, { name: RELEASE, namespace: name });
    const file = (end: string) => path.join(bed.sandbox.folder, `own-${name}.${end}`);
    const kubectl = (...args: string[]) => bed.sandbox.kubectl([...args, `--namespace=${name}`]);
    const script = [
      `echo begin >> ${file("log")}`,
      "echo copying with --password hunter2",
      `while [ -e ${file("hold")} ]; do sleep 0.1; done`,
      `if [ -e ${file("broken")} ]; then echo fail >> ${file("log")}; echo the bucket is full; exit 3; fi`,
      `echo end >> ${file("log")}`,
    ].join("\n");
    const makeCronJob = async () => {
      await bed.sandbox.kubectl(["apply", `--namespace=${name}`, "--filename=-"], {
        input: JSON.stringify({
          apiVersion: "batch/v1",
          kind: "CronJob",
          metadata: { name },
          spec: {
            schedule: "0 0 1 1 *",
            suspend: true,
            jobTemplate: {
              spec: {
                backoffLimit: 0,
                template: {
                  spec: {
                    restartPolicy: "Never",
                    automountServiceAccountToken: false,
                    containers: [{ name: "own", image: IMAGE, command: ["/bin/sh", "-c", script] }],
                  },
                },
              },
            },
          },
        }),
      });
    };
    await makeCronJob();
    const stack = await bed.stack(
      {
        "milvus:version": TO,
        "milvus:namespace": name,
        "milvus:values": values,
        "milvus:verify": "health",
        "milvus:timeouts": { settle: "1s", pending: "5s" },
        ...config,
      },
      name,
    );
    return {
      stack,
      jobs: () => (existsSync(file("log")) ? readFileSync(file("log"), "utf8").trim().split("\n") : []),
      hold: () => writeFileSync(file("hold"), ""),
      letGo: () => rmSync(file("hold"), { force: true }),
      fails: (isBroken) => (isBroken ? writeFileSync(file("broken"), "") : rmSync(file("broken"), { force: true })),
      makeCronJob,
      version: async () =>
        (
          await kubectl(
            ...["get", "deployment", `${RELEASE}-milvus-standalone`],
            "--output=jsonpath={.spec.template.spec.containers[0].image}",
          )
        ).replace(/^.*:v/, ""),
      milvus: () =>
        kubectl(
          ...["get", "deployments,statefulsets,services,persistentvolumeclaims"],
          `--selector=app.kubernetes.io/instance=${RELEASE}`,
          "--output=custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid,GENERATION:.metadata.generation",
        ),
      receipt: async () => {
        const text = await kubectl("get", "configmap", `${RELEASE}-upgrade-receipts`, "--output=json");
        const { data } = JSON.parse(text) as { readonly data: Readonly<Record<string, string>> };
        const [, newest] = Object.entries(data).sort().at(-1) ?? [];
        return newest === undefined ? undefined : (JSON.parse(newest) as Receipt);
      },
    };
  }

  /** An `up` at work, and what it has said until now. */
  function startUp(stack: EngineStack) {
    let said = "";
    const end = stack.up({ onOutput: (text) => (said += text) });
    // It is looked at later.
    end.catch(() => undefined);
    return { end, said: () => said };
  }

  const begun = (it: Site, times: number) => () =>
    Promise.resolve(it.jobs().filter((line) => line === "begin").length === times);

  it("killed while runBefore is at work: the next up waits for that Job, counts it, and touches nothing before", async () => {
    const it = await site("before", { "milvus:runBefore": ["cronjob/before"] });
    it.hold();
    await killUpWhen(bed.sandbox, "the Job runs", begun(it, 1), { stackName: "before" });
    await it.stack.cancel();
    const before = await it.milvus();

    const next = startUp(it.stack);
    await until("the next up waits", () => Promise.resolve(next.said().includes("has left at work")), 120);
    expect(next.said()).to.include("kubectl -n before delete job").and.to.not.include("nothing is lost");
    expect([await it.milvus(), it.jobs()]).to.deep.equal([before, ["begin"]]);
    it.letGo();
    await next.end;
    expect([it.jobs(), await it.version()]).to.deep.equal([["begin", "end"], TO]);
    expect(await it.receipt()).to.deep.include({ outcome: "done", ranBefore: ["before"] });
  });

  it("killed while runBefore is at work, and nobody waits: deleted as the message says, it runs once more from its begin", async () => {
    const it = await site("deleted", { "milvus:runBefore": ["cronjob/deleted"] });
    it.hold();
    await killUpWhen(bed.sandbox, "the Job runs", begun(it, 1), { stackName: "deleted" });
    await it.stack.cancel();
    const next = startUp(it.stack);
    const command = () => /kubectl -n deleted (delete job [\w-]+);/.exec(next.said())?.[1];
    await until("the next up says what to type", () => Promise.resolve(command() !== undefined), 120);
    await bed.sandbox.kubectl(["--namespace=deleted", ...(command() ?? "").split(" ")]);
    await until("its Job runs", begun(it, 2), 120);
    expect(await it.version()).to.equal(FROM);
    it.letGo();
    await next.end;
    expect([it.jobs(), await it.version()]).to.deep.equal([["begin", "begin", "end"], TO]);
  });

  it("killed while runAfter is at work: the upgrade is in place, and the next up ends what is left of it", async () => {
    const it = await site("after", { "milvus:runAfter": ["cronjob/after"] });
    it.hold();
    await killUpWhen(bed.sandbox, "the Job runs", begun(it, 1), { stackName: "after", seconds: 200 });
    await it.stack.cancel();
    expect(await it.version()).to.equal(TO);
    expect(await it.receipt()).to.deep.include({ outcome: "unfinished" });
    const before = await it.milvus();

    const next = startUp(it.stack);
    await until("the next up waits", () => Promise.resolve(next.said().includes("has left at work")), 120);
    it.letGo();
    await next.end;
    expect([it.jobs(), await it.milvus()]).to.deep.equal([["begin", "end"], before]);
    expect(await it.receipt()).to.deep.include({ outcome: "done", ranAfter: ["after"] });
  });

  it("that ended unseen runs again, since what was written since is in no backup; what is done is not run twice", async () => {
    const it = await site("unseen", { "milvus:runBefore": ["cronjob/unseen"], "milvus:runAfter": ["cronjob/unseen"] });
    it.hold();
    await killUpWhen(bed.sandbox, "the Job runs", begun(it, 1), { stackName: "unseen" });
    await it.stack.cancel();
    it.letGo();
    await until("it has ended", () => Promise.resolve(it.jobs().length === 2));
    await until("Kubernetes knows", async () => {
      const args = ["get", "jobs", "--namespace=unseen", "--output=jsonpath={.items[*].status.succeeded}"];
      return (await bed.sandbox.kubectl(args)) === "1";
    });
    await it.stack.up();
    expect(it.jobs()).to.deep.equal(["begin", "end", "begin", "end", "begin", "end"]);
    await it.stack.up();
    expect(it.jobs()).to.have.length(6);
  });

  it("that fails before the upgrade ends the run there, with its last lines and what to type; typed, it goes on", async () => {
    const it = await site("failing", { "milvus:runBefore": ["cronjob/failing"] });
    const before = await it.milvus();
    it.fails(true);
    const { message } = await failureOf(it.stack.up());
    expect(message).to.include("the bucket is full").and.to.not.include("hunter2");
    expect(message)
      .to.include("cronjob/failing did not end well, and nothing of Milvus was touched")
      .and.to.match(/kubectl -n failing create job [\w-]+ --from=cronjob\/failing/)
      .and.to.include("pulumi up");
    expect([await it.milvus(), it.jobs()]).to.deep.equal([before, ["begin", "fail"]]);

    it.fails(false);
    const [, job = ""] = /kubectl -n failing create job ([\w-]+)/.exec(message) ?? [];
    await bed.sandbox.kubectl(["--namespace=failing", "create", "job", job, "--from=cronjob/failing"]);
    await until("the Job by hand has ended", () => Promise.resolve(it.jobs().at(-1) === "end"));
    await it.stack.up();
    expect([it.jobs().slice(2), await it.version()]).to.deep.equal([["begin", "end", "begin", "end"], TO]);
  });

  it("that fails after the upgrade leaves the upgrade in place; the next up runs it again and ends the receipt", async () => {
    const it = await site("smoke", { "milvus:runAfter": ["cronjob/smoke"] });
    it.fails(true);
    const { message } = await failureOf(it.stack.up());
    expect(message)
      .to.include("the bucket is full")
      .and.to.include("The upgrade is in place, and was verified where milvus:verify asks for it");
    expect([await it.version(), (await it.receipt())?.outcome]).to.deep.equal([TO, "unfinished"]);
    it.fails(false);
    const before = await it.milvus();
    await it.stack.up();
    expect([it.jobs(), await it.milvus()]).to.deep.equal([["begin", "fail", "begin", "end"], before]);
    expect(await it.receipt()).to.deep.include({ outcome: "done", ranAfter: ["smoke"] });
  });

  it("of a CronJob that is gone between preview and up is refused, and nothing is touched; made again, it goes on", async () => {
    const it = await site("gone", { "milvus:runBefore": ["cronjob/gone"] });
    const preview = await it.stack.preview();
    expect(preview.diagnostics.map(({ message }) => message).join("\n")).to.include("cronjob/gone");
    const before = await it.milvus();
    await bed.sandbox.kubectl(["--namespace=gone", "delete", "cronjob", "gone"]);
    const { message } = await failureOf(it.stack.up());
    expect(message).to.include("own_steps_run_with_the_plan").and.to.include("kubectl -n gone create cronjob gone");
    expect([await it.milvus(), it.jobs()]).to.deep.equal([before, []]);
    await it.makeCronJob();
    await it.stack.up();
    expect([it.jobs(), await it.version()]).to.deep.equal([["begin", "end"], TO]);
  });

  it("a way without return whose backup is done needs no second one after a kill, and the plan says so", async () => {
    const to = "2.5.0";
    const it = await site("oneway", {
      "milvus:version": to,
      "milvus:runBefore": ["cronjob/oneway"],
      "milvus:oneWayNeeds": "runBefore",
    });
    bed.faults({ milvus: [{ component: "standalone", image: to, effect: "neverReady" }] });
    await killUpWhen(bed.sandbox, "Milvus is touched", async () => (await it.version()) === to, {
      stackName: "oneway",
      seconds: 200,
    });
    bed.faults({});
    await it.stack.cancel();
    expect(it.jobs()).to.deep.equal(["begin", "end"]);
    // A record that is left pending is cleared once nobody can be at work on it; until then preview says so.
    let said = "";
    await until(
      "a preview that goes through",
      () =>
        it.stack.preview().then(
          ({ diagnostics }) => {
            said = diagnostics.map(({ message }) => message).join("\n");
            return true;
          },
          (error: unknown) => {
            if (!/pending/.test(String(error))) throw error;
            return false;
          },
        ),
      120,
    );
    expect(said).to.match(
      /Not run again before this plan: cronjob\/oneway, done since this upgrade was begun \(\d{4}-/,
    );
    await it.stack.up();
    expect([it.jobs(), await it.version()]).to.deep.equal([["begin", "end"], to]);
    expect(await it.receipt()).to.deep.include({ outcome: "done", ranBefore: ["oneway"] });
  });
});
