import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PLAN_KINDS } from "../upgrade/model";
import { type RunEvent, STEP_RESULTS, type WalkEvent } from "../upgrade/progress/events";

const text = z.string();
const lines = z.array(text).readonly();
const time = text.describe("ISO 8601");
const upgrade = {
  time,
  release: text.describe("namespace/name"),
  plan: z.enum(PLAN_KINDS),
  from: text.optional().describe("Milvus version before; missing for an install"),
  to: text,
};
const step = {
  ...upgrade,
  step: text.describe("As the outputs name it: resume querynode"),
  title: text.describe("What it does, for people"),
  number: z.number().describe("The first is 1"),
  of: z.number(),
};
const hop = { time, title: text, number: z.number().describe("The first is 1"), of: z.number() };

/** Of one line. */
export const EVENT = z.discriminatedUnion("event", [
  z.strictObject({
    ...upgrade,
    event: z.literal("planned"),
    hash: text.optional().describe("Missing when nothing is to be done"),
    lines,
  }),
  z.strictObject({ ...step, event: z.literal("stepStarted") }),
  z.strictObject({ ...step, event: z.literal("stepProgress"), text }),
  z.strictObject({ ...step, event: z.literal("stepStuck"), text: text.describe("The likely cause, and what to do") }),
  z.strictObject({ ...step, event: z.literal("stepEnded"), seconds: z.number(), result: z.enum(STEP_RESULTS) }),
  z.strictObject({
    ...upgrade,
    event: z.literal("finished"),
    seconds: z.number().describe("Over all runs that it took"),
    verification: text,
    lines: lines.describe("The table of the end"),
  }),
  z.strictObject({
    time,
    release: upgrade.release,
    event: z.literal("said"),
    text: text.describe("Of the lock, or of the verification"),
  }),
  z.strictObject({
    time,
    release: upgrade.release,
    event: z.literal("refused"),
    rule: text.describe("Its name, as docs/upgrade-rules.md has it"),
    text: text.describe("Why"),
  }),
  z.strictObject({ ...hop, event: z.literal("hopStarted") }),
  z.strictObject({
    ...hop,
    event: z.literal("hopEnded"),
    seconds: z.number(),
    result: z.enum([...STEP_RESULTS, "busy"]),
  }),
  z.strictObject({
    time,
    event: z.literal("ended"),
    result: z.enum(["arrived", "refused", "unapproved", "declined", "failed", "busy", "interrupted"]),
    done: lines.describe("Titles of the plans that were run to their end"),
  }),
]);

/** Does not compile where an event may hold what the schema does not allow. */
export const asDescribed = (event: RunEvent | WalkEvent): z.input<typeof EVENT> => event;

export const EVENT_SCHEMA_FILE = join(__dirname, "..", "docs", "upgrade-events.schema.json");

/** For readers, who must take keys and events that they do not know. */
export function eventSchema(): string {
  const title = `A line of milvus-upgrade upgrade --json, and of the file that the environment variable MILVUS_UPGRADE_EVENTS names`;
  const open = JSON.stringify(
    { title, ...z.toJSONSchema(EVENT, { io: "input" }) },
    (key, value: unknown) => (key === "additionalProperties" ? undefined : value),
    2,
  );
  return `${open}\n`;
}

if (require.main === module) writeFileSync(EVENT_SCHEMA_FILE, eventSchema());
