import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../run";
import { type Properties, text } from "./values";

let folder: string | undefined;

/** One for this process, gone with it. */
function privateFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), "kubernetes-provider-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

/**
 * The kubeconfig of one context as a private file, from the provider's config: `kubeconfig` (path or content) and
 * `context`, else KUBECONFIG and the current context.
 */
export async function resolveKubeconfig(config: Properties): Promise<string> {
  const own = privateFolder();
  const given = text(config.kubeconfig);
  let source = given;
  if (given !== undefined && !existsSync(given)) {
    source = path.join(own, "given");
    await writeFile(source, given, { mode: 0o600 });
  }
  const context = text(config.context);
  const content = await run(
    "kubectl",
    ["config", "view", "--raw", "--minify", "--flatten", ...(context === undefined ? [] : ["--context", context])],
    { env: { ...process.env, ...(source === undefined ? {} : { KUBECONFIG: source }) }, timeoutSeconds: 30 },
  );
  const file = path.join(own, "kubeconfig");
  await writeFile(file, content, { mode: 0o600 });
  return file;
}
