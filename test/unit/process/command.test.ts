import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { MissingProgram, runCommand } from "../../../process/command";

describe("another program", () => {
  const folder = mkdtempSync(join(tmpdir(), "milvus-command-"));
  after(() => rmSync(folder, { recursive: true }));
  const options = { cwd: folder, timeoutSeconds: 20 };

  before(() => {
    writeFileSync(join(folder, "echo"), '#!/bin/sh\ncat\necho "$1, $WORD" >&2\nexit 3\n');
    chmodSync(join(folder, "echo"), 0o755);
  });

  it("gets its input and its variables; how it ends is a result. A relative one is of its folder", async () => {
    expect(await runCommand("./echo", ["one"], { ...options, input: "given", env: { WORD: "two" } })).to.deep.equal({
      exitCode: 3,
      stdout: "given",
      stderr: "one, two\n",
    });
  });

  for (const program of ["/nowhere/helm", "./helm", "no-program-has-this-name"]) {
    it(`that is not there is told apart from one that fails: ${program}`, async () => {
      const error: unknown = await runCommand(program, [], options).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(MissingProgram);
      expect((error as Error).message).to.equal(`${program} is not there`);
    });
  }
});
