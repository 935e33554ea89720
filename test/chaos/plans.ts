/** The kinds of plan, how a cluster comes to need each, and the steps at which a fault can hit. */
import type { EngineStack, StackConfig } from "../../sandbox/engine";
import type { MetadataFormat, MetadataState } from "../../sandbox/metadata";
import { ROLLABLE_MILVUS_VALUES } from "../../sandbox/milvusValues";
import type { Faults } from "../../sandbox/podRunner/faults";
import { isTurnOf, type JobPod } from "../e2e/support/jobPods";
import { failureOf, RELEASE, VALUES } from "../e2e/support/testBed";
import type { ChaosBed } from "./chaosBed";

export interface ChaosStep {
  readonly name: string;
  /** Label milvus-upgrade/step of the Job; missing for the Release. */
  readonly job?: string;
  /** Container of the Job in which the fault hits. */
  readonly container?: string;
  /** Component that never gets ready, for the steps that wait for one. */
  readonly awaits?: string;
  /** Holds the step up until a fault has hit it. */
  readonly window: Faults;
}

export interface ChaosPlan {
  readonly name: string;
  readonly steps: readonly ChaosStep[];
  readonly expected: { readonly version: string; readonly format: MetadataFormat };
  /** Stack config for the run that the fault hits. */
  readonly config: StackConfig;
  /** Makes the cluster that needs this plan; the stack is open with `config`. */
  prepare(chaos: ChaosBed, stack: EngineStack): Promise<MetadataState>;
}

const release = (image: string, awaits = "proxy"): ChaosStep => ({
  name: "release",
  awaits,
  window: { milvus: [{ component: awaits, image, effect: "neverReady" }] },
});
const job = (name: string, container: string, label = name): ChaosStep => ({
  name,
  job: label,
  container,
  window: { containers: [{ container, hold: true }] },
});
/** First where something is taken away: the pods pull on all nodes at once, and one of them is hit. */
const PREPULL = job("prepull", "image-0");
const resume = (component: string, container = "await-rollout"): ChaosStep => ({
  ...job(
    `resume ${component}${container === "await-rollout" ? "" : `, ${container}`}`,
    container,
    `resume-${component}`,
  ),
  ...(container === "await-rollout" && { awaits: component }),
  window: { containers: [{ pod: `${RELEASE.name}-resume-${component}`, container, hold: true }] },
});

/** A rolling plan's Release waits for nothing: it is hit as it goes by. */
const NOT_AWAITED: ChaosStep = { ...release("2.5.16", "querynode"), window: {} };

/** Records that every version reads alike. */
async function neutralMetadata({ bed }: ChaosBed): Promise<MetadataState> {
  await bed.etcd.put("by-dev/meta/root-coord/credential/users/root", '{"username":"root"}');
  for (let segment = 1; segment <= 20; segment++) {
    await bed.etcd.put(
      `by-dev/meta/datacoord-meta/s/1/2/${segment}`,
      JSON.stringify({ ID: segment, state: "Flushed" }),
    );
  }
  return bed.metadata();
}

async function install21({ bed }: ChaosBed): Promise<MetadataState> {
  const original = await bed.seed();
  await bed.install("3.2.18", VALUES);
  return original;
}

const TO_2_2 = { "milvus:version": "2.2.0" };

export const PLANS: readonly ChaosPlan[] = [
  {
    name: "install",
    steps: [release("2.2.14")],
    expected: { version: "2.2.14", format: "empty" },
    config: { "milvus:version": "2.2.14" },
    prepare: neutralMetadata,
  },
  {
    name: "helm",
    steps: [PREPULL, release("2.2.16")],
    expected: { version: "2.2.16", format: "empty" },
    config: { "milvus:version": "2.2.16", "milvus:strategy": "helm" },
    async prepare(chaos) {
      const original = await neutralMetadata(chaos);
      await chaos.bed.install("4.0.34", VALUES);
      return original;
    },
  },
  {
    name: "rolling",
    steps: [job("pause", "pause"), NOT_AWAITED, resume("mixcoord"), resume("proxy")],
    expected: { version: "2.5.16", format: "empty" },
    config: { "milvus:version": "2.5.16", "milvus:strategy": "rolling", "milvus:values": ROLLABLE_MILVUS_VALUES },
    async prepare(chaos) {
      const original = await neutralMetadata(chaos);
      await chaos.bed.install("4.2.20", ROLLABLE_MILVUS_VALUES);
      return original;
    },
  },
  {
    // Every step of a roll; the mixcoord's own strategy is put aside and comes back.
    name: "rolling to 2.6",
    steps: [
      PREPULL,
      job("pause", "pause"),
      { ...release("2.6.15", "querynode"), window: {} },
      resume("mixcoord"),
      resume("mixcoord", "restore-strategy"),
      ...["streamingnode", "querynode", "datanode", "proxy"].map((component) => resume(component)),
    ],
    expected: { version: "2.6.15", format: "empty" },
    config: { "milvus:version": "2.6.15", "milvus:values": ROLLABLE_MILVUS_VALUES },
    async prepare(chaos) {
      const original = await neutralMetadata(chaos);
      await chaos.bed.install("4.2.58", ROLLABLE_MILVUS_VALUES);
      return original;
    },
  },
  {
    name: "migration",
    steps: [
      PREPULL,
      job("stop", "await-pods-gone"),
      job("backup", "backup"),
      job("migrate", "migrate"),
      release("2.2.0"),
    ],
    expected: { version: "2.2.0", format: "2.2" },
    config: TO_2_2,
    prepare: install21,
  },
  {
    name: "giveUp",
    steps: [job("restore", "restore"), release("2.1.4")],
    expected: { version: "2.1.4", format: "2.1" },
    config: { "milvus:version": "2.1.4" },
    async prepare(chaos, stack) {
      const original = await install21(chaos);
      await stack.setConfig(TO_2_2);
      // Killed between the two halves: the source is cleaned, the target not written.
      chaos.bed.faults({ containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=kill" } }] });
      await failureOf(stack.up());
      chaos.bed.faults({});
      await stack.setConfig(this.config);
      return original;
    },
  },
  {
    name: "rollback",
    steps: [PREPULL, job("stop", "await-pods-gone"), job("restore", "rollback", "rollback"), release("2.1.4")],
    expected: { version: "2.1.4", format: "2.1" },
    config: { "milvus:version": "2.1.4", "milvus:rollback": true },
    async prepare(chaos, stack) {
      const original = await install21(chaos);
      await stack.setConfig({ ...TO_2_2, "milvus:rollback": false });
      await stack.up();
      await stack.setConfig(this.config);
      return original;
    },
  },
];

/** True once the step is under way. */
export async function isUnderWay({ api }: ChaosBed, step: ChaosStep): Promise<boolean> {
  const namespace = `/api/v1/namespaces/${RELEASE.namespace}`;
  try {
    if (step.job === undefined) {
      const selector = encodeURIComponent(
        `owner=helm,name=${RELEASE.name},status in (pending-install,pending-upgrade)`,
      );
      const { items } = await api.call<{ items: object[] }>("GET", `${namespace}/secrets?labelSelector=${selector}`);
      return items.length > 0;
    }
    const selector = encodeURIComponent(`milvus-upgrade/step=${step.job}`);
    const { items } = await api.call<{ items: JobPod[] }>("GET", `${namespace}/pods?labelSelector=${selector}`);
    return items.some((pod) => isTurnOf(step.container, pod));
  } catch {
    // The API server is away for a moment.
    return false;
  }
}
