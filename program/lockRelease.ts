import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../cluster/access";
import { hasCode } from "../cluster/errors";
import { type RunLock, readRunLock, takeRunLock } from "../cluster/runLock";
import { watchEngine } from "../components/runGuard";
import type { Config } from "../config/schema";
import { describeRefusal, describeWarning } from "../upgrade/refusal";
import { refusalOfSecondRun, warningOfOtherRun } from "../upgrade/runLock";

/**
 * Holds every other run off this release, of whatever stack, until released.
 *
 * @throws RunError when another run is at work; ClusterError
 */
export async function lockRelease(
  access: ClusterAccess,
  { wanted, access: accessSettings, settings }: Config,
): Promise<RunLock> {
  const taken = await takeRunLock(access, accessSettings, {
    ...wanted,
    holder: {
      run: randomUUID(),
      who: whoRunsThis(),
      stack: `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`,
      since: new Date().toISOString(),
    },
    silence: settings.timeouts.lock,
    isAlive: watchEngine(),
    say: (line) => void pulumi.log.info(`lock: ${line}`),
  });
  if ("busy" in taken) throw new pulumi.RunError(describeRefusal(refusalOfSecondRun(taken.busy, wanted)).join("\n"));
  return taken.lock;
}

/**
 * Says who is at work, beside whatever else is said; what may not be read is not warned of.
 *
 * @throws ClusterError also when something else has the lock's name: `up` would be refused, and time does not mend it
 */
export async function warnOfOtherRun(access: ClusterAccess, { wanted }: Config): Promise<void> {
  try {
    const other = await readRunLock(access, wanted);
    if (other !== undefined) await pulumi.log.warn(describeWarning(warningOfOtherRun(other)));
  } catch (error) {
    if (!hasCode(error, "forbidden")) throw error;
  }
}

/** `jane@laptop`, for whoever finds the lock. */
function whoRunsThis(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may have a user that no file names.
    return hostname();
  }
}
