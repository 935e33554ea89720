import { readdirSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";
import { tryRun } from "../../sandbox/run";
import { ensureTools } from "../../sandbox/tools";
import { findShellcheck } from "./support/shellcheck";

const folders = [projectFolder, path.join(projectFolder, "template")].map((folder) =>
  path.join(folder, ".github", "workflows"),
);

describe("the workflows of .github, here and in the template", function () {
  this.timeout(900_000);

  it("pass actionlint, and their scripts shellcheck", async function () {
    const log = (line: string) => void process.stdout.write(`      ${line}\n`);
    const tools = await ensureTools({ only: ["actionlint"], log }).catch((error: unknown) => String(error));
    if (typeof tools === "string") {
      process.stderr.write(`      SKIPPED: the workflows are not checked: ${tools}\n`);
      this.skip();
    }
    const shellcheck = await findShellcheck();
    if (shellcheck === undefined) {
      process.stderr.write(
        "      WITHOUT SHELLCHECK: it is neither on PATH nor to be had from PyPI; the scripts are not checked\n",
      );
    }
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
    expect(files).to.include.members(folders.map((folder) => path.join(folder, "milvus.yml")));
    const { exitCode, stdout, stderr } = await tryRun(
      tools.actionlint,
      ["-no-color", `-shellcheck=${shellcheck ?? ""}`, "-pyflakes=", ...files],
      { cwd: projectFolder, timeoutSeconds: 120 },
    );
    expect(exitCode, stdout + stderr).to.equal(0);
  });
});
