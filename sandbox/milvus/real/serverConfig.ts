/** Configuration of a real server: the package's own template, filled in for a claim's folder and free ports. Pure. */
import { join } from "node:path";
import { stringify } from "yaml";

export interface ServerPlaces {
  /** Everything that has to outlive the pod: embedded etcd, message queue, segments and indexes. */
  readonly data: string;
  /** Free ports on loopback, at least {@link portCount} of the template. */
  readonly ports: readonly number[];
  /** Where the message queue is, when not below `data`. */
  readonly queue?: string;
  /** Path of the file {@link ServerFiles.etcd} is written to. */
  readonly etcdConfig: string;
}

export interface ServerFiles {
  /** milvus.yaml. */
  readonly milvus: string;
  /** Configuration of the embedded etcd, which would take 2379 and 2380 without it. */
  readonly etcd: string;
  /** Port of the gRPC service that clients talk to. */
  readonly servicePort: number;
  /** Port of `/healthz`. */
  readonly healthPort: number;
}

/** `{{ proxy_port(int): 19530 }}`, as the template names what can be set. */
const PLACE = /\{\{\s*([a-z_]+)(?:\([a-z]+\))?\s*(?::\s*(.*?)\s*)?\}\}/g;

/** Ports the template asks for, and those for etcd's peers and `/healthz`. */
export function portCount(template: string): number {
  return portNames(template).length + 2;
}

export function serverFiles(template: string, places: ServerPlaces): ServerFiles {
  const names = portNames(template);
  const port = (index: number): number => {
    const found = places.ports[index];
    if (found === undefined) throw new Error(`${portCount(template)} ports are needed, ${places.ports.length} given`);
    return found;
  };
  const values: Record<string, string> = {
    etcd_log_path: "stdout",
    etcd_log_level: "warn",
    etcd_data_dir: join(places.data, "etcd"),
    local_storage_dir: join(places.data, "data"),
    // One folder for both names, as the chart has it: the package moves the queue from 2.2 to 2.3, and so loses it.
    rocketmq_data_dir: places.queue ?? join(places.data, "rdb_data"),
    rocksmq_data_dir: places.queue ?? join(places.data, "rdb_data"),
    system_log_path: "",
    system_log_level: "info",
    log_stdout: "true",
    ...Object.fromEntries(names.map((name, index) => [name, String(port(index))])),
  };
  const filled = template.replace(PLACE, (_, name: string, preset: string | undefined) => {
    const value = values[name] ?? preset;
    if (value === undefined) throw new Error(`nothing is known for {{ ${name} }} of the server's configuration`);
    return value;
  });
  const peers = `http://127.0.0.1:${port(names.length)}`;
  const clients = `http://127.0.0.1:${values.etcd_port ?? ""}`;
  return {
    milvus: filled.replace(/^( +)use:\n/m, `$1config:\n$1  path: ${places.etcdConfig}\n$&`),
    etcd: stringify({
      name: "default",
      "data-dir": values.etcd_data_dir,
      "listen-client-urls": clients,
      "advertise-client-urls": clients,
      "listen-peer-urls": peers,
      "initial-advertise-peer-urls": peers,
      "initial-cluster": `default=${peers}`,
      "log-outputs": ["stdout"],
      "log-level": "warn",
    }),
    servicePort: Number(values.proxy_port),
    healthPort: port(names.length + 1),
  };
}

function portNames(template: string): string[] {
  const names = [...template.matchAll(PLACE)].map(([, name = ""]) => name).filter((name) => name.endsWith("_port"));
  return [...new Set(names)];
}
