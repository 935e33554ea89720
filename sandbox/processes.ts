import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that outlives its parent, with its start time, so that a number used again is not mistaken for it. */
export interface ProcessRecord {
  readonly pid: number;
  /** As `ps -o lstart=` gives it. */
  readonly startedAt: string;
}

export interface DetachedOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** Starts a process in a group of its own that goes on when this process ends; its output goes to the log file. */
export function spawnDetached(command: string, args: readonly string[], options: DetachedOptions): ProcessRecord {
  const log = openSync(options.logFile, "a");
  try {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ["ignore", log, log],
    });
    child.on("error", () => undefined);
    child.unref();
    if (child.pid === undefined) {
      throw new Error(`cannot start ${command}`);
    }
    return recordOf(child.pid);
  } finally {
    closeSync(log);
  }
}

export function recordOf(pid: number): ProcessRecord {
  return { pid, startedAt: startTime(pid) ?? "" };
}

/** Does a process of that number exist? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Is it still the very process of the record? */
export function isRunning(record: ProcessRecord): boolean {
  return startTime(record.pid) === record.startedAt && record.startedAt !== "";
}

/** Ends the process and its group: asks first, kills after `graceSeconds`; throws if it is still there 10 s later. */
export async function endProcess(record: ProcessRecord, graceSeconds = 5): Promise<void> {
  if (!isRunning(record)) {
    return;
  }
  signalGroup(record.pid, "SIGTERM");
  const deadline = Date.now() + graceSeconds * 1000;
  while (isRunning(record)) {
    if (Date.now() > deadline + 10_000) {
      throw new Error(`process ${record.pid} does not end, not even by SIGKILL; see \`ps -p ${record.pid}\``);
    }
    if (Date.now() > deadline) {
      signalGroup(record.pid, "SIGKILL");
    }
    await sleep(50);
  }
}

/** At once and without a word, as a power cut would. */
export function killProcess(record: ProcessRecord): void {
  if (isRunning(record)) {
    signalGroup(record.pid, "SIGKILL");
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch {
      // No such group: try the process alone.
    }
  }
}

function startTime(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
      env: { ...process.env, LC_ALL: "C" },
    }).trim();
    const [stat, ...start] = line.split(/\s+/);
    // A zombie has ended; only its parent has not looked yet.
    return stat === undefined || stat.startsWith("Z") ? undefined : start.join(" ");
  } catch {
    return undefined;
  }
}
