import { run } from "./run";

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** Program and arguments. */
  readonly command: string;
}

/** Zombies left out. */
export async function listProcesses(): Promise<RunningProcess[]> {
  const list = await run("ps", ["-ww", "-e", "-o", "pid=,ppid=,stat=,args="], { timeoutSeconds: 10 });
  return list.split("\n").flatMap((line) => {
    const [, pid, parent, stat, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined || stat?.startsWith("Z")
      ? []
      : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** A process and all that it has started, also what has a group of its own, as the engine's plugins have. */
export async function processTree(root: number): Promise<RunningProcess[]> {
  const all = await listProcesses();
  const found = all.filter(({ pid }) => pid === root);
  // The list grows while it is gone through.
  for (const { pid } of found) {
    found.push(...all.filter(({ parent }) => parent === pid));
  }
  return found;
}

/** kill -9, children last, so that none of them notices a death and tidies up. */
export function killAll(processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Ended by itself meanwhile.
    }
  }
}
