import { Command } from "commander";
import pc from "picocolors";
import { findProject, stackFile } from "./project";
import { loadStackConfig } from "./stackConfig";
import { type VerifyFlags, verifyByHand } from "./verify";

interface Flags extends VerifyFlags {
  readonly stack?: string;
  readonly cwd: string;
}

/** `npm run verify`. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("look at what runs as `up` does at its end: the health, and the data against an open snapshot")
    .option("-s, --stack <name>", "stack; may be left out where there is one only")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .option("--reload", "release and load again what is loaded and does not answer; its searches fail meanwhile")
    .option("--accept", "pass what was found wrong, as it is, so that the next upgrade is let through")
    .addHelpText("after", "\nExit codes: 0 passed, 1 failed.")
    .action(async ({ stack: name, cwd, ...flags }: Flags) => {
      const project = findProject(cwd);
      const { stack, file } = stackFile(project, name);
      process.chdir(project.folder);
      const { config } = await loadStackConfig(project, { stack, file });
      const { passed, text } = await verifyByHand(config, flags, (line) => void process.stderr.write(`${line}\n`));
      process.stdout.write(`${passed ? `${pc.green("verification")} ${text}` : text}\n`);
      process.exitCode = passed ? 0 : 1;
    });
}
