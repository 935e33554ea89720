/** One cluster that gets larger: what a preview costs then. */
import { type ApiProxy, startApiProxy } from "../sandbox/apiProxy";
import type { EngineStack } from "../sandbox/engine";
import { ROLLABLE_MILVUS_VALUES } from "../sandbox/milvusValues";
import { type Bed, withBed } from "./clusters";
import { type Look, look } from "./look";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { median, number, ratio, seconds } from "./statistics";

const RELEASE = { name: "my-release", namespace: "milvus" } as const;
const CHART = "4.2.20";
const NOW = "2.4.16";
const NEXT = "2.5.16";
const SIZES = [10, 100, 500] as const;

interface Measured {
  readonly pods: number;
  readonly nothing: Look;
  readonly upgrade: Look;
  readonly preview: number;
  readonly previewOfUpgrade: number;
  readonly megabytes: number;
}

async function run(context: BenchContext): Promise<Findings> {
  const found = await withBed(context, (bed) => allSizes(context, bed));
  const [smallest] = found;
  if (smallest === undefined) throw new Error("nothing was measured");
  const looks = (what: "nothing" | "upgrade") =>
    found.map((measured) => {
      const { seconds: took, requests, bytes } = measured[what];
      return [
        `${measured.pods} pods, ${what === "nothing" ? "nothing to do" : "an upgrade"}`,
        String(requests),
        `${Math.round(bytes / 1000)} kB`,
        `${Math.round(took * 1000)} ms`,
        ratio(took, smallest[what].seconds),
      ];
    });
  return {
    about: [
      `A Milvus ${NOW} (chart ${CHART}) with ever more query nodes: 10, 100 and 500 component pods in all. First what the program does itself (read the cluster, plan, preflight), then the whole \`pulumi preview\`. Pods are objects of the API server; nobody works in them while it is measured.`,
    ],
    tables: [
      {
        head: ["read, plan, preflight", "API calls", "answers", "time", "against 10 pods"],
        rows: [...looks("nothing"), ...looks("upgrade")],
      },
      {
        head: ["pulumi preview", "nothing to do", "against 10 pods", "an ordered roll", "against 10 pods", "memory"],
        rows: found.map(({ pods, preview, previewOfUpgrade, megabytes }) => [
          `${pods} pods`,
          seconds(preview),
          ratio(preview, smallest.preview),
          seconds(previewOfUpgrade),
          ratio(previewOfUpgrade, smallest.previewOfUpgrade),
          `${megabytes} MB`,
        ]),
      },
    ],
    notes: [
      "The number of API calls does not depend on the size of the cluster: lists are read whole. What grows is the list of pods, in proportion to them, and the time to parse it.",
    ],
  };
}

async function allSizes({ log, quick }: BenchContext, bed: Bed): Promise<Measured[]> {
  const proxy = await startApiProxy(bed.sandbox);
  try {
    const stack = await bed.stack("scale", {
      "milvus:namespace": RELEASE.namespace,
      "milvus:version": NOW,
      "milvus:verify": "off",
    });
    const found: Measured[] = [];
    for (const pods of quick ? SIZES.slice(0, 1) : SIZES) {
      const measured = await measure(bed, proxy, stack, pods, quick ? 1 : 3);
      log(`scale: ${pods} pods: preview ${number(measured.preview)} s, ${measured.upgrade.requests} calls`);
      found.push(measured);
    }
    return found;
  } finally {
    proxy.close();
  }
}

async function measure(bed: Bed, proxy: ApiProxy, stack: EngineStack, pods: number, times: number): Promise<Measured> {
  // mixcoord 2, indexnode, datanode and proxy 2 each.
  const values = { ...ROLLABLE_MILVUS_VALUES, queryNode: { replicas: pods - 8 } };
  await stack.setConfig({ "milvus:version": NOW, "milvus:strategy": "auto", "milvus:values": values });
  await stack.up();
  await ready(bed, pods);
  bed.sandbox.killPodRunner();
  const looks = { nothing: [] as Look[], upgrade: [] as Look[] };
  for (let time = 0; time <= times; time++) {
    for (const [what, version] of [["nothing", NOW] as const, ["upgrade", NEXT] as const]) {
      const seen = await look(proxy, RELEASE, version, values);
      // The first warms up.
      if (time > 0) looks[what].push(seen);
    }
  }
  const middle = (seen: readonly Look[]): Look => {
    const [first] = seen;
    if (first === undefined) throw new Error("nothing was looked at");
    return { ...first, seconds: median(seen.map(({ seconds: took }) => took)) };
  };
  const preview = await previews(stack, times);
  await stack.setConfig({ "milvus:version": NEXT, "milvus:strategy": "rolling" });
  const previewOfUpgrade = await previews(stack, times);
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  await bed.sandbox.startPodRunner();
  return { pods, nothing: middle(looks.nothing), upgrade: middle(looks.upgrade), preview, previewOfUpgrade, megabytes };
}

async function previews(stack: EngineStack, times: number): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time <= times; time++) {
    const report = await stack.preview();
    if (time > 0) taken.push(report.seconds);
  }
  return median(taken);
}

/** Helm counts a Deployment as ready when enough of it is. */
async function ready({ sandbox }: Bed, pods: number): Promise<void> {
  const { name, namespace } = RELEASE;
  const selector = `app.kubernetes.io/instance=${name},app.kubernetes.io/name=milvus`;
  const args = ["wait", "pods", "--for=condition=Ready", "-l", selector, "--namespace", namespace, "--timeout=240s"];
  await sandbox.kubectl(args, { timeoutSeconds: 250 });
  const names = await sandbox.kubectl(["get", "pods", "-l", selector, "--namespace", namespace, "--output=name"]);
  const there = names.split("\n").filter(Boolean).length;
  if (there !== pods) throw new Error(`there are ${there} component pods, not ${pods}`);
}

export const scalePods: Part = { name: "scale-pods", title: "Clusters with more pods", run };
