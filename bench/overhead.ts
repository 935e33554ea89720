/** What this program costs beside one that declares a Release and knows nothing. */
import type { EngineStack } from "../sandbox/engine";
import { ROLLABLE_MILVUS_VALUES } from "../sandbox/milvusValues";
import type { EngineReport } from "../sandbox/report";
import { bareProgram } from "./bareProgram";
import { type Bed, withBed } from "./clusters";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { describeSample, judge, ratio, type Sample, sampleOf } from "./statistics";

const CHARTS = { now: "4.2.20", next: "4.2.58" } as const;
const VERSIONS = { now: "2.4.16", next: "2.5.16" } as const;
const NAMESPACES = { ours: "milvus", bare: "bare" } as const;
const AT_MOST = 1.25;

interface Programs {
  readonly ours: EngineStack;
  readonly bare: EngineStack;
  /** What the bare program declares from now on. */
  declare(when: keyof typeof CHARTS): void;
}

/** Something that both do, and what it costs each. */
interface Comparison {
  readonly what: string;
  readonly ours: Sample;
  readonly bare: Sample;
  /** Why the target is missed, if it is. */
  readonly reason: string;
  readonly hasTarget: boolean;
}

async function open(bed: Bed): Promise<Programs> {
  let when: keyof typeof CHARTS = "now";
  const bare = bareProgram(() => ({
    kubeconfig: bed.sandbox.kubeconfig,
    release: "my-release",
    namespace: NAMESPACES.bare,
    chart: bed.chart(CHARTS[when]),
    values: { ...ROLLABLE_MILVUS_VALUES, image: { all: { tag: `v${VERSIONS[when]}` } } },
  }));
  const programs = {
    ours: await bed.stack("ours", {
      "milvus:version": VERSIONS.now,
      "milvus:namespace": NAMESPACES.ours,
      "milvus:values": ROLLABLE_MILVUS_VALUES,
    }),
    bare: await bed.stack("bare", {}, bare),
    declare: (chosen: keyof typeof CHARTS) => {
      when = chosen;
    },
  };
  await programs.ours.up();
  await programs.bare.up();
  return programs;
}

async function compare(
  { log, quick }: BenchContext,
  { ours, bare }: Programs,
  what: string,
  run: (stack: EngineStack) => Promise<EngineReport>,
  reason: string,
  hasTarget = true,
): Promise<Comparison> {
  const times = { ours: [] as number[], bare: [] as number[] };
  // In turn, so that a machine that gets slower slows both. The first of each only warms up.
  for (let round = 0; round < (quick ? 2 : 10); round++) {
    for (const [name, stack] of [["bare", bare] as const, ["ours", ours] as const]) {
      const report = await run(stack);
      if (round > 0) times[name].push(report.seconds);
    }
  }
  const comparison = { what, ours: sampleOf(times.ours), bare: sampleOf(times.bare), reason, hasTarget };
  log(`overhead: ${what}: ${describeSample(comparison.ours)} against ${describeSample(comparison.bare)}`);
  return comparison;
}

async function comparisons(context: BenchContext, programs: Programs): Promise<Comparison[]> {
  const { ours } = programs;
  const preview = (stack: EngineStack) => stack.preview();
  const up = (stack: EngineStack) => stack.up();
  const results: Comparison[] = [];
  const nothing = "it reads the cluster before it declares anything, the bare program never looks";
  results.push(await compare(context, programs, "preview, nothing to do", preview, nothing));
  results.push(await compare(context, programs, "up, nothing to do", up, `${nothing}; it verifies what runs`));
  await ours.setConfig({ "milvus:verify": "off" });
  results.push(await compare(context, programs, "up, nothing to do, milvus:verify off", up, nothing));
  await ours.setConfig({ "milvus:verify": "health", "milvus:version": VERSIONS.next, "milvus:strategy": "helm" });
  programs.declare("next");
  const upgrade =
    "it also renders the chart and asks the API server about it, and reads permissions, served APIs and the health of what Milvus depends on";
  results.push(await compare(context, programs, "preview of an upgrade by Helm", preview, upgrade));
  await ours.setConfig({ "milvus:strategy": "rolling" });
  const roll = "preview of an ordered roll (a Release and ten more resources) against a Release";
  results.push(await compare(context, programs, roll, preview, "", false));
  return results;
}

async function run(context: BenchContext): Promise<Findings> {
  const results = await withBed(context, async (bed) => comparisons(context, await open(bed)));
  return {
    about: [
      `This program against [a bare one](../bench/bareProgram.ts) that declares one Release of the same chart (${CHARTS.now}, Milvus ${VERSIONS.now}) with the same values, on the same cluster, in turn. Time of the engine's run from its start to its end; median and range.`,
      "Both programs are in memory already here (inline programs of the Automation API); what it takes to load them is in the next section.",
    ],
    tables: [
      {
        head: ["", "this program", "bare program", "ratio", "target"],
        rows: [
          ...results.map(({ what, ours, bare, reason, hasTarget }) => [
            what,
            describeSample(ours),
            describeSample(bare),
            ratio(ours.median, bare.median),
            hasTarget ? judge(ours.median, bare.median, { atMost: AT_MOST, reason }) : "",
          ]),
        ],
      },
    ],
    notes: [
      "In the process of a real run the plan's hash comes on top, once for each set of Helm values: slow on purpose (scrypt, about 50 ms of processor time each, in threads of their own while Helm renders), and here known from the round before.",
    ],
  };
}

export const overhead: Part = { name: "overhead", title: "Preview and up against a bare program", run };
