import { existsSync, readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, sep } from "node:path";
import { ClusterError } from "../errors";
import { type Cluster, type KubeConfigContents, parseKubeConfig, type User } from "./kubeConfigFile";
import { proxyFor } from "./proxy";

/** Which cluster: the config of the Pulumi Kubernetes provider, under the same names. */
export interface AccessSettings {
  /** Path or contents; `~` is the home folder. Default: KUBECONFIG, then ~/.kube/config, then the pod's own account. */
  readonly kubeconfig?: string;
  /** Default: the kubeconfig's current context. */
  readonly context?: string;
  /** Name of a cluster in the kubeconfig that replaces the context's own. */
  readonly cluster?: string;
}

/** The part of a kubeconfig that is used: one context with its cluster and its user. */
export interface KubeConfig {
  readonly context: string;
  readonly cluster: Cluster;
  /** Missing: nobody in particular. */
  readonly user?: User;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const SERVICE_ACCOUNT_TOKEN = `${SERVICE_ACCOUNT}/token`;

/**
 * Loads the kubeconfig that the Pulumi Kubernetes provider would load, in the same precedence (its `Configure`, and
 * client-go's loading rules): KUBECONFIG may list several files, the first to set something wins, and files that do
 * not exist are passed over.
 *
 * @throws ClusterError `noKubeconfig` or `badKubeconfig`; never with contents of the file.
 */
export function loadKubeConfig(settings: AccessSettings, env: NodeJS.ProcessEnv = process.env): KubeConfig {
  const loaded =
    settings.kubeconfig === undefined || settings.kubeconfig === ""
      ? loadDefault(env, settings)
      : fromPathOrContents(settings.kubeconfig, env);
  const config = select(loaded, settings);
  return { ...config, cluster: reachedAsByGo(config.cluster, env) };
}

function fromPathOrContents(pathOrContents: string, env: NodeJS.ProcessEnv): KubeConfigContents {
  const path = expandHome(pathOrContents, env);
  if (existsSync(path)) {
    // As the provider does: paths inside the file count from the working folder here, not from the file's.
    return parse(read(path), path);
  }
  if (!/[\n{:]/.test(pathOrContents)) {
    throw new ClusterError(
      "noKubeconfig",
      `kubernetes:kubeconfig names the file ${path}, which does not exist.`,
      "Set it to the path or the contents of a kubeconfig, or remove it to use KUBECONFIG or ~/.kube/config.",
    );
  }
  return parse(pathOrContents, "kubernetes:kubeconfig");
}

function loadDefault(env: NodeJS.ProcessEnv, settings: AccessSettings): KubeConfigContents {
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  const paths = listed.length > 0 ? listed : [join(home(env), ".kube", "config")];
  const files = [...new Set(paths)].filter((path) => existsSync(path));
  const merged = merge(files.map(fromFile));
  if (merged.clusters.length > 0 || merged.contexts.length > 0) {
    return merged;
  }
  const inCluster = env.KUBERNETES_SERVICE_HOST && env.KUBERNETES_SERVICE_PORT && existsSync(SERVICE_ACCOUNT_TOKEN);
  if (inCluster && settings.context === undefined) {
    return ofThisPod(env);
  }
  throw new ClusterError(
    "noKubeconfig",
    `No kubeconfig was found: kubernetes:kubeconfig is not set, ${paths.join(", ")} ${
      files.length === 0 ? "does not exist" : "names no cluster"
    }, and this is not a pod.`,
    "Set KUBECONFIG, or: pulumi config set kubernetes:kubeconfig PATH",
  );
}

/** The API server of the cluster that this process is a pod of, and the pod's own account. */
function ofThisPod({
  KUBERNETES_SERVICE_HOST: host = "",
  KUBERNETES_SERVICE_PORT: port = "",
}: NodeJS.ProcessEnv): KubeConfigContents {
  const scheme = ["80", "8080", "8001"].includes(port) ? "http" : "https";
  const name = "inCluster";
  return {
    clusters: [
      { name, server: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`, caFile: `${SERVICE_ACCOUNT}/ca.crt` },
    ],
    users: [{ name, tokenFile: SERVICE_ACCOUNT_TOKEN }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  };
}

function fromFile(path: string): KubeConfigContents {
  const { clusters, users, ...rest } = parse(read(path), path);
  const absolute = (file: string) => (isAbsolute(file) ? file : join(path, "..", file));
  return {
    ...rest,
    clusters: clusters.map((it) => ({ ...it, ...(it.caFile && { caFile: absolute(it.caFile) }) })),
    users: users.map((it) => ({
      ...it,
      ...(it.certFile && { certFile: absolute(it.certFile) }),
      ...(it.keyFile && { keyFile: absolute(it.keyFile) }),
      ...(it.tokenFile && { tokenFile: absolute(it.tokenFile) }),
      // A bare name is looked for on the PATH.
      ...(it.exec?.command.includes(sep) && { exec: { ...it.exec, command: absolute(it.exec.command) } }),
    })),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ClusterError(
      "badKubeconfig",
      `The kubeconfig ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"}).`,
      "Make it readable for this user, or name another one with kubernetes:kubeconfig.",
    );
  }
}

function parse(contents: string, source: string): KubeConfigContents {
  try {
    return parseKubeConfig(contents);
  } catch {
    // The parser's message would quote the contents.
    throw new ClusterError(
      "badKubeconfig",
      `${source} is not a kubeconfig: its contents cannot be read as one.`,
      "Check it with: kubectl config view --kubeconfig FILE",
    );
  }
}

/** client-go's merge: the first file to name a cluster, user, context or the current context wins. */
function merge(all: readonly KubeConfigContents[]): KubeConfigContents {
  const firstOfName = <T extends { readonly name: string }>(items: readonly T[]) => [
    ...new Map([...items].reverse().map((item) => [item.name, item])).values(),
  ];
  return {
    clusters: firstOfName(all.flatMap(({ clusters }) => clusters)),
    users: firstOfName(all.flatMap(({ users }) => users)),
    contexts: firstOfName(all.flatMap(({ contexts }) => contexts)),
    currentContext: all.map(({ currentContext }) => currentContext).find(Boolean),
  };
}

/** Applies context and cluster, and checks that what they name is there. */
function select(
  { clusters, users, contexts, currentContext }: KubeConfigContents,
  settings: AccessSettings,
): KubeConfig {
  const wanted = settings.context ?? currentContext ?? "";
  const named = <T extends { readonly name: string }>(items: readonly T[], name: string) =>
    items.find((item) => item.name === name);
  const context = named(contexts, wanted);
  if (wanted === "" || context === undefined) {
    throw new ClusterError(
      "badKubeconfig",
      wanted === ""
        ? "The kubeconfig has no current context."
        : `The kubeconfig has no context ${wanted}; it has ${contexts.map(({ name }) => name).join(", ") || "none"}.`,
      "Set the right one: pulumi config set kubernetes:context NAME",
    );
  }
  const clusterName = settings.cluster ?? context.cluster;
  const cluster = named(clusters, clusterName);
  if (cluster === undefined) {
    throw new ClusterError(
      "badKubeconfig",
      `The context ${wanted} of the kubeconfig needs the cluster ${clusterName}, which is not in it.`,
      "Check it with: kubectl config view",
    );
  }
  const user = named(users, context.user);
  return { context: wanted, cluster, ...(user && { user }) };
}

/** What client-go does by itself: plain HTTP to an http:// server without being told twice, and proxies of the environment. */
function reachedAsByGo(cluster: Cluster, env: NodeJS.ProcessEnv): Cluster {
  const proxyUrl = cluster.proxyUrl ?? proxyFor(cluster.server, env);
  return {
    ...cluster,
    ...(cluster.server.startsWith("http:") ? { skipTLSVerify: true } : {}),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

function expandHome(path: string, env: NodeJS.ProcessEnv): string {
  return path === "~" || path.startsWith("~/") ? join(home(env), path.slice(1)) : path;
}

function home(env: NodeJS.ProcessEnv): string {
  return env.HOME ?? homedir();
}
