import { hostname } from "node:os";
import pc from "picocolors";
import type { Timeouts } from "../../config/schema";
import { MissingProgram } from "../../process/command";
import { runShown, type ShownCommandResult } from "../../process/shownCommand";
import { CONFIRMED_PLAN_VARIABLE } from "../../upgrade/approval";
import type { Step } from "../../upgrade/model";
import { duration } from "../../upgrade/plan/interruption";
import { EVENTS_VARIABLE, type Refused, type RunEvent, SHOWN_PLAN_VARIABLE } from "../../upgrade/progress/events";
import { DEAD_RUN_GRACE } from "../../upgrade/steps/limits";
import { stepLimit, stepsLimit } from "../../upgrade/steps/steps";
import { OTHER_RUN_RULE } from "../../upgrade/words/lock";
import { diagnosticsOf, hearRun } from "../walk/runEvents";
import type { NextRun, UpEnd } from "../walk/walk";
import { lastError } from "./failure";
import { deadRuns, forgetRun, rememberRun } from "./ownRuns";
import { type Project, UsageError } from "./project";
import { pulumiProgram, runPulumi, type StackConfig } from "./stackConfig";
import { areDead, isLocked, locksIn } from "./stackLock";

export interface PulumiUpRequest {
  readonly project: Project;
  readonly stack: string;
  readonly settings: StackConfig;
  /** Take away a lock of the stack, whoever's it is. */
  readonly unlock: boolean;
  readonly say: (line: string) => void;
  /** Where pulumi's display goes; `kept`: it is shown only where the run fails. */
  readonly output: 1 | 2 | "kept";
  readonly hear: (event: RunEvent, shownHash: string | undefined) => void;
}

/** The program's start, the preview before the update, and what each step takes beside its own limit. */
const OVERHEAD_SECONDS = 1800;
const STEP_OVERHEAD_SECONDS = 600;

/**
 * One `pulumi up`, its display seen as it comes; a lock that a dead run left behind is taken away.
 *
 * @param confirmed hash of the only plan that may be run; missing: whatever is planned then
 */
export async function pulumiUp(request: PulumiUpRequest, next: NextRun, confirmed?: string): Promise<UpEnd> {
  const { say, unlock } = request;
  const started = Date.now();
  let result = await runUp(request, next, confirmed);
  if (result.exitCode !== 0 && result.end === "itself" && isLocked(result.stderr)) {
    const locks = locksIn(result.stderr);
    if (!unlock && !areDead(locks, hostname(), deadRuns())) return lockedEnd(locks);
    say(`${pc.yellow("pulumi cancel")}: ${unlock ? "as --unlock asks" : "the run that locked the stack is gone"}`);
    await cancel(request);
    result = await runUp(request, next, confirmed);
  }
  const took = duration(Math.round((Date.now() - started) / 1000));
  if (result.end === "interrupted") return { kind: "interrupted" };
  if (result.end === "time limit") {
    return { kind: "failed", why: `pulumi up did not end within ${took} and was interrupted.` };
  }
  if (result.exitCode !== 0 && result.refused?.rule === OTHER_RUN_RULE) {
    return {
      kind: "busy",
      who: "a run of another stack or checkout",
      why: `pulumi up was refused: ${result.refused.text}`,
    };
  }
  if (result.exitCode !== 0) {
    if (request.output === "kept") for (const line of diagnosticsOf(result.stdout)) say(line);
    return {
      kind: "failed",
      why: `pulumi up ended with exit code ${result.exitCode} after ${took}; what it said is above.`,
    };
  }
  return { kind: "done" };
}

async function runUp(
  request: PulumiUpRequest,
  { move, report }: NextRun,
  confirmed: string | undefined,
): Promise<ShownCommandResult & { readonly refused?: Refused }> {
  const { project, stack, output, settings } = request;
  const title = move.kind === "verify" ? `verification of Milvus ${move.request}` : (report.plan?.title ?? "");
  const colours = pc.isColorSupported ? "always" : "never";
  const args = ["up", "--stack", stack, "--yes", "--non-interactive", "--color", colours, "--message", title];
  const program = pulumiProgram();
  let pid: number | undefined;
  const shown = report.plan?.hash;
  let refused: Refused | undefined;
  const heard = hearRun((event) => {
    if (event.event === "refused") refused = event;
    request.hear(event, shown);
  });
  try {
    const result = await runShown(program, args, {
      cwd: project.folder,
      env: {
        ...process.env,
        [CONFIRMED_PLAN_VARIABLE]: confirmed ?? "",
        [SHOWN_PLAN_VARIABLE]: shown ?? "",
        [EVENTS_VARIABLE]: heard.file,
      },
      output,
      timeoutSeconds: limitOf(move.kind === "verify" ? move.left : move.plan.steps, settings.config.settings.timeouts),
      signals: process,
      onInterrupt: () => request.say("interrupted: waiting for pulumi to end what it has under way (at most 5 min)"),
      onStart: (started) => {
        pid = started;
        rememberRun(started);
      },
    });
    // One that was killed leaves its lock behind.
    if (result.exitCode === 0 && pid !== undefined) forgetRun(pid);
    heard.end();
    return { ...result, ...(refused && { refused }) };
  } catch (error) {
    if (error instanceof MissingProgram) throw new UsageError(`The Pulumi CLI was not found (${program}).`);
    throw error;
  } finally {
    heard.end();
  }
}

/** Longer than the limits of all steps together: those say what they waited for, this one does not. */
export function limitOf(steps: readonly Step[], timeouts: Timeouts): number {
  const ofSteps = stepsLimit(steps, timeouts) + steps.length * STEP_OVERHEAD_SECONDS;
  // What a dead run has left at work is waited for, on the metadata or one of the user's.
  const ofMigration = steps.length > 0 ? stepLimit({ kind: "migrate" }, timeouts, true) : 0;
  const ofDeadRun = Math.max(ofMigration, timeouts.ownJobs) + timeouts.start + DEAD_RUN_GRACE;
  return timeouts.lock + ofDeadRun + ofSteps + timeouts.verify + timeouts.answers + timeouts.writes + OVERHEAD_SECONDS;
}

function lockedEnd(locks: ReturnType<typeof locksIn>): UpEnd {
  const names = locks.map(({ user, host, pid, since }) => `${user} on ${host}, process ${pid}, since ${since}`);
  const who = names.length === 0 ? "a run that Pulumi does not name" : names.join("; ");
  const why = `the stack is locked by another run, or by one that was killed (${who}). If you are sure that nobody is at work, add --unlock, which runs pulumi cancel first.`;
  return { kind: "busy", who, why };
}

async function cancel({ project, stack }: PulumiUpRequest): Promise<void> {
  const args = ["cancel", "--yes", "--stack", stack, "--non-interactive"];
  const { exitCode, stderr } = await runPulumi(project, args, "it takes the lock away");
  if (exitCode !== 0) throw new UsageError(`pulumi cancel failed: ${lastError(stderr)}`);
}
