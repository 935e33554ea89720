import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { KubeConfig } from "./kubeConfig";
import type { Cluster, CredentialPlugin, Impersonation, User } from "./kubeConfigFile";

/** Who sends a request. What is missing is not sent. */
export interface Credentials extends Impersonation {
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** The credentials cannot be used. The message holds nothing of them. */
export class CredentialsError extends Error {
  constructor(
    /** Program that should have given them; missing: they are in the kubeconfig. */
    readonly plugin: string | undefined,
    reason: string,
  ) {
    super(reason);
  }
}

/**
 * The credentials of a kubeconfig's user. A credential plugin is run once, and again when what it gave is about to expire or
 * was refused.
 *
 * @throws CredentialsError
 */
export async function credentialsOf({ user, cluster }: KubeConfig, signal: AbortSignal): Promise<Credentials> {
  if (user === undefined) return {};
  const { username, password, impersonateUser, impersonateGroups, impersonateUid, impersonateExtra } = user;
  try {
    const [given, token, cert, key] = await Promise.all([
      user.exec === undefined ? {} : pluginCredentials(user.exec, cluster, signal),
      tokenOf(user),
      fileOrData(user.certFile, user.certData),
      fileOrData(user.keyFile, user.keyData),
    ]);
    return {
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(impersonateUser !== undefined && { impersonateUser }),
      ...(impersonateGroups && { impersonateGroups }),
      ...(impersonateUid !== undefined && { impersonateUid }),
      ...(impersonateExtra && { impersonateExtra }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...given,
      ...(token !== undefined && { token }),
    };
  } catch (error) {
    throw error instanceof CredentialsError ? error : new CredentialsError(undefined, reasonOf(error));
  }
}

/**
 * Sends something with the credentials of a kubeconfig's user, and once more with new ones where the server no longer takes what a
 * credential plugin gave, since many plugins do not say when it expires, or what was in a file that was renewed since. What is
 * answered with 401 was not carried out.
 *
 * @throws CredentialsError
 */
export async function withFreshCredentials<Answer extends { readonly status: number }>(
  config: KubeConfig,
  signal: AbortSignal,
  sendAs: (credentials: Credentials) => Promise<Answer>,
): Promise<Answer> {
  const { user, cluster } = config;
  const credentials = await credentialsOf(config, signal);
  const answer = await sendAs(credentials).catch((error: unknown) => {
    // A certificate may have been read while somebody was writing it.
    forgetFiles(config);
    throw error;
  });
  if (answer.status !== 401) return answer;
  forgetFiles(config);
  if (user?.exec !== undefined) await forget(idOf(user.exec, cluster), credentials);
  const next = await credentialsOf(config, signal);
  return user?.exec === undefined && isDeepStrictEqual(next, credentials) ? answer : sendAs(next);
}

/** The certificate authority of the cluster, PEM; undefined: those that the system trusts. */
export async function authorityOf({ caFile, caData }: Cluster): Promise<Buffer | undefined> {
  try {
    return await fileOrData(caFile, caData);
  } catch (error) {
    throw new CredentialsError(undefined, reasonOf(error));
  }
}

/** As client-go sends them: a token before name and password. */
export function headersOf(credentials: Credentials): Record<string, string | readonly string[]> {
  const { token, username, password = "" } = credentials;
  const basic =
    username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const authorization = token === undefined ? basic : `Bearer ${token}`;
  return {
    ...(authorization !== undefined && { authorization }),
    ...impersonationOf(credentials),
  };
}

/** A group and a value of `as-user-extra` have a header each: joined, they would be one strange group. */
function impersonationOf(credentials: Credentials): Record<string, string | readonly string[]> {
  const { impersonateUser, impersonateGroups, impersonateUid, impersonateExtra = {} } = credentials;
  return {
    ...(impersonateUser !== undefined && { "impersonate-user": impersonateUser }),
    ...(impersonateGroups && { "impersonate-group": impersonateGroups }),
    ...(impersonateUid !== undefined && { "impersonate-uid": impersonateUid }),
    ...Object.fromEntries(
      Object.entries(impersonateExtra).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key.toLowerCase())}`,
        values,
      ]),
    ),
  };
}

/** As in client-go, the file wins: it is what somebody renews. */
async function tokenOf({ token, tokenFile }: User): Promise<string | undefined> {
  return tokenFile === undefined ? token : (await contentsOf(tokenFile)).toString("utf8").trim();
}

async function fileOrData(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  if (file !== undefined) return contentsOf(file);
  return data === undefined ? undefined : Buffer.from(data, "base64");
}

/** Milliseconds. client-go takes up to a minute to see that a file was renewed; what was renewed is good for longer than that. */
const FRESH_MS = 10_000;

/** Of files that were read a moment ago, by path: a run sends some twenty requests at once, and each wants two or three of them. */
const files = new Map<string, { readonly contents: Promise<Buffer>; readonly until: number }>();

function contentsOf(file: string): Promise<Buffer> {
  const known = files.get(file);
  if (known !== undefined && performance.now() < known.until) return known.contents;
  const read = { contents: readFile(file), until: performance.now() + FRESH_MS };
  files.set(file, read);
  read.contents.catch(() => files.get(file) === read && files.delete(file));
  return read.contents;
}

/** What was in them is not taken: the next request reads them anew. */
function forgetFiles({ user, cluster }: KubeConfig): void {
  for (const file of [user?.tokenFile, user?.certFile, user?.keyFile, cluster.caFile]) files.delete(file ?? "");
}

/** What a plugin prints: client.authentication.k8s.io, ExecCredential. */
interface ExecCredential {
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    /** ISO 8601; missing: good until the server refuses it. */
    readonly expirationTimestamp?: string;
  };
}

interface Given {
  readonly credentials: Credentials;
  readonly expires: number;
}

/** By plugin and cluster. A plugin takes a second or more, and a run sends some forty requests, many at once. */
const given = new Map<string, Promise<Given>>();

/** Milliseconds before its end from which on a token is not begun with: a try takes up to 20 s, and clocks differ. */
const MARGIN = 30_000;

async function pluginCredentials(
  plugin: CredentialPlugin,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Credentials> {
  const id = idOf(plugin, cluster);
  const before = given.get(id);
  const known = await before?.catch(() => undefined);
  if (known !== undefined && known.expires - MARGIN > Date.now()) return known.credentials;
  // Of many that find it expired, the first asks anew.
  const now = given.get(id);
  const asked = now === undefined || now === before ? askPlugin(plugin, cluster, signal) : now;
  given.set(id, asked);
  asked.catch(() => given.get(id) === asked && given.delete(id));
  return (await asked).credentials;
}

/** The server has refused these: the next request asks the plugin anew, unless another one that was refused has done so. */
async function forget(id: string, refused: Credentials): Promise<void> {
  const before = given.get(id);
  const known = (await before?.catch(() => undefined))?.credentials;
  if (known?.token === refused.token && known?.cert === refused.cert && given.get(id) === before) given.delete(id);
}

function idOf(plugin: CredentialPlugin, { server }: Cluster): string {
  return JSON.stringify([plugin, server]);
}

async function askPlugin(plugin: CredentialPlugin, cluster: Cluster, signal: AbortSignal): Promise<Given> {
  const { command, args, env } = plugin;
  const variables = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const printed = await new Promise<string>((resolve, reject) => {
    const options = {
      env: { ...process.env, KUBERNETES_EXEC_INFO: execInfo(plugin, cluster), ...variables },
      signal,
      encoding: "utf8",
    } as const;
    execFile(command, args ?? [], options, (error, stdout) =>
      // Its own words may hold what must not be shown.
      error === null ? resolve(stdout) : reject(new CredentialsError(command, reasonOf(error))),
    );
  });
  let credential: ExecCredential;
  try {
    credential = JSON.parse(printed) as ExecCredential;
  } catch {
    throw new CredentialsError(command, "it prints something that is not JSON");
  }
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = credential.status ?? {};
  return {
    credentials: {
      ...(token !== undefined && { token }),
      ...(clientCertificateData !== undefined && { cert: Buffer.from(clientCertificateData) }),
      ...(clientKeyData !== undefined && { key: Buffer.from(clientKeyData) }),
    },
    expires: expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(expirationTimestamp),
  };
}

/** What client-go tells a plugin: that nobody can be asked, in which version to answer, and if wanted which cluster. */
function execInfo({ apiVersion, provideClusterInfo }: CredentialPlugin, cluster: Cluster): string {
  return JSON.stringify({
    apiVersion: apiVersion ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: {
      interactive: false,
      ...(provideClusterInfo === true && {
        cluster: {
          server: cluster.server,
          ...(cluster.tlsServerName !== undefined && { "tls-server-name": cluster.tlsServerName }),
          ...(cluster.skipTLSVerify === true && { "insecure-skip-tls-verify": true }),
          ...(cluster.caData !== undefined && { "certificate-authority-data": cluster.caData }),
          ...(cluster.proxyUrl !== undefined && { "proxy-url": cluster.proxyUrl }),
        },
      }),
    },
  });
}

/** The message of a program or parser may hold what must not be shown. */
export function reasonOf(error: unknown): string {
  const { name, code } = error as { readonly name?: string; readonly code?: unknown };
  if (name === "TimeoutError" || name === "AbortError") return "it did not answer in time";
  return typeof code === "string" ? code : typeof code === "number" ? `exit code ${code}` : "no reason given";
}
