/** Reads the sandbox's own kubeconfig, and writes one for a pod's ServiceAccount. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, stringify } from "yaml";

export interface Credentials {
  /** e.g. `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string | undefined;
  /** PEM. */
  readonly clientCertificate: string | undefined;
  /** PEM. */
  readonly clientKey: string | undefined;
  readonly token: string | undefined;
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster: Record<string, string> }[];
  readonly contexts?: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly users?: readonly { readonly name: string; readonly user: Record<string, string> }[];
}

/** Credentials of the current context: certificates (in the file or beside it) or a token; no exec plugins. */
export function readKubeconfig(path: string): Credentials {
  const config = parse(readFileSync(path, "utf8")) as Kubeconfig;
  const context = config.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users?.find(({ name }) => name === context?.user)?.user ?? {};
  if (!cluster?.server) throw new Error(`${path} has no current context with a server; the pod runner needs one.`);
  const pem = (holder: Record<string, string>, key: string): string | undefined => {
    const data = holder[`${key}-data`];
    if (data) return Buffer.from(data, "base64").toString("utf8");
    const file = holder[key];
    return file ? readFileSync(resolve(dirname(path), file), "utf8") : undefined;
  };
  return {
    server: cluster.server.replace(/\/$/, ""),
    certificateAuthority: pem(cluster, "certificate-authority"),
    clientCertificate: pem(user, "client-certificate"),
    clientKey: pem(user, "client-key"),
    token: user.token,
  };
}

/** A kubeconfig as good as what a client finds inside a pod: the ServiceAccount's token and the pod's namespace. */
export function kubeconfigText(
  server: string,
  certificateAuthority: string | undefined,
  namespace: string,
  token: string,
): string {
  const authority = certificateAuthority && Buffer.from(certificateAuthority).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "sandbox", cluster: { server, ...(authority ? { "certificate-authority-data": authority } : {}) } },
    ],
    users: [{ name: "pod", user: { token } }],
    contexts: [{ name: "pod", context: { cluster: "sandbox", user: "pod", namespace } }],
    "current-context": "pod",
  });
}
