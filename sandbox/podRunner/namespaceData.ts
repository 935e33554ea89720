/** What a pod may refer to in its namespace: ConfigMaps, Secrets, claims, Services. */
import type { V1ConfigMap, V1PersistentVolumeClaim, V1Secret, V1Service } from "@kubernetes/client-node";
import { type ApiServer, isStatus, type Raw } from "./apiServer";
import type { Lookups } from "./environment";

export interface NamespaceData extends Lookups {
  claim(name: string): Promise<Raw<V1PersistentVolumeClaim> | undefined>;
  services(): Promise<readonly Raw<V1Service>[]>;
}

export function namespaceData(api: ApiServer, namespace: string): NamespaceData {
  const get = async <T>(path: string): Promise<T | undefined> => {
    try {
      return await api.call<T>("GET", `/api/v1/namespaces/${namespace}/${path}`);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  };
  const decoded = (values: Readonly<Record<string, string>> | undefined): [string, string][] =>
    Object.entries(values ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]);
  return {
    configMap: async (name) => {
      const found = await get<Raw<V1ConfigMap>>(`configmaps/${name}`);
      return found && { ...found.data, ...Object.fromEntries(decoded(found.binaryData)) };
    },
    secret: async (name) => {
      const found = await get<Raw<V1Secret>>(`secrets/${name}`);
      return found && Object.fromEntries(decoded(found.data));
    },
    claim: (name) => get(`persistentvolumeclaims/${name}`),
    services: async () => (await get<{ readonly items: Raw<V1Service>[] }>("services"))?.items ?? [],
  };
}
