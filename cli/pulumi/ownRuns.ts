import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A pulumi that this command has started. Its number alone names no process: another container may have the same host name and
 * its own process with that number, and a number is given again.
 */
export interface OwnRun {
  readonly pid: number;
  /** ISO 8601. */
  readonly at: string;
  /** The start of this machine and the table of processes in it; missing where there is one table only. */
  readonly place?: string;
  /** When the process began, in the kernel's ticks; missing where that cannot be read. */
  readonly began?: string;
}

const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Keeps a run in mind until it has ended well, also for whoever comes after this process was killed. */
export function rememberRun(pid: number): void {
  const run: OwnRun = { pid, at: new Date().toISOString(), ...placeHere(), ...beganOf(pid) };
  for (const old of rememberedRuns()) if (Date.now() - Date.parse(old.at) > KEPT_MS) forgetRun(old.pid);
  try {
    mkdirSync(folder(), { recursive: true, mode: 0o700 });
    writeFileSync(fileOf(pid), JSON.stringify(run), { mode: 0o600 });
  } catch {
    // Without it a lock that is left behind has to be taken away by hand, no more.
  }
}

export function forgetRun(pid: number): void {
  rmSync(fileOf(pid), { force: true });
}

/** Runs that have not ended well, and whose process is not there any more. Those of another container are not among them. */
export function deadRuns(): OwnRun[] {
  return rememberedRuns().filter((run) => run.place === placeHere().place && !isThere(run));
}

function rememberedRuns(): OwnRun[] {
  try {
    return readdirSync(folder()).map((name) => JSON.parse(readFileSync(join(folder(), name), "utf8")) as OwnRun);
  } catch {
    return [];
  }
}

function isThere({ pid, began }: OwnRun): boolean {
  if (began !== undefined) return beganOf(pid).began === began;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function placeHere(): Pick<OwnRun, "place"> {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { place: `${boot} ${readlinkSync("/proc/self/ns/pid")}` };
  } catch {
    // No Linux: containers have no part in its processes.
    return {};
  }
}

/** The 22nd field; the second is the program's name, which may hold spaces and brackets. */
function beganOf(pid: number): Pick<OwnRun, "began"> {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const began = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
    return began === undefined ? {} : { began };
  } catch {
    return {};
  }
}

function fileOf(pid: number): string {
  return join(folder(), `${pid}.json`);
}

function folder(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "milvus-upgrade", "runs");
}
