/** What an outage is made of where images have to be pulled and servers start slowly, as on a real cluster. */
import { createRequire } from "node:module";
import { EtcdClient } from "../sandbox/etcd";
import { DEFAULT_ROOT_PATH } from "../sandbox/metadata";
import { seedMetadata } from "../sandbox/metadataSeed";
import { installMilvus, type ReleaseName } from "../sandbox/milvusRelease";
import { OLD_MILVUS_VALUES, ROLLABLE_MILVUS_VALUES_APART } from "../sandbox/milvusValues";
import { type Faults, writeFaults } from "../sandbox/podRunner/faults";
import { forgetImages } from "../sandbox/podRunner/nodeImages";
import { type Bed, withBed } from "./clusters";
import { migrateSh } from "./migrateSh";
import type { BenchContext, Part } from "./part";
import type { Line } from "./plot";
import { rollingUpdateSh } from "./rollingUpdateSh";
import type { Findings } from "./section";
import { judge, number, ratio, seconds } from "./statistics";
import { outage, secondsInterrupted, type Timeline } from "./timeline";
import { watched } from "./watch";

/** Seconds that a node takes for an image: 40 for 1.5 GB, and the others by their size. */
const PULLS = { milvus: 40, "milvus-config-tool": 2, "meta-migration": 8, kubectl: 3 } as const;
const START_SECONDS = 20;
const STANDALONE = { cluster: { enabled: false } } as const;
const REASON = "the engine, the Jobs' pods and Helm take their time on this machine";

interface Scene {
  readonly name: string;
  readonly title: string;
  readonly from: { readonly chart: string; readonly version: string };
  readonly to: { readonly chart: string; readonly version: string };
  readonly values: object;
  /** At most so many times the outage of `other`. */
  readonly target?: number;
  /** Milvus serves on: what counts is the time in which a component has no replica at all. */
  readonly serves?: boolean;
  readonly other: string;
  script(bed: Bed, release: ReleaseName): Promise<unknown>;
}

const MIGRATION: Scene = {
  name: "migration",
  title: "metadata migration, 2.1.4 → 2.2.14",
  from: { chart: "3.2.18", version: "2.1.4" },
  to: { chart: "4.0.34", version: "2.2.14" },
  values: OLD_MILVUS_VALUES,
  target: 0.2,
  other: "migrate.sh",
  script: ({ sandbox }, release) =>
    migrateSh(sandbox, release, {
      source: "2.1.4",
      target: "2.2.14",
      rootPath: DEFAULT_ROOT_PATH,
      toolImage: "milvusdb/meta-migration:v2.2.0",
    }),
};
const ALONE: Scene = {
  name: "standalone",
  title: "standalone, 2.4.6 → 2.4.16",
  from: { chart: "4.2.0", version: "2.4.6" },
  to: { chart: "4.2.20", version: "2.4.16" },
  values: STANDALONE,
  target: 0.5,
  other: "helm upgrade",
  script: (bed, { name, namespace }) =>
    bed.sandbox.helm(
      [
        ...["upgrade", name, bed.chart("4.2.20"), "--namespace", namespace, "--values", "-"],
        ...["--wait", "--timeout=300s"],
      ],
      { input: JSON.stringify(STANDALONE), timeoutSeconds: 320 },
    ),
};
/** Coordinators have a node of their own: what is rolled before them and serves on would else have brought the image. */
const on = (node: string) => ({ nodeSelector: { "kubernetes.io/hostname": node } });
/** Coordinators without a standby are recreated, each in its turn. */
const ROLL: Scene = {
  name: "roll",
  title: "ordered roll with coordinators that are recreated, 2.4.5 → 2.4.6",
  from: { chart: "4.1.36", version: "2.4.5" },
  to: { chart: "4.2.0", version: "2.4.6" },
  values: {
    ...ROLLABLE_MILVUS_VALUES_APART,
    ...Object.fromEntries(
      ["indexNode", "queryNode", "dataNode", "proxy"].map((name) => [
        name,
        { ...ROLLABLE_MILVUS_VALUES_APART.proxy, ...on("node-0") },
      ]),
    ),
    ...Object.fromEntries(
      ["root", "query", "data", "index"].map((name) => [
        `${name}Coordinator`,
        { enabled: true, replicas: 1, ...on("node-2") },
      ]),
    ),
  },
  serves: true,
  other: "rollingUpdate.sh",
  script: ({ sandbox }, release) => rollingUpdateSh(sandbox, release, "2.4.6"),
};

const SCENES = [MIGRATION, ALONE, ROLL] as const;
const WAYS = ["with", "without", "script"] as const;
type Way = (typeof WAYS)[number];

async function run(context: BenchContext): Promise<Findings> {
  const asked = context.scene ?? (context.quick ? ALONE.name : undefined);
  const scenes = SCENES.filter(({ name }) => asked === undefined || name === asked);
  const measured = await withBed(context, async (bed) => {
    const found: { readonly scene: Scene; readonly lines: Record<Way, Timeline> }[] = [];
    for (const scene of scenes) found.push({ scene, lines: await allWays(context, bed, scene) });
    return found;
  });
  // Much to load, and of no use to whoever asks for the parts alone.
  const { availabilityPlot } = createRequire(__filename)("./plot") as typeof import("./plot");
  return {
    about: [
      `The same sandbox, with what a real cluster has: a node takes ${PULLS.milvus} s to pull Milvus, ${PULLS["meta-migration"]} s for the migration tool and ${PULLS.kubectl} s for kubectl, one image after the other and each once; a server is ready ${START_SECONDS} s after its start. No node has an image of the new version before. Sessions end with their servers. Each row is one run of each way, one after the other, on nodes that have forgotten the images.`,
    ],
    tables: [
      {
        head: ["", "this program", "milvus:prepull off", "today's way", "seconds, today's way", "ratio", "target"],
        rows: measured.map(({ scene, lines }) => {
          const [ours, off, script] = WAYS.map((way) => lost(scene, lines[way])) as [number, number, number];
          return [
            `${scene.title}${scene.serves ? ": a component without a replica" : ": outage"}`,
            seconds(ours),
            seconds(off),
            scene.other,
            seconds(script),
            ratio(ours, script),
            scene.target === undefined ? "" : judge(ours, script, { atMost: scene.target, reason: REASON }),
          ];
        }),
      },
    ],
    plots: measured.map(({ scene, lines }) => ({
      name: `downtime-${scene.other.replaceAll(/[^a-z]+/gi, "-").toLowerCase()}`,
      title: `Replicas that are ready: ${scene.title}`,
      svg: availabilityPlot(`Replicas that are ready: ${scene.title}`, linesOf(scene, lines)),
    })),
    notes: [
      "What is left of the migration's outage: pods end, Jobs start (stop, backup, migrate: a pod each), the tool reads and writes, Helm sends the release, servers start. Of a standalone's: the pod ends, the new one starts.",
      "On a real cluster add the chart's readiness probe: readinessProbe.initialDelaySeconds is 90, and a pod that serves sooner is not sent requests before. A smaller value in milvus:values makes every start, and so every outage, that much shorter.",
      "The chart recreates coordinators without active standby: each is away while its successor starts, 20 s for each of four here. They have a node of their own here. Without the pulls before, the first of them waits for the image as well (40 s); the others find it on the node. Where coordinators share nodes with components that are rolled before them and stay in service (index nodes), those have brought the image, and the two columns are the same (81 s and 82 s, measured). rollingUpdate.sh gives them another strategy, so that two coordinators of a kind run side by side; the chart does not allow that, and these figures count replicas only.",
      "The time before the outage, in which images are pulled, is not in these figures: Milvus serves in it.",
    ],
  };
}

function lost({ serves }: Scene, timeline: Timeline): number {
  return serves === true ? secondsInterrupted(timeline) : outage(timeline);
}

function linesOf(scene: Scene, lines: Record<Way, Timeline>): Line[] {
  return [
    { name: "this program", timeline: lines.with },
    { name: "milvus:prepull off", timeline: lines.without },
    { name: scene.other, timeline: lines.script },
  ];
}

async function allWays(context: BenchContext, bed: Bed, scene: Scene): Promise<Record<Way, Timeline>> {
  const found: Partial<Record<Way, Timeline>> = {};
  for (const way of WAYS) {
    found[way] = await once(bed, scene, way);
    context.log(`downtime with pulls: ${scene.title}: ${way} ${number(lost(scene, found[way]))} s`);
  }
  return found as Record<Way, Timeline>;
}

async function once(bed: Bed, scene: Scene, way: Way): Promise<Timeline> {
  const { sandbox } = bed;
  const { from, to, values } = scene;
  const release = { name: "my-release", namespace: `${scene.other.replaceAll(/[^a-z]+/gi, "-").toLowerCase()}-${way}` };
  const settings = { revokeOnStop: true } as const;
  const set = (faults: Faults) => writeFaults(sandbox.folder, faults);
  set({ milvusSettings: settings });
  const etcd = new EtcdClient(sandbox.metadataEtcd);
  await etcd.deletePrefix(`${DEFAULT_ROOT_PATH}/`);
  if (scene === MIGRATION) await seedMetadata(etcd);
  await installMilvus(sandbox, release, bed.chart(from.chart), values);
  forgetImages(sandbox.folder, (image) => !image.endsWith(`:v${from.version}`));
  set({ milvusSettings: { ...settings, readyAfterMs: START_SECONDS * 1000 }, pulls: { seconds: PULLS } });
  const up = async () => {
    const stack = await bed.stack(release.namespace, {
      "milvus:namespace": release.namespace,
      "milvus:values": values,
      "milvus:version": to.version,
      "milvus:chartVersion": to.chart,
      "milvus:verify": "off",
      "milvus:prepull": way === "without" ? "off" : "auto",
    });
    return stack.up();
  };
  const { timeline } = await watched(sandbox, release, () => (way === "script" ? scene.script(bed, release) : up()));
  set({ milvusSettings: settings });
  await sandbox.helm(["uninstall", release.name, "--namespace", release.namespace, "--wait"]);
  return timeline;
}

export const downtimePulls: Part = {
  name: "downtime-pulls",
  title: "Downtime with images to pull and slow starts",
  scenes: SCENES.map(({ name }) => name),
  run,
};
