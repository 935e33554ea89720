import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { logFile, startStack } from "../../cli/fleet/stackProcess";
import { tsxCommand } from "../../sandbox/tsx";

const ROOT = path.join(__dirname, "..", "..");

/** What stands in the place of the command: tells its arguments, and ends by a report, at once or when it is interrupted. */
const SCRIPT = `
const say = (text) => process.stderr.write(text + "\\n");
say("arguments: " + process.argv.slice(2).join(" "));
say("colours: " + [process.env.NO_COLOR, process.env.FORCE_COLOR].join(" "));
say("Run 1 of 2: Helm upgrade");
const end = (end) => process.stdout.write(JSON.stringify({ end, done: [] }), () => process.exit(0));
if (process.argv.includes("slow")) {
  process.on("SIGINT", () => end({ kind: "interrupted" }));
  setInterval(() => undefined, 1000);
} else if (process.argv.includes("orphan")) {
  setTimeout(() => {
    say("still here");
    end({ kind: "arrived", version: "2.6.15" });
  }, 1500);
} else if (process.argv.includes("broken")) {
  say("error: no passphrase");
  process.exit(1);
} else end({ kind: "arrived", version: "2.6.15" });
`;

describe("the process of a stack", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-stack-"));
  const script = path.join(folder, "command.js");
  const [, ownScript = ""] = process.argv;

  before(() => {
    writeFileSync(script, SCRIPT);
    process.argv[1] = script;
  });
  after(() => {
    process.argv[1] = ownScript;
  });

  function start(stack: string, to = "2.6", limitSeconds = 60) {
    const runs: string[] = [];
    const request = { cwd: folder, to, unlock: false, logs: folder };
    return { runs, ...startStack({ stack, limitSeconds }, request, (title) => void runs.push(title)) };
  }
  const log = (stack: string) => readFileSync(logFile(folder, stack), "utf8");

  it("is this very command for one stack, told not to ask; its runs are heard and its end is read", async () => {
    const { end, runs } = start("prod-a");
    expect(await end).to.deep.equal({ outcome: "arrived", version: "2.6.15", done: [], why: [] });
    expect(runs).to.deep.equal(["run 1 of 2: Helm upgrade"]);
    expect(log("prod-a"))
      .to.include(`arguments: upgrade --stack prod-a --cwd ${folder} --yes --format json --to 2.6`)
      .and.to.include("colours: 1 \n");
  });

  it("keeps what it says for its owner alone, and adds to what was there", async () => {
    await start("acme/prod-b").end;
    await start("acme/prod-b").end;
    expect(log("acme/prod-b").match(/arguments:/g)).to.have.length(2);
    expect(statSync(logFile(folder, "acme/prod-b")).mode & 0o777).to.equal(0o600);
  });

  it("that cannot begin fails with its reason, and not with that of an earlier fleet", async () => {
    expect((await start("prod-c", "broken").end).why).to.deep.equal(["no passphrase"]);
    expect((await start("prod-c").end).outcome).to.equal("arrived");
  });

  it("is interrupted as a person interrupts it", async () => {
    const work = start("prod-d", "slow");
    while (work.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    work.interrupt();
    expect((await work.end).outcome).to.equal("interrupted");
  });

  it("is interrupted when it does not end in time", async () => {
    const { end } = start("prod-e", "slow", 3);
    expect(await end).to.deep.include({ outcome: "failed" });
    expect((await end).why.join()).to.include("within the limits of its steps");
  });

  it("goes on to its end when the command that has started it is killed (kill -9)", async () => {
    const parent = path.join(folder, "parent.js");
    const request = JSON.stringify({ cwd: folder, to: "orphan", unlock: false, logs: folder });
    writeFileSync(
      parent,
      `const { startStack } = require(${JSON.stringify(path.join(ROOT, "cli", "fleet", "stackProcess.ts"))});
       process.argv[1] = ${JSON.stringify(script)};
       startStack({ stack: "prod-f", limitSeconds: 60 }, ${request}, () => process.kill(process.pid, "SIGKILL"));`,
    );
    const [node, words] = tsxCommand(parent);
    const child = spawn(node, words, { cwd: folder, stdio: "ignore" });
    const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    expect(signal).to.equal("SIGKILL");
    expect(log("prod-f")).not.to.include("still here");
    while (!log("prod-f").includes("still here")) await new Promise((resolve) => setTimeout(resolve, 100));
  });
});
