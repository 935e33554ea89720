import { appendFileSync } from "node:fs";
import type { UpgradePlan } from "../upgrade/model";
import { EVENTS_VARIABLE, type Told } from "../upgrade/progress/events";
import { onOneLine } from "../upgrade/words/visible";

export interface EventSink {
  tell(event: Told): void;
}

interface Address {
  readonly releaseName: string;
  readonly namespace: string;
}

/** Appends a run's events to the file that the environment names; tells nobody where it names none. */
export function eventSink(address: Address, { kind, from, to }: Pick<UpgradePlan, "kind" | "from" | "to">): EventSink {
  return {
    tell: (told) => append(address, { plan: kind, ...(from !== undefined && { from }), to, ...told }),
  };
}

/** A line that is of no step. */
export function tellLine(address: Address, text: string): void {
  append(address, { event: "said", text });
}

/** Of a run that ends before anything is touched. */
export function tellRefused(address: Address, rule: string, text: string): void {
  append(address, { event: "refused", rule, text });
}

let isBroken = false;

function append({ releaseName, namespace }: Address, told: object): void {
  const file = process.env[EVENTS_VARIABLE];
  if (file === undefined || file === "" || isBroken) return;
  const event = { time: new Date().toISOString(), release: `${namespace}/${releaseName}`, ...told };
  try {
    appendFileSync(file, `${JSON.stringify(onOneLine(event))}\n`, { mode: 0o600 });
  } catch (error) {
    // Who listens is not worth an upgrade.
    isBroken = true;
    process.stderr.write(`${EVENTS_VARIABLE}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
