import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { libraryTransport } from "./clientLibrary";
import { authorityOf, type Credentials, headersOf, withFreshCredentials } from "./credentials";
import type { HttpCall, RawAnswer, ServerAnswer, Transport } from "./http";
import { type Http2Connection, openHttp2 } from "./http2";
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
/** Connections of HTTP/1.1 that are open at the same time; the rest wait for one of them. */
const CONNECTIONS = 8;
/** As for kubectl: whatever it is set to, HTTP/1.1 is spoken. */
const WITHOUT_HTTP2 = "DISABLE_HTTP2";

/** HTTP/2 where the server speaks it, as every API server does; a proxy before it may not. */
type Way = Http2Connection | HttpAgent;

function directTransport(config: KubeConfig): Transport {
  const { cluster } = config;
  const server = cluster.server.replace(/\/+$/, "");
  const isPlain = server.startsWith("http:");
  const ways = new Map<string, Promise<Way>>();

  const open = async (credentials: Credentials, signal: AbortSignal): Promise<Way> => {
    const kept = { keepAlive: true, maxSockets: CONNECTIONS };
    if (isPlain) return new HttpAgent(kept);
    const tls = await tlsOptions(cluster, credentials);
    const http2 = process.env[WITHOUT_HTTP2] ? undefined : await openHttp2(server, tls, signal);
    return http2 ?? new HttpsAgent({ ...kept, ...tls });
  };

  const wayFor = async (credentials: Credentials, signal: AbortSignal): Promise<Way> => {
    const id = `${String(credentials.cert)}\n${String(credentials.key)}`;
    const known = ways.get(id);
    const way = await known;
    if (way !== undefined && (way instanceof HttpAgent || !way.isOver())) return way;
    // Another request may have opened one meanwhile.
    const newer = ways.get(id);
    if (newer !== undefined && newer !== known) return newer;
    const opened = open(credentials, signal);
    ways.set(id, opened);
    opened.catch(() => {
      if (ways.get(id) === opened) ways.delete(id);
    });
    return opened;
  };

  const sendAs = async (call: HttpCall, credentials: Credentials): Promise<ServerAnswer> => {
    const headers = { "user-agent": USER_AGENT, "accept-encoding": "gzip", ...call.headers, ...headersOf(credentials) };
    const once = async (): Promise<RawAnswer> => {
      const way = await wayFor(credentials, call.signal);
      if (way instanceof HttpAgent) return sendByHttp1(server + call.path, call, headers, way);
      return way.send(call, headers).catch((error: unknown) => {
        // It may be a connection that nobody has heard of for long: the next request takes another.
        if (call.signal.aborted) way.close();
        throw error;
      });
    };
    const answer = await once().catch((error: unknown) => {
      // The server may close a connection that was idle just when it is used again.
      if (isSafeAgain(error) && !call.signal.aborted) return once();
      throw error;
    });
    const { status, body } = answer;
    const isZipped = answer.headers["content-encoding"] === "gzip";
    const text = (isZipped ? await promisify(gunzip)(body) : body).toString("utf8");
    return { status, headers: answer.headers, text };
  };

  return (call) => withFreshCredentials(config, call.signal, (credentials) => sendAs(call, credentials));
}

/** The server has not begun with it. */
function isSafeAgain(error: unknown): boolean {
  const { wasKept, wasNotBegun, code } = error as {
    readonly wasKept?: boolean;
    readonly wasNotBegun?: boolean;
    readonly code?: string;
  };
  return wasNotBegun === true || (wasKept === true && (code === "ECONNRESET" || code === "EPIPE"));
}

async function sendByHttp1(
  url: string,
  { method, body, signal }: HttpCall,
  headers: Readonly<Record<string, string>>,
  agent: HttpAgent,
): Promise<RawAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.startsWith("http:") ? httpRequest : httpsRequest;
    const request = send(url, { method, headers, agent, signal }, resolve);
    request.on("error", (error) => reject(Object.assign(error, { wasKept: request.reusedSocket })));
    request.end(body);
  });
  try {
    // node:stream/consumers makes a Blob of it first, which takes longer than all the rest of a small answer.
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const plain = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const);
    return { status: response.statusCode ?? 0, headers: Object.fromEntries(plain), body: Buffer.concat(chunks) };
  } catch (error) {
    // An answer that is cut off says no more than that; this is why.
    throw signal.aborted ? signal.reason : error;
  }
}
