import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { ClusterClient } from "../cluster/api/client";
import { hasCode } from "../cluster/errors";
import { type RunLock, readLivingRun, readRunLock, takeRunLock } from "../cluster/kept/runLock";
import type { Config } from "../config/schema";
import { describeWarning, RefusalError } from "../upgrade/refusal";
import { describeHolder, refusalOfSecondRun, warningOfOtherRun } from "../upgrade/words/lock";

/** Who runs: named in the lock, for whoever finds it. */
export interface Runner {
  /** `organization/project/stack`. */
  readonly stack: string;
  /** False once nobody is there any more for whom this run works. */
  readonly isAlive: () => boolean;
  readonly say: (line: string) => void;
}

/**
 * Holds every other run off this release, of whatever stack, until released.
 *
 * @throws RefusalError when another run is at work; ClusterError
 */
export async function lockRelease(
  client: ClusterClient,
  { wanted, settings }: Config,
  { stack, isAlive, say }: Runner,
): Promise<RunLock> {
  const taken = await takeRunLock(client, {
    ...wanted,
    holder: { run: randomUUID(), who: whoRunsThis(), stack, since: new Date().toISOString() },
    silence: settings.timeouts.lock,
    isAlive,
    say: (line) => say(`lock: ${line}`),
  });
  if ("busy" in taken) throw new RefusalError(refusalOfSecondRun(taken.busy, wanted));
  return taken.lock;
}

/**
 * Who is at work on the release just now, in words, beside whatever else is said; undefined where nobody is, or where that
 * may not be read.
 *
 * @throws ClusterError also when something else has the lock's name: `up` would be refused, and time does not mend it
 */
export async function otherRun(client: ClusterClient, { wanted }: Config): Promise<string | undefined> {
  try {
    const other = await readRunLock(client, wanted);
    return other && describeWarning(warningOfOtherRun(other));
  } catch (error) {
    if (hasCode(error, "forbidden")) return undefined;
    throw error;
  }
}

/**
 * Who is at work on the release and gives signs of life, as `jane@laptop, stack …, since …`; undefined where nobody does, or
 * where that may not be read.
 *
 * @throws ClusterError
 */
export async function livingRun(
  client: ClusterClient,
  { wanted, settings }: Config,
  say: (line: string) => void,
): Promise<string | undefined> {
  try {
    const holder = await readLivingRun(client, { ...wanted, silence: settings.timeouts.lock, say });
    return holder && describeHolder(holder);
  } catch (error) {
    if (hasCode(error, "forbidden")) return undefined;
    throw error;
  }
}

/** `jane@laptop`. */
export function whoRunsThis(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may have a user that no file names.
    return hostname();
  }
}
