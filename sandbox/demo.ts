/**
 * `npm run demo`: a Milvus 2.1.4 that Pulumi has never seen is upgraded by changing one line of stack config, on a real
 * control plane of local processes; then a real Milvus with vectors in it, which answers as before.
 */

import path from "node:path";
import { Command } from "commander";
import pc from "picocolors";
import { table } from "../cli/format/table";
import { runProgram } from "../cli/run";
import { resolveVersion } from "../upgrade/versions/request";
import { chartsFolder } from "./charts";
import { detail, say, showPreview, showProgress, title } from "./demoOutput";
import { RealMilvusAct } from "./demoRealMilvus";
import { DowntimeMeter } from "./downtime";
import { openStack, stackFolder } from "./engine";
import { EtcdClient } from "./etcd";
import { METADATA_KINDS } from "./metadata";
import { seedMetadata } from "./metadataSeed";
import { installMilvus, type ObservedMilvus, observeMilvus, type ReleaseName } from "./milvusRelease";
import { OLD_MILVUS_VALUES } from "./milvusValues";
import { isRefusal } from "./refusal";
import { type Sandbox, startSandbox } from "./sandbox";
import { sandboxFolder } from "./sandboxState";
import { stopSandboxAt } from "./stopSandbox";
import { ensureTools } from "./tools";

const NAME = "demo";
const RELEASE: ReleaseName = { name: "my-release", namespace: "milvus" };
const FROM = "2.1.4";
const FROM_CHART = "milvus-3.2.18";
const DEFAULT_TARGET = "2.2.14";

async function demo(target: string, keep: boolean): Promise<void> {
  title("Tools and sandbox");
  const tools = await ensureTools({ log: detail });
  isStarted = true;
  const sandbox = await startSandbox({ name: NAME, realMilvus: true, tools, log: detail });
  let isKept = false;
  try {
    const charts = chartsFolder(path.join(sandbox.folder, "charts"));
    const secondAct = new RealMilvusAct(sandbox, charts);
    await upgrade(sandbox, charts, target);
    await secondAct.play();
    if (keep) {
      await sandbox.keep();
      isKept = true;
      const { workDir: project } = stackFolder(sandbox, "dev");
      say(`\n${pc.bold("The sandbox stays up.")} Look around, or go on:`);
      say(`  eval "$(npm run -s sandbox -- env ${NAME})"    # kubectl and helm of this sandbox`);
      say(`  kubectl get pods,jobs,pvc -n ${RELEASE.namespace}`);
      say(`  helm history ${RELEASE.name} -n ${RELEASE.namespace}`);
      say(`  npm run plan -- --cwd ${project} --to 2.2.16`);
      say(`  npm run upgrade -- --cwd ${project} --to 2.2.16`);
      say(`  npm run -s sandbox -- preview --sandbox ${NAME}    # also up, refresh, outputs, config KEY VALUE`);
      say(`  npm run -s sandbox -- stop ${NAME}`);
    } else {
      say(`\nTo look further: ${pc.bold("npm run demo -- --keep")} leaves the sandbox up and says how.`);
    }
  } finally {
    if (!isKept) {
      await sandbox.stop();
    }
  }
}

async function upgrade(sandbox: Sandbox, charts: string, target: string): Promise<void> {
  title(`Milvus ${FROM}, installed by the Helm CLI: helm install ${RELEASE.name} ${FROM_CHART}`);
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

/** Before that, a sandbox of the name is of an earlier demo, which was asked to keep it. */
let isStarted = false;
/** Nothing that fails afterwards is worth a word: it fails because the sandbox goes. */
let isInterrupted = false;

function interrupted(): void {
  isInterrupted = true;
  if (!isStarted) process.exit(130);
  say("\ninterrupted: taking the sandbox down");
  // Where that fails, the watchdog does it.
  void stopSandboxAt(sandboxFolder(NAME)).finally(() => process.exit(130));
}

const program = new Command("demo")
  .description(
    `Upgrades a Milvus ${FROM} on a Kubernetes of this machine by changing one line; then a real Milvus with vectors in it`,
  )
  .showHelpAfterError("(--help shows what there is)")
  .option("--keep", "leave the sandbox up in the end, and say how to look around")
  .option(
    "--to <version>",
    "where the first Milvus goes: an exact version, a minor like 2.2, or latest",
    DEFAULT_TARGET,
  )
  .action(async ({ keep = false, to }: { readonly keep?: boolean; readonly to: string }) => {
    // What is no version at all is not worth a sandbox.
    resolveVersion(to, FROM);
    try {
      await demo(to, keep);
    } catch (error) {
      if (!isInterrupted) throw error;
      await new Promise(() => undefined);
    }
  });

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, interrupted);
}
void runProgram(program, isRefusal).then(() => process.exit());
