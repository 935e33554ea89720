import { expect } from "chai";
import type { EngineStack } from "../../../sandbox/engine";
import type { MetadataState } from "../../../sandbox/metadata";
import { changes } from "../../../sandbox/report";
import { changeList, problems, RELEASE, type TestBed } from "../../e2e/support/testBed";

/** One changed line of the stack config, and what the cluster must be like after the `up`. */
export interface Hop {
  readonly to: string;
  readonly chart: string;
  /** Components that go on running, in the order in which they must take the new version; none: all at once. */
  readonly order?: readonly string[];
  /** All components afterwards. */
  readonly components: readonly string[];
  /** Format of the metadata afterwards, and the same entries as at the start. */
  readonly metadata?: { readonly before: MetadataState; readonly format: string };
  /** Further lines of the stack config that change with the version. */
  readonly config?: Readonly<Record<string, unknown>>;
}

interface Kubernetes {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly lastUpdateTime?: string }[];
  };
}

/** What must outlive an upgrade, and the ReplicaSets by which rolls are counted. */
interface Before {
  readonly kept: readonly string[];
  readonly replicaSets: ReadonlySet<string>;
  readonly replicas: ReadonlyMap<string, number>;
}

async function list(bed: TestBed, kinds: string, selector = ""): Promise<Kubernetes[]> {
  const text = await bed.sandbox.kubectl([
    "get",
    kinds,
    `--namespace=${RELEASE.namespace}`,
    `--selector=${selector}`,
    "--output=json",
  ]);
  return (JSON.parse(text) as { items: Kubernetes[] }).items;
}

const MILVUS = "app.kubernetes.io/name=milvus";

/** StatefulSets and claims of the dependencies with their UIDs; the claims of our backups are not among them. */
async function keptObjects(bed: TestBed): Promise<string[]> {
  const objects = await list(bed, "statefulsets,persistentvolumeclaims");
  return objects
    .filter(({ metadata }) => metadata.labels?.["milvus-upgrade/release"] === undefined)
    .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`)
    .sort();
}

async function look(bed: TestBed): Promise<Before> {
  const [kept, sets, { components }] = await Promise.all([
    keptObjects(bed),
    list(bed, "replicasets", MILVUS),
    bed.observe(),
  ]);
  return {
    kept,
    replicaSets: new Set(sets.map(({ metadata }) => metadata.uid)),
    replicas: new Map(components.map(({ component, replicas }) => [component, replicas])),
  };
}

/** Sets the version, previews, runs `up`, and looks at everything that must hold then. */
export async function takeHop(bed: TestBed, stack: EngineStack, hop: Hop): Promise<void> {
  const before = await look(bed);
  expect(before.kept.length, "StatefulSets and claims of the dependencies").to.be.above(0);
  await stack.setConfig({ "milvus:version": hop.to, ...hop.config });
  const said = (await stack.preview()).diagnostics.map(({ message }) => message).join("\n");
  expect(said).to.contain(`→ ${hop.to}`).and.contain(`chart milvus ${hop.chart}`);

  await stack.up();
  const milvus = await bed.observe();
  expect(problems(milvus, { version: hop.to, ...(hop.metadata && { metadata: hop.metadata }) })).to.deep.equal([]);
  expect(milvus.chart).to.equal(`milvus-${hop.chart}`);
  expect(milvus.components.map(({ component }) => component).sort()).to.deep.equal([...hop.components].sort());
  const changedReplicas = milvus.components.filter(
    ({ component, replicas }) => replicas !== (before.replicas.get(component) ?? replicas),
  );
  expect(changedReplicas.map(({ component }) => component)).to.deep.equal([]);
  expect(await keptObjects(bed)).to.deep.equal(before.kept);
  if (hop.order) expect(await rollFaults(bed, before, hop.order)).to.deep.equal([]);
  expect(await drift(bed)).to.equal("");
  await expectIdle(stack);
}

/** Each component with one new ReplicaSet, made once the component before it was available. */
async function rollFaults(bed: TestBed, before: Before, order: readonly string[]): Promise<string[]> {
  const [sets, deployments] = await Promise.all([list(bed, "replicasets", MILVUS), list(bed, "deployments", MILVUS)]);
  const rolls = order.map((component) => {
    const made = sets.filter(
      ({ metadata }) => metadata.labels?.component === component && !before.replicaSets.has(metadata.uid),
    );
    const deployment = deployments.find(({ metadata }) => metadata.labels?.component === component);
    const progress = deployment?.status?.conditions?.find(({ type }) => type === "Progressing")?.lastUpdateTime;
    return { component, count: made.length, began: made[0]?.metadata.creationTimestamp ?? "", ended: progress ?? "" };
  });
  return rolls.flatMap(({ component, count, began }, index) => {
    const former = rolls[index - 1];
    return [
      ...(count === 1 ? [] : [`${component} has ${count} new ReplicaSets`]),
      ...(former && began < former.ended
        ? [`${component} began at ${began}, ${former.component} was available at ${former.ended}`]
        : []),
    ];
  });
}

/** How the live objects differ from the manifest that Helm has recorded. */
async function drift(bed: TestBed): Promise<string> {
  const manifest = await bed.sandbox.helm(["get", "manifest", RELEASE.name, `--namespace=${RELEASE.namespace}`]);
  const { stdout } = await bed.sandbox.tryKubectl(["diff", `--namespace=${RELEASE.namespace}`, "--filename=-"], {
    input: manifest,
  });
  return stdout;
}

/** The next run takes away what the upgrade needed, and nothing else; then there is nothing to do. */
async function expectIdle(stack: EngineStack): Promise<void> {
  const lines = changeList(await stack.up());
  expect(lines.filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
  expect(lines.filter((line) => line.includes(" Release "))).to.deep.equal([]);
  expect(changes(await stack.preview())).to.deep.equal([]);
}
