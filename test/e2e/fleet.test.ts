import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import type { FleetReport } from "../../cli/fleet/model";
import { installMilvus } from "../../sandbox/milvusRelease";
import { killAll, processTree } from "../../sandbox/processTree";
import { tsxCommand } from "../../sandbox/tsx";
import { startTestBed, type TestBed, until } from "./support/testBed";

const STACKS = ["prod-a", "prod-b", "prod-c"] as const;
const [NOW, NEXT] = ["2.4.16", "2.4.17"] as const;

/** Small, and each with its own part of the sandbox's one etcd. */
function valuesOf(stack: string) {
  return {
    cluster: { enabled: false },
    pulsar: { enabled: false },
    etcd: { replicaCount: 1 },
    minio: { replicas: 1 },
    extraConfigFiles: { "user.yaml": `etcd:\n  rootPath: ${stack}\n` },
  };
}

interface Run {
  readonly child: ChildProcess;
  readonly end: Promise<number | null>;
  output(): string;
  report(): FleetReport;
}

describe("a fleet of three stacks of one project", () => {
  let bed: TestBed;
  /** With the project and its state in it. */
  let home: string;

  before(async () => {
    bed = await startTestBed();
    home = mkdtempSync(path.join(tmpdir(), "milvus-fleet-test-"));
    await Promise.all(
      STACKS.map((stack) =>
        installMilvus(bed.sandbox, { name: "my-release", namespace: stack }, path.join(bed.charts, "milvus-4.2.20"), {
          ...valuesOf(stack),
          image: { all: { tag: `v${NOW}` } },
        }),
      ),
    );
    for (const stack of STACKS) {
      await bed.stack(
        {
          "milvus:namespace": stack,
          "milvus:values": valuesOf(stack),
          "milvus:version": NOW,
          "milvus:verify": "health",
          "milvus:timeouts": { settle: "1s", pending: "5s", release: "10s" },
        },
        stack,
        home,
      );
    }
  });
  after(() => bed.stop());

  const versionOf = async (stack: string) =>
    (
      await bed.sandbox.kubectl([
        "get",
        "deployment",
        "my-release-milvus-standalone",
        `--namespace=${stack}`,
        "--output=jsonpath={.spec.template.spec.containers[0].image}",
      ])
    ).replace(/^.*:v/, "");
  const versions = () => Promise.all(STACKS.map(versionOf));
  const configOf = (stack: string, folder = home) =>
    (
      parse(readFileSync(path.join(folder, "project", `Pulumi.${stack}.yaml`), "utf8")) as {
        config: Record<string, string>;
      }
    ).config["milvus:version"];

  function start(to: string, flags: readonly string[], folder = home): Run {
    const [command, script] = tsxCommand(path.join(__dirname, "..", "..", "cli", "main.ts"), [
      "upgrade",
      "--stacks",
      "prod-*",
      "--to",
      to,
      "--format",
      "json",
      ...flags,
    ]);
    const child = spawn(command, script, {
      cwd: path.join(folder, "project"),
      env: { ...bed.sandbox.env, NO_COLOR: "1", XDG_STATE_HOME: path.join(folder, "own") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, all] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      all += chunk.toString();
    });
    const end = once(child, "close").then(([code]) => code as number | null);
    return { child, end, output: () => all, report: () => JSON.parse(stdout) as FleetReport };
  }
  const outcomes = ({ stacks }: FleetReport) => stacks.map(({ stack, outcome }) => `${stack} ${outcome}`);

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

    const elsewhere = mkdtempSync(path.join(tmpdir(), "milvus-fleet-test-"));
    cpSync(home, elsewhere, { recursive: true, verbatimSymlinks: true });
    const again = start(NEXT, ["--yes", "--unlock"], elsewhere);
    expect(await again.end, again.output()).to.equal(0);
    expect(outcomes(again.report())).to.deep.equal(["prod-a nothing to do", "prod-b arrived", "prod-c arrived"]);
    expect([await versions(), configOf("prod-c", elsewhere)]).to.deep.equal([[NEXT, NEXT, NEXT], NEXT]);
  });
});
