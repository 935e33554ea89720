import { spawn } from "node:child_process";
import { MissingProgram } from "./command";

export interface ShownCommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor that its stdout goes to, as it comes; `kept`: nobody sees it, and its end is in the result. */
  readonly output: 1 | 2 | "kept";
  /** When it has not ended by then it is interrupted, and killed when it does not end on that. */
  readonly timeoutSeconds: number;
  /** Listens to the signals that are passed on. */
  readonly signals: NodeJS.EventEmitter;
  /** Told the number of its process. */
  readonly onStart?: (pid: number) => void;
  /** Told once it is asked to stop. */
  readonly onInterrupt?: () => void;
}

export interface ShownCommandResult {
  readonly exitCode: number;
  readonly stderr: string;
  /** The last part of it, where it was kept. */
  readonly stdout: string;
  readonly end: "itself" | "interrupted" | "time limit";
}

/** After an interrupt: what pulumi has under way must come to an end, or its state will not know of it. */
const GRACE_SECONDS = 300;
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const CLOSE_MS = 2000;
/** Characters. */
const LONGEST_KEPT = 1_000_000;
/** npm and the shell pass Ctrl-C on as well: within this time it is the same one. A second one makes pulumi stop at once. */
const SAME_INTERRUPT_MS = 1000;

/**
 * Runs a program whose output is seen while it runs. It has a process group of its own, so that Ctrl-C reaches it once
 * and through us, always as SIGINT, which pulumi ends well on; and so that it goes on when this process is killed.
 *
 * @throws MissingProgram
 */
export function runShown(
  program: string,
  args: readonly string[],
  { cwd, env, output, timeoutSeconds, signals, onStart, onInterrupt }: ShownCommandOptions,
): Promise<ShownCommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", output === "kept" ? "pipe" : output, "pipe"],
    });
    if (child.pid !== undefined) onStart?.(child.pid);
    const said: Buffer[] = [];
    let end: ShownCommandResult["end"] = "itself";
    let interruptedAt = Number.NEGATIVE_INFINITY;
    const onSignal = () => {
      const now = Date.now();
      if (now - interruptedAt < SAME_INTERRUPT_MS) return;
      interruptedAt = now;
      if (end === "itself") {
        end = "interrupted";
        onInterrupt?.();
      }
      child.kill("SIGINT");
    };
    let killer: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      end = "time limit";
      child.kill("SIGINT");
      killer = setTimeout(() => child.kill("SIGKILL"), GRACE_SECONDS * 1000);
    }, timeoutSeconds * 1000);
    for (const signal of PASSED_ON) signals.on(signal, onSignal);
    const tidy = () => {
      clearTimeout(timer);
      clearTimeout(killer);
      for (const signal of PASSED_ON) signals.off(signal, onSignal);
    };
    let kept = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      kept = (kept + chunk).slice(-LONGEST_KEPT);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      said.push(chunk);
      process.stderr.write(chunk);
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      tidy();
      reject(error.code === "ENOENT" ? new MissingProgram(`${program} is not there`) : error);
    });
    child.once("exit", (code) => {
      tidy();
      const finish = () =>
        resolve({ exitCode: code ?? 1, stderr: Buffer.concat(said).toString("utf8"), stdout: kept, end });
      child.once("close", finish);
      // A plugin that outlives a killed pulumi keeps its stderr open.
      setTimeout(finish, CLOSE_MS).unref();
    });
  });
}
