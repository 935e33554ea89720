import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { stopSandboxAt } from "../../sandbox/stopSandbox";

describe("stopping a sandbox", () => {
  let root: string;
  let started: ChildProcess[];

  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), "stop-"));
    started = [];
  });
  afterEach(() => {
    for (const child of started) child.kill("SIGKILL");
    rmSync(root, { recursive: true });
  });

  /** A program that waits, under another name, with an environment that leads to a sandbox, as a run's has it. */
  function start(name: string, sandbox: string): ChildProcess {
    const program = path.join(root, name);
    if (!existsSync(program)) copyFileSync("/bin/sleep", program);
    const child = spawn(program, ["600"], {
      env: { MILVUS_PULUMI: path.join(root, sandbox, "bin/pulumi") },
      stdio: "ignore",
    });
    started.push(child);
    return child;
  }
  const isOver = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

  it("ends a provider whose engine has died, and none of another sandbox, nor what the user started", async function () {
    if (!existsSync("/proc/self/environ")) {
      process.stderr.write("      SKIPPED: without /proc the environment of a process cannot be read\n");
      this.skip();
    }
    mkdirSync(path.join(root, "demo"));
    const provider = start("pulumi-resource-kubernetes", "demo");
    const others = [start("pulumi-resource-kubernetes", "demo2"), start("editor", "demo")];
    await Promise.all(started.map((child) => new Promise((resolve) => child.once("spawn", resolve))));
    await stopSandboxAt(path.join(root, "demo"));
    while (!isOver(provider)) await sleep(10);
    expect(others.map(isOver)).to.deep.equal([false, false]);
    expect(existsSync(path.join(root, "demo"))).to.equal(false);
  });
});
