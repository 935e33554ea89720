import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Between this program and pulumi stand its language host, and a loader of TypeScript or a shell. */
const MOST_ANCESTORS = 8;
const COMMANDS = /^(up|update|preview|pre|refresh|destroy|down|dn|watch|import)$/;
/** Flags before the command whose value is an argument of its own. */
const WITH_VALUE =
  /^(-C|--cwd|-s|--stack|--color|-v|--verbose|--tracing|--profiling|--memprofilerate|--env|--config-file)$/;

interface Process {
  readonly parent: number;
  readonly args: readonly string[];
}

/**
 * True in `pulumi refresh --run-program` and `pulumi destroy --run-program`: both run the program as `up` does, and neither
 * the SDK nor the engine tells it which of them does. The command line of pulumi, an ancestor of this process, tells. Not of an
 * inline program of the Automation API, whose pulumi is no ancestor.
 */
export function onlyRefreshes(processOf: (pid: number) => Process | undefined = readProcess): boolean {
  const { command = "" } = pulumiAbove(processOf) ?? {};
  return ["refresh", "destroy", "down", "dn"].includes(command);
}

/**
 * True where pulumi draws its display anew on a terminal; false where it prints line after line, and where that cannot be
 * told: outside of Linux, and of an inline program of the Automation API.
 */
export function isOnTerminal(
  processOf: (pid: number) => Process | undefined = readProcess,
  outputOf: (pid: number) => string = readOutput,
): boolean {
  const found = pulumiAbove(processOf);
  return (
    found !== undefined && !found.args.includes("--non-interactive") && /^\/dev\/(pts\/|tty)/.test(outputOf(found.pid))
  );
}

/** The arguments that pulumi was given by hand: none under the Automation API, which always gives some that nobody typed. */
export function typedArguments(processOf: (pid: number) => Process | undefined = readProcess): readonly string[] {
  const { args = [] } = pulumiAbove(processOf) ?? {};
  return args.some((arg) => arg.startsWith("--exec-kind")) ? [] : args;
}

/** The process of the `pulumi up` that runs this program; undefined for another command, and where that is not known. */
export function pulumiUp(processOf: (pid: number) => Process | undefined = readProcess): number | undefined {
  const { pid, command = "" } = pulumiAbove(processOf) ?? {};
  return ["up", "update"].includes(command) ? pid : undefined;
}

/** False for an inline program of the Automation API, which runs in the process of its user. */
export function isStartedByPulumi(processOf: (pid: number) => Process | undefined = readProcess): boolean {
  return pulumiAbove(processOf) !== undefined;
}

function pulumiAbove(
  processOf: (pid: number) => Process | undefined,
): { readonly pid: number; readonly command: string; readonly args: readonly string[] } | undefined {
  let pid = process.ppid;
  for (let step = 0; step < MOST_ANCESTORS; step++) {
    const found = processOf(pid);
    if (found === undefined) return undefined;
    const command = commandOf(found.args);
    if (command !== undefined) return { pid, command, args: found.args };
    pid = found.parent;
  }
  return undefined;
}

/** The command of a command line of pulumi; undefined for another program, its plugins included. */
export function commandOf([program = "", ...args]: readonly string[]): string | undefined {
  if (!basename(program).startsWith("pulumi")) return undefined;
  return args.find((arg, index) => COMMANDS.test(arg) && !WITH_VALUE.test(args[index - 1] ?? ""));
}

/** Each question above walks the same ancestors, whose command lines stay as they are. */
const seen = new Map<number, Process | undefined>();

function readProcess(pid: number): Process | undefined {
  if (!seen.has(pid)) seen.set(pid, existsSync("/proc/self/stat") ? readStat(pid) : askPs(pid));
  return seen.get(pid);
}

function readStat(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name, in brackets, may hold spaces and brackets.
    const [, parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(parent), args: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") };
  } catch {
    // The first process has no parent.
    return undefined;
  }
}

/** What its stdout is. */
function readOutput(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`);
  } catch {
    return "";
  }
}

/** Where there is no /proc: to start a program takes as long as a hundred reads. */
function askPs(pid: number): Process | undefined {
  try {
    const printed = execFileSync("ps", ["-o", "ppid=,args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [parent = "0", ...args] = printed.trim().split(/\s+/);
    return { parent: Number(parent), args };
  } catch {
    return undefined;
  }
}
