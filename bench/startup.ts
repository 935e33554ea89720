/** What it takes to load a program. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectFolder } from "../sandbox/folders";
import { run as runCommand } from "../sandbox/run";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { describeSample, judge, ratio, sampleOf } from "./statistics";

interface Start {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

const PROGRAMS = {
  "bare, as Pulumi starts it by default": ["bench/bareProgram.ts", "bench/tsconfig.checked.json"],
  "bare, without checking types": ["bench/bareProgram.ts", "tsconfig.pulumi.json"],
  "this program": ["index.ts", "tsconfig.pulumi.json"],
} as const;
type Program = keyof typeof PROGRAMS;

/** Each program in turn, so that a machine that gets slower slows all of them. */
async function run({ log, quick }: BenchContext): Promise<Findings> {
  const names = Object.keys(PROGRAMS) as Program[];
  const starts = { first: new Map<Program, Start[]>(), later: new Map<Program, Start[]>() };
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    for (const name of names) {
      const cache = mkdtempSync(path.join(tmpdir(), "bench-start-"));
      try {
        for (const when of ["first", "later"] as const) {
          const start = await startOf(name, cache);
          starts[when].set(name, [...(starts[when].get(name) ?? []), start]);
        }
      } finally {
        rmSync(cache, { recursive: true, force: true });
      }
    }
    log(`start-up: round ${round + 1}`);
  }
  const sample = (when: keyof typeof starts, name: Program, what: keyof Start) =>
    sampleOf((starts[when].get(name) ?? []).map((start) => start[what]));
  const bare: Program = "bare, as Pulumi starts it by default";
  const target = { atMost: 1.25, reason: "it has more modules to load" };
  const rows = (["first", "later"] as const).flatMap((when) =>
    names.map((name) => {
      const took = sample(when, name, "cpuSeconds");
      const base = sample(when, bare, "cpuSeconds");
      return [
        `${when === "first" ? "first start" : "later start"}: ${name}`,
        describeSample(sample(when, name, "seconds")),
        describeSample(took),
        ratio(took.least, base.least),
        `${Math.round(sample(when, name, "megabytes").median)} MB`,
        name === "this program" ? judge(took.least, base.least, target) : "",
      ];
    }),
  );
  const head = ["imports alone", "time", "CPU time", "ratio of CPU time", "memory", "target"];
  return {
    about: [
      "How long it takes until a program has been loaded, before it has done anything: [as Pulumi's language host does it](../bench/startAsPulumi.js), this program against [the bare one](../bench/bareProgram.ts), in turn. CPU time is what is compared, the least of the five rounds: what is above it is others on the machine, [as for timeit](https://docs.python.org/3/library/timeit.html#timeit.Timer.repeat). Both columns have median and range.",
    ],
    tables: [{ head, rows }],
    notes: [
      "A first start compiles TypeScript; a later one finds the result in the temporary folder, unless that was emptied (as in most CI).",
      "Pulumi checks the types of a program at its first start unless told otherwise. This project's Pulumi.yaml tells it (`npm run types` checks them); the bare program is started as `pulumi new` leaves it, and without the check.",
    ],
  };
}

async function startOf(name: Program, cache: string): Promise<Start> {
  const printed = await runCommand(process.execPath, ["bench/startAsPulumi.js", ...PROGRAMS[name]], {
    cwd: projectFolder,
    env: { ...process.env, TS_NODE_CACHE_DIRECTORY: cache },
    timeoutSeconds: 180,
  });
  return JSON.parse(printed) as Start;
}

export const startup: Part = { name: "overhead-startup", title: "Start-up against a bare program", run };
