import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chartsFolder } from "../../../sandbox/charts";
import { EngineFailure, type EngineStack, openStack, type StackConfig } from "../../../sandbox/engine";
import { EtcdClient } from "../../../sandbox/etcd";
import { compareMetadata, type MetadataState, readMetadata } from "../../../sandbox/metadata";
import { seedMetadata } from "../../../sandbox/metadataSeed";
import { installMilvus, type ObservedMilvus, observeMilvus, type ReleaseName } from "../../../sandbox/milvusRelease";
import { OLD_MILVUS_VALUES } from "../../../sandbox/milvusValues";
import { type Faults, writeFaults } from "../../../sandbox/podRunner/faults";
import { changes, type EngineReport } from "../../../sandbox/report";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../sandbox/sandbox";
import { ensureTools } from "../../../sandbox/tools";

export const RELEASE = { name: "my-release", namespace: "milvus" } as const;

export const VALUES = OLD_MILVUS_VALUES;

/** A sandbox of its own for one group of tests, with charts and a stack on it. */
export interface TestBed {
  readonly sandbox: Sandbox;
  readonly charts: string;
  readonly etcd: EtcdClient;
  /** Opens the stack `dev` for {@link RELEASE}. Stacks of one project have their `stateFolder` in common. */
  stack(config: StackConfig, stackName?: string, stateFolder?: string): Promise<EngineStack>;
  /** `helm install` of a chart past Pulumi, as a user did it long ago. */
  install(chart: string, values?: object, release?: ReleaseName): Promise<void>;
  /** Metadata in the 2.1 format, of collections with all that belongs to them. */
  seed(): Promise<MetadataState>;
  metadata(): Promise<MetadataState>;
  observe(): Promise<ObservedMilvus>;
  faults(faults: Faults): void;
  /** Name, uid, image and pod template generation of each StatefulSet of a dependency. */
  dependencies(): Promise<string>;
  /** uid, resourceVersion and name of every object in the namespace that a Milvus upgrade could touch. */
  fingerprint(): Promise<string>;
  stop(): Promise<void>;
}

interface TestBedOptions extends Pick<SandboxOptions, "realMilvus" | "metadataTls"> {
  /** The user's Helm, which installs and renders. Default 3. */
  readonly helm?: 3 | 4;
}

export async function startTestBed({ helm = 3, ...options }: TestBedOptions = {}): Promise<TestBed> {
  const log = (line: string) => void process.stdout.write(`      ${line}\n`);
  const tools = helm === 4 && {
    ...(await ensureTools({ log })),
    helm: (await ensureTools({ only: ["helm4"], log })).helm4,
  };
  const sandbox = await startSandbox({ ...options, ...(tools && { tools }), log });
  const charts = chartsFolder(mkdtempSync(path.join(tmpdir(), "milvus-charts-")));
  const etcd = new EtcdClient(sandbox.metadataEtcd);
  return {
    sandbox,
    charts,
    etcd,
    async stack(config, stackName = "dev", stateFolder) {
      const stack = await openStack({
        sandbox,
        stackName,
        ...(stateFolder !== undefined && { stateFolder }),
        log,
        config: {
          "milvus:release": RELEASE.name,
          "milvus:namespace": RELEASE.namespace,
          "milvus:values": VALUES,
          "milvus:chartSource": { folder: charts },
          // Most tests look at the cluster themselves; those of the verification turn it on.
          "milvus:verify": "off",
          ...config,
          "milvus:timeouts": { lock: "5s", ...(config["milvus:timeouts"] as object | undefined) },
        },
      });
      return stack;
    },
    install: (chart, values = VALUES, release = RELEASE) =>
      installMilvus(sandbox, release, path.join(charts, `milvus-${chart}`), values),
    async seed() {
      await seedMetadata(etcd);
      return readMetadata(etcd);
    },
    metadata: () => readMetadata(etcd),
    observe: () => observeMilvus(sandbox, RELEASE),
    faults: (faults) => writeFaults(sandbox.folder, faults),
    dependencies: () =>
      sandbox.kubectl([
        "get",
        "statefulsets",
        "--namespace",
        RELEASE.namespace,
        "--output=custom-columns=NAME:.metadata.name,UID:.metadata.uid,IMAGE:.spec.template.spec.containers[*].image,REVISION:.status.updateRevision",
      ]),
    fingerprint: () => fingerprint(sandbox),
    async stop() {
      await sandbox.stop();
    },
  };
}

async function fingerprint(sandbox: Sandbox): Promise<string> {
  const kinds =
    "deployments,statefulsets,services,configmaps,secrets,jobs,persistentvolumeclaims,serviceaccounts,roles";
  const columns =
    "custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid,GENERATION:.metadata.generation,DATA:.data,LABELS:.metadata.labels";
  // The controllers make these two some time after the namespace.
  const others = "--field-selector=metadata.name!=kube-root-ca.crt,metadata.name!=default";
  return sandbox.kubectl(["get", kinds, others, "--namespace", RELEASE.namespace, "--output", columns]);
}

/** `create Job milvus-stop`, the lines that a user sees; the component itself left out. */
export function changeList(report: EngineReport): string[] {
  return changes(report)
    .filter(({ type }) => type !== "milvus-upgrade:index:MilvusCluster")
    .map(({ op, type, name }) => `${op} ${type.split(":").at(-1) ?? type} ${name}`);
}

/** What a preview tells; what the engine logs beside it is not shown. */
export async function said(stack: EngineStack): Promise<string> {
  const { diagnostics } = await stack.preview();
  return diagnostics.flatMap(({ severity, message }) => (severity === "debug" ? [] : [message])).join("\n");
}

/** The failure of a run that has to fail. */
export async function failureOf(run: Promise<EngineReport>): Promise<EngineFailure> {
  try {
    await run;
  } catch (error) {
    if (error instanceof EngineFailure) {
      return error;
    }
    throw error;
  }
  throw new Error("the run was expected to fail, and did not");
}

/** What must hold after every upgrade that ended, however it began. */
export function problems(
  milvus: ObservedMilvus,
  expected: { version: string; metadata?: { before: MetadataState; format: string } },
): string[] {
  const found = milvus.components.flatMap(({ component, version, replicas, ready, paused }) => [
    ...(component === "attu" || version === expected.version ? [] : [`${component} runs ${version}`]),
    ...(replicas > 0 && ready === replicas ? [] : [`${component} has ${ready} of ${replicas} replicas ready`]),
    ...(paused ? [`${component} is paused`] : []),
  ]);
  if (milvus.components.length === 0) {
    found.push("no component is there");
  }
  if (milvus.status !== "deployed") {
    found.push(`the Helm record is ${milvus.status}`);
  }
  if (expected.metadata) {
    const { before, format } = expected.metadata;
    if (milvus.metadata.format !== format) {
      found.push(`the metadata has format ${milvus.metadata.format}, not ${format}`);
    }
    found.push(...compareMetadata(before, milvus.metadata));
  }
  return found;
}

/** Polls until the condition holds. */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${seconds} s`);
    }
    await sleep(100);
  }
}
