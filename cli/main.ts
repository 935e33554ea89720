/** `npm run plan`: what a run would do, for a person, a pull request or another program. */
import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import pc from "picocolors";
import { ClusterError } from "../cluster/errors";
import { ConfigError } from "../config/configError";
import { adopt } from "./adopt";
import { adoptionLines, changesNothing } from "./format/adoption";
import { asMarkdown } from "./format/markdown";
import { asText } from "./format/text";
import { makePlan } from "./plan";
import { EXIT_CODES, type PlanReport } from "./planReport";
import { findProject, stackFile, stackNames, UsageError } from "./project";
import { loadStackConfig, readLastFacts } from "./stackConfig";

const FORMATS = {
  text: asText,
  markdown: (report) => asMarkdown(report),
  json: (report) => JSON.stringify(report, null, 2),
} as const satisfies Record<string, (report: PlanReport) => string>;

interface PlanFlags {
  readonly stack?: string;
  readonly cwd: string;
  readonly to?: string;
  readonly format: keyof typeof FORMATS;
  readonly json?: boolean;
  readonly output?: string;
  readonly images?: boolean;
  readonly manifests: boolean;
  readonly offline?: boolean | string;
}

const say = (text: string) => void process.stdout.write(`${text}\n`);

const program = new Command("milvus-upgrade")
  .description("Upgrades a Helm-installed Milvus with Pulumi: commands around `pulumi preview` and `pulumi up`")
  .showHelpAfterError("(--help shows what there is)");

program
  .command("plan")
  .description("show what `pulumi up` would do, and how the rendered manifests differ; changes nothing")
  .option("-s, --stack <name>", "stack; may be left out where there is one only")
  .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
  .option("--to <version>", "plan for this Milvus version instead of milvus:version")
  .addOption(new Option("-f, --format <format>", "how to print it").choices(Object.keys(FORMATS)).default("text"))
  .option("--json", "the same as --format json")
  .option("-o, --output <file>", "write it to a file instead")
  .option("--images", "list every image that is pulled")
  .option("--no-manifests", "leave out the comparison of the manifests, which needs the Helm CLI")
  .option(
    "--offline [file]",
    "without the cluster: plan from the outputs of the last run, asked from pulumi or in a file (pulumi stack output --json)",
  )
  .addHelpText(
    "after",
    "\nExit codes: 0 nothing to do, 2 changes, 1 refused or failed. NO_COLOR=1 prints without colours.",
  )
  .action(async (flags: PlanFlags) => {
    const project = findProject(flags.cwd);
    const { stack, file } = stackFile(project, flags.stack);
    const overrides = flags.to === undefined ? {} : { "milvus:version": flags.to };
    // Chart folders and values files count from the project, as in a Pulumi run.
    process.chdir(project.folder);
    const settings = await loadStackConfig(project, { stack, file }, overrides);
    const withImages = flags.images === true;
    const { offline, manifests: withManifests } = flags;
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
      ...(lastFacts && { lastFacts }),
    });
    print(FORMATS[flags.json === true ? "json" : flags.format](report), flags.output);
    process.exitCode = EXIT_CODES[report.outcome];
  });

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

program
  .command("adopt")
  .description("write the stack config for a Milvus that runs already, and prove that nothing would change")
  .requiredOption("-r, --release <name>", "name of the Helm release")
  .requiredOption("-n, --namespace <name>", "its namespace")
  .requiredOption("-s, --stack <name>", "stack whose config is written")
  .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
  .option("--context <name>", "context of the kubeconfig, written as kubernetes:context")
  .option("--current-version <version>", "the Milvus version that runs, where image tags do not tell")
  .option("--plaintext", "do not encrypt values that look like passwords")
  .option("--force", "write over a config that has milvus:version already")
  .option("--json", "print what was written and proved as JSON")
  .addHelpText("after", "\nExit codes: 0 written, nothing would change; 2 written, not proved; 1 refused or failed.")
  .action(async ({ cwd, force = false, plaintext = false, json = false, ...flags }: AdoptFlags) => {
    const project = findProject(cwd);
    process.chdir(project.folder);
    const adoption = await adopt({ ...flags, project, force, plaintext });
    const isRefused = adoption.proof.outcome === "refused";
    const lines = isRefused ? [asText(adoption.proof), "nothing was written"] : adoptionLines(adoption);
    say(json ? JSON.stringify(adoption, null, 2) : lines.join("\n"));
    process.exitCode = isRefused ? 1 : changesNothing(adoption.proof) ? 0 : 2;
  });

program
  .command("stacks")
  .description("names of the stacks of the project, one on each line")
  .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
  .action(({ cwd }: { readonly cwd: string }) => say(stackNames(findProject(cwd)).join("\n")));

function print(text: string, file: string | undefined): void {
  if (file === undefined) say(text);
  else writeFileSync(file, `${text}\n`);
}

program.parseAsync().catch((error: unknown) => {
  const isForPeople = error instanceof UsageError || error instanceof ConfigError || error instanceof ClusterError;
  const text = error instanceof Error ? (isForPeople ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${pc.red("error:")} ${text}\n`);
  process.exitCode = 1;
});
