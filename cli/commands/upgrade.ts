import { Command, InvalidArgumentError, Option } from "commander";
import { connect } from "../../cluster/api/client";
import { withStackFlag } from "../../config/stackFlag";
import { livingRun } from "../../run/lock";
import type { RunEvent, WalkEvent } from "../../upgrade/progress/events";
import { forecastWay } from "../../upgrade/walk/nextMove";
import { onOneLine } from "../../upgrade/words/visible";
import { DEFAULT_LIMITS } from "../fleet/fleetReport";
import { asJson } from "../format/json";
import { asText } from "../format/text";
import { wayLines } from "../format/way";
import { makePlan } from "../plan/plan";
import { findProject, UsageError } from "../pulumi/project";
import { checkSecrets } from "../pulumi/secrets";
import { chosenStack } from "../pulumi/selectedStack";
import { loadStackConfig } from "../pulumi/stackConfig";
import { eventLines } from "../walk/runEvents";
import { INTERRUPTED, readState, type UpgradeRequest, upgrade } from "../walk/upgrade";
import type { Walked } from "../walk/walk";
import { type WayReport, wayReport } from "../walk/wayReport";
import { type FleetFlags, upgradeFleet } from "./upgradeFleet";

interface UpgradeFlags {
  readonly stack?: string;
  readonly stacks?: readonly string[];
  readonly canary?: number;
  readonly maxParallel?: number;
  readonly maxFailures?: number;
  readonly report?: readonly string[];
  readonly logs?: string;
  readonly cwd: string;
  readonly to?: string;
  readonly format: "text" | "json";
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly unlock?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** `upgrade`: every hop to a version, one `pulumi up` after the other. */
export function upgradeCommand(): Command {
  return new Command("upgrade")
    .description(
      "walk every hop up to a version: set milvus:version, run `pulumi up`, wait for its verification, go on",
    )
    .option("-s, --stack <name>", "stack; default: the only one, else the one that is selected")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .option("--to <version>", "the Milvus version to arrive at; default: milvus:version")
    .addOption(
      new Option("-f, --format <format>", "how the way is printed; with json all else goes to stderr")
        .choices(["text", "json"])
        .default("text"),
    )
    .option("--dry-run", "show the way and the plan of the first hop, and stop there")
    .option("-y, --yes", "do not ask before each hop")
    .option("--json", "print events as they come, one line of JSON each; all else goes to stderr (docs/upgrading.md)")
    .option("--verbose", "show pulumi's own display instead of the steps")
    .option(
      "--unlock",
      "take away the lock of a run that was killed (pulumi cancel), when you are sure that it is dead",
    )
    .addOption(
      new Option(
        "--stacks <patterns...>",
        "many stacks: 'prod-*' takes those whose names match, '!prod-x' leaves out; in the order of the patterns",
      ).conflicts("stack"),
    )
    .option(
      "--canary <count>",
      "with --stacks: so many go first, and have to be well before any other begins (1)",
      whole(0),
    )
    .option("--max-parallel <count>", "with --stacks: so many at once (4)", whole(1))
    .option("--max-failures <count>", "with --stacks: once so many have failed, no other one is begun (1)", whole(1))
    .option("--report <files...>", "with --stacks: write what became of each stack, as FILE.md or FILE.json")
    .option("--logs <folder>", "with --stacks: keep what each stack says there; default: a new temporary folder")
    .addHelpText(
      "after",
      "\nRun again, it goes on from what the cluster shows. Exit codes: 0 arrived (all stacks), 2 --dry-run and there are hops, 130 interrupted, 1 anything else.",
    )
    .action(async (flags: UpgradeFlags) => {
      if (flags.stacks !== undefined) return upgradeFleet(fleetFlags(flags, flags.stacks));
      refuseFleetFlags(flags);
      const project = findProject(flags.cwd);
      const { stack, file } = await chosenStack(project, flags.stack);
      process.chdir(project.folder);
      const settings = await loadStackConfig(project, { stack, file }, flags.to);
      const { wanted } = settings.config;
      const [state] = await Promise.all([
        readState(settings.config),
        flags.dryRun === true ? undefined : checkSecrets(project, { stack, file }),
      ]);
      if (state.release === undefined) {
        throw new UsageError(
          `There is no Helm release ${wanted.releaseName} in namespace ${wanted.namespace} to upgrade. See which there are: helm list -A. To install one: pulumi up`,
        );
      }
      const forecast = forecastWay(wanted, state);
      const way = wayReport(stack, wanted, forecast);
      const hasEvents = flags.json === true;
      const isJson = flags.format === "json" || hasEvents;
      const say = (line: string) =>
        void (isJson ? process.stderr : process.stdout).write(`${withStackFlag(line, flags.stack)}\n`);
      // The warnings of a hop stand in its plan, which is shown when its turn comes: of the first one below.
      const isLater = (index: number) => flags.dryRun === true && index > 0;
      const shown = {
        ...way,
        hops: way.hops.map((hop, index) => (isLater(index) ? hop : { ...hop, warnings: [] })),
      };
      for (const line of wayLines(shown)) say(line);

      const { hops, end } = forecast;
      const [first] = hops;
      // In the middle of somebody's run nothing is refused: the walk waits for its end, and then looks again.
      const isOthers =
        end.kind === "refused" &&
        first === undefined &&
        (await livingRun(connect(settings.config.access), settings.config, say)) !== undefined;
      if (flags.dryRun === true || (end.kind === "refused" && !isOthers)) {
        if (first !== undefined && flags.dryRun === true) {
          const { config } = settings;
          const next = { ...settings, config: { ...config, wanted: { ...wanted, version: first.request } } };
          const plan = await makePlan({ project, stack, settings: next, withManifests: false, withImages: false });
          say(`\nThe plan of ${hops.length === 1 ? "this" : "the first"} hop:\n${asText(plan)}`);
        }
        if (end.kind === "refused" && first !== undefined) {
          const last = hops.at(-1)?.plan.to ?? "";
          say(
            `Nothing was begun: no way leads to ${wanted.version}. The last version that can be reached: --to ${last}`,
          );
        }
        if (flags.format === "json") printJson(way);
        process.exitCode = end.kind === "refused" ? 1 : first === undefined ? 0 : 2;
        return;
      }
      if (first !== undefined && flags.yes !== true && !process.stdin.isTTY) {
        throw new UsageError(
          "There is no terminal to ask before each hop: --yes runs them without asking, --dry-run shows them.",
        );
      }
      const request: UpgradeRequest = {
        project,
        stack,
        file,
        settings,
        yes: flags.yes === true,
        unlock: flags.unlock === true,
        ...(flags.cwd !== "." && { folder: flags.cwd }),
        say,
        output: flags.verbose !== true ? "kept" : isJson ? 2 : 1,
        hear(event, shown) {
          if (hasEvents) printEvent(event);
          if (flags.verbose !== true) for (const line of eventLines(event, shown)) say(line);
        },
        tell(event) {
          if (hasEvents) printEvent({ time: new Date().toISOString(), ...event });
        },
      };
      const walked = await upgrade(request);
      request.tell({ event: "ended", result: walked.end.kind, done: walked.done });
      if (flags.format === "json") printJson({ ...way, ...walked });
      process.exitCode = exitCodeOf(walked);
    });
}

function printEvent(event: RunEvent | WalkEvent): void {
  process.stdout.write(`${JSON.stringify(onOneLine(event))}\n`);
}

function fleetFlags(flags: UpgradeFlags, patterns: readonly string[]): FleetFlags {
  const { cwd, to, format, report = [], logs } = flags;
  return {
    request: {
      patterns,
      ...(to !== undefined && { to }),
      limits: {
        canary: flags.canary ?? DEFAULT_LIMITS.canary,
        maxParallel: flags.maxParallel ?? DEFAULT_LIMITS.maxParallel,
        maxFailures: flags.maxFailures ?? DEFAULT_LIMITS.maxFailures,
      },
      ...(cwd !== "." && { folder: cwd }),
    },
    cwd,
    format,
    dryRun: flags.dryRun === true,
    yes: flags.yes === true,
    unlock: flags.unlock === true,
    reports: report,
    ...(logs !== undefined && { logs }),
  };
}

function refuseFleetFlags({ canary, maxParallel, maxFailures, report, logs }: UpgradeFlags): void {
  const given = Object.entries({
    "--canary": canary,
    "--max-parallel": maxParallel,
    "--max-failures": maxFailures,
    "--report": report,
    "--logs": logs,
  }).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new UsageError(`${given[0]} is for many stacks: name them by --stacks 'prod-*' instead of --stack.`);
}

function whole(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Give a whole number of at least ${least}.`);
  };
}

function exitCodeOf({ end }: Walked): number {
  if (end.kind === "arrived") return 0;
  return end.kind === "interrupted" ? INTERRUPTED : 1;
}

function printJson(report: WayReport | (WayReport & Walked)): void {
  process.stdout.write(`${asJson(report)}\n`);
}
