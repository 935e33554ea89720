import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import type { WayReport } from "../../cli/walk/wayReport";
import type { MetadataState } from "../../sandbox/metadata";
import { killAll, processTree } from "../../sandbox/processTree";
import { tsxCommand } from "../../sandbox/tsx";
import { EVENT } from "../../scripts/eventSchema";
import { evictPods } from "./support/evictedPod";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { problems, RELEASE, startTestBed, type TestBed, until } from "./support/testBed";

const COMMENT = "# Looked after by the search team; ask before you change it.";

describe("upgrade, from 2.1.4 over three hops to 2.4", () => {
  let bed: TestBed;
  let project: string;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed();
    original = await bed.seed();
    await bed.install("3.2.18");
    // What lies about of them must keep no step waiting, on no hop.
    for (const component of ["proxy", "querynode"]) await evictPods(bed, component);
    const stack = await bed.stack({
      "milvus:version": "2.1.4",
      "milvus:verify": "health",
      "milvus:timeouts": { settle: "1s", pending: "1m" },
    });
    project = stack.workDir;
    writeFileSync(configFile(), `${COMMENT}\n${readFileSync(configFile(), "utf8")}`);
  });
  after(() => bed.stop());

  const configFile = () => path.join(project, "Pulumi.dev.yaml");
  const wantedNow = () =>
    (parse(readFileSync(configFile(), "utf8")) as { config: Record<string, unknown> }).config["milvus:version"];

  interface Run {
    readonly child: ChildProcess;
    readonly end: Promise<number | null>;
    output(): string;
    stdout(): string;
  }

  /** As a user's shell runs it. */
  function start(...args: readonly string[]): Run {
    return startCommand("upgrade", ...args);
  }

  function startCommand(name: string, ...args: readonly string[]): Run {
    const main = path.join(__dirname, "..", "..", "cli", "main.ts");
    const [command, script] = tsxCommand(main, [name, "--stack", "dev", ...args]);
    const child = spawn(command, script, {
      cwd: project,
      env: { ...bed.sandbox.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let all = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      all += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      all += chunk.toString();
    });
    const end = once(child, "close").then(([code]) => code as number | null);
    return { child, end, output: () => all, stdout: () => stdout };
  }

  /** The turn of a held container of a step's Job has come. */
  async function held(run: Run, step: string, container: string): Promise<void> {
    const selector = `--selector=milvus-upgrade/step=${step}`;
    const hasCome = async () => {
      const args = ["get", "pods", `--namespace=${RELEASE.namespace}`, selector, "--output=json"];
      const { items } = JSON.parse(await bed.sandbox.kubectl(args)) as { items: JobPod[] };
      return items.some((pod) => isTurnOf(container, pod));
    };
    await until(`${step}: ${container}`, async () => run.child.exitCode !== null || (await hasCome()), 240);
    expect(run.child.exitCode, run.output()).to.equal(null);
  }

  it("shows the whole way, and touches neither cluster nor config", async () => {
    const untouched = [await bed.fingerprint(), readFileSync(configFile(), "utf8")];
    const run = start("--to", "2.4", "--dry-run");
    expect(await run.end, run.output()).to.equal(2);
    expect(run.output()).to.include("Milvus 2.1.4 → 2.4.16 (2.4) in 3 hops").and.to.include("stop 8 Deployments");
    const json = start("--to", "2.4", "--dry-run", "--format", "json");
    expect(await json.end).to.equal(2);
    const way = JSON.parse(json.stdout()) as WayReport;
    expect(way.hops.map(({ to, kind, wayBack }) => `${to} ${kind}, ${wayBack}`)).to.deep.equal([
      "2.2.14 migration, restore only",
      "2.3.13 rolling, one way",
      "2.4.16 rolling, one way",
    ]);
    expect([await bed.fingerprint(), readFileSync(configFile(), "utf8")]).to.deep.equal(untouched);
  });

  it("asks before it runs anything, and refuses to where nobody can answer", async () => {
    const run = start("--to", "2.4");
    expect(await run.end).to.equal(1);
    expect(run.output()).to.include("--yes");
  });

  it("interrupted in the first hop, passes that to pulumi and says how to go on", async () => {
    bed.faults({ containers: [{ container: "await-pods-gone", hold: true }] });
    const run = start("--to", "2.4", "--yes");
    await held(run, "stop", "await-pods-gone");
    run.child.kill("SIGINT");
    expect(await run.end, run.output()).to.equal(130);
    expect(run.output())
      .to.include("stopped: interrupted")
      .and.to.include("3/6 stop 8 Deployments")
      .and.to.include("give up: pulumi config set --stack dev milvus:version 2.1.4, then pulumi up --stack dev")
      .and.to.include("to go on: npm run upgrade -- --stack dev --to 2.4");
    expect(wantedNow()).to.equal("2.2.14");
    bed.faults({});
  });

  it("says by verify what is open, at once, and waits for nothing", async () => {
    const run = startCommand("verify");
    expect(await run.end, run.output()).to.equal(1);
    expect(run.output())
      .to.include("an upgrade is not finished: Milvus 2.1.4 → 2.2.14; Milvus is down since ")
      .and.to.include("go on: pulumi up --stack dev\n")
      .and.to.include("give up: pulumi config set --stack dev milvus:version 2.1.4, then pulumi up --stack dev");
  });

  it("killed in the second hop (kill -9: the command, engine and provider), after the first was finished", async () => {
    bed.faults({
      containers: [{ pod: "my-release-resume-querynode", container: "await-rollout", hold: true }],
    });
    const run = start("--to", "2.4", "--yes");
    await held(run, "resume-querynode", "await-rollout");
    killAll(await processTree(run.child.pid ?? 0));
    await run.end;
    bed.faults({});
    expect(run.output()).to.include("verification: passed").and.to.include("2.2.14 → 2.3.13");
    expect(wantedNow()).to.equal("2.3.13");
  });

  it("goes on from what the cluster shows to the version asked for, with the config file still the user's", async () => {
    // The engine runs in a process of the sandbox's pulumi, which is not the one that the command has started.
    const refused = start("--to", "2.4", "--yes");
    expect(await refused.end, refused.output()).to.equal(1);
    expect(refused.output()).to.include("If you are sure that nobody is at work, add --unlock");
    const run = start("--to", "2.4", "--yes", "--unlock", "--json");
    expect(await run.end, run.output()).to.equal(0);
    const events = run
      .stdout()
      .trimEnd()
      .split("\n")
      .map((line) => EVENT.parse(JSON.parse(line)));
    const ends = events.flatMap((event) =>
      event.event === "hopEnded" || event.event === "ended" ? [event.result] : [],
    );
    expect(ends).to.deep.equal(["done", "done", "arrived"]);
    const steps = events.flatMap((event) => (event.event === "stepEnded" ? [`${event.step} ${event.result}`] : []));
    expect(steps).to.include("resume querynode done").and.to.include("release done");
    expect(run.output()).to.include("begun already").and.to.include("arrived: Milvus 2.4.16, 2 runs");
    expect(
      problems(await bed.observe(), { version: "2.4.16", metadata: { before: original, format: "2.2" } }),
    ).to.deep.equal([]);
    expect(wantedNow()).to.equal("2.4");
    expect(readFileSync(configFile(), "utf8")).to.match(new RegExp(`^${COMMENT}`));
  });

  it("has nothing to do the next time", async () => {
    const before = await bed.fingerprint();
    const run = start("--to", "2.4", "--yes");
    expect(await run.end, run.output()).to.equal(0);
    expect(run.output()).to.include("nothing was to be done");
    expect(await bed.fingerprint()).to.equal(before);
  });
});
