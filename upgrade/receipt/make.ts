import type { OpenUpgrade, UpgradePlan } from "../model";
import type { OwnJobName } from "../steps/ownJobs";
import type { VerifyMode } from "../verification";
import { RECEIPT_SCHEMA, type Receipt, type Seen } from "./receipt";

/** Who begins, or goes on with, an upgrade. */
export type Run = Receipt["runs"][number];

export interface Begun {
  /** With what the preflight warns of. */
  readonly plan: UpgradePlan;
  readonly hash?: string;
  /** Different in each run. */
  readonly id: string;
  /** `namespace/name`. */
  readonly release: string;
  readonly rules: string;
  readonly approval: Receipt["approval"];
  readonly run: Run;
  readonly mode: VerifyMode;
}

/** Runs that a receipt names: the first, and the last ones. */
const MOST_RUNS = 6;

/**
 * The upgrade that a run has begun and none has ended; undefined where there is none. One that is older than the installation
 * was of an earlier Milvus under this name.
 *
 * @param receipts the oldest first
 * @param since ISO 8601: when the release was first deployed
 */
export function openReceipt(receipts: readonly Receipt[], since: string | undefined): Receipt | undefined {
  return newest("unfinished", receipts, since);
}

/** The upgrade of this installation that was ended last, as {@link openReceipt} the one that was not. */
export function endedReceipt(receipts: readonly Receipt[], since: string | undefined): Receipt | undefined {
  return newest("done", receipts, since);
}

function newest(
  wanted: Receipt["outcome"],
  receipts: readonly Receipt[],
  since: string | undefined,
): Receipt | undefined {
  const found = receipts.findLast(({ outcome }) => outcome === wanted);
  const isOld =
    found !== undefined && found.kind !== "install" && Date.parse(found.startedAt) < Date.parse(since ?? "");
  return isOld ? undefined : found;
}

/** What the planner is told of it. */
export function openUpgrade({ from, to, startedAt, stoppedAt, runs, ranBefore, ranAfter }: Receipt): OpenUpgrade {
  return {
    ...(from !== undefined && { from }),
    to,
    startedAt,
    ...(stoppedAt !== undefined && { stoppedAt }),
    runs: runs.length,
    ...(ranBefore && { ranBefore }),
    ...(ranAfter && { ranAfter }),
  };
}

/** A run takes Milvus away; the first of them counts. */
export function takeAway(receipt: Receipt, at: string): Receipt {
  return receipt.stoppedAt === undefined ? { ...receipt, stoppedAt: at } : receipt;
}

/** Does the plan end what was begun? */
export function continues(open: Receipt | undefined, { to }: Pick<UpgradePlan, "to">): open is Receipt {
  return open?.to === to;
}

/** The receipt of an upgrade that begins, or of one that an earlier run has begun and this one goes on with. */
export function beginReceipt(begun: Begun, open: Receipt | undefined): Receipt {
  const { plan, hash, id, release, rules, approval, run, mode } = begun;
  const { kind, from, to, chart, expected, reversibility, migration, warnings } = plan;
  const fresh: Receipt = {
    schema: RECEIPT_SCHEMA,
    id,
    outcome: "unfinished",
    release,
    kind,
    ...(from !== undefined && { from }),
    to,
    chart: `${chart.name}-${chart.version}`,
    rules,
    ...(hash !== undefined && { plan: hash }),
    approval,
    runs: [run],
    startedAt: run.startedAt,
    steps: [],
    interruption: { kind: expected?.kind ?? "none", expectedSeconds: expected?.seconds ?? 0 },
    reversibility,
    ...(migration && { backup: migration.claimName }),
    verification: { mode, status: mode === "off" ? "off" : "pending" },
    warnings: [...new Set(warnings.map(({ rule }) => rule))],
  };
  if (!continues(open, plan)) return fresh;
  // What was there at the first begin is what the upgrade is from; what is left of it may be another kind of plan.
  const runs = [...open.runs, run];
  return {
    ...fresh,
    ...open,
    rules,
    ...(hash !== undefined && { plan: hash, approval }),
    ...(migration && { backup: migration.claimName }),
    runs: runs.length > MOST_RUNS ? [...runs.slice(0, 1), ...runs.slice(1 - MOST_RUNS)] : runs,
    verification: fresh.verification,
    warnings: [...new Set([...open.warnings, ...fresh.warnings])],
  };
}

/** How a run has ended. */
export interface Ended {
  readonly finishedAt: string;
  /** Missing where this run had only to verify. */
  readonly measured?: {
    readonly steps: Receipt["steps"];
    readonly interruptedAtMostSeconds?: number;
  };
  readonly verification: Pick<Receipt["verification"], "status"> & { readonly before?: Seen; readonly after?: Seen };
}

/** Done, unless the verification failed: that leaves it open. */
export function endReceipt(receipt: Receipt, { finishedAt, measured, verification }: Ended): Receipt {
  const isDone = verification.status !== "failed";
  const { interruption } = receipt;
  const away = measured?.interruptedAtMostSeconds;
  return {
    ...receipt,
    outcome: isDone ? "done" : "unfinished",
    ...(isDone && { finishedAt }),
    ...(measured && { steps: measured.steps.map(({ step, seconds }) => ({ step, seconds })) }),
    interruption: { ...interruption, ...(away !== undefined && { atMostSeconds: away }) },
    verification: { ...receipt.verification, ...verification },
  };
}

/** With the user's Jobs of this plan that have run to their end. */
export function withRun(receipt: Receipt, when: "before" | "after", { steps }: Pick<UpgradePlan, "steps">): Receipt {
  return withJobs(
    receipt,
    steps.filter((step) => step.kind === "ownJob").filter((step) => step.when === when),
  );
}

/** With these of the user's Jobs. */
export function withJobs(receipt: Receipt, ran: readonly OwnJobName[]): Receipt {
  const all = (when: OwnJobName["when"], kept: readonly string[] = []) => {
    const names = new Set([...kept, ...ran.filter((it) => it.when === when).map(({ cronJob }) => cronJob)]);
    return names.size === 0 ? undefined : [...names];
  };
  const [ranBefore, ranAfter] = [all("before", receipt.ranBefore), all("after", receipt.ranAfter)];
  return { ...receipt, ...(ranBefore && { ranBefore }), ...(ranAfter && { ranAfter }) };
}

/** Another upgrade is begun instead of it. */
export function abandonReceipt(receipt: Receipt): Receipt {
  return { ...receipt, outcome: "abandoned" };
}
