import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { interruptRun, sandboxCommand } from "../../../sandbox/command";
import { EngineFailure } from "../../../sandbox/engine";
import { isRefusal } from "../../../sandbox/refusal";
import { OnceEach } from "../../../sandbox/repeats";
import type { Diagnostic, EngineReport } from "../../../sandbox/report";
import { untilExit } from "../../../sandbox/untilExit";

describe("the command line of the sandbox", () => {
  for (const command of sandboxCommand().commands) {
    it(`${command.name()} says what it is for, and so does each of its flags`, () => {
      expect(command.description().length).to.be.greaterThan(10);
      expect(command.options.filter(({ description }) => description === "").map(({ long }) => long)).to.deep.equal([]);
    });
  }

  it("has no run to interrupt where none is under way, so that Ctrl-C ends the command", () => {
    expect(interruptRun(true)).to.equal(false);
    expect(interruptRun(false)).to.equal(false);
  });

  for (const { error, refusal } of [
    { error: new Error("no sandbox is up"), refusal: true },
    { error: new EngineFailure(report([])), refusal: true },
    { error: new TypeError("undefined is not a function"), refusal: false },
    { error: new RangeError("Invalid array length"), refusal: false },
  ]) {
    it(`"${error.message.split("\n")[0] ?? ""}" is told ${refusal ? "without" : "with"} a stack trace`, () => {
      expect(isRefusal(error)).to.equal(refusal);
    });
  }

  it("does not repeat the errors that the engine has printed, and has those that it has not", () => {
    expect(new EngineFailure(report([{ severity: "error", message: "refused" }])).isShown).to.equal(true);
    const early = new EngineFailure(report([], "stderr: error: the stack is currently locked\n"));
    expect(early.isShown).to.equal(false);
    expect(early.message).to.include("the stack is currently locked");
  });
});

describe("the display of an inline program", () => {
  const shown = (...parts: readonly string[]): string => {
    let text = "";
    const display = new OnceEach((more) => {
      text += more;
    });
    for (const part of parts) display.add(part);
    display.end();
    return text;
  };
  const row = " +  pulumi:pulumi:Stack milvus-dev create error: refused\n";
  const message = "    error: refused\n      - version: banana\n    what to do: this\n";

  it("has a refusal once, which the engine is told twice", () => {
    const all = `Previewing\n\n\n${row}${row}Diagnostics:\n  pulumi:pulumi:Stack (milvus-dev):\n${message}${message}\nResources:\n    + 1 to create\n`;
    const once = `Previewing\n\n\n${row}Diagnostics:\n  pulumi:pulumi:Stack (milvus-dev):\n${message}\nResources:\n    + 1 to create\n`;
    expect(shown(all)).to.equal(once);
    expect(shown(...Array.from(all))).to.equal(once);
  });

  it("has it of the resource alone, and not of the stack as well", () => {
    const all = `Diagnostics:\n  x (db):\n${message}\n  stack (dev):\n    warning: old\n${message}\n  y (z):\n${message}\nResources:\n`;
    expect(shown(all)).to.equal(
      `Diagnostics:\n  x (db):\n${message}\n  stack (dev):\n    warning: old\n\n\nResources:\n`,
    );
  });

  it("has everything else as it is", () => {
    const other = message.replace("banana", "cherry");
    for (const all of [
      `a\n\nDiagnostics:\n  x:\n${message}${other}\n  y:\n    warning: w\n    warning: w\n\nOutputs:\n    a: 1\n    a: 1\n`,
      "no line end",
      "",
    ]) {
      expect(shown(all)).to.equal(all);
    }
  });
});

describe("files of the sandbox's commands", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sandbox-exit-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "part");
  const listeners = () => process.listeners("exit");

  it("go with the work, and with the process that ends in the middle of it", async () => {
    const before = listeners();
    let isDone = (): void => undefined;
    const work = untilExit(file, () => new Promise<void>((resolve) => (isDone = resolve)));
    writeFileSync(file, "");
    const [onExit] = listeners().filter((listener) => !before.includes(listener));
    expect(onExit).to.not.equal(undefined);
    onExit?.(130);
    expect(existsSync(file), "the process has ended").to.equal(false);
    writeFileSync(file, "");
    isDone();
    await work;
    expect(existsSync(file), "the work is done").to.equal(false);
    expect(listeners()).to.deep.equal(before);
  });
});

function report(diagnostics: readonly Diagnostic[], output = ""): EngineReport {
  return { operation: "preview", succeeded: false, steps: [], diagnostics, seconds: 1, output };
}
