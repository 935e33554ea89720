import { parse } from "yaml";

/** Where the API server is. Names and meanings are the kubeconfig's. */
export interface Cluster {
  readonly name: string;
  readonly server: string;
  readonly caData?: string;
  readonly caFile?: string;
  readonly skipTLSVerify?: boolean;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
}

/** A program that gives the credentials. */
export interface CredentialPlugin {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly provideClusterInfo?: boolean;
}

/** As whom somebody asks who may do so. */
export interface Impersonation {
  readonly impersonateUser?: string;
  readonly impersonateGroups?: readonly string[];
  readonly impersonateUid?: string;
  readonly impersonateExtra?: Readonly<Record<string, readonly string[]>>;
}

/** Who asks. */
export interface User extends Impersonation {
  readonly name: string;
  readonly certData?: string;
  readonly certFile?: string;
  readonly keyData?: string;
  readonly keyFile?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: CredentialPlugin;
  /** Of the kinds that were there before credential plugins: oidc, gcp, azure. */
  readonly authProvider?: AuthProvider;
}

export interface AuthProvider {
  readonly name: string;
  readonly config?: Readonly<Record<string, string>>;
}

export interface Context {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
}

/** All of a file, or of several merged ones. */
export interface KubeConfigContents {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
  readonly currentContext?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The contents of a kubeconfig, YAML or JSON.
 *
 * @throws when the text is not one; the error may quote it, so it must not be shown
 */
export function parseKubeConfig(text: string): KubeConfigContents {
  const all = fields(parse(text, { logLevel: "error" }), "the file");
  return {
    clusters: entries(all.clusters, "cluster", clusterOf),
    users: entries(all.users, "user", userOf),
    contexts: entries(all.contexts, "context", (name, context) => ({
      name,
      cluster: said(context.cluster) ?? "",
      user: said(context.user) ?? "",
    })),
    currentContext: said(all["current-context"]),
  };
}

function clusterOf(name: string, cluster: Fields): Cluster {
  const server = said(cluster.server);
  if (server === undefined) throw new Error("a cluster without a server");
  return {
    name,
    server: server.replace(/\/$/, ""),
    ...optional("caData", cluster["certificate-authority-data"]),
    ...optional("caFile", cluster["certificate-authority"]),
    skipTLSVerify: cluster["insecure-skip-tls-verify"] === true,
    ...optional("tlsServerName", cluster["tls-server-name"]),
    ...optional("proxyUrl", cluster["proxy-url"]),
  };
}

function userOf(name: string, user: Fields): User {
  return {
    name,
    ...optional("certData", user["client-certificate-data"]),
    ...optional("certFile", user["client-certificate"]),
    ...optional("keyData", user["client-key-data"]),
    ...optional("keyFile", user["client-key"]),
    ...optional("token", user.token),
    // kubectl reads `tokenFile`; `token-file` is what some tools write.
    ...optional("tokenFile", user.tokenFile ?? user["token-file"]),
    ...optional("username", user.username),
    ...optional("password", user.password),
    ...impersonationOf(user),
    ...(isGiven(user.exec) && { exec: pluginOf(fields(user.exec, "exec")) }),
    ...(isGiven(user["auth-provider"]) && { authProvider: providerOf(fields(user["auth-provider"], "auth-provider")) }),
  };
}

function impersonationOf(user: Fields): Partial<User> {
  const extra = isGiven(user["as-user-extra"]) ? fields(user["as-user-extra"], "as-user-extra") : {};
  return {
    ...optional("impersonateUser", user.as),
    ...(isGiven(user["as-groups"]) && { impersonateGroups: texts(user["as-groups"], "as-groups") }),
    ...optional("impersonateUid", user["as-uid"]),
    ...(Object.keys(extra).length > 0 && {
      impersonateExtra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, texts(values, key)])),
    }),
  };
}

function pluginOf(exec: Fields): CredentialPlugin {
  const { command, apiVersion, args, env, provideClusterInfo } = exec as Partial<CredentialPlugin>;
  if (typeof command !== "string" || command === "") throw new Error("a credential plugin without a command");
  return {
    command,
    args: (args ?? []).map(String),
    env: (env ?? []).map(({ name, value }) => ({ name, value })),
    provideClusterInfo: provideClusterInfo === true,
    ...optional("apiVersion", apiVersion),
  };
}

function providerOf(provider: Fields): AuthProvider {
  return { name: said(provider.name) ?? "", config: (provider.config ?? {}) as Readonly<Record<string, string>> };
}

/** Entries have their name beside what they are: `{name: dev, cluster: {…}}`. */
function entries<T>(list: unknown, key: string, entry: (name: string, value: Fields) => T): T[] {
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) => {
    const { name, ...rest } = fields(item, key);
    if (typeof name !== "string" && typeof name !== "number") throw new Error(`a ${key} without a name`);
    // A user may be nobody in particular.
    return entry(String(name), fields(rest[key] ?? {}, key));
  });
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} is not a mapping`);
  return value as Fields;
}

function texts(value: unknown, what: string): string[] {
  if (!Array.isArray(value)) throw new Error(`${what} is not a list`);
  return value.map(String);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** YAML takes a password of digits for a number. */
function said(value: unknown): string | undefined {
  return typeof value === "number" || (typeof value === "string" && value !== "") ? String(value) : undefined;
}

function optional<Key extends string>(key: Key, value: unknown): { readonly [K in Key]?: string } {
  const text = said(value);
  return (text === undefined ? {} : { [key]: text }) as { readonly [K in Key]?: string };
}
