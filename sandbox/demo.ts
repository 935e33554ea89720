/**
 * `npm run demo`: a Milvus 2.1.4 that Pulumi has never seen is upgraded by changing one line of stack config, on a real
 * control plane of local processes; then a real Milvus with vectors in it, which answers as before. `--keep` leaves it up,
 * `--to VERSION` picks another target for the first.
 */

import path from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { table } from "../cli/format/table";
import { chartsFolder } from "./charts";
import { detail, say, showPreview, showProgress, title } from "./demoOutput";
import { RealMilvusAct } from "./demoRealMilvus";
import { DowntimeMeter } from "./downtime";
import { openStack } from "./engine";
import { EtcdClient } from "./etcd";
import { METADATA_KINDS } from "./metadata";
import { seedMetadata } from "./metadataSeed";
import { installMilvus, type ObservedMilvus, observeMilvus, type ReleaseName } from "./milvusRelease";
import { OLD_MILVUS_VALUES } from "./oldMilvusValues";
import { type Sandbox, startSandbox } from "./sandbox";
import { sandboxFolder } from "./sandboxState";
import { stopSandboxAt } from "./stopSandbox";

const NAME = "demo";
const RELEASE: ReleaseName = { name: "my-release", namespace: "milvus" };
const FROM_CHART = "milvus-3.2.18";
const DEFAULT_TARGET = "2.2.14";

async function demo(target: string, keep: boolean): Promise<void> {
  title("Tools and sandbox");
  const sandbox = await startSandbox({ name: NAME, realMilvus: true, log: detail });
  if (keep) {
    await sandbox.keep();
  }
  try {
    const charts = chartsFolder(path.join(sandbox.folder, "charts"));
    const secondAct = new RealMilvusAct(sandbox, charts);
    await upgrade(sandbox, charts, target);
    await secondAct.play();
    if (keep) {
      say(`\n${pc.bold("The sandbox stays up.")} Look around, or go on:`);
      say(`  eval "$(npm run -s sandbox -- env ${NAME})"    # kubectl and helm of this sandbox`);
      say(`  kubectl get pods,jobs,pvc -n ${RELEASE.namespace}`);
      say(`  helm history ${RELEASE.name} -n ${RELEASE.namespace}`);
      say(`  npm run -s sandbox -- config --sandbox ${NAME} milvus:version 2.2.16`);
      say(`  npm run -s sandbox -- preview --sandbox ${NAME}`);
      say(`  npm run -s sandbox -- up --sandbox ${NAME}`);
      say(`  npm run -s sandbox -- stop ${NAME}`);
    } else {
      say(`\nTo look further: ${pc.bold("npm run demo -- --keep")} leaves the sandbox up and says how.`);
    }
  } finally {
    if (!keep) {
      await sandbox.stop();
    }
  }
}

async function upgrade(sandbox: Sandbox, charts: string, target: string): Promise<void> {
  title(`Milvus 2.1.4, installed by the Helm CLI: helm install ${RELEASE.name} ${FROM_CHART}`);
  const keys = await seedMetadata(new EtcdClient(sandbox.metadataEtcd));
  await installMilvus(sandbox, RELEASE, path.join(charts, FROM_CHART), OLD_MILVUS_VALUES);
  const before = await observeMilvus(sandbox, RELEASE);
  detail(
    `${before.components.length} components ready; ${keys} keys of metadata in etcd, format ${before.metadata.format}`,
  );

  title(`pulumi config set milvus:version ${target}`);
  const stack = await openStack({
    sandbox,
    log: detail,
    config: {
      "milvus:version": target,
      "milvus:release": RELEASE.name,
      "milvus:namespace": RELEASE.namespace,
      "milvus:values": OLD_MILVUS_VALUES,
      "milvus:chartSource": { folder: charts },
      "milvus:timeouts": { settle: "5s" },
    },
  });
  title("pulumi preview");
  showPreview(await stack.preview());

  title("pulumi up");
  const meter = new DowntimeMeter(sandbox, RELEASE);
  const started = Date.now();
  await stack.up({ onEvent: (event) => showProgress(event, started) });
  const downtime = await meter.stop();
  const after = await observeMilvus(sandbox, RELEASE);

  title("Before and after");
  say(compare(before, after, downtime).join("\n"));
}

function compare(before: ObservedMilvus, after: ObservedMilvus, downtime: number): string[] {
  const entries = ({ metadata }: ObservedMilvus) =>
    METADATA_KINDS.reduce((sum, kind) => sum + metadata.entries[kind].length, 0);
  const component = (milvus: ObservedMilvus, name: string) => {
    const found = milvus.components.find((candidate) => candidate.component === name);
    return found ? `${found.version}, ${found.ready} of ${found.replicas} ready` : "-";
  };
  const names = [...new Set([...before.components, ...after.components].map((each) => each.component))];
  const row = (name: string, of: (milvus: ObservedMilvus) => string) => [name, of(before), of(after)];
  return table([
    ["", pc.bold("before"), pc.bold("after")],
    row("release", ({ revision, status }) => `revision ${revision}, ${status}`),
    row("chart", ({ chart }) => chart),
    ...names.map((name) => row(name, (milvus) => component(milvus, name))),
    row("metadata in etcd", (milvus) => `format ${milvus.metadata.format}, ${entries(milvus)} entries`),
    ["downtime", "", `${downtime.toFixed(1)} s`],
  ]);
}

async function interrupted(): Promise<void> {
  say("\ninterrupted: taking the sandbox down");
  await stopSandboxAt(sandboxFolder(NAME));
  process.exit(130);
}

const { values: flags } = parseArgs({
  options: { keep: { type: "boolean", default: false }, to: { type: "string", default: DEFAULT_TARGET } },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void interrupted());
}
demo(flags.to, flags.keep).then(
  () => process.exit(0),
  (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`\n${pc.red("error:")} ${text}\n`);
    process.exit(1);
  },
);
