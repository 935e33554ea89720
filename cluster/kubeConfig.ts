import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { type Cluster, type Context, KubeConfig, type User } from "@kubernetes/client-node";
import { ClusterError } from "./errors";
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

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

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
  config.clusters = config.clusters.map((cluster) => reachedAsByGo(cluster, env));
  return config;
}

function fromPathOrContents(pathOrContents: string, env: NodeJS.ProcessEnv): KubeConfig {
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

function loadDefault(env: NodeJS.ProcessEnv, settings: AccessSettings): KubeConfig {
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  const paths = listed.length > 0 ? listed : [join(home(env), ".kube", "config")];
  const files = [...new Set(paths)].filter((path) => existsSync(path));
  const merged = merge(files.map(fromFile));
  if (merged.clusters.length > 0 || merged.contexts.length > 0) {
    return merged;
  }
  const inCluster = env.KUBERNETES_SERVICE_HOST && env.KUBERNETES_SERVICE_PORT && existsSync(SERVICE_ACCOUNT_TOKEN);
  if (inCluster && settings.context === undefined) {
    merged.loadFromCluster();
    return merged;
  }
  throw new ClusterError(
    "noKubeconfig",
    `No kubeconfig was found: kubernetes:kubeconfig is not set, ${paths.join(", ")} ${
      files.length === 0 ? "does not exist" : "names no cluster"
    }, and this is not a pod.`,
    "Set KUBECONFIG, or: pulumi config set kubernetes:kubeconfig PATH",
  );
}

function fromFile(path: string): KubeConfig {
  const config = parse(read(path), path);
  config.makePathsAbsolute(join(path, ".."));
  return config;
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

function parse(contents: string, source: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromString(contents);
  } catch {
    // The parser's message would quote the contents.
    throw new ClusterError(
      "badKubeconfig",
      `${source} is not a kubeconfig: its contents cannot be read as one.`,
      "Check it with: kubectl config view --kubeconfig FILE",
    );
  }
  return config;
}

/** client-go's merge: the first file to name a cluster, user, context or the current context wins. */
function merge(configs: readonly KubeConfig[]): KubeConfig {
  const merged = new KubeConfig();
  const firstOfName = <T extends { readonly name: string }>(items: readonly T[]) => [
    ...new Map([...items].reverse().map((item) => [item.name, item])).values(),
  ];
  merged.loadFromOptions({
    clusters: firstOfName<Cluster>(configs.flatMap(({ clusters }) => clusters)),
    users: firstOfName<User>(configs.flatMap(({ users }) => users)),
    contexts: firstOfName<Context>(configs.flatMap(({ contexts }) => contexts)),
    currentContext: configs.map(({ currentContext }) => currentContext).find(Boolean) ?? "",
  });
  return merged;
}

/** Applies context and cluster, and checks that what they name is there. */
function select(config: KubeConfig, settings: AccessSettings): KubeConfig {
  const wanted = settings.context ?? config.currentContext;
  const names = config.contexts.map(({ name }) => name);
  const context = config.getContextObject(wanted);
  if (!wanted || context === null) {
    throw new ClusterError(
      "badKubeconfig",
      wanted
        ? `The kubeconfig has no context ${wanted}; it has ${names.join(", ") || "none"}.`
        : "The kubeconfig has no current context.",
      "Set the right one: pulumi config set kubernetes:context NAME",
    );
  }
  const clusterName = settings.cluster ?? context.cluster;
  if (config.getCluster(clusterName) === null) {
    throw new ClusterError(
      "badKubeconfig",
      `The context ${wanted} of the kubeconfig needs the cluster ${clusterName}, which is not in it.`,
      "Check it with: kubectl config view",
    );
  }
  config.setCurrentContext(wanted);
  config.contexts = config.contexts.map((it) => (it.name === wanted ? { ...it, cluster: clusterName } : it));
  return config;
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
