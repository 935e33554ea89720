/** More and more Milvus clusters, a stack for each: what it costs to preview an upgrade of all of them. */
import { type ApiProxy, startApiProxy, type Traffic } from "../sandbox/apiProxy";
import { installMilvus } from "../sandbox/milvusRelease";
import { type Bed, standaloneValues, withBed } from "./clusters";
import { forAll } from "./forAll";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { number, ratio, seconds } from "./statistics";

const CHART = "4.2.20";
const NEXT = "2.4.17";

/** How many stacks, and how many of them at the same time. */
const FLEETS: readonly Fleet[] = [
  { stacks: 1, atOnce: 1 },
  { stacks: 5, atOnce: 1 },
  { stacks: 20, atOnce: 1 },
  { stacks: 20, atOnce: 4 },
  { stacks: 50, atOnce: 4 },
];
interface Fleet {
  readonly stacks: number;
  readonly atOnce: number;
}

interface Measured extends Fleet {
  readonly seconds: number;
  readonly traffic: Traffic;
  readonly megabytes: number;
}

async function run(context: BenchContext): Promise<Findings> {
  const fleets = context.quick ? FLEETS.slice(0, 2) : FLEETS;
  const found = await withBed(context, (bed) => allFleets(context, bed, fleets));
  const [one] = found;
  if (one === undefined) throw new Error("nothing was measured");
  return {
    about: [
      `Standalone Milvus clusters (chart ${CHART}) in namespaces of their own, each with a stack: an upgrade to ${NEXT} is previewed in every stack. The time has everything in it but the start-up of Node: opening the stack, the provider's start, the preview.`,
    ],
    tables: [
      {
        head: [
          "stacks",
          "at the same time",
          "time for all",
          "for each",
          "against one alone",
          "API calls for each",
          "memory",
        ],
        rows: found.map(({ stacks, atOnce, seconds: took, traffic, megabytes }) => [
          String(stacks),
          String(atOnce),
          seconds(took),
          seconds(took / stacks),
          ratio(took / stacks, one.seconds),
          number(traffic.requests / stacks),
          `${megabytes} MB`,
        ]),
      },
    ],
    notes: [
      "Stacks share nothing, so time and API calls grow in proportion to their number; what several at once gain is limited by the cores of the machine.",
      "API calls are those of the program and of the provider together. Memory is that of the process which runs the programs, without engine and provider.",
    ],
  };
}

async function allFleets(context: BenchContext, bed: Bed, fleets: readonly Fleet[]): Promise<Measured[]> {
  const proxy = await startApiProxy(bed.sandbox);
  try {
    const largest = Math.max(...fleets.map(({ stacks }) => stacks));
    await forAll(largest, 4, (index) =>
      installMilvus(bed.sandbox, releaseOf(index), bed.chart(CHART), {
        ...standaloneValues(index),
        image: { all: { tag: "v2.4.16" } },
      }),
    );
    context.log(`fleet: ${largest} clusters are there`);
    // Nobody needs the pods to do anything.
    bed.sandbox.killPodRunner();
    const found: Measured[] = [];
    for (const [run, fleet] of fleets.entries()) {
      const measured = await measure(bed, proxy, fleet, run);
      context.log(`fleet: ${fleet.stacks} stacks, ${fleet.atOnce} at once: ${number(measured.seconds)} s`);
      found.push(measured);
    }
    return found;
  } finally {
    proxy.close();
  }
}

async function measure(bed: Bed, proxy: ApiProxy, fleet: Fleet, run: number): Promise<Measured> {
  const before = proxy.traffic();
  const started = Date.now();
  await forAll(fleet.stacks, fleet.atOnce, async (index) => {
    const { namespace } = releaseOf(index);
    const stack = await bed.stack(`${namespace}-${run}`, {
      "kubernetes:kubeconfig": proxy.kubeconfig,
      "milvus:namespace": namespace,
      "milvus:values": standaloneValues(index),
      "milvus:version": NEXT,
    });
    await stack.preview();
  });
  const after = proxy.traffic();
  return {
    ...fleet,
    seconds: (Date.now() - started) / 1000,
    traffic: { requests: after.requests - before.requests, bytes: after.bytes - before.bytes },
    megabytes: Math.round(process.memoryUsage().rss / 1e6),
  };
}

function releaseOf(index: number) {
  return { name: "my-release", namespace: `fleet-${index}` };
}

export const scaleFleet: Part = { name: "scale-fleet", title: "Fleets of stacks", run };
