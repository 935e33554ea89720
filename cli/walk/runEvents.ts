import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import { duration } from "../../upgrade/plan/interruption";
import type { RunEvent } from "../../upgrade/progress/events";
import { onOneLine } from "../../upgrade/words/visible";

/** Events of a run that is at work, heard as they come. */
export interface HeardRun {
  /** Which the run appends to. */
  readonly file: string;
  /** Hears the last of them; more than once is the same as once. */
  end(): void;
}

const POLL_MS = 300;
const CHUNK = 65_536;

/** Hears what a run tells, in a file that nobody else reads. */
export function hearRun(hear: (event: RunEvent) => void): HeardRun {
  const folder = mkdtempSync(join(tmpdir(), "milvus-upgrade-"));
  const file = join(folder, "events.jsonl");
  writeFileSync(file, "", { mode: 0o600 });
  const handle = openSync(file, "r");
  let rest = "";
  const read = () => {
    const buffer = Buffer.alloc(CHUNK);
    for (;;) {
      const count = readSync(handle, buffer, 0, CHUNK, null);
      if (count === 0) break;
      rest += buffer.toString("utf8", 0, count);
    }
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = parse(line);
      if (event !== undefined) hear(event);
    }
  };
  const timer = setInterval(read, POLL_MS);
  let isEnded = false;
  return {
    file,
    end() {
      if (isEnded) return;
      isEnded = true;
      clearInterval(timer);
      read();
      closeSync(handle);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parse(line: string): RunEvent | undefined {
  try {
    return onOneLine(JSON.parse(line) as RunEvent);
  } catch {
    return undefined;
  }
}

/** For a terminal; nothing of what was shown before. */
export function eventLines(event: RunEvent, shownHash: string | undefined): string[] {
  switch (event.event) {
    case "planned":
      // Where it is the one that was shown, there is nothing new in it.
      return event.hash === shownHash ? [] : [pc.yellow("the run makes another plan than was shown:"), ...event.lines];
    case "said":
      return [pc.dim(`  ${event.text}`)];
    case "refused":
      // Pulumi's own display has it, with what to type.
      return [];
    case "stepStarted":
      return [`  ${event.number}/${event.of} ${event.title}`];
    case "stepProgress":
      return [pc.dim(`      ${event.text}`)];
    case "stepStuck":
      return [`      ${pc.yellow("stuck")}: ${event.text}`];
    case "stepEnded": {
      const took = event.seconds < 120 ? `${event.seconds} s` : duration(Math.round(event.seconds));
      const word = event.result === "done" ? pc.green("done") : pc.red(event.result);
      return [`      ${word} ${event.result === "done" ? "in" : "after"} ${took}`];
    }
    case "finished":
      // The walk's own total, which follows, is of the whole run.
      return ["the steps of this run:", ...event.lines.slice(1)].map((line) => `  ${line}`);
  }
}

const DIAGNOSTICS = "Diagnostics:";
const AFTER = /^(Outputs|Resources|Policies):/;

/** What pulumi said at last of what went wrong, out of its display. */
export function diagnosticsOf(display: string): string[] {
  const lines = display.split("\n");
  const plain = lines.map((line) => stripVTControlCharacters(line).trim());
  const begin = plain.lastIndexOf(DIAGNOSTICS);
  if (begin < 0) return lines.slice(-MOST_LINES);
  const length = plain.slice(begin).findIndex((line) => AFTER.test(line));
  return lines.slice(begin, length < 0 ? undefined : begin + length);
}

/** Where there are no diagnostics. */
const MOST_LINES = 40;
