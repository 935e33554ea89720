/** An upgrade component by component: this program's ordered roll, and the steps of rollingUpdate.sh. */
import { installMilvus, type ReleaseName } from "../sandbox/milvusRelease";
import { ROLLABLE_MILVUS_VALUES_APART } from "../sandbox/milvusValues";
import { type Bed, withBed } from "./clusters";
import type { BenchContext, Part } from "./part";
import { rollingUpdateSh } from "./rollingUpdateSh";
import type { Findings } from "./section";
import { number, ratio, seconds } from "./statistics";
import { secondsIncomplete, secondsInterrupted } from "./timeline";
import { watched } from "./watch";

const FROM = { chart: "4.1.36", version: "2.4.5" } as const;
const TO = { chart: "4.2.0", version: "2.4.6" } as const;

interface Rolled {
  readonly seconds: number;
  readonly incomplete: number;
  readonly interrupted: number;
  /** New ReplicaSets by component. */
  readonly rolls: ReadonlyMap<string, number>;
  /** Objects that are not as Helm's manifest has them. */
  readonly drift: readonly string[];
}

async function run(context: BenchContext): Promise<Findings> {
  const { ours, script, both } = await withBed(context, async (bed) => ({
    ours: await measure(context, bed, "ours", (release) => up(bed, release)),
    ...(await byScript(context, bed)),
  }));
  const components = [...ours.rolls.keys()];
  const ways = [ours, script, both];
  const compared = (what: string, value: (rolled: Rolled) => number, show: (value: number) => string) => [
    what,
    ...ways.map((way) => show(value(way))),
    ratio(value(ours), value(script)),
  ];
  return {
    about: [
      `Milvus ${FROM.version} → ${TO.version} and chart ${FROM.chart} → ${TO.chart}, eight components, coordinators in active standby, on the same sandbox, one after the other: \`pulumi up\` of this program, [the steps of rollingUpdate.sh](../bench/rollingUpdateSh.ts), and the same followed by the \`helm upgrade\` to the new chart without which Helm knows nothing of the upgrade.`,
    ],
    tables: [
      {
        head: ["", "this program", "rollingUpdate.sh", "rollingUpdate.sh, then helm upgrade", "ratio to the script"],
        rows: [
          ...components.map((component) => [
            `rolls of ${component}`,
            ...ways.map(({ rolls }) => String(rolls.get(component) ?? 0)),
            ratio(ours.rolls.get(component) ?? 0, script.rolls.get(component) ?? 0),
          ]),
          compared("total time", (way) => way.seconds, seconds),
          compared("time with a component below its replicas", (way) => way.incomplete, seconds),
          compared("time with a component without any replica", (way) => way.interrupted, seconds),
          compared("objects that differ from Helm's manifest", ({ drift }) => drift.length, String),
        ],
      },
    ],
    notes: [
      `rollingUpdate.sh leaves different from Helm's manifest: ${script.drift.join(", ") || "nothing"}. After the helm upgrade: ${both.drift.join(", ") || "nothing"}. This program: ${ours.drift.join(", ") || "nothing"}.`,
      "The script waits 30 s after each coordinator (minReadySeconds); this program waits until each rollout is complete, and no longer.",
      "The script's helm upgrade is counted with everything it had done before.",
    ],
  };
}

async function byScript(context: BenchContext, bed: Bed): Promise<{ readonly script: Rolled; readonly both: Rolled }> {
  const release = { name: "my-release", namespace: "script" };
  const script = await measure(context, bed, release.namespace, () =>
    rollingUpdateSh(bed.sandbox, release, TO.version),
  );
  const after = await measureOn(context, bed, release, () => helmUpgrade(bed, release));
  return {
    script,
    both: {
      ...after,
      seconds: script.seconds + after.seconds,
      incomplete: script.incomplete + after.incomplete,
      interrupted: script.interrupted + after.interrupted,
    },
  };
}

async function measure(
  context: BenchContext,
  bed: Bed,
  namespace: string,
  work: (release: ReleaseName) => Promise<unknown>,
): Promise<Rolled> {
  const release = { name: "my-release", namespace };
  await installMilvus(bed.sandbox, release, bed.chart(FROM.chart), ROLLABLE_MILVUS_VALUES_APART);
  return measureOn(context, bed, release, () => work(release));
}

async function measureOn(
  { log }: BenchContext,
  bed: Bed,
  release: ReleaseName,
  work: () => Promise<unknown>,
): Promise<Rolled> {
  const { timeline, seconds: took } = await watched(bed.sandbox, release, work);
  const [rolls, drift] = await Promise.all([rollsOf(bed, release), driftOf(bed, release)]);
  log(`rolling: ${release.namespace}: ${number(took)} s`);
  return {
    seconds: took,
    incomplete: secondsIncomplete(timeline),
    interrupted: secondsInterrupted(timeline),
    rolls,
    drift,
  };
}

async function up(bed: Bed, { namespace }: ReleaseName): Promise<unknown> {
  const stack = await bed.stack("rolling", {
    "milvus:namespace": namespace,
    "milvus:values": ROLLABLE_MILVUS_VALUES_APART,
    "milvus:version": TO.version,
    "milvus:chartVersion": TO.chart,
    "milvus:strategy": "rolling",
    "milvus:verify": "off",
  });
  return stack.up();
}

async function helmUpgrade(bed: Bed, { name, namespace }: ReleaseName): Promise<void> {
  const args = [
    "upgrade",
    name,
    bed.chart(TO.chart),
    "--namespace",
    namespace,
    "--values",
    "-",
    "--wait",
    "--timeout=300s",
  ];
  await bed.sandbox.helm(args, { input: JSON.stringify(ROLLABLE_MILVUS_VALUES_APART), timeoutSeconds: 320 });
}

interface ReplicaSetList {
  readonly items: readonly { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }[];
}

/** ReplicaSets besides the first. */
async function rollsOf({ sandbox }: Bed, { name, namespace }: ReleaseName): Promise<Map<string, number>> {
  const selector = `app.kubernetes.io/instance=${name},app.kubernetes.io/name=milvus`;
  const text = await sandbox.kubectl(["get", "replicasets", "-l", selector, "--namespace", namespace, "--output=json"]);
  const rolls = new Map<string, number>();
  for (const { metadata } of (JSON.parse(text) as ReplicaSetList).items) {
    const component = metadata.labels?.component ?? "";
    rolls.set(component, (rolls.get(component) ?? -1) + 1);
  }
  return rolls;
}

/** Names of the objects for which `kubectl diff` with the manifest of the release finds a difference. */
async function driftOf({ sandbox }: Bed, { name, namespace }: ReleaseName): Promise<string[]> {
  const manifest = await sandbox.helm(["get", "manifest", name, "--namespace", namespace]);
  const { stdout, stderr, exitCode } = await sandbox.tryKubectl(["diff", "--namespace", namespace, "--filename=-"], {
    input: manifest,
  });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`kubectl diff: ${stderr}`);
  return [...stdout.matchAll(/^diff .*\.([^.\s]+)\.[^.\s]+\.([^.\s]+)$/gm)].map(
    ([, kind = "", object = ""]) => `${kind} ${object}`,
  );
}

export const rolling: Part = { name: "rolling", title: "Ordered roll against rollingUpdate.sh", run };
