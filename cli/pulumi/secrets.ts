import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pulumiFailure } from "./failure";
import type { Project } from "./project";
import { runPulumi } from "./stackConfig";

/**
 * Has Pulumi encrypt a word with the secrets of a stack, in a copy of its config file: a wrong passphrase, a missing login or
 * stack, which `pulumi up` would find only once milvus:version is written.
 *
 * @throws UsageError with what to type
 */
export async function checkSecrets(
  project: Project,
  { stack, file }: { readonly stack: string; readonly file: string },
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-upgrade-"));
  try {
    const copy = path.join(folder, path.basename(file));
    copyFileSync(file, copy);
    const args = ["config", "set", "milvus:probe", "--secret", "--stack", stack, "--config-file", copy];
    const { exitCode, stderr } = await runPulumi(project, [...args, "--non-interactive"], "it runs the hops", "probe");
    if (exitCode === 0) return;
    throw pulumiFailure(`Pulumi cannot open the stack ${stack}. Nothing was begun or written`, stderr, stack);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
