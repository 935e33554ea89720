import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { libraryTransport } from "./clientLibrary";
import { authorityOf, type Credentials, headersOf, withFreshCredentials } from "./credentials";
import type { HttpCall, ServerAnswer, Transport } from "./http";
import type { KubeConfig } from "./kubeConfig";
import type { Cluster } from "./kubeConfigFile";

/**
 * Requests go over Node's own HTTP client. The Kubernetes client library costs more than half a second to load, so it is
 * loaded for what only it can do: proxies, and the authentication of the days before credential plugins.
 */
export function transportFor(config: KubeConfig): Transport {
  return needsLibrary(config) ? libraryTransport(config) : directTransport(config);
}

export function needsLibrary({ cluster, user }: KubeConfig): boolean {
  return cluster.proxyUrl !== undefined || user?.authProvider !== undefined;
}

/** For Node's TLS. @throws CredentialsError */
export async function tlsOptions(cluster: Cluster, { cert, key }: Credentials): Promise<ConnectionOptions> {
  const { server, skipTLSVerify, tlsServerName } = cluster;
  const authority = server.startsWith("http:") ? undefined : await authorityOf(cluster);
  return {
    ...(authority && { ca: authority }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(skipTLSVerify === true && { rejectUnauthorized: false }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
  };
}

/** In the API server's audit log. */
const USER_AGENT = "milvus-upgrade";
/** Connections that are open at the same time; the rest wait for one of them. */
const CONNECTIONS = 8;

function directTransport(config: KubeConfig): Transport {
  const { cluster } = config;
  const isPlain = cluster.server.startsWith("http:");
  const agents = new Map<string, HttpAgent>();

  const agentFor = async (credentials: Credentials): Promise<HttpAgent> => {
    const id = `${String(credentials.cert)}\n${String(credentials.key)}`;
    const known = agents.get(id);
    if (known !== undefined) return known;
    const kept = { keepAlive: true, maxSockets: CONNECTIONS };
    const agent = isPlain
      ? new HttpAgent(kept)
      : new HttpsAgent({ ...kept, ...(await tlsOptions(cluster, credentials)) });
    const first = agents.get(id) ?? agent;
    agents.set(id, first);
    return first;
  };

  const sendAs = async (call: HttpCall, credentials: Credentials): Promise<ServerAnswer> => {
    const agent = await agentFor(credentials);
    const url = cluster.server.replace(/\/+$/, "") + call.path;
    const headers = { "user-agent": USER_AGENT, "accept-encoding": "gzip", ...call.headers, ...headersOf(credentials) };
    const once = () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const { method, signal } = call;
        const request = (isPlain ? httpRequest : httpsRequest)(url, { method, headers, agent, signal }, resolve);
        request.on("error", (error) => reject(Object.assign(error, { wasKept: request.reusedSocket })));
        request.end(call.body);
      });
    const response = await once().catch((error: unknown) => {
      // The server may close a connection that was idle just when it is used again.
      const { wasKept, code } = error as { readonly wasKept?: boolean; readonly code?: string };
      if (wasKept === true && (code === "ECONNRESET" || code === "EPIPE") && !call.signal.aborted) return once();
      throw error;
    });
    try {
      return await answerOf(response);
    } catch (error) {
      // An answer that is cut off says no more than that; this is why.
      throw call.signal.aborted ? call.signal.reason : error;
    }
  };

  return (call) => withFreshCredentials(config, call.signal, (credentials) => sendAs(call, credentials));
}

async function answerOf(response: IncomingMessage): Promise<ServerAnswer> {
  // node:stream/consumers makes a Blob of it first, which takes longer than all the rest of a small answer.
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const sent = Buffer.concat(chunks);
  const isZipped = response.headers["content-encoding"] === "gzip";
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    text: (isZipped ? await promisify(gunzip)(sent) : sent).toString("utf8"),
  };
}
