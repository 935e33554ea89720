import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";
import { tryRun } from "../../sandbox/run";
import { findShellcheck } from "./support/shellcheck";

describe("components/scripts", function () {
  this.timeout(180_000);

  it("pass shellcheck as POSIX sh", async function () {
    const shellcheck = await findShellcheck();
    if (shellcheck === undefined) {
      process.stderr.write(
        "      SKIPPED: shellcheck is not on PATH and could not be had from PyPI (needs python3 with pip); install it to check the scripts\n",
      );
      this.skip();
    }
    const folder = path.join(projectFolder, "components/scripts");
    const scripts = (await readdir(folder)).filter((name) => name.endsWith(".sh"));
    expect(scripts).to.include("metadata.sh");
    const { exitCode, stdout } = await tryRun(shellcheck, ["--shell=sh", "--severity=style", ...scripts], {
      cwd: folder,
      timeoutSeconds: 60,
    });
    expect(exitCode, stdout).to.equal(0);
  });
});
