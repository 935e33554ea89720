/** Who holds the lock of a stack whose state is in files, as pulumi says it. */
export interface StackLock {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

const FILE_LOCK = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g;

/** True when pulumi did not begin because another run is, or was, at work on the stack. */
export function isLocked(stderr: string): boolean {
  return /the stack is currently locked|Another update is currently in progress/.test(stderr);
}

/** Empty where the state is not in files: Pulumi's service does not say who it is. */
export function locksIn(stderr: string): StackLock[] {
  return [...stderr.matchAll(FILE_LOCK)].map(([, user = "", host = "", pid, since = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since,
  }));
}

/** Every lock is of a process of this machine that is gone. */
export function areDead(locks: readonly StackLock[], hostname: string, isAlive: (pid: number) => boolean): boolean {
  return locks.length > 0 && locks.every(({ host, pid }) => host === hostname && !isAlive(pid));
}
