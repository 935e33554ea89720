import * as pulumi from "@pulumi/pulumi";
import type { MilvusClusterArgs } from "../../components/args";
import { settled } from "../../components/engine/resolve";
import { MilvusCluster } from "../../components/milvusCluster";
import type { ClusterOutputs } from "../../components/outputs";
import { type Recording, type Registered, record } from "./recordingMonitor";

export const COMPONENT = "milvus-upgrade:index:MilvusCluster";
export const RELEASE = "kubernetes:helm.sh/v3:Release";
export const PROVIDER = "pulumi:providers:kubernetes";

export interface ComponentRun extends Recording {
  /** What ended it, as whoever exports an output gets it. */
  readonly error?: Error;
  /** What was registered beside the components themselves. */
  readonly children: readonly Registered[];
}

export interface OneRun extends ComponentRun {
  readonly outputs: Recording["outputs"];
  /** Missing where it failed. */
  readonly result?: ClusterOutputs;
}

interface Options {
  readonly preview?: boolean;
  /** Of the stack's state, by URN. */
  readonly inState?: Readonly<Record<string, unknown>>;
}

/** Runs a program of one's own, and answers what it threw or what the value rejected with that it gives back. */
export async function runProgram(
  program: () => unknown,
  { preview = false, inState = {} }: Options = {},
): Promise<ComponentRun> {
  pulumi.runtime.setAllConfig({});
  let error: Error | undefined;
  const recording = await record(
    async () => {
      try {
        await program();
      } catch (thrown) {
        error = thrown as Error;
      }
    },
    { preview, invoke: () => ({ outputs: inState }) },
  );
  const children = recording.registered.filter(({ type }) => type !== COMPONENT);
  return { ...recording, ...(error && { error }), children };
}

/** Runs a program that has this one component, called `db`. */
export async function runComponent(
  args: MilvusClusterArgs | (() => MilvusClusterArgs),
  { resource, ...options }: Options & { readonly resource?: pulumi.ComponentResourceOptions } = {},
): Promise<OneRun> {
  let result: ClusterOutputs | undefined;
  const run = await runProgram(async () => {
    const cluster = new MilvusCluster("db", typeof args === "function" ? args() : args, resource);
    result = await outputsOf(cluster);
  }, options);
  return { ...run, ...(result && { result }) };
}

/** The properties as whoever exports them gets them. @throws Error of the first that fails */
export async function outputsOf(cluster: MilvusCluster): Promise<ClusterOutputs> {
  const { release, version, chart, endpoint, plan, backupClaim, facts, lastUpgrade, receipt, verification } = cluster;
  const all = { release, version, chart, endpoint, plan, backupClaim, facts, lastUpgrade, receipt, verification };
  const values = Object.entries(all).map(
    async ([name, output]) => [name, await settled(output as pulumi.Output<unknown>)] as const,
  );
  return Object.fromEntries(await Promise.all(values)) as unknown as ClusterOutputs;
}

/** An Output whose value this run does not know: of a resource that is yet to be made. */
export function unknownOutput<T>(): pulumi.Output<T> {
  const OutputImpl = pulumi.Output as unknown as new (
    resources: Set<pulumi.Resource>,
    promise: Promise<unknown>,
    isKnown: Promise<boolean>,
    isSecret: Promise<boolean>,
    allResources: Promise<Set<pulumi.Resource>>,
  ) => pulumi.Output<T>;
  const none = new Set<pulumi.Resource>();
  return new OutputImpl(
    none,
    Promise.resolve(undefined),
    Promise.resolve(false),
    Promise.resolve(false),
    Promise.resolve(none),
  );
}
