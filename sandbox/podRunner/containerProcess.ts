/** A container as a local process group, with its log kept in the format that `kubectl logs` reads. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface ProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
}

export interface ContainerProcess {
  /** Exit code, 128 + number for a signal. Rejects when the program cannot be started. */
  readonly exited: Promise<number>;
  /** Sends a signal to the whole group. */
  signal(name: NodeJS.Signals): void;
  /** The last lines printed, for a container that left no message. */
  tail(): string;
}

const TAIL_LINES = 80;
const TAIL_BYTES = 2048;

export function startProcess(options: ProcessOptions): ContainerProcess {
  const child = spawn(options.program, [...options.args], {
    cwd: options.folder,
    env: options.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const guard = child.pid === undefined ? undefined : startGuard(child.pid);
  const lines: string[] = [];
  const file = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  const copy = (stream: Readable, name: "stdout" | "stderr"): Promise<void> =>
    new Promise((resolve) => {
      createInterface({ input: stream })
        .on("line", (line) => {
          lines.push(line);
          if (lines.length > TAIL_LINES) lines.shift();
          // The format of the container runtime interface, which the kubelet's log endpoint expects.
          file.write(`${new Date().toISOString().replace("Z", "000000Z")} ${name} F ${line}\n`);
        })
        .on("close", resolve);
    });
  const copied = Promise.all([copy(child.stdout, "stdout"), copy(child.stderr, "stderr")]);
  const signal = (name: NodeJS.Signals): void => signalGroup(child, name);
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, killedBy) => resolve(code ?? 128 + constants.signals[killedBy ?? "SIGKILL"]));
  })
    .finally(() => {
      // What the first process left behind ends with it, as in a container.
      signal("SIGKILL");
      guard?.kill("SIGKILL");
    })
    .then(async (code) => {
      await copied;
      await new Promise((resolve) => file.end(resolve));
      return code;
    });
  return { exited, signal, tail: () => lines.join("\n").slice(-TAIL_BYTES) };
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone already.
  }
}

/** A shell that kills the group once the runner dies, however it dies: the pipe it reads from then ends. */
function startGuard(group: number): ChildProcess {
  const guard = spawn("/bin/sh", ["-c", `read -r _; kill -s KILL -- -${group}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => undefined);
  guard.unref();
  return guard;
}
