/** A pod's volumes as local folders, and the translation of paths inside a container to paths on this machine. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { V1KeyToPath, V1Volume, V1VolumeProjection } from "@kubernetes/client-node";
import type { Pod, Raw } from "./apiServer";
import { type Container, podField } from "./environment";
import { claimFolder, makeFolder } from "./folders";
import type { NamespaceData } from "./namespaceData";

/** Why a volume cannot be mounted yet; the pod waits, as it does for a kubelet, with an event FailedMount. */
export class MountError extends Error {}

export interface VolumeContext {
  readonly folder: string;
  readonly podFolder: string;
  readonly data: NamespaceData;
  /** Token of the pod's ServiceAccount, for projected volumes. */
  token(): Promise<string>;
}

/** Local folder of each volume, by name. */
export async function prepareVolumes(pod: Pod, context: VolumeContext): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  for (const volume of pod.spec?.volumes ?? []) folders.set(volume.name, await prepareVolume(pod, volume, context));
  return folders;
}

async function prepareVolume(pod: Pod, volume: Raw<V1Volume>, context: VolumeContext): Promise<string> {
  if (volume.persistentVolumeClaim) {
    const { claimName } = volume.persistentVolumeClaim;
    const namespace = pod.metadata?.namespace ?? "default";
    const uid = (await context.data.claim(claimName))?.metadata?.uid;
    if (!uid) throw new MountError(`persistentvolumeclaim "${claimName}" not found`);
    return makeFolder(claimFolder(context.folder, namespace, claimName, uid));
  }
  const folder = makeFolder(context.podFolder, "volumes", volume.name);
  if (volume.emptyDir) return folder;
  const { configMap, secret, projected, downwardAPI } = volume;
  const mode = configMap?.defaultMode ?? secret?.defaultMode ?? projected?.defaultMode ?? 0o644;
  const sources: Raw<V1VolumeProjection>[] = projected?.sources ?? [
    {
      ...(configMap ? { configMap } : {}),
      ...(secret ? { secret: { ...secret, name: secret.secretName ?? "" } } : {}),
      ...(downwardAPI ? { downwardAPI } : {}),
    },
  ];
  if (!(configMap ?? secret ?? projected ?? downwardAPI)) {
    throw new MountError(`volume "${volume.name}" is of a kind that the sandbox does not have`);
  }
  for (const source of sources) {
    for (const [path, content] of Object.entries(await sourceFiles(pod, source, context))) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      chmodSync(file, mode);
    }
  }
  return folder;
}

/** Contents by relative path. */
async function sourceFiles(
  pod: Pod,
  source: Raw<V1VolumeProjection>,
  context: VolumeContext,
): Promise<Record<string, string>> {
  const { configMap, secret, serviceAccountToken, downwardAPI } = source;
  if (serviceAccountToken) return { [serviceAccountToken.path]: await context.token() };
  if (downwardAPI) {
    return Object.fromEntries(
      (downwardAPI.items ?? []).map(({ path, fieldRef }) => [path, podField(pod, fieldRef?.fieldPath ?? "")]),
    );
  }
  const kind = configMap ? "configMap" : "secret";
  const reference = configMap ?? secret;
  if (!reference) return {};
  const data = await context.data[kind](reference.name ?? "");
  if (!data && !reference.optional) throw new MountError(`${kind.toLowerCase()} "${reference.name}" not found`);
  return pickItems(data ?? {}, reference.items, reference.optional ?? false, reference.name ?? "");
}

function pickItems(
  data: Readonly<Record<string, string>>,
  items: readonly Raw<V1KeyToPath>[] | undefined,
  optional: boolean,
  name: string,
): Record<string, string> {
  if (!items) return { ...data };
  const picked: Record<string, string> = {};
  for (const { key, path } of items) {
    const value = data[key];
    if (value !== undefined) picked[path] = value;
    else if (!optional) throw new MountError(`${name} references non-existent config key: ${key}`);
  }
  return picked;
}

/** Translates a path, or an argument such as `-config=/path`, into the local one; other text stays as it is. */
export type PathTranslation = (text: string) => string;

export function pathTranslation(
  container: Container,
  volumes: ReadonlyMap<string, string>,
  files: Readonly<Record<string, string>>,
): PathTranslation {
  const mounts = (container.volumeMounts ?? []).map(({ mountPath, name, subPath }) => ({
    from: mountPath.replace(/\/$/, ""),
    to: join(volumes.get(name) ?? "", subPath ?? ""),
  }));
  const table = [...mounts, ...Object.entries(files).map(([from, to]) => ({ from, to }))].sort(
    (a, b) => b.from.length - a.from.length,
  );
  const translate = (path: string): string => {
    const entry = table.find(({ from }) => path === from || path.startsWith(`${from}/`));
    return entry ? entry.to + path.slice(entry.from.length) : path;
  };
  return (text) => {
    const option = /^(--?[\w-]+=)(\/.*)$/.exec(text);
    return option ? `${option[1] ?? ""}${translate(option[2] ?? "")}` : translate(text);
  };
}
