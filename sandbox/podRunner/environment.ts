/** A container's environment: values, references, and the `$(NAME)` syntax in values, commands and arguments. Pure. */
import type { V1Container } from "@kubernetes/client-node";
import type { Pod, Raw } from "./apiServer";

export type Container = Raw<V1Container>;

export interface Lookups {
  /** Data of a ConfigMap or Secret (decoded) in the pod's namespace; undefined when there is none of that name. */
  configMap(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  secret(name: string): Promise<Readonly<Record<string, string>> | undefined>;
}

/** A reference that leads nowhere: the container waits with `CreateContainerConfigError` and this message. */
export class ConfigError extends Error {}

export async function containerEnvironment(
  pod: Pod,
  container: Container,
  lookups: Lookups,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  const table = async (kind: "configMap" | "secret", name: string, optional: boolean | undefined) => {
    const data = await lookups[kind](name);
    if (!data && !optional) throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
    return data;
  };
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data =
      (configMapRef && (await table("configMap", configMapRef.name ?? "", configMapRef.optional))) ??
      (secretRef && (await table("secret", secretRef.name ?? "", secretRef.optional))) ??
      {};
    for (const [key, value] of Object.entries(data)) env[prefix + key] = value;
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (!valueFrom) {
      env[name] = expand(value ?? "", env);
      continue;
    }
    const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom;
    const reference = configMapKeyRef ?? secretKeyRef;
    if (reference) {
      const kind = configMapKeyRef ? "configMap" : "secret";
      const found = (await table(kind, reference.name ?? "", reference.optional))?.[reference.key];
      if (found === undefined && !reference.optional) {
        throw new ConfigError(
          `couldn't find key ${reference.key} in ${kind} ${pod.metadata?.namespace}/${reference.name}`,
        );
      }
      if (found !== undefined) env[name] = found;
    } else if (fieldRef) {
      env[name] = podField(pod, fieldRef.fieldPath);
    } else {
      // resourceFieldRef: the sandbox limits nothing, so any positive number is true.
      env[name] = "1";
    }
  }
  return env;
}

/** `$(NAME)` becomes the variable's value if there is one; `$$(NAME)` stays `$(NAME)`. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? whole),
  );
}

/** What the downward API gives for a field path. */
export function podField(pod: Pod, path: string): string {
  const bracket = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (bracket) return pod.metadata?.[bracket[1] as "labels" | "annotations"]?.[bracket[2] ?? ""] ?? "";
  const fields: Record<string, string | undefined> = {
    "metadata.name": pod.metadata?.name,
    "metadata.namespace": pod.metadata?.namespace,
    "metadata.uid": pod.metadata?.uid,
    "spec.nodeName": pod.spec?.nodeName,
    "spec.serviceAccountName": pod.spec?.serviceAccountName,
    "status.hostIP": "127.0.0.1",
    "status.podIP": "127.0.0.1",
  };
  if (!(path in fields)) throw new ConfigError(`fieldRef ${path} is not supported by the sandbox`);
  return fields[path] ?? "";
}
