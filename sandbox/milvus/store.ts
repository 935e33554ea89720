/** Where a Milvus pod keeps its sessions and metadata, from the configuration that its chart mounts. */
import { parse } from "yaml";
import type { TlsFiles } from "../etcd";
import { DEFAULT_ROOT_PATH } from "../metadata";
import type { Pod } from "../podRunner/apiServer";

export interface MilvusStore {
  /** `host:port` as configured; empty when the configuration names none. */
  readonly endpoints: readonly string[];
  readonly rootPath: string;
  /** Of etcd.ssl, as far as it is on. The image of a server has the files where this machine has them. */
  readonly tls?: TlsFiles;
  /** Coordinators with a standby, as the configuration names them: `rootCoord`. */
  readonly activeStandby: readonly string[];
}

const COORDINATORS = ["rootCoord", "queryCoord", "indexCoord", "dataCoord", "mixCoord"] as const;

interface Ssl {
  readonly enabled?: boolean;
  readonly tlsCACert?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

type Config = {
  readonly etcd?: { readonly endpoints?: unknown; readonly rootPath?: unknown; readonly ssl?: Ssl };
} & { readonly [Name in (typeof COORDINATORS)[number]]?: { readonly enableActiveStandby?: boolean } };

/** Later files win, as Milvus merges them. */
const CONFIG_FILES = ["milvus.yaml", "default.yaml", "user.yaml"] as const;

/** Program of the charts 3.3.2 to 4.1.36 that merges default.yaml and user.yaml for images that do not (rule 1.9). */
const MERGE_SCRIPT = "run-helm.sh";

/**
 * Files that the first container mounts, by name. Files that are in the ConfigMap but not mounted do not count:
 * charts before 3.3.2 ignore user.yaml.
 */
export async function mountedConfig(
  pod: Pod,
  configMap: (name: string) => Promise<Readonly<Record<string, string>> | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const { name, mountPath, subPath } of pod.spec?.containers[0]?.volumeMounts ?? []) {
    const map = pod.spec?.volumes?.find((volume) => volume.name === name)?.configMap?.name;
    if (map === undefined) continue;
    const data = (await configMap(map)) ?? {};
    if (subPath === undefined) for (const [key, text] of Object.entries(data)) files.set(key, text);
    else if (data[subPath] !== undefined) files.set(mountPath.split("/").at(-1) ?? subPath, data[subPath]);
  }
  return files;
}

/** `mergesItself`: the image reads default.yaml and user.yaml without the chart's script (Milvus 2.4 on). */
export function milvusStore(pod: Pod, files: ReadonlyMap<string, string>, mergesItself: boolean): MilvusStore {
  const args = pod.spec?.containers[0]?.args ?? [];
  const readsAll = mergesItself || args.some((arg) => arg.endsWith(MERGE_SCRIPT));
  let store: MilvusStore = { endpoints: [], rootPath: DEFAULT_ROOT_PATH, activeStandby: [] };
  for (const name of CONFIG_FILES) {
    const text = files.get(name);
    if (text === undefined || (name !== "milvus.yaml" && !readsAll)) continue;
    // Duplicate keys are in some charts' configuration (rule 4.3); Milvus takes them, the last one wins.
    const config = parse(text, { uniqueKeys: false }) as Config | null;
    const { endpoints, rootPath, ssl } = config?.etcd ?? {};
    const list = Array.isArray(endpoints)
      ? endpoints
      : typeof endpoints === "string"
        ? endpoints.split(",")
        : undefined;
    store = {
      endpoints: list?.map((endpoint) => String(endpoint).trim()) ?? store.endpoints,
      rootPath: typeof rootPath === "string" || typeof rootPath === "number" ? String(rootPath) : store.rootPath,
      ...tlsOf(ssl, store.tls),
      activeStandby: COORDINATORS.filter(
        (coordinator) => config?.[coordinator]?.enableActiveStandby ?? store.activeStandby.includes(coordinator),
      ),
    };
  }
  return store;
}

function tlsOf(ssl: Ssl | undefined, earlier: TlsFiles | undefined): Pick<MilvusStore, "tls"> {
  if (ssl?.enabled === undefined) return earlier === undefined ? {} : { tls: earlier };
  const { enabled, tlsCACert = "", tlsCert = "", tlsKey = "" } = ssl;
  return enabled ? { tls: { ca: tlsCACert, certificate: tlsCert, key: tlsKey } } : {};
}

/** Whether this component may run a second server that waits until the first is gone. */
export function hasStandby(component: string, { activeStandby }: MilvusStore): boolean {
  if (component === "mixcoord") return activeStandby.length > 0;
  return activeStandby.some((coordinator) => coordinator.toLowerCase() === component);
}
