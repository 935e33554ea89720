import { createRequire } from "node:module";
import { Command } from "commander";
import { historyLines } from "../format/history";
import { asJson } from "../format/json";
import { findProject } from "../pulumi/project";

interface Flags {
  readonly stack?: string;
  readonly cwd: string;
  readonly json?: boolean;
}

/** `history`: the receipts that the cluster keeps. */
export function historyCommand(): Command {
  return new Command("history")
    .description("the last upgrades of a stack's release, from the receipts that are kept in the cluster")
    .option("-s, --stack <name>", "stack; default: the only one, else the one that is selected")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .option("--json", "print the receipts as JSON, the oldest first (docs/receipt.schema.json)")
    .action(async ({ stack: name, cwd, json = false }: Flags) => {
      const load = createRequire(__filename);
      const { loadStackConfig } = load("../pulumi/stackConfig") as typeof import("../pulumi/stackConfig");
      const { connect } = load("../../cluster/api/client") as typeof import("../../cluster/api/client");
      const { readReceipts } = load("../../cluster/kept/receipts") as typeof import("../../cluster/kept/receipts");
      const { chosenStack } = load("../pulumi/selectedStack") as typeof import("../pulumi/selectedStack");
      const project = findProject(cwd);
      const { stack, file } = await chosenStack(project, name);
      process.chdir(project.folder);
      const { config } = await loadStackConfig(project, { stack, file });
      const { releaseName, namespace } = config.wanted;
      const receipts = await readReceipts(connect(config.access), { releaseName, namespace });
      const text = json ? asJson(receipts) : historyLines(`${namespace}/${releaseName}`, stack, receipts).join("\n");
      process.stdout.write(`${text}\n`);
    });
}
