/** Verification of an upgrade: what is looked at before it, and what after. Data is only read, unless told to reload or to write. */

import { oneLook } from "../cluster/api/oneLook";
import { ClusterError } from "../cluster/errors";
import { applyConfigMap, deleteConfigMap } from "../cluster/kept/configMaps";
import { readPodHealth } from "../cluster/state/podHealth";
import { readProgress } from "../cluster/state/progress";
import { readCluster } from "../cluster/state/readCluster";
import { attemptName } from "../upgrade/metadata/attempt";
import { installationOf } from "../upgrade/metadata/installation";
import type { AttemptId, ClusterState, UpgradePlan, VerificationState, VerificationStatus } from "../upgrade/model";
import {
  comparesData,
  openLine,
  openVerification,
  type RowRule,
  settles,
  type VerifyMode,
} from "../upgrade/verification";
import { compareSnapshots, type Difference } from "./compare";
import { type ConnectionSettings, connectService, type Target } from "./connection";
import { healthProblems, saysVersion } from "./health";
import { readSnapshot, recordContent } from "./record";
import { ServiceError } from "./service";
import { describeSnapshot, type Snapshot } from "./snapshot";
import { type ChosenQuery, repeatSnapshot, takeSnapshot } from "./takeSnapshot";
import { checkWrites, type WriteCheck } from "./writeCheck";

export interface VerifySettings extends ConnectionSettings {
  readonly mode: VerifyMode;
  readonly queries: readonly ChosenQuery[];
  readonly rows: RowRule;
  readonly reload: boolean;
  /** Seconds. */
  readonly timeouts: Readonly<Record<"settle" | "verify" | "answers" | "writes", number>>;
}

export interface Result {
  readonly status: Exclude<VerificationStatus, "pending">;
  /** What is wrong with what runs. */
  readonly problems: readonly string[];
  /** What is not as it was before. */
  readonly differences: readonly Difference[];
  /** As the service says it; missing when it could not be asked. */
  readonly version?: string;
  /** The snapshot that was compared with; missing when only the health was looked at. */
  readonly before?: Snapshot;
  readonly after?: Snapshot;
  /** Rows that were written, found again and dropped; missing where none were. */
  readonly written?: number;
  /** What an earlier verification has left open and this one, which has passed, has not looked at again. */
  readonly stillOpen?: string;
  /** ConfigMap that holds the result; missing when there was nothing to keep. */
  readonly configMap?: string;
  /** Why the result of a failed verification could not be kept. */
  readonly unkept?: string;
}

export type Say = (line: string) => void;

/** Most of what is not well yet is soon; what is not, is not asked for more often than this. */
const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 2000;
/** Before this has passed, what is not well yet is not worth a line. */
const PATIENCE_MS = 10_000;
/** Results of verifications that have passed. */
const KEPT_RECORDS = 3;

/**
 * The snapshot that the upgrade will be compared with. One that an earlier run took for the same upgrade and that was
 * not passed yet is kept: what died in the middle must not be compared with itself.
 *
 * @throws ServiceError, ClusterError before anything was changed
 */
export async function snapshotBefore(
  target: Target,
  settings: VerifySettings,
  plan: UpgradePlan,
  state: ClusterState,
  say: Say,
): Promise<VerificationState | undefined> {
  const open = openVerification(plan, state);
  // Found out now: after the upgrade it would be too late to do anything about it.
  const compares = comparesData(settings.mode);
  if (compares) readSnapshot(target.namespace, open);
  if (!compares || open !== undefined || plan.from === undefined || plan.from === plan.to) return open;
  if (state.components.every(({ readyReplicas }) => readyReplicas === 0)) {
    say("Milvus does not run, so there is no snapshot to compare the upgrade with.");
    return undefined;
  }
  say("taking a snapshot of what Milvus answers now");
  const service = await connectService(target, state, settings);
  try {
    const snapshot = await takeSnapshot(service, settings.queries, say);
    const attempt = attemptOf(plan, state);
    const record: VerificationState = {
      configMap: recordName(target.releaseName, attempt),
      attempt,
      installation: installationOf(state),
      status: "pending",
      summary: "",
      snapshot: JSON.stringify(snapshot),
    };
    await writeRecord(target, record);
    say(`${describeSnapshot(snapshot)}, kept in the ConfigMap ${record.configMap}`);
    return record;
  } finally {
    await service.close();
  }
}

/**
 * Looks at what runs until it is well or the time is over, then at the data if there is a snapshot to compare with. The
 * result is kept in the cluster where something was wrong or a snapshot had been taken.
 *
 * @param keeps false: what is wrong is only told, where no upgrade waits to be verified
 * @throws ClusterError when the cluster cannot be read, or the snapshot that is to be compared with is damaged
 */
export async function verifyUpgrade(
  target: Target,
  settings: VerifySettings,
  plan: Pick<UpgradePlan, "from" | "to" | "migration">,
  record: VerificationState | undefined,
  say: Say,
  keeps = true,
): Promise<Result> {
  const before = comparesData(settings.mode) ? readSnapshot(target.namespace, record) : undefined;
  const { problems, state, version } = await awaitHealth(target, settings, plan.to, say);
  let compared: Pick<Result, "before" | "after" | "differences"> = { differences: [] };
  if (problems.length === 0 && before !== undefined) {
    try {
      compared = await compareData(target, settings, state, before, say);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      problems.push(error.message);
    }
  }
  let written: number | undefined;
  // What was not looked at again is as it was.
  let writesFailed = record?.writesFailed === true;
  if (problems.length === 0 && settings.mode === "write") {
    const check = await tryWrites(target, settings, state, say);
    problems.push(...check.problems);
    written = check.rows;
    writesFailed = check.rows === undefined;
  }
  const failed = problems.length > 0 || compared.differences.length > 0;
  const isSettled = failed || record === undefined || settles(settings.mode, record);
  const stillOpen = isSettled ? undefined : openLine(record, settings.mode);
  const result = {
    ...compared,
    problems,
    status: failed ? "failed" : "passed",
    ...(version !== undefined && { version }),
    ...(written !== undefined && { written }),
    ...(stillOpen !== undefined && { stillOpen }),
  } as const;
  // A look at the health alone settles no comparison that is still to be made, and no look without writing a failed write check.
  if (!isSettled || (record === undefined && !(failed && keeps))) return result;
  const attempt = record?.attempt ?? attemptOf(plan, state);
  const summary = [...problems, ...compared.differences.map(({ message }) => message)].join(" ");
  const configMap = record?.configMap ?? recordName(target.releaseName, attempt);
  try {
    const installation = installationOf(state);
    const { status } = result;
    await writeRecord(target, { ...record, configMap, attempt, installation, status, summary, writesFailed }, result);
  } catch (error) {
    // What was found wrong is worth more than where it is kept. That it passed must be kept, or the next hop stays blocked.
    if (!failed || !(error instanceof ClusterError)) throw error;
    return { ...result, unkept: error.message };
  }
  if (!failed) await dropOldRecords(target, state, configMap, say);
  return { ...result, configMap };
}

/** They tell the story of the last upgrades, and each may be as large as a ConfigMap gets. What cannot be deleted is told. */
async function dropOldRecords(target: Target, state: ClusterState, newest: string, say: Say): Promise<void> {
  const passed = [...(state.passedVerifications ?? []).filter((name) => name !== newest), newest];
  for (const name of passed.slice(0, -KEPT_RECORDS)) {
    const why = await deleteConfigMap(target.client, { name, namespace: target.namespace });
    if (why !== undefined) {
      say(`the result ${name} of an earlier upgrade cannot be deleted (${why}); nothing needs it any more`);
      return;
    }
  }
}

/** Passes what was found wrong, by hand. */
export async function acceptVerification(target: Target, record: VerificationState): Promise<void> {
  const accepted = { ...record, status: "passed", writesFailed: false } as const;
  await writeRecord(target, { ...accepted, summary: `accepted by hand: ${record.summary}` });
}

async function awaitHealth(
  target: Target,
  settings: VerifySettings,
  version: string,
  say: Say,
): Promise<{ problems: string[]; state: ClusterState; version?: string }> {
  const deadline = Date.now() + settings.timeouts.verify * 1000;
  const quietUntil = Date.now() + PATIENCE_MS;
  let told: string | undefined;
  let look = oneLook(target.client);
  let state = await readCluster(look, target);
  // What is judged at last is everything, as it is then; in between it is read what may have moved.
  let isWhole = true;
  let pause = FIRST_POLL_MS;
  const readAll = async () => {
    look = oneLook(target.client);
    state = await readCluster(look, target);
    isWhole = true;
  };
  for (;;) {
    const pods = await readPodHealth(
      look,
      target.namespace,
      target.releaseName,
      state.components.map(({ name }) => name),
    );
    const now = new Date().toISOString();
    const problems = healthProblems(state, pods, { version, settle: settings.timeouts.settle, now });
    const answer = problems.length === 0 ? await askVersion({ ...target, client: look }, settings, state, version) : {};
    if (answer.problem !== undefined) problems.push(answer.problem);
    const isOver = Date.now() > deadline || answer.isFinal === true;
    if (problems.length === 0 || isOver) {
      if (isWhole) return { problems, state, ...(answer.version !== undefined && { version: answer.version }) };
      await readAll();
      continue;
    }
    const what = `${problems[0] ?? ""}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}`;
    if (what !== told && Date.now() > quietUntil) {
      const end = new Date(deadline).toISOString().slice(11, 19);
      const limit = told === undefined ? ` It waits until ${end} UTC (milvus:timeouts.verify).` : "";
      say(`not healthy yet: ${what}${limit}`);
      told = what;
    }
    const left = Math.max(deadline - Date.now(), 0) + 1;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
    pause = Math.min(2 * pause, LONGEST_POLL_MS);
    look = oneLook(target.client);
    const { components, hasNewRecord } = await readProgress(look, target, state);
    if (hasNewRecord) {
      await readAll();
    } else {
      state = { ...state, components };
      isWhole = false;
    }
  }
}

async function askVersion(
  target: Target,
  settings: VerifySettings,
  state: ClusterState,
  wanted: string,
): Promise<{ readonly version?: string; readonly problem?: string; readonly isFinal?: boolean }> {
  try {
    const service = await connectService(target, state, settings);
    try {
      const version = await service.version();
      return saysVersion(version, wanted)
        ? { version }
        : { version, problem: `The service says that it is Milvus ${version}, not ${wanted}.` };
    } finally {
      await service.close();
    }
  } catch (error) {
    if (error instanceof ServiceError) return { problem: error.message, isFinal: error.isFinal };
    if (error instanceof ClusterError) return { problem: error.message };
    throw error;
  }
}

async function compareData(
  target: Target,
  settings: VerifySettings,
  state: ClusterState,
  before: Snapshot,
  say: Say,
): Promise<Pick<Result, "before" | "after" | "differences">> {
  say(`comparing with the snapshot of ${before.takenAt}`);
  const service = await connectService(target, state, settings);
  try {
    const patience = { answers: settings.timeouts.answers * 1000, reload: settings.reload };
    const after = await repeatSnapshot(service, before, patience, say);
    return { before, after, differences: compareSnapshots(before, after, settings.rows) };
  } finally {
    await service.close();
  }
}

async function tryWrites(target: Target, settings: VerifySettings, state: ClusterState, say: Say): Promise<WriteCheck> {
  try {
    const service = await connectService(target, state, settings);
    try {
      return await checkWrites(service, { limit: settings.timeouts.writes * 1000 }, say);
    } finally {
      await service.close();
    }
  } catch (error) {
    if (error instanceof ServiceError || error instanceof ClusterError) return { problems: [error.message] };
    throw error;
  }
}

function attemptOf(
  { from, to, migration }: Pick<UpgradePlan, "from" | "to" | "migration">,
  state: ClusterState,
): AttemptId {
  return migration?.attempt ?? { from: from ?? to, to, revision: state.release?.revision ?? 1, ordinal: 1 };
}

/** `my-release-verify-2.2.16-to-2.3.5-r1`. */
function recordName(releaseName: string, attempt: AttemptId): string {
  return `${releaseName}-verify-${attemptName(attempt)}`;
}

async function writeRecord(target: Target, record: VerificationState, result?: Result): Promise<void> {
  await applyConfigMap(target.client, recordContent(target, record, result));
}
