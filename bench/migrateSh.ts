/**
 * The steps and waits of Milvus' public script deployments/migrate-meta/migrate.sh (milvus-io/milvus), written anew: the
 * same calls in the same order, polls every 5 and 10 s, and 75 s for sessions to expire. Two differences: its pods are
 * Jobs, since the sandbox runs no others, and what it does not need for an upgrade is left out.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { ReleaseName } from "../sandbox/milvusRelease";
import type { Sandbox } from "../sandbox/sandbox";

export interface MigrateShOptions {
  readonly source: string;
  readonly target: string;
  readonly rootPath: string;
  readonly toolImage: string;
}

const BACKUP_FILE = "/milvus/data/migration.bak";
const STOPPED_POLL_MS = 5000;
const SESSIONS_MS = 75_000;
const POD_POLL_MS = 10_000;
const READY_POLL_MS = 5000;

export async function migrateSh(sandbox: Sandbox, release: ReleaseName, options: MigrateShOptions): Promise<void> {
  const { name, namespace } = release;
  const kubectl = (args: readonly string[], input?: string) =>
    sandbox.kubectl([...args, "--namespace", namespace], input === undefined ? {} : { input });
  const field = (deployment: string, path: string) =>
    kubectl(["get", "deployment", deployment, `--output=jsonpath={${path}}`]);

  const selector = `app.kubernetes.io/instance=${name},app.kubernetes.io/name=milvus`;
  const listed = await kubectl(["get", "deployments", "-l", selector, "--output=jsonpath={.items..metadata.name}"]);
  const deployments = listed.split(" ").filter(Boolean);
  const replicas = new Map<string, string>();
  for (const deployment of deployments) replicas.set(deployment, await field(deployment, ".spec.replicas"));

  await kubectl(["scale", "deployment", ...deployments, "--replicas=0"]);
  // It means to wait for all of them, and looks at the first.
  const [first = ""] = deployments;
  while (Number(await field(first, ".status.replicas")) > 0) await sleep(STOPPED_POLL_MS);
  await sleep(SESSIONS_MS);

  await kubectl(["apply", "--filename=-"], filesOf(release, options));
  await runTool(kubectl, release, options, "backup");
  await kubectl(["annotate", "configmap", `milvus-meta-migration-config-${name}`, "backup=succeed"]);
  await runTool(kubectl, release, options, "migration");

  for (const [deployment, count] of replicas) {
    const component = await field(deployment, ".metadata.labels.component");
    const container = { name: component, image: `milvusdb/milvus:v${options.target}` };
    const patch = { spec: { replicas: Number(count), template: { spec: { containers: [container] } } } };
    await kubectl(["patch", "deployment", deployment, "--patch", JSON.stringify(patch)]);
  }
  for (;;) {
    let ready = 0;
    for (const [deployment, count] of replicas) {
      if ((await field(deployment, ".status.readyReplicas")) === count) ready++;
    }
    if (ready === replicas.size) return;
    await sleep(READY_POLL_MS);
  }
}

type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

async function runTool(kubectl: Kubectl, { name }: ReleaseName, { toolImage }: MigrateShOptions, file: string) {
  const jobName = `milvus-meta-migration-${file}-${name}`;
  const volumes = [
    { name: "backup", persistentVolumeClaim: { claimName: `milvus-meta-migration-backup-${name}` } },
    { name: "config", configMap: { name: `milvus-meta-migration-config-${name}` } },
  ];
  const container = {
    name: "meta-migration",
    image: toolImage,
    // The sandbox's containers are processes of this machine: paths in variables lead to the mounted folders.
    command: ["/bin/sh"],
    args: ["-c", `sed "s|${BACKUP_FILE}|$BACKUP|" "$CONFIG" > tool.yaml && "$TOOL" -config=tool.yaml`],
    env: [
      { name: "TOOL", value: "/milvus/bin/meta-migration" },
      { name: "CONFIG", value: `/milvus/configs/meta/${file}.yaml` },
      { name: "BACKUP", value: BACKUP_FILE },
    ],
    volumeMounts: [
      { name: "backup", mountPath: "/milvus/data" },
      { name: "config", mountPath: "/milvus/configs/meta" },
    ],
  };
  const template = { spec: { restartPolicy: "Never", containers: [container], volumes } };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: jobName },
    spec: { backoffLimit: 0, template },
  };
  await kubectl(["apply", "--filename=-"], stringify(job));
  for (;;) {
    const phase = await kubectl([
      "get",
      "pods",
      "-l",
      `job-name=${jobName}`,
      "--output=jsonpath={.items[*].status.phase}",
    ]);
    if (phase === "Succeeded") return;
    if (phase === "Failed") throw new Error(`${jobName} failed: ${await kubectl(["logs", `job/${jobName}`])}`);
    await sleep(POD_POLL_MS);
  }
}

function filesOf({ name }: ReleaseName, { source, target, rootPath }: MigrateShOptions): string {
  const config = (type: string) =>
    stringify({
      cmd: { type },
      config: { sourceVersion: source, targetVersion: target, backupFilePath: BACKUP_FILE },
      metastore: { type: "etcd" },
      etcd: { endpoints: [`${name}-etcd:2379`], rootPath, metaSubPath: "meta", kvSubPath: "kv" },
    });
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: `milvus-meta-migration-backup-${name}` },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
  };
  const files = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `milvus-meta-migration-config-${name}` },
    data: { "backup.yaml": config("backup"), "migration.yaml": config("run") },
  };
  return [claim, files].map((object) => stringify(object)).join("---\n");
}
