import type { OwnRun } from "./ownRuns";

/** Who holds the lock of a stack whose state is in files, as pulumi says it. */
export interface StackLock {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

/** A user's name may hold blanks, and an @. */
const FILE_LOCK = /created by (.+)@([^@\s]+) \(pid (\d+)\) at (\S+)/g;

/** True when pulumi did not begin because another run is, or was, at work on the stack. */
export function isLocked(stderr: string): boolean {
  return /the stack is currently locked|Another update is currently in progress/.test(stderr);
}

/** Empty where the state is not in files, since Pulumi's service does not say who it is, and where one of them cannot be read. */
export function locksIn(stderr: string): StackLock[] {
  const locks = [...stderr.matchAll(FILE_LOCK)].map(([, user = "", host = "", pid, since = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since,
  }));
  // To cancel takes all locks away, also that of a run which lives.
  return stderr.split("created by ").length - 1 === locks.length ? locks : [];
}

/** Between the start of pulumi and its lock; a lock of another time is not of that process. */
const START_MS = 120_000;

/** Every lock is of a run that this command has started, and that is gone. */
export function areDead(locks: readonly StackLock[], hostname: string, dead: readonly OwnRun[]): boolean {
  return (
    locks.length > 0 &&
    locks.every(
      ({ host, pid, since }) =>
        host === hostname && dead.some((run) => run.pid === pid && isSoonAfter(Date.parse(since), Date.parse(run.at))),
    )
  );
}

/** Pulumi gives whole seconds. */
function isSoonAfter(time: number, start: number): boolean {
  return time >= start - 1000 && time <= start + START_MS;
}
