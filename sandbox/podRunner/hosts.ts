/**
 * The sandbox's DNS: which `name:port` leads to which local address. Services run nothing here, so the names of a
 * Service on etcd's port lead to the sandbox's metadata etcd, as long as the Service exists.
 */
import type { V1Service } from "@kubernetes/client-node";
import type { Raw } from "./apiServer";

const ETCD_PORT = 2379;
/** Members of an etcd StatefulSet that are reachable by their own names. */
const MEMBERS = 5;

/** Host names as keys (`my-release-etcd:2379`), addresses as values (`127.0.0.1:41234`). Fixed names win. */
export function clusterHosts(
  services: readonly Raw<V1Service>[],
  metadataEtcd: string,
  fixed: Readonly<Record<string, string>>,
): Record<string, string> {
  const hosts: Record<string, string> = {};
  for (const { metadata, spec } of services) {
    if (!spec?.ports?.some(({ port }) => port === ETCD_PORT)) continue;
    const name = metadata?.name ?? "";
    const namespace = metadata?.namespace ?? "default";
    const members = Array.from({ length: MEMBERS }, (_, index) => `${name.replace(/-headless$/, "")}-${index}.${name}`);
    for (const host of spec.clusterIP === "None" ? [name, ...members] : [name]) {
      for (const suffix of ["", `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`]) {
        hosts[`${host}${suffix}:${ETCD_PORT}`] = metadataEtcd;
      }
    }
  }
  return { ...hosts, ...fixed };
}

/** The form that the stand-ins read from SANDBOX_HOSTS. */
export function hostsVariable(hosts: Readonly<Record<string, string>>): string {
  return Object.entries(hosts)
    .map(([name, address]) => `${name}=${address}`)
    .join(",");
}
