/**
 * What metadata.sh costs within an outage, beside the tool that it drives: backup and migrate of metadata of several sizes,
 * with the real etcd, the tool's stand-in, and the shell and awk of the tool's image (busybox) where it is there.
 * `METADATA_ENTRIES=10000,1000000` chooses the sizes.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { seedRecords } from "../sandbox/metadataSeed";
import { Bench, type Site } from "../test/scripts/support/bench";
import { busyboxFolder } from "../test/scripts/support/programs";
import { findProgram } from "../test/scripts/support/tools";
import type { BenchContext, Part } from "./part";
import type { BenchTable, Findings } from "./section";
import { number, seconds } from "./statistics";

const ENTRIES = [10_000, 100_000];
const VERBS = ["backup", "migrate"] as const;
/** For one verb. */
const LIMIT_SECONDS = 20 * 60;
/** From here on a backup of the tool, one key per request, takes too long to be repeated here. */
const MANY = 50_000;

/** How long etcd takes for one key, in the way the tool reads them all. */
interface Reading {
  readonly entries: number;
  readonly request: number;
}

interface Measured {
  readonly entries: number;
  readonly megabytes: number;
  readonly verb: (typeof VERBS)[number];
  readonly total: number;
  /** Seconds of each call of the tool. */
  readonly calls: readonly number[];
}

/** At least so many entries, of the size that they have in a Milvus 2.1 with large collections: about 240 bytes each. */
function recordsOf(entries: number): Map<string, string> {
  const segments = 100;
  const ofTwelve = seedRecords(12, segments).size / 12;
  const records = seedRecords(Math.ceil(entries / ofTwelve), segments);
  // The bench's etcd takes bytes.
  return new Map([...records].map(([key, value]) => [key, Buffer.from(value).toString("latin1")]));
}

/** The tool, which writes down when it began and ended. */
function timedTool(site: Site): { readonly tool: string; readonly calls: () => number[] } {
  const log = path.join(site.folder, "calls");
  const tool = path.join(site.folder, "timed-tool");
  const date = findProgram("date") ?? "date";
  writeFileSync(
    tool,
    `#!/bin/sh\nbegun=$(${date} +%s.%N)\n${site.bench.tools.metaMigration} "$@"\ncode=$?\necho "$begun $(${date} +%s.%N)" >>${log}\nexit $code\n`,
  );
  chmodSync(tool, 0o755);
  const calls = (): number[] => {
    const times = readFileSync(log, "utf8").trim().split("\n");
    rmSync(log);
    return times.map((line) => line.split(" ").map(Number)).map(([begun = 0, ended = 0]) => ended - begun);
  };
  return { tool, calls };
}

/** Requests from all over the metadata, since each counts the keys that come after it. */
async function measureReading(site: Site, keys: readonly string[]): Promise<Reading> {
  const sorted = [...keys].sort();
  await site.bench.etcd.secondsForNextKey(site.prefix);
  const times: number[] = [];
  for (let number = 0; number < 40; number += 1) {
    const key = sorted[Math.floor((sorted.length * number) / 40)] ?? "";
    times.push(await site.bench.etcd.secondsForNextKey(site.prefix + key));
  }
  return { entries: keys.length, request: times.reduce((sum, time) => sum + time, 0) / times.length };
}

async function measure(
  { log }: BenchContext,
  bench: Bench,
  entries: number,
): Promise<{ readonly verbs: Measured[]; readonly readings: Reading[] }> {
  const site = bench.site();
  const records = recordsOf(entries);
  await site.seed(records);
  const bytes = [...records].reduce((sum, [key, value]) => sum + site.prefix.length + key.length + value.length, 0);
  const { tool, calls } = timedTool(site);
  const busybox = findProgram("busybox");
  const settings = {
    limitSeconds: LIMIT_SECONDS,
    env: {
      META_MIGRATION: tool,
      SANDBOX_SESSION_TTL: "60",
      ...(entries >= MANY ? { SANDBOX_KEYS_PER_REQUEST: "1000" } : {}),
      ...(busybox === undefined ? {} : { PATH: busyboxFolder(site, busybox) }),
    },
    ...(busybox === undefined ? {} : { shell: [busybox, "sh"] }),
  };
  // With few entries the table of the calls says it.
  const readings = entries >= MANY ? [await measureReading(site, [...records.keys()])] : [];
  const verbs: Measured[] = [];
  for (const verb of VERBS) {
    const begun = performance.now();
    const outcome = await site.run(verb, settings);
    const total = (performance.now() - begun) / 1000;
    if (outcome.code !== 0) throw new Error(`${verb} of ${entries} entries: ${outcome.reason}\n${outcome.log}`);
    verbs.push({ entries: records.size, megabytes: bytes / 1e6, verb, total, calls: calls() });
    log(`metadata: ${verb} of ${records.size} entries, ${number(bytes / 1e6)} MB: ${seconds(total)}`);
  }
  await site.seed(new Map());
  return { verbs, readings };
}

function readingTable(readings: readonly Reading[]): BenchTable {
  return {
    head: ["entries", "etcd takes for one key", "so a backup of the tool takes", "and backup and migrate, with three"],
    rows: readings.map(({ entries, request }) => [
      entries.toLocaleString("en"),
      `${number(request * 1000)} ms`,
      seconds(request * entries),
      seconds(3 * request * entries),
    ]),
  };
}

async function run(context: BenchContext): Promise<Findings> {
  const bench = await Bench.open();
  if (typeof bench === "string") throw new Error(bench);
  try {
    const chosen = process.env.METADATA_ENTRIES?.split(",").map(Number) ?? ENTRIES;
    const found: Measured[] = [];
    const readings: Reading[] = [];
    for (const entries of context.quick ? [1000] : chosen) {
      const measured = await measure(context, bench, entries);
      found.push(...measured.verbs);
      readings.push(...measured.readings);
    }
    const inTool = ({ calls }: Measured): number => calls.reduce((sum, call) => sum + call, 0);
    return {
      about: [
        `\`metadata.sh\` on a stopped Milvus, with the real etcd, the stand-in of the migration tool, and ${findProgram("busybox") === undefined ? "sh and awk of this machine" : "the shell and awk of the tool's image (busybox)"}: how long each verb takes, how much of that are the tool's own calls, and what the script adds by reading every entry and comparing. All of it is outage.`,
      ],
      tables: [
        {
          head: [
            "entries",
            "size",
            "verb",
            "in all",
            "in the tool",
            "its calls",
            "the script adds",
            "for 100,000 entries",
          ],
          rows: found.map((row) => [
            row.entries.toLocaleString("en"),
            `${number(row.megabytes)} MB`,
            row.verb,
            seconds(row.total),
            seconds(inTool(row)),
            String(row.calls.length),
            seconds(row.total - inTool(row)),
            seconds(((row.total - inTool(row)) * 100_000) / row.entries),
          ]),
        },
        ...(readings.length === 0 ? [] : [readingTable(readings)]),
      ],
      notes: [
        `The script reads what the tool has read: once in a backup, twice in a migrate (before the tool's run and after it). With ${MANY.toLocaleString("en")} entries or more the stand-in reads 1,000 keys per request here, which changes the time in the tool alone.`,
        "The real tool asks etcd for one key at a time, from the last one on, and etcd counts all keys after it for every answer: twice the entries take four times as long (second table: 40 such requests from all over the metadata, times the entries). With many entries that is the outage, whoever calls the tool.",
      ],
    };
  } finally {
    await bench.close();
  }
}

export const metadataScript: Part = { name: "metadata", title: "What metadata.sh adds to the migration tool", run };
