import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { readHeading } from "../format/way";
import type { Outlook, StackEnd } from "./model";
import { walkEnd } from "./walkEnd";

export interface StackProcessRequest {
  /** Folder of the project. */
  readonly cwd: string;
  readonly to?: string;
  readonly unlock: boolean;
  /** Folder for what each stack says. */
  readonly logs: string;
}

/** One stack's `upgrade`, at work. */
export interface StackProcess {
  readonly end: Promise<StackEnd>;
  /** As Ctrl-C does, each time once more. */
  interrupt(): void;
}

const POLL_MS = 500;
/** Of a log that is searched for errors. */
const TAIL_BYTES = 256 * 1024;
/** After an interrupt by the limit: the walk's own time to end pulumi, and some more. */
const GRACE_SECONDS = 600;

/**
 * Starts this very program for one stack. What it says goes into a file, not through us: when this process is killed, the walk
 * and its pulumi go on and end well, where a broken pipe would end them in the middle.
 *
 * @param onRun told the title of each `pulumi up` on the way, as `run 2 of 3: …`
 */
export function startStack(
  { stack, limitSeconds }: Pick<Outlook, "stack" | "limitSeconds">,
  { cwd, to, unlock, logs }: StackProcessRequest,
  onRun: (title: string) => void,
): StackProcess {
  const log = openSync(logFile(logs, stack), "a+", 0o600);
  const args = ["upgrade", "--stack", stack, "--cwd", cwd, "--yes", "--format", "json"];
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1] ?? "",
      ...args,
      ...(to === undefined ? [] : ["--to", to]),
      ...(unlock ? ["--unlock"] : []),
    ],
    // A group of its own: Ctrl-C reaches it through us, and once.
    { cwd, env: logEnvironment(), detached: true, stdio: ["ignore", "pipe", log] },
  );
  return { end: ended(child, { stack, limitSeconds, log, onRun }), interrupt: () => void child.kill("SIGINT") };
}

export function logFile(logs: string, stack: string): string {
  return path.join(logs, `${encodeURIComponent(stack)}.log`);
}

/** Files are read in editors and by CI: without colours, whatever this terminal has. */
function logEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
  delete env.FORCE_COLOR;
  return env;
}

interface Watched extends Pick<Outlook, "stack" | "limitSeconds"> {
  /** File descriptor; what an earlier fleet has written stays in it. */
  readonly log: number;
  readonly onRun: (title: string) => void;
}

function ended(child: ChildProcess, { stack, limitSeconds, log, onRun }: Watched): Promise<StackEnd> {
  return new Promise((resolve, reject) => {
    const begin = fstatSync(log).size;
    const said: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => said.push(chunk));
    let isTimedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      isTimedOut = true;
      child.kill("SIGINT");
      killer = setTimeout(() => child.kill("SIGKILL"), GRACE_SECONDS * 1000);
    }, limitSeconds * 1000);
    const readOn = follower(log, begin, onRun);
    const poll = setInterval(readOn, POLL_MS);
    const tidy = () => {
      clearTimeout(timer);
      clearTimeout(killer);
      clearInterval(poll);
      closeSync(log);
    };
    child.once("error", (error) => {
      tidy();
      reject(error);
    });
    child.once("close", (exitCode, signal) => {
      readOn();
      const end = { exitCode, signal, stdout: Buffer.concat(said).toString("utf8"), log: tail(log, begin), isTimedOut };
      tidy();
      resolve(walkEnd(stack, end));
    });
  });
}

/** Reads what a log has gained since the last time, line by line. */
function follower(fd: number, begin: number, onRun: (title: string) => void): () => void {
  let read = begin;
  let rest = "";
  return () => {
    const chunk = readAt(fd, read);
    read += chunk.length;
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const title = readHeading(line);
      if (title !== undefined) onRun(title);
    }
  };
}

function tail(fd: number, begin: number): string {
  return readAt(fd, Math.max(begin, fstatSync(fd).size - TAIL_BYTES)).toString("utf8");
}

function readAt(fd: number, from: number): Buffer {
  const buffer = Buffer.alloc(Math.max(0, fstatSync(fd).size - from));
  return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from));
}
