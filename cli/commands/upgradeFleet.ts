import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Board } from "../fleet/board";
import { chooseStacks } from "../fleet/choose";
import { fleetCommand, fleetReport } from "../fleet/fleetReport";
import { beforehand, FleetRun } from "../fleet/fleetRun";
import { whileListening } from "../fleet/interrupts";
import { readMatrix } from "../fleet/matrix";
import type { FleetReport, FleetRequest, Outlook, Progress } from "../fleet/model";
import { logFile, startStack } from "../fleet/stackProcess";
import { matrixLines, resultLines, titleOf } from "../format/fleet";
import { asFleetMarkdown } from "../format/fleetMarkdown";
import { asJson } from "../format/json";
import { findProject, type Project, stackNames, UsageError } from "../pulumi/project";
import { INTERRUPTED, question } from "../walk/upgrade";

export interface FleetFlags {
  readonly request: FleetRequest;
  readonly cwd: string;
  readonly format: "text" | "json";
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly unlock: boolean;
  /** Files for the report, by their ending `.md` or `.json`. */
  readonly reports: readonly string[];
  /** Folder for what each stack says; missing: a new one. */
  readonly logs?: string;
}

const WRITERS: Readonly<Record<string, (report: FleetReport) => string>> = {
  ".md": asFleetMarkdown,
  ".json": (report) => `${asJson(report)}\n`,
};
const SAY_MS = 10_000;
const FIRST_INTERRUPT =
  "interrupted: no other stack is begun, and pulumi ends what it has under way. Ctrl-C once more makes it stop at once; its state may then not know all that it did.";

/** `upgrade --stacks`: many stacks, each by an `upgrade` in a process of its own. */
export async function upgradeFleet(flags: FleetFlags): Promise<void> {
  const { request } = flags;
  const project = findProject(flags.cwd);
  const stacks = chooseStacks(stackNames(project), request.patterns);
  const files = reportFiles(flags);
  const fleet: Fleet = { ...flags, project, stacks, logs: logFolder(flags), at: Date.now() };
  process.chdir(project.folder);
  const made = await upgradeAll(fleet);
  for (const { file, write } of files) writeFileSync(file, write(made));
  if (flags.format === "json") process.stdout.write(`${asJson(made)}\n`);
  process.exitCode = exitCodeOf(made);
}

interface Fleet extends Omit<FleetFlags, "logs"> {
  readonly project: Project;
  readonly stacks: readonly string[];
  readonly logs: () => string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

async function upgradeAll(fleet: Fleet): Promise<FleetReport> {
  const { request } = fleet;
  const say = (line: string) => void streamOf(fleet).write(`${line}\n`);
  const report = (members: readonly Progress[], end: "planned" | "declined" | "run", run?: FleetRun) =>
    fleetReport(request, members, {
      end,
      isInterrupted: run?.isInterrupted ?? false,
      ...(run?.halt && { halt: run.halt }),
      at: fleet.at,
      seconds: Math.round((Date.now() - fleet.at) / 1000),
      logOf: (stack) => logFile(fleet.logs(), stack),
    });
  // Until the first stack is begun nothing is under way.
  const onInterrupt = () => {
    say(`\ninterrupted: nothing was begun. To begin: ${fleetCommand(request)}`);
    process.exit(INTERRUPTED);
  };
  const { outlooks, early } = await whileListening(onInterrupt, async () => {
    const outlooks = await lookAtAll(fleet, say);
    const members = beforehand(outlooks, request.limits);
    const planned = report(members, "planned");
    for (const line of matrixLines(planned)) say(line);
    if (fleet.dryRun || planned.stopped !== undefined) {
      for (const line of ["", ...planned.next]) say(line);
      return { outlooks, early: planned };
    }
    if (members.every(({ place }) => place !== "waiting")) {
      const ended = report(members, "run");
      for (const line of ["", titleOf(ended), ...ended.next]) say(line);
      return { outlooks, early: ended };
    }
    if (await isAgreed(fleet, outlooks, say)) return { outlooks };
    say("you said no: nothing was begun");
    return { outlooks, early: report(members, "declined") };
  });
  if (early !== undefined) return early;

  const run = await goThrough(fleet, outlooks);
  const made = report(run.fleet, "run", run);
  for (const line of ["", ...resultLines(made)]) say(line);
  return made;
}

function streamOf({ format }: Fleet): NodeJS.WriteStream {
  return format === "json" ? process.stderr : process.stdout;
}

async function lookAtAll({ project, stacks, request }: Fleet, say: (line: string) => void): Promise<Outlook[]> {
  let seen = 0;
  const many = `${stacks.length} ${stacks.length === 1 ? "stack" : "stacks"}`;
  say(`looking at ${many}: ${stacks.join(", ")}`);
  const timer = setInterval(() => say(`looked at ${seen} of ${many}`), SAY_MS);
  try {
    return await readMatrix(project, stacks, {
      ...(request.to !== undefined && { to: request.to }),
      atOnce: request.limits.maxParallel,
      onSeen: () => seen++,
    });
  } finally {
    clearInterval(timer);
  }
}

async function goThrough(fleet: Fleet, outlooks: readonly Outlook[]): Promise<FleetRun> {
  const { project, unlock, request, logs } = fleet;
  const { to, limits } = request;
  const board = new Board({ stream: streamOf(fleet), maxFailures: limits.maxFailures });
  const settings = { cwd: project.folder, unlock, ...(to !== undefined && { to }) };
  const run = new FleetRun(
    outlooks,
    limits,
    (outlook, onRun) => startStack(outlook, { ...settings, logs: logs() }, onRun),
    board,
  );
  const onInterrupt = (count: number) => {
    board.say(count === 1 ? FIRST_INTERRUPT : "interrupted again: pulumi stops at once");
    run.interrupt();
  };
  board.open(run.fleet);
  try {
    await whileListening(onInterrupt, () => run.toEnd());
  } finally {
    board.close();
  }
  return run;
}

/** What nobody looks at says nothing about the stacks behind it. */
function refuseUnverifiedCanary(canaries: readonly Outlook[]): void {
  const blind = canaries.find(({ kind, isVerified }) => kind === "hops" && !isVerified);
  if (blind === undefined) return;
  throw new UsageError(
    `The canary ${blind.stack} has milvus:verify off, so nothing would say whether it is well. Nothing was begun. To have it verified: pulumi config set milvus:verify health --stack ${blind.stack}. To go without a canary: --canary 0`,
  );
}

async function isAgreed(
  { yes, request, logs }: Fleet,
  outlooks: readonly Outlook[],
  say: (line: string) => void,
): Promise<boolean> {
  const count = outlooks.filter(({ kind }) => kind === "hops").length;
  refuseUnverifiedCanary(outlooks.slice(0, request.limits.canary));
  if (!yes && !process.stdin.isTTY) {
    throw new UsageError(
      "There is no terminal to ask before the fleet begins: --yes runs it without asking, --dry-run shows it.",
    );
  }
  const what = count === 1 ? "this stack" : `these ${count} stacks`;
  const isAgreed = yes || (await question(`Upgrade ${what}? y(es), n(o): `, say)).startsWith("y");
  if (isAgreed) say(`what each stack says is in ${logs()}`);
  return isAgreed;
}

interface ReportFile {
  readonly file: string;
  readonly write: (report: FleetReport) => string;
}

/** What cannot be written is refused before anything is begun, and not after an hour. */
function reportFiles({ reports }: FleetFlags): ReportFile[] {
  return reports.map((name) => {
    const file = path.resolve(name);
    const write = WRITERS[path.extname(file)];
    if (write === undefined) throw new UsageError(`--report ${name}: its name has to end in .md or .json.`);
    try {
      appendFileSync(file, "");
    } catch (error) {
      throw new UsageError(`--report ${name} cannot be written: ${messageOf(error)}`);
    }
    return { file, write };
  });
}

function logFolder({ logs }: FleetFlags): () => string {
  let folder = logs === undefined ? undefined : path.resolve(logs);
  try {
    if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(`--logs ${logs ?? ""} cannot be made: ${messageOf(error)}`);
  }
  // Made when it is wanted: a fleet with nothing to do leaves none.
  return () => (folder ??= mkdtempSync(path.join(tmpdir(), "milvus-fleet-")));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function exitCodeOf({ end, stacks, stopped }: FleetReport): number {
  if (end === "interrupted") return INTERRUPTED;
  if (end === "done") return 0;
  const isBad = stacks.some(({ outcome }) => outcome === "refused" || outcome === "could not be opened");
  if (end !== "planned" || stopped !== undefined || isBad) return 1;
  return stacks.some(({ outcome }) => outcome === "not begun") ? 2 : 0;
}
