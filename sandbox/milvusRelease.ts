import { setTimeout as sleep } from "node:timers/promises";
import { EtcdClient } from "./etcd";
import { type MetadataState, readMetadata } from "./metadata";
import { imageVersion, versionText } from "./milvus/version";
import type { Sandbox } from "./sandbox";

export interface ReleaseName {
  readonly name: string;
  readonly namespace: string;
}

/** Helm 4 knows no `--all` (fact 4.9b). */
const ANY_STATUS = ["--deployed", "--failed", "--pending", "--superseded", "--uninstalled", "--uninstalling"];

/** One Deployment of Milvus, as it is. */
export interface ObservedComponent {
  /** Label `component`. */
  readonly component: string;
  readonly deployment: string;
  /** From the image's tag; the tag itself when it names no version. */
  readonly version: string;
  readonly replicas: number;
  readonly ready: number;
  readonly paused: boolean;
}

/** A Milvus in the sandbox, read from Helm, the API server and etcd. */
export interface ObservedMilvus {
  readonly revision: number;
  readonly status: string;
  /** e.g. `milvus-3.2.18`. */
  readonly chart: string;
  readonly components: readonly ObservedComponent[];
  readonly metadata: MetadataState;
}

/** `helm install` as a user does it, past Pulumi; returns once every component is ready. */
export async function installMilvus(
  sandbox: Sandbox,
  release: ReleaseName,
  chart: string,
  values: object,
  timeoutSeconds = 180,
): Promise<void> {
  const args = [
    "install",
    release.name,
    chart,
    "--namespace",
    release.namespace,
    "--create-namespace",
    "--values",
    "-",
  ];
  await sandbox.helm(args, { input: JSON.stringify(values), timeoutSeconds });
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const components = await observeComponents(sandbox, release);
    const waiting = components.filter(({ replicas, ready }) => ready < replicas);
    if (components.length > 0 && waiting.length === 0) {
      return;
    }
    if (Date.now() > deadline) {
      const names = waiting.map(({ component, replicas, ready }) => `${component} ${ready}/${replicas}`).join(", ");
      throw new Error(`Milvus is not ready ${timeoutSeconds} s after helm install: ${names}`);
    }
    await sleep(500);
  }
}

export async function observeMilvus(sandbox: Sandbox, release: ReleaseName): Promise<ObservedMilvus> {
  const { name, namespace } = release;
  const [list, components, metadata] = await Promise.all([
    sandbox.helm(["list", "--namespace", namespace, "--filter", `^${name}$`, ...ANY_STATUS, "--output", "json"]),
    observeComponents(sandbox, release),
    readMetadata(new EtcdClient(sandbox.metadataEtcd)),
  ]);
  const [record] = JSON.parse(list) as { revision: string; status: string; chart: string }[];
  if (!record) {
    throw new Error(`no release ${name} in namespace ${namespace} of sandbox ${sandbox.name}`);
  }
  return { revision: Number(record.revision), status: record.status, chart: record.chart, components, metadata };
}

export async function observeComponents(sandbox: Sandbox, release: ReleaseName): Promise<ObservedComponent[]> {
  const selector = `app.kubernetes.io/instance=${release.name},app.kubernetes.io/name=milvus`;
  const list = await sandbox.kubectl(
    ["get", "deployments", "--namespace", release.namespace, "--selector", selector, "--output", "json"],
    { timeoutSeconds: 30 },
  );
  const { items } = JSON.parse(list) as { items: Deployment[] };
  return items.map(({ metadata, spec, status }) => {
    const image = spec.template.spec.containers[0]?.image ?? "";
    const version = imageVersion(image);
    return {
      component: metadata.labels?.component ?? metadata.name,
      deployment: metadata.name,
      version: version === undefined ? (image.split(":").at(-1) ?? image) : versionText(version),
      replicas: spec.replicas ?? 1,
      ready: status.readyReplicas ?? 0,
      paused: spec.paused ?? false,
    };
  });
}

interface Deployment {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } };
  };
  readonly status: { readonly readyReplicas?: number };
}
