import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";
import { COMPILE_FLAGS, goEnvironment } from "../../sandbox/goBuild";
import { tryRun } from "../../sandbox/run";
import { findProgram } from "./support/tools";

describe("sandbox/stand-ins", function () {
  this.timeout(300_000);

  it("pass their own tests and go vet", async function () {
    const go = findProgram("go");
    if (go === undefined) {
      process.stderr.write("      SKIPPED: Go is not on PATH\n");
      this.skip();
    }
    for (const command of ["vet", "test"]) {
      const { exitCode, stdout, stderr } = await tryRun(go, [command, ...COMPILE_FLAGS, "./..."], {
        cwd: path.join(projectFolder, "sandbox/stand-ins"),
        env: goEnvironment(),
        timeoutSeconds: 240,
      });
      expect(exitCode, `go ${command}\n${stdout}${stderr}`).to.equal(0);
    }
  });
});
