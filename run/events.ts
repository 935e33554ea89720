import { appendFileSync } from "node:fs";
import type { UpgradePlan } from "../upgrade/model";
import { EVENTS_VARIABLE, type RunEvent, type Told } from "../upgrade/progress/events";
import { onOneLine } from "../upgrade/words/visible";

export interface EventSink {
  tell(event: Told): void;
}

/** Appends a run's events to the file that the environment names; tells nobody where it names none. */
export function eventSink(
  { releaseName, namespace }: { readonly releaseName: string; readonly namespace: string },
  { kind, from, to }: Pick<UpgradePlan, "kind" | "from" | "to">,
  file: string | undefined = process.env[EVENTS_VARIABLE],
): EventSink {
  if (file === undefined || file === "") return { tell: () => undefined };
  let isBroken = false;
  return {
    tell(told) {
      if (isBroken) return;
      const event = {
        time: new Date().toISOString(),
        release: `${namespace}/${releaseName}`,
        plan: kind,
        ...(from !== undefined && { from }),
        to,
        ...told,
      } as RunEvent;
      try {
        appendFileSync(file, `${JSON.stringify(onOneLine(event))}\n`, { mode: 0o600 });
      } catch (error) {
        // Who listens is not worth an upgrade.
        isBroken = true;
        process.stderr.write(`${EVENTS_VARIABLE}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    },
  };
}
