/**
 * `npm run chaos -- --matrix [--only REGEX] [--sample N] [--results FILE]`: every step of every kind of plan × every fault.
 * `npm run chaos -- --minutes N`: a random schedule. Both print their seed, and take it with `--seed S`.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Cell, type CellResult, cellName, runCell } from "./cell";
import { type ChaosBed, startChaosBed } from "./chaosBed";
import { hashOf, randomCell, sampleCells, selectCells } from "./matrix";
import { type Random, seeded } from "./random";
import { markdownRow, resultTable, rowStart, summary } from "./report";

const say = (line = "") => void process.stdout.write(`${line}\n`);

/** One sandbox works through the cells; several share one iterator. */
async function work(
  chaos: ChaosBed,
  cells: Iterator<Cell>,
  { seed, stopAt, keep }: { seed: number; stopAt: number; keep: (result: CellResult) => void },
): Promise<CellResult[]> {
  const results: CellResult[] = [];
  for (let next = cells.next(); next.done !== true; next = cells.next()) {
    const cell = next.value;
    if (Date.now() > stopAt) {
      say(`time is up before ${cellName(cell)}`);
      break;
    }
    // From the seed and the name alone, so that one cell can be run again by itself.
    const result = await runCell(chaos, cell, seeded(seed ^ hashOf(cell)));
    results.push(result);
    keep(result);
    say(`${result.verdict.padEnd(7)} ${result.seconds.toFixed(0).padStart(4)} s  ${result.cell}  (${result.struck})`);
    for (const problem of result.problems) {
      say(`         ${problem.replaceAll("\n", "\n         ")}`);
    }
  }
  return results;
}

function goodRows(table: string): string {
  const rows = table.split("\n").filter((line) => line.startsWith("|") && !line.endsWith("| FAILED |"));
  return rows.map((row) => `${row}\n`).join("");
}

function* forever(random: Random): Generator<Cell> {
  for (;;) {
    yield randomCell(random);
  }
}

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      matrix: { type: "boolean", default: false },
      only: { type: "string" },
      sample: { type: "string" },
      minutes: { type: "string" },
      seed: { type: "string" },
      lanes: { type: "string", default: "1" },
      list: { type: "boolean", default: false },
      results: { type: "string" },
    },
  });
  const seed = flags.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(flags.seed);
  const random = seeded(seed);
  const { results: file } = flags;
  const done = file !== undefined && existsSync(file) ? goodRows(readFileSync(file, "utf8")) : "";
  // With a file of results, a matrix that was cut short goes on where it ended, and what had failed is run again.
  const matrix = selectCells(flags.only).filter((cell) => !done.includes(rowStart(cell)));
  if (flags.list) {
    say(matrix.map(cellName).join("\n"));
    say(`${matrix.length} cells`);
    return 0;
  }
  if (!flags.matrix && flags.minutes === undefined) {
    say(
      "say which: --matrix [--only REGEX] [--sample N] [--results FILE] or --minutes N; both take --seed S and --lanes N",
    );
    return 2;
  }
  const minutes = Number(flags.minutes ?? Number.POSITIVE_INFINITY);
  const stopAt = Date.now() + minutes * 60_000;
  const sampled = flags.sample === undefined ? matrix : sampleCells(Number(flags.sample), random);
  say(`seed ${seed}`);
  const cells = (flags.matrix ? sampled : forever(random))[Symbol.iterator]();
  const lanes = await Promise.all(Array.from({ length: Number(flags.lanes) }, () => startChaosBed()));
  try {
    if (file !== undefined) writeFileSync(file, done);
    const keep = (result: CellResult) => {
      if (file !== undefined) appendFileSync(file, `${markdownRow(result)}\n`);
    };
    const results = (await Promise.all(lanes.map((chaos) => work(chaos, cells, { seed, stopAt, keep })))).flat();
    say(`\n${resultTable(results).join("\n")}`);
    say(`\n${summary(results)}; seed ${seed}`);
    return results.length > 0 && results.every(({ verdict }) => verdict !== "FAILED") ? 0 : 1;
  } finally {
    await Promise.all(lanes.map((chaos) => chaos.stop()));
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // By way of `exit`, so that what was mounted is unmounted; the sandbox's watchdog does the rest.
  process.once(signal, () => process.exit(130));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
