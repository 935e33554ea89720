import { openCharts } from "./charts";
import { jobsFor, type Selection } from "./jobs";
import { createRenderer } from "./renderer";
import { type Report, reportOf } from "./report";
import { type Job, type Outcome, walk } from "./walk";

export interface RunOptions extends Selection {
  readonly charts: string;
  readonly kubernetesVersion: string;
  readonly isControl: boolean;
  readonly withEffects: boolean;
  /** Processes of Helm at the same time. */
  readonly atOnce: number;
  readonly say: (line: string) => void;
}

const TOLD_EVERY_MS = 30_000;

/** Walks every way of the selection and counts what held. */
export async function runHarness(options: RunOptions): Promise<Report> {
  const shelf = await openCharts(options.charts);
  try {
    const jobs = jobsFor(shelf.versions, options);
    options.say(
      `seed ${options.seed}: ${jobs.length} ways from ${new Set(jobs.map(({ chart }) => chart)).size} charts`,
    );
    const renderer = createRenderer(options.kubernetesVersion, options.atOnce);
    const bench = { ...options, shelf, renderer, seen: new Set<string>() };
    const outcomes: Outcome[] = [];
    let told = Date.now();
    let done = 0;
    const work = async (queue: Iterator<Job>): Promise<void> => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        for await (const outcome of walk(next.value, bench)) outcomes.push(outcome);
        done++;
        if (Date.now() - told < TOLD_EVERY_MS) continue;
        told = Date.now();
        options.say(`  ${done} of ${jobs.length} ways, ${outcomes.length} hops, ${renderer.calls} renderings`);
      }
    };
    // They share one iterator; a hop waits for its renderings, and another goes on meanwhile.
    const queue = jobs[Symbol.iterator]();
    await Promise.all(Array.from({ length: options.atOnce }, () => work(queue)));
    options.say(`${renderer.calls} renderings`);
    return reportOf(outcomes);
  } finally {
    await shelf.close();
  }
}
