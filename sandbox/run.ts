import { type ChildProcess, spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  /** The complete environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Written to stdin, which is then closed. */
  readonly input?: string;
  /** The command is killed, with everything it started, when this has passed. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** What a time limit or an abort sends. Default SIGKILL. */
  readonly stopSignal?: NodeJS.Signals;
  /** Stay in this process's group, so that whoever kills the group kills the command too. Default: a group of its own. */
  readonly sameGroup?: boolean;
  /** Every line of stderr as it comes, for long commands. */
  readonly onErrorLine?: (line: string) => void;
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** A command that ended badly; the message carries the end of what it wrote to stderr. */
export class CommandError extends Error {
  constructor(
    readonly command: string,
    readonly result: RunResult,
  ) {
    super(describeFailure(command, result));
    this.name = "CommandError";
  }
}

/** Runs a command without a shell and gives its stdout; throws {@link CommandError} unless it exits with 0. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const result = await tryRun(command, args, options);
  if (result.exitCode !== 0) {
    throw new CommandError(`${baseName(command)} ${args.slice(0, 3).join(" ")}`, result);
  }
  return result.stdout;
}

/** As {@link run}, but a bad exit is a result. Throws only when the command cannot be started. */
export async function tryRun(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  // A process group of its own, so that a time limit also ends what the command has started.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: "pipe",
    detached: options.sameGroup !== true,
  });
  let timedOut = false;
  const stop = () => {
    kill(child, options.stopSignal ?? "SIGKILL");
    // Asked and not heard.
    setTimeout(() => kill(child, "SIGKILL"), 15_000).unref();
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.timeoutSeconds * 1000);
  options.signal?.addEventListener("abort", stop, { once: true });

  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => {
    err.push(chunk);
    if (options.onErrorLine) {
      chunk.toString("utf8").split("\n").filter(Boolean).forEach(options.onErrorLine);
    }
  });
  // A command that does not read its input is no error of ours.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  running.add(child);
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          error.code === "ENOENT"
            ? new Error(`cannot start ${command}: not found (folder ${options.cwd ?? process.cwd()})`)
            : error,
        ),
      );
      child.once("close", (code) => resolve(code));
    });
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8");
    return { exitCode, stdout: text(out), stderr: text(err), timedOut };
  } finally {
    running.delete(child);
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

const running = new Set<ChildProcess>();
process.on("exit", killRunning);

/** Commands have process groups of their own, which Ctrl-C does not reach. */
function killRunning(): void {
  for (const child of running) {
    kill(child, "SIGKILL");
  }
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Not the head of a group.
    child.kill(signal);
  }
}

function describeFailure(command: string, result: RunResult): string {
  const how = result.timedOut ? "did not end in time and was killed" : `exited with ${result.exitCode ?? "a signal"}`;
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-15).join("\n");
  return said === "" ? `${command} ${how}` : `${command} ${how}:\n${said}`;
}

function baseName(command: string): string {
  return command.split("/").at(-1) ?? command;
}
