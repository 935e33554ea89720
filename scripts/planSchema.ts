import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { OUTCOMES, PLAN_FORMAT, type PlanReport } from "../cli/plan/report";
import { PLAN_KINDS, REVERSIBILITIES } from "../upgrade/model";

const list = <T extends z.ZodType>(of: T) => z.array(of).readonly();
const text = z.string();

/** A step of a plan, in words. */
export const STEP_REPORT = z.strictObject({
  step: text,
  reversibility: z.enum(REVERSIBILITIES),
  why: text,
  source: text,
});
const hop = z.strictObject({ from: text, to: text, chart: text });
const refusal = z.strictObject({
  kind: z.literal("refused"),
  rule: text.describe("Name of the rule, as in docs/upgrade-rules.md"),
  reason: text,
  remedy: text,
  source: text.optional(),
  nextHop: hop.optional(),
  path: list(hop).optional().describe("The whole way to the wanted version"),
});
const plan = z.strictObject({
  kind: z.enum(PLAN_KINDS),
  title: text,
  from: text.optional(),
  to: text,
  chart: z.strictObject({
    name: text,
    version: text,
    location: text,
    kind: z.enum(["repository", "oci", "folder"]),
  }),
  reason: text,
  hash: text.optional().describe("For milvus:approvedPlan; missing when nothing is to be done"),
  hashParts: z
    .strictObject({ config: text, rules: text, release: text, cluster: text, plan: text })
    .optional()
    .describe("The hash of each thing that the plan depends on: says which one has moved since another plan"),
  approval: list(text),
  conditions: list(text)
    .optional()
    .describe("What must hold before it may be begun: windows, and what another stack has proved"),
  steps: list(STEP_REPORT),
  interruption: text,
  expected: text.optional(),
  expectedSeconds: z.number().describe("The number that `expected` says, and that milvus:maxDowntime is compared with"),
  savedSeconds: z
    .number()
    .optional()
    .describe("Seconds that are not in expectedSeconds, because images are pulled before"),
  reversibility: z.enum(REVERSIBILITIES),
  pulls: list(text).optional().describe("What is pulled onto which nodes before anything is taken away, a line each"),
  added: list(z.strictObject({ path: text, shown: text, rule: text, reason: text })),
  warnings: list(z.strictObject({ rule: text, message: text })),
  verification: list(text).describe("What is looked at once it is done, and what is written into Milvus for that"),
  attempt: text.optional(),
  backupClaim: text.optional(),
});
const change = {
  before: text.optional(),
  after: text.optional(),
  lines: list(text).optional().describe("Instead of the two, for texts of several lines"),
};
const field = z.strictObject({ path: text, ...change });
const manifests = z.union([
  z.strictObject({ compared: z.literal(false), why: text }),
  z.strictObject({
    compared: z.literal(true),
    revision: z.number().optional(),
    common: list(z.strictObject({ path: text, change: z.strictObject(change), objects: list(text) })),
    objects: list(
      z.strictObject({
        change: z.enum(["added", "removed", "changed"]),
        kind: text,
        apiVersion: text,
        namespace: text,
        name: text,
        fields: list(field),
        refused: list(z.strictObject({ path: text, why: text })).describe("What the API server will not take"),
        kept: z.boolean().optional(),
      }),
    ),
    dryRun: z.strictObject({ judged: z.number(), unknown: list(text) }),
  }),
]);
const drift = z.strictObject({
  objects: list(z.strictObject({ kind: text, name: text, missing: z.boolean(), fields: list(field) })),
  unknown: list(text),
});
const images = z.strictObject({
  list: list(z.strictObject({ image: text, users: list(text) })),
  outside: list(text),
  incomplete: text.optional(),
});

/** What `plan --format json` prints. Keys are added under the same format; one that changes or goes makes a new one. */
export const PLAN_REPORT = z.strictObject({
  format: z.literal(PLAN_FORMAT),
  stack: text,
  release: text.describe("namespace/name"),
  outcome: z.enum(OUTCOMES),
  basis: z.enum(["cluster", "last outputs"]),
  open: list(text)
    .optional()
    .describe("Of an upgrade that was begun and has not ended: how to go on, how to give it up"),
  plan: plan.optional(),
  refusal: refusal.optional(),
  notNow: refusal.optional().describe("As things are now up would be refused for that reason, which time mends"),
  manifests: manifests.optional(),
  drift: drift.optional(),
  images: images.optional(),
});

/** Does not compile where a report may hold what the schema does not allow. */
export const asDescribed = (report: PlanReport): z.input<typeof PLAN_REPORT> => report;

export const PLAN_SCHEMA_FILE = join(__dirname, "..", "docs", "plan.schema.json");

/** For readers, who must take keys that they do not know. */
export function planSchema(): string {
  const schema = z.toJSONSchema(PLAN_REPORT, { io: "input" });
  const open = JSON.stringify(
    { title: "Output of milvus-upgrade plan --format json", ...schema },
    (key, value: unknown) => (key === "additionalProperties" ? undefined : value),
    2,
  );
  return `${open}\n`;
}

if (require.main === module) writeFileSync(PLAN_SCHEMA_FILE, planSchema());
