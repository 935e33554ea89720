import { z } from "zod";
import { INTERRUPTIONS, PLAN_KINDS, REVERSIBILITIES, VERIFICATION_STATUSES } from "../model";
import { VERIFY_MODES } from "../verification";

/** Of the JSON: another number where a key changes its meaning or goes (docs/receipt.schema.json). */
export const RECEIPT_SCHEMA = 1;

/** `unfinished`: begun, and no run has ended it yet. `abandoned`: another upgrade was begun instead of going on. */
export const OUTCOMES = ["done", "unfinished", "abandoned"] as const;
/** Who agreed to the plan: nobody was asked, its hash was in the config, or somebody said yes to what `npm run upgrade` showed. */
export const APPROVALS = ["none", "approvedPlan", "confirmed"] as const;

const text = z.string();
const seconds = z.number().nonnegative();
const count = z.int().nonnegative();
const time = z.iso.datetime();
const list = <T extends z.ZodType>(of: T) => z.array(of).readonly();

/** What Milvus answered: counts, and no name of a collection. */
const seen = z.object({
  version: text.optional(),
  collections: count.optional(),
  rows: count.optional(),
  answers: count.optional(),
});

/**
 * What is left of an upgrade for those who ask later: an auditor, and the stack that goes the same way next. Facts of this
 * program alone, no value of the user's.
 */
export const RECEIPT = z.object({
  schema: z.literal(RECEIPT_SCHEMA),
  id: text.describe("Different for each upgrade"),
  outcome: z.enum(OUTCOMES),
  release: text.describe("namespace/name"),
  kind: z.enum(PLAN_KINDS),
  from: text.optional().describe("Milvus version before; missing for an install"),
  to: text,
  chart: text.describe("Name and version, such as milvus-4.2.58"),
  rules: text.describe("Version of this program, and digest of its catalogue of versions and charts"),
  plan: text.optional().describe("Hash of the plan, as milvus:approvedPlan takes it"),
  approval: z.enum(APPROVALS),
  runs: list(z.object({ stack: text, who: text, startedAt: time })).describe(
    "Every run that worked on it: who, on which machine, for which stack",
  ),
  startedAt: time.describe("Of the first run"),
  stoppedAt: time.optional().describe("When a run first took Milvus away; missing where none did"),
  finishedAt: time.optional().describe("After the verification; missing where it is not finished"),
  steps: list(z.object({ step: text, seconds })).describe("Of the run that ended it"),
  interruption: z.object({
    kind: z.enum(INTERRUPTIONS).describe("As expected"),
    expectedSeconds: seconds,
    atMostSeconds: seconds.optional().describe("As measured; missing where nothing was taken away"),
  }),
  reversibility: z.enum(REVERSIBILITIES),
  backup: text.optional().describe("Claim with the backup of the metadata"),
  verification: z.object({
    mode: z.enum(VERIFY_MODES),
    status: z.enum(["off", ...VERIFICATION_STATUSES]),
    before: seen.optional(),
    after: seen.optional(),
  }),
  ranBefore: list(text).optional().describe("CronJobs of milvus:runBefore of which a Job has run to its end"),
  ranAfter: list(text).optional().describe("The same of milvus:runAfter"),
  warnings: list(text).describe("Rules whose warnings were there when it was begun (docs/upgrade-rules.md)"),
});

export type Receipt = z.output<typeof RECEIPT>;
/** What Milvus answered. */
export type Seen = z.output<typeof seen>;

/**
 * A receipt that somebody else has kept: another stack, another version of this program.
 *
 * @returns undefined for what is none, or one of a schema that is not known
 */
export function asReceipt(value: unknown): Receipt | undefined {
  return RECEIPT.safeParse(value).data;
}

/** Characters of a text in a receipt: whoever wrote it may have written a book. */
const LONGEST = 200;

/** In which no text is longer than it need be: the size of a receipt is known. */
export function shortened(receipt: Receipt): Receipt {
  return JSON.parse(
    JSON.stringify(receipt, (_, value: unknown) =>
      typeof value === "string" && value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value,
    ),
  ) as Receipt;
}
