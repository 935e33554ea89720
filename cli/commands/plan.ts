import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { stripVTControlCharacters } from "node:util";
import { Command, Option } from "commander";
import { withStackFlag } from "../../config/stackFlag";
import { asJson } from "../format/json";
import { asMarkdown } from "../format/markdown";
import { asText } from "../format/text";
import { exitCodeOf, type PlanReport } from "../plan/report";
import { findProject, UsageError } from "../pulumi/project";

/** Only when the command is run. */
const load = createRequire(__filename);

const FORMATS = {
  text: asText,
  markdown: (report) => asMarkdown(report),
  json: (report) => asJson(report),
} as const satisfies Record<string, (report: PlanReport) => string>;

interface PlanFlags {
  readonly stack?: string;
  readonly cwd: string;
  readonly to?: string;
  readonly format: keyof typeof FORMATS;
  readonly json?: boolean;
  readonly output?: string;
  readonly images?: boolean;
  readonly drift?: boolean;
  readonly manifests: boolean;
  readonly offline?: boolean | string;
}

/** `plan`: what a run would do, for a person, a pull request or another program. */
export function planCommand(): Command {
  return new Command("plan")
    .description("show what `pulumi up` would do, and how the rendered manifests differ; changes nothing")
    .option("-s, --stack <name>", "stack; default: the only one, else the one that is selected")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .option("--to <version>", "plan for this Milvus version instead of milvus:version")
    .addOption(new Option("-f, --format <format>", "how to print it").choices(Object.keys(FORMATS)).default("text"))
    .option("--json", "the same as --format json")
    .option("-o, --output <file>", "write it to a file instead")
    .option("--images", "list every image that is pulled")
    .option("--drift", "compare what is in the cluster with what Helm has left there, object by object")
    .option("--no-manifests", "leave out the comparison of the manifests, which needs the Helm CLI")
    .option(
      "--offline [file]",
      "without the cluster: plan from the outputs of the last run, asked from pulumi or in a file (pulumi stack output --json)",
    )
    .addHelpText(
      "after",
      "\nExit codes: 0 nothing to do, 2 changes or drift, 1 refused or failed. NO_COLOR=1 prints without colours.",
    )
    .action(async (flags: PlanFlags) => {
      const { makePlan } = load("../plan/plan") as typeof import("../plan/plan");
      const { loadStackConfig, readLastFacts } = load(
        "../pulumi/stackConfig",
      ) as typeof import("../pulumi/stackConfig");
      const { chosenStack } = load("../pulumi/selectedStack") as typeof import("../pulumi/selectedStack");
      const project = findProject(flags.cwd);
      const { stack, file } = await chosenStack(project, flags.stack);
      // Chart folders and values files count from the project, as in a Pulumi run.
      process.chdir(project.folder);
      const settings = await loadStackConfig(project, { stack, file }, flags.to);
      const withImages = flags.images === true;
      const { offline, manifests: withManifests } = flags;
      if (offline !== undefined && flags.drift === true) {
        throw new UsageError("--drift looks into the cluster, and --offline does not: one of them only.");
      }
      const lastFacts =
        offline === undefined
          ? undefined
          : await readLastFacts(project, stack, typeof offline === "string" ? offline : undefined);
      const report = await makePlan({
        project,
        stack,
        settings,
        withManifests,
        withImages,
        withDrift: flags.drift === true,
        ...(lastFacts && { lastFacts }),
      });
      const format = flags.json === true ? "json" : flags.format;
      const printed = FORMATS[format](report);
      print(format === "json" ? printed : withStackFlag(printed, flags.stack), flags.output);
      process.exitCode = exitCodeOf(report);
    });
}

function print(text: string, file: string | undefined): void {
  if (file === undefined) process.stdout.write(`${text}\n`);
  else writeFileSync(file, `${stripVTControlCharacters(text)}\n`);
}
