import { createRequire } from "node:module";
import { Command } from "commander";
import { adoptionLines, changesNothing } from "../format/adoption";
import { asJson } from "../format/json";
import { asText } from "../format/text";
import { findProject } from "../pulumi/project";

interface AdoptFlags {
  readonly stack: string;
  readonly release: string;
  readonly namespace: string;
  readonly cwd: string;
  readonly context?: string;
  readonly currentVersion?: string;
  readonly force?: boolean;
  readonly plaintext?: boolean;
  readonly json?: boolean;
}

/** `adopt`: the stack config of a Milvus that runs already. */
export function adoptCommand(): Command {
  return new Command("adopt")
    .description("write the stack config for a Milvus that runs already, and prove that nothing would change")
    .requiredOption("-r, --release <name>", "name of the Helm release")
    .requiredOption("-n, --namespace <name>", "its namespace")
    .requiredOption("-s, --stack <name>", "stack whose config is written")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .option("--context <name>", "context of the kubeconfig, written as kubernetes:context")
    .option("--current-version <version>", "the Milvus version that runs, where image tags do not say it")
    .option("--plaintext", "do not encrypt values that look like passwords")
    .option("--force", "overwrite a config that has milvus:version already")
    .option("--json", "print what was written and proved as JSON")
    .addHelpText("after", "\nExit codes: 0 written, nothing would change; 2 written, not proved; 1 refused or failed.")
    .action(async ({ cwd, force = false, plaintext = false, json = false, ...flags }: AdoptFlags) => {
      const { adopt } = createRequire(__filename)("../adopt/adopt") as typeof import("../adopt/adopt");
      const project = findProject(cwd);
      process.chdir(project.folder);
      const adoption = await adopt({ ...flags, project, force, plaintext });
      const isRefused = adoption.proof.outcome === "refused";
      const lines = isRefused ? [asText(adoption.proof), "nothing was written"] : adoptionLines(adoption);
      process.stdout.write(`${json ? asJson(adoption) : lines.join("\n")}\n`);
      process.exitCode = isRefused ? 1 : changesNothing(adoption.proof) ? 0 : 2;
    });
}
