/** The planner alone: every chart release of the catalogue as what runs, every Milvus version in it as what is wanted. */

import { running, wanted } from "../test/unit/upgrade/support";
import { planUpgrade } from "../upgrade/plan/plan";
import { componentsOf } from "../upgrade/roll/rollout";
import { CHART_RELEASES } from "../upgrade/versions/releases";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { number } from "./statistics";

interface Round {
  readonly plans: number;
  readonly refusals: number;
  readonly seconds: number;
  /** Milliseconds of the slowest plan. */
  readonly slowest: number;
}

function planAll(): Round {
  const states = CHART_RELEASES.map(({ chart, milvus }) => running(chart, milvus, { names: componentsOf({}, chart) }));
  const versions = [...new Set(CHART_RELEASES.map(({ milvus }) => milvus))];
  let plans = 0;
  let refusals = 0;
  let slowest = 0;
  const started = performance.now();
  for (const state of states) {
    for (const version of versions) {
      const before = performance.now();
      const plan = planUpgrade(wanted(version), state);
      slowest = Math.max(slowest, performance.now() - before);
      if (plan.kind === "refused") refusals++;
      else plans++;
    }
  }
  return { plans, refusals, seconds: (performance.now() - started) / 1000, slowest };
}

function run({ log, quick }: BenchContext): Promise<Findings> {
  const before = process.memoryUsage();
  const first = planAll();
  log(`planning: ${first.plans + first.refusals} pairs in ${number(first.seconds)} s`);
  const rounds = [first, ...(quick ? [] : [planAll(), planAll()])];
  const after = process.memoryUsage();
  const megabytes = (what: "heapUsed" | "rss") => Math.round((after[what] - before[what]) / 1e6);
  return Promise.resolve({
    about: [
      "Every pair of a chart release in the catalogue and a Milvus version in it, planned for a healthy cluster with the chart's defaults; no cluster, no engine.",
    ],
    tables: [
      {
        head: ["planning", "pairs", "plans", "refusals", "time", "pairs a second", "slowest"],
        rows: rounds.map(({ plans, refusals, seconds, slowest }, index) => [
          index === 0 ? "first time (code still cold)" : `time ${index + 1}`,
          String(plans + refusals),
          String(plans),
          String(refusals),
          `${number(seconds)} s`,
          String(Math.round((plans + refusals) / seconds)),
          `${number(slowest)} ms`,
        ]),
      },
    ],
    notes: [
      `Memory: ${megabytes("heapUsed")} MB of heap more after all of them, garbage included; the process grew by ${megabytes("rss")} MB to ${Math.round(after.rss / 1e6)} MB. Nothing is kept from plan to plan.`,
    ],
  });
}

export const planning: Part = { name: "planning", title: "Planning", run };
