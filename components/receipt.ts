import type { UpgradePlan } from "../upgrade/model";
import type { Ended } from "../upgrade/receipt/make";
import { asReceipt, type Receipt, type Seen } from "../upgrade/receipt/receipt";
import type { Snapshot } from "../verify/snapshot";
import type { Result } from "../verify/verify";
import { type LastUpgrade, secondsBetween } from "./measure";

/** A run that worked on an upgrade. */
export interface ReceiptRun {
  /** `organization/project/stack`. */
  readonly stack: string;
  /** `jane@laptop`. */
  readonly who: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** A step that was done. */
export interface ReceiptStep {
  /** Its name, as the plan has it. */
  readonly step: string;
  /** Of the clock, not of work. */
  readonly seconds: number;
}

/** What clients were to notice, and did. */
export interface ReceiptInterruption {
  /** As expected: none, gaps, failing requests or outage. */
  readonly kind: string;
  /** As expected. */
  readonly expectedSeconds: number;
  /** As measured; missing where nothing was taken away. */
  readonly atMostSeconds?: number;
}

/** Counts, and no name of a collection. */
export interface ReceiptAnswers {
  /** As the service says it. */
  readonly version?: string;
  /** How many there are. */
  readonly collections?: number;
  /** In all of them. */
  readonly rows?: number;
  /** Searches that were answered. */
  readonly answers?: number;
}

/** How an upgrade was verified. */
export interface ReceiptVerification {
  /** off, health, data or write. */
  readonly mode: string;
  /** off, passed, failed or pending. */
  readonly status: string;
  /** Missing where the data was not looked at. */
  readonly before?: ReceiptAnswers;
  /** Missing where nothing was verified. */
  readonly after?: ReceiptAnswers;
}

/** What is left of an upgrade for those who ask later, without a value of the user's (docs/receipt.schema.json). */
export interface ReceiptOutput {
  /** Of its JSON: 1. */
  readonly schema: number;
  /** Different for each upgrade. */
  readonly id: string;
  /** done, unfinished or abandoned. */
  readonly outcome: string;
  /** `namespace/name` of the Helm release. */
  readonly release: string;
  /** As the plan's. */
  readonly kind: string;
  /** Milvus version before; missing for an install. */
  readonly from?: string;
  /** Milvus version after. */
  readonly to: string;
  /** Chart name and version, e.g. `milvus-4.0.31`. */
  readonly chart: string;
  /** Version of this program, and digest of its catalogue of versions and charts. */
  readonly rules: string;
  /** Hash of the plan, as it is approved. */
  readonly plan?: string;
  /** none, approvedPlan or confirmed (by somebody who was asked). */
  readonly approval: string;
  /** Every run that worked on it. */
  readonly runs: ReceiptRun[];
  /** ISO 8601; of the first run. */
  readonly startedAt: string;
  /** ISO 8601; missing where no run took Milvus away. */
  readonly stoppedAt?: string;
  /** ISO 8601; after the verification. */
  readonly finishedAt?: string;
  /** Of the run that ended it, in the plan's order. */
  readonly steps: ReceiptStep[];
  /** What it cost those who use Milvus. */
  readonly interruption: ReceiptInterruption;
  /** Whether there was a way back. */
  readonly reversibility: string;
  /** Claim with the backup of the metadata; missing when the plan did not touch the metadata. */
  readonly backup?: string;
  /** What was verified, and what came out. */
  readonly verification: ReceiptVerification;
  /** CronJobs of runBefore of which a Job has run to its end. Missing: none was asked for. */
  readonly ranBefore?: string[];
  /** The same of runAfter. */
  readonly ranAfter?: string[];
  /** Rules whose warnings were there when it was begun. */
  readonly warnings: string[];
}

export function receiptOutput(receipt: Receipt): ReceiptOutput {
  // Plain data: only that nobody changes it is left out.
  return JSON.parse(JSON.stringify(receipt)) as ReceiptOutput;
}

/** What earlier runs have left of the last upgrade. */
export interface EarlierUpgrade {
  readonly receipt?: ReceiptOutput;
  readonly lastUpgrade?: unknown;
}

/**
 * As the state has it, unless the cluster keeps the receipt of a later one: of a run that was killed at its very end, or that a state
 * which was put back does not know.
 *
 * @param kept as the cluster has it
 */
export function earlierUpgrade(known: EarlierUpgrade, kept: unknown): EarlierUpgrade {
  const found = asReceipt(kept);
  if (found?.finishedAt === undefined || (known.receipt?.finishedAt ?? "") >= found.finishedAt) return known;
  const { kind, from, to, startedAt, finishedAt, runs, steps, interruption } = found;
  const away = interruption.atMostSeconds;
  const lastUpgrade: LastUpgrade = {
    kind,
    ...(from !== undefined && { from }),
    to,
    finishedAt,
    seconds: secondsBetween(Date.parse(startedAt), Date.parse(finishedAt)),
    runs: runs.length,
    steps: [...steps],
    ...(away !== undefined && { interruptedAtMostSeconds: away }),
  };
  return { receipt: receiptOutput(found), lastUpgrade };
}

/** How a run has ended, for its receipt. */
export function endedRun(plan: UpgradePlan, measured: LastUpgrade | undefined, result: Result | undefined): Ended {
  const { before, after, version } = result ?? {};
  return {
    finishedAt: new Date().toISOString(),
    ...(measured && plan.kind !== "nothing" && { measured }),
    verification: {
      status: result?.status ?? "off",
      ...(before && { before: answersOf(before) }),
      ...((after ?? version) !== undefined && {
        after: { ...(after && answersOf(after)), ...(version !== undefined && { version }) },
      }),
    },
  };
}

function answersOf({ version, collections, answers }: Snapshot): Seen {
  return {
    version,
    collections: collections.length,
    rows: collections.reduce((sum, { rows }) => sum + rows, 0),
    answers: answers.length,
  };
}
