import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { connect } from "../../cluster/api/client";
import { readCluster } from "../../cluster/state/readCluster";
import { parseYaml } from "../../config/helmValues";
import type { Config } from "../../config/schema";
import { livingRun } from "../../run/lock";
import type { ClusterState, Wanted } from "../../upgrade/model";
import { duration } from "../../upgrade/plan/interruption";
import { SILENT_SECONDS } from "../../upgrade/plan/pendingRelease";
import type { WalkEvent } from "../../upgrade/progress/events";
import { configLine } from "../../upgrade/refusal";
import { describeOpen, GIVE_UP } from "../../upgrade/words/openUpgrade";
import { describeStanding } from "../../upgrade/words/standing";
import { oneLine, severalLines } from "../../upgrade/words/visible";
import { asText, refusalLines } from "../format/text";
import { goOn, heading } from "../format/way";
import { makePlan } from "../plan/plan";
import { pulumiFailure } from "../pulumi/failure";
import { asTree, type Project } from "../pulumi/project";
import { runPulumi, type StackConfig, underFullKeys } from "../pulumi/stackConfig";
import { type PulumiUpRequest, pulumiUp } from "../pulumi/up";
import { type UpEnd, type Walked, type Walker, walk } from "./walk";

export interface UpgradeRequest extends PulumiUpRequest {
  /** The stack's config file. */
  readonly file: string;
  /** Do not ask before each hop. */
  readonly yes: boolean;
  /** Told of each hop as it begins and ends. */
  readonly tell: (event: WalkTold) => void;
  /** As the user gave it, for the command that goes on. */
  readonly folder?: string;
}

export type WalkTold = WalkEvent extends infer Event ? (Event extends unknown ? Omit<Event, "time"> : never) : never;

export const INTERRUPTED = 130;

/** Walks to the version asked for, and says where things stand when it ends before. */
export async function upgrade(request: UpgradeRequest): Promise<Walked> {
  const { settings, say } = request;
  const { wanted, approvedPlan, settings: jobs } = settings.config;
  const run = { isUnderWay: false };
  const stopWatching = watchInterrupts(request, run);
  try {
    const waitSeconds = (wanted.pendingSilentSeconds ?? SILENT_SECONDS) + jobs.timeouts.release;
    const options = { waitSeconds, ...(approvedPlan !== undefined && { approvedPlan }) };
    const walked = await walk(wanted, options, walkerOf(request, run));
    for (const line of await endLines(request, walked)) say(line);
    return walked;
  } finally {
    stopWatching();
  }
}

export function readState({ access, wanted }: Config): Promise<ClusterState> {
  const { releaseName, namespace } = wanted;
  return readCluster(connect(access), { releaseName, namespace });
}

/** While pulumi runs, the interrupt is passed to it; in between nothing is under way, and the walk just ends. */
function watchInterrupts({ say, ...request }: UpgradeRequest, run: { isUnderWay: boolean }): () => void {
  const onInterrupt = () => {
    if (run.isUnderWay) return;
    say(`\ninterrupted between two runs: nothing is under way. Go on: ${goOnOf(request)}`);
    process.exit(INTERRUPTED);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onInterrupt);
  return () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, onInterrupt);
  };
}

function walkerOf(request: UpgradeRequest, run: { isUnderWay: boolean }): Walker {
  const { project, stack, file, settings, say } = request;
  let all = request.yes;
  const client = connect(settings.config.access);
  return {
    look: () => readState(settings.config),
    otherRun: () => livingRun(client, settings.config, () => undefined),
    plan: (version, state) =>
      makePlan({
        project,
        stack,
        state,
        settings: withVersion(settings, version),
        withManifests: false,
        withImages: false,
      }),
    show({ move, report, number, total }) {
      const title = move.kind === "verify" ? `verification of Milvus ${move.request}` : (report.plan?.title ?? "");
      say(`\n${pc.bold(heading({ number, total }, title))}`);
      if (move.kind === "verify") say(`what was wrong: ${oneLine(move.summary)}`);
      say(asText(report));
    },
    async ask() {
      if (all) return true;
      for (;;) {
        const answer = await question(`${pc.bold("Run it?")} y(es), n(o, also Enter), a(ll that follow): `, say);
        all = answer.startsWith("a");
        if (all || answer === "" || /^[yn]/.test(answer)) return all || answer.startsWith("y");
        say("That is none of the answers. Type y, n or a; nothing is begun before.");
      }
    },
    async setVersion(version) {
      if (writtenVersion(file, project) === version) return;
      say(pc.dim(configLine("version", version)));
      const args = ["config", "set", "milvus:version", version, "--stack", stack, "--non-interactive"];
      const { exitCode, stderr } = await runPulumi(project, args, "it writes the stack config");
      if (exitCode !== 0) {
        throw pulumiFailure("pulumi config set milvus:version failed, nothing was changed", stderr, stack);
      }
    },
    async up(next) {
      run.isUnderWay = true;
      const { move, report, number, total } = next;
      const title = report.plan?.title ?? `verification of Milvus ${move.request}`;
      const hop = { title, number, of: Math.max(total, number) };
      const started = Date.now();
      request.tell({ event: "hopStarted", ...hop });
      let end: UpEnd = { kind: "failed", why: "" };
      try {
        // Where nobody was asked nobody has agreed to this very plan: the run makes it from what it finds, as pulumi up does.
        end = await pulumiUp(request, next, all ? undefined : next.report.plan?.hash);
        return end;
      } finally {
        const seconds = Math.round((Date.now() - started) / 100) / 10;
        request.tell({ event: "hopEnded", ...hop, seconds, result: end.kind });
        if (end.kind === "done") say(`${pc.green("done")}: ${title} ${tookInAll(seconds)}`);
        run.isUnderWay = false;
      }
    },
    say,
    sleep: (seconds) => sleep(seconds * 1000),
  };
}

/** The one total of a run: what its user has waited for. */
function tookInAll(seconds: number): string {
  return `in ${duration(Math.round(seconds))}, pulls and verification included`;
}

function withVersion(settings: StackConfig, version: string): StackConfig {
  const { config } = settings;
  return { ...settings, config: { ...config, wanted: { ...config.wanted, version } } };
}

/** milvus:version as it stands in the config file. */
export function writtenVersion(file: string, project: Project): string | undefined {
  const { config } = asTree(parseYaml(readFileSync(file, "utf8")));
  const { "milvus:version": version } = underFullKeys(config, project);
  return typeof version === "string" || typeof version === "number" ? String(version) : undefined;
}

/** Asks on the terminal; empty where it was closed. */
export async function question(text: string, say: (line: string) => void): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  reader.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const closed = new Promise<string>((resolve) => reader.once("close", () => resolve("")));
  try {
    return (await Promise.race([reader.question(text), closed])).trim().toLowerCase();
  } finally {
    reader.close();
    say("");
  }
}

function goOnOf({ stack, settings, folder }: Pick<UpgradeRequest, "stack" | "settings" | "folder">): string {
  return goOn(stack, settings.config.wanted.version, folder);
}

async function endLines(request: UpgradeRequest, { end, done, waitedFor }: Walked): Promise<string[]> {
  const { project, settings, stack, file } = request;
  const { wanted } = settings.config;
  if (end.kind === "arrived") {
    const none = waitedFor === undefined ? "nothing was to be done" : `by another run (${oneLine(waitedFor)})`;
    const count = done.length === 0 ? none : `${done.length} ${done.length === 1 ? "run" : "runs"}`;
    return [`\n${pc.green("arrived")}: Milvus ${end.version}, ${count}; milvus:version is ${wanted.version}`];
  }
  const reason = {
    refused: () => (end.kind === "refused" ? refusalLines(end.refusal) : []),
    declined: () => ["you said no"],
    interrupted: () => ["interrupted; pulumi has ended what it had under way"],
    failed: () => (end.kind === "failed" ? [severalLines(end.why)] : []),
    busy: () => (end.kind === "busy" ? [severalLines(end.why)] : []),
    unapproved: () =>
      end.kind === "unapproved"
        ? [
            `milvus:approvedPlan does not approve this run, whose hash is ${end.hash}. One approval is for one run.`,
            `To approve it: ${configLine("approvedPlan", end.hash, stack)}`,
          ]
        : [],
  }[end.kind]();
  return [
    `\n${pc.red("stopped")}${done.length > 0 ? ` after ${done.length} of the runs` : ""}: ${reason.join("\n")}`,
    ...(await standing(settings.config, wanted)),
    `stack config: milvus:version is ${writtenVersion(file, project) ?? "not set"}`,
    `${pc.bold("to go on")}: ${goOnOf(request)}`,
  ];
}

async function standing(config: Config, wanted: Wanted): Promise<string[]> {
  try {
    const state = await readState(config);
    const lines = describeStanding(wanted, state);
    // How to go on is said below, by the command that was given.
    const back = describeOpen(wanted, state).filter((line) => line.startsWith(GIVE_UP));
    return ["the cluster:", ...lines.map((line) => `  ${oneLine(line)}`), ...back.map(oneLine)];
  } catch (error) {
    return [`the cluster cannot be read now: ${severalLines(error instanceof Error ? error.message : String(error))}`];
  }
}
