import type { Seen } from "./seen";
import { startingText } from "./starting";

/** Seconds since its begin, which the script of the metadata puts before each line. */
const STAMP = /^\[ *\d+s\] /;
const COMMANDS: Readonly<Record<string, string>> = {
  "await-dependencies": "waits for the dependencies",
  "await-older-dependencies": "waits for the dependencies",
  "await-rollout": "waits for the rollout",
  "await-old-pods": "waits for the old pods to end",
  "await-pods-gone": "waits for the pods to end",
};

/** How far the Job of a step is whose commands take a moment. */
export function jobLine({ job }: Seen): string {
  if (job?.pod === undefined) return "its Job has no pod yet";
  if (job.pod.stage !== "runs" && job.pod.stage !== "ready")
    return `its Job's pod ${startingText([job.pod]).replace(/^1 /, "")}`;
  return job.command === undefined ? "its Job ends" : (COMMANDS[job.command] ?? `its Job runs ${job.command}`);
}

/** As the script says it: its steps, its waiting for sessions, the tool's own counts. */
export function metadataLine(seen: Seen): string {
  const line = seen.job?.line?.replace(STAMP, "").trim() ?? "";
  return line === "" ? jobLine(seen) : line;
}
