import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FLEET_ENDS, FLEET_FORMAT, type FleetReport, STACK_OUTCOMES } from "../cli/fleet/model";
import { PLAN_KINDS, REVERSIBILITIES } from "../upgrade/model";
import { STEP_REPORT } from "./planSchema";

const list = <T extends z.ZodType>(of: T) => z.array(of).readonly();
const text = z.string();

const hop = z.strictObject({
  title: text,
  kind: z.enum(PLAN_KINDS),
  from: text.optional(),
  to: text,
  chart: text.describe("Version of the chart"),
  steps: list(STEP_REPORT),
  expected: text.describe("The expected interruption, in words"),
  expectedSeconds: z.number().describe("The number that `expected` says"),
  wayBack: z.enum(REVERSIBILITIES),
  warnings: list(z.strictObject({ rule: text, message: text })),
  isBegun: z.boolean().describe("A part of it is done already"),
});
const stack = z.strictObject({
  stack: text,
  isCanary: z.boolean(),
  outcome: z.enum(STACK_OUTCOMES),
  release: text.optional().describe("namespace/name; missing where the stack could not be opened"),
  from: text.optional().describe("Version that Milvus had before"),
  to: text.optional().describe("Version that Milvus has now, where this fleet knows it"),
  hops: list(hop).describe("As they were foreseen"),
  expectedSeconds: z.number().describe("Of all hops"),
  done: list(text).describe("Titles of the runs that were made to their end"),
  seconds: z.number().optional(),
  why: list(text).describe("Why it did not arrive, or why it waits, a line each"),
  log: text.optional().describe("File with all that was said"),
});

/** What `upgrade --stacks --format json` prints. Keys are added under the same format; one that changes or goes makes a new one. */
export const FLEET_REPORT = z.strictObject({
  format: z.literal(FLEET_FORMAT),
  patterns: list(text),
  to: text.optional().describe("As asked for; missing: the milvus:version of each stack"),
  limits: z.strictObject({ canary: z.number(), maxParallel: z.number(), maxFailures: z.number() }),
  end: z.enum(FLEET_ENDS).describe("planned: --dry-run, or nothing could be begun"),
  at: z.iso.datetime(),
  seconds: z.number(),
  stacks: list(stack),
  stopped: text.optional().describe("Why not all stacks were begun"),
  next: list(text).describe("What to type now, a line each"),
});

/** Does not compile where a report may hold what the schema does not allow. */
export const asDescribed = (report: FleetReport): z.input<typeof FLEET_REPORT> => report;

export const FLEET_SCHEMA_FILE = join(__dirname, "..", "docs", "fleet.schema.json");

/** For readers, who must take keys that they do not know. */
export function fleetSchema(): string {
  const schema = z.toJSONSchema(FLEET_REPORT, { io: "input" });
  const open = JSON.stringify(
    { title: "Output of milvus-upgrade upgrade --stacks --format json", ...schema },
    (key, value: unknown) => (key === "additionalProperties" ? undefined : value),
    2,
  );
  return `${open}\n`;
}

if (require.main === module) writeFileSync(FLEET_SCHEMA_FILE, fleetSchema());
