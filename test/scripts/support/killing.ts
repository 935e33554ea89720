import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Bench, type Outcome, type RunSettings, SCRIPT, type Site, type Verb } from "./bench";
import { instrument } from "./instrument";

/** One moment of a run at which everything can be killed: before or after a statement, or within the tool. */
export interface KillPoint {
  readonly kind: "script" | "tool";
  /** Its number among the points of its kind in that run, from 1. */
  readonly number: number;
  /** e.g. `before line 101` or `tool mid-save:3`. */
  readonly name: string;
}

/** Runs the script with kill points in it. */
export class Killer {
  private readonly script: string;
  readonly statements: number;

  constructor(bench: Bench) {
    const { script, statements } = instrument(readFileSync(SCRIPT, "utf8"));
    this.script = path.join(mkdtempSync(path.join(bench.folder, "instrumented-")), "metadata.sh");
    this.statements = statements;
    writeFileSync(this.script, script);
  }

  private settings(site: Site, settings: RunSettings, env: Record<string, string>): RunSettings {
    const log = path.join(site.folder, "points");
    for (const file of [`${log}.script`, `${log}.script.count`, `${log}.tool`]) {
      rmSync(file, { force: true });
    }
    return {
      ...settings,
      script: this.script,
      env: { PROBE_LOG: `${log}.script`, SANDBOX_FAULT_LOG: `${log}.tool`, ...settings.env, ...env },
    };
  }

  /** Runs to the end and gives all points it passed. */
  async points(site: Site, verb: Verb, settings: RunSettings = {}): Promise<{ outcome: Outcome; points: KillPoint[] }> {
    const outcome = await site.run(verb, this.settings(site, settings, {}));
    const read = (kind: KillPoint["kind"]): KillPoint[] =>
      readLines(path.join(site.folder, `points.${kind}`)).map((line, index) => ({
        kind,
        number: index + 1,
        name: kind === "tool" ? `tool ${line}` : line.replace(/^script (before|after) /, "$1 line "),
      }));
    return { outcome, points: [...read("script"), ...read("tool")] };
  }

  /** Runs until the point and kills the process group there, with SIGKILL. */
  async killAt(site: Site, verb: Verb, point: KillPoint, settings: RunSettings = {}): Promise<Outcome> {
    return point.kind === "tool"
      ? this.faultAt(site, verb, point.number, "kill-group", settings)
      : site.run(verb, this.settings(site, settings, { PROBE_KILL: String(point.number) }));
  }

  /** Lets something happen at that point of the tool: see the stand-in's package `fault`. */
  async faultAt(site: Site, verb: Verb, number: number, action: string, settings: RunSettings = {}): Promise<Outcome> {
    return site.run(verb, this.settings(site, settings, { SANDBOX_FAULT: `#${number}=${action}` }));
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

/** Works on the items, each worker with a site of its own; the first failure ends it. */
export async function inParallel<T>(
  bench: Bench,
  items: readonly T[],
  workers: number,
  work: (item: T, site: Site, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    const site = bench.site();
    while (next < items.length && failures.length === 0) {
      const index = next;
      next += 1;
      const item = items[index] as T;
      await work(item, site, index).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  if (failures.length > 0) {
    throw failures[0];
  }
}
