import { createRequire } from "node:module";
import { Command } from "commander";
import pc from "picocolors";
import { withStackFlag } from "../../config/stackFlag";
import { oneLine, severalLines } from "../../upgrade/words/visible";
import { asJson } from "../format/json";
import { findProject } from "../pulumi/project";
import type { VerifyFlags } from "../verify";

interface Flags extends VerifyFlags {
  readonly stack?: string;
  readonly cwd: string;
  readonly json?: boolean;
}

/** `npm run verify`. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("look at what runs as `up` does at its end: the health, and the data against an open snapshot")
    .option("-s, --stack <name>", "stack; default: the only one, else the one that is selected")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .option("--reload", "release and load again what is loaded and does not answer; its searches fail meanwhile")
    .option("--accept", "pass what was found wrong, as it is, so that the next upgrade is let through")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExit codes: 0 passed, 1 failed, or a failed write check is still open.")
    .action(async ({ stack: name, cwd, json = false, ...flags }: Flags) => {
      const load = createRequire(__filename);
      const { verifyByHand } = load("../verify") as typeof import("../verify");
      const { loadStackConfig } = load("../pulumi/stackConfig") as typeof import("../pulumi/stackConfig");
      const { chosenStack } = load("../pulumi/selectedStack") as typeof import("../pulumi/selectedStack");
      const project = findProject(cwd);
      const { stack, file } = await chosenStack(project, name);
      process.chdir(project.folder);
      const { config } = await loadStackConfig(project, { stack, file });
      const result = await verifyByHand(config, flags, (line) => void process.stderr.write(`${oneLine(line)}\n`));
      const { passed, text: said } = result;
      const text = withStackFlag(severalLines(said), name);
      const shown = passed ? `${pc.green("verification")} ${text}` : text;
      process.stdout.write(`${json ? asJson(result) : shown}\n`);
      process.exitCode = passed ? 0 : 1;
    });
}
