import { once } from "node:events";
import type { ClientHttp2Session, IncomingHttpHeaders, IncomingHttpStatusHeader } from "node:http2";
import { createRequire } from "node:module";
import { isIP } from "node:net";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { HttpCall, RawAnswer } from "./http";

/** Bytes on their way before the server waits for this side: a list of pods is larger than the default of 64 KiB. */
const WINDOW = 4 * 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;
const HTTP2 = "h2";
/** Of RFC 9113, section 7. */
const NO_ERROR = 0;

/** One connection for all requests at once: eight of HTTP/1.1 cost eight TLS handshakes, which take longer than what is asked. */
export interface Http2Connection {
  /** It takes no requests any more: the server has said goodbye, or it was cut. */
  readonly isOver: () => boolean;
  readonly send: (call: HttpCall, headers: Readonly<Record<string, string>>) => Promise<RawAnswer>;
  /** Takes no more requests; those under way go on. */
  readonly close: () => void;
}

/**
 * @param server `https://host:port`, with a path where the API is behind one
 * @returns undefined where the server, or what stands before it, speaks HTTP/1.1 only
 * @throws what the network or TLS says; the signal's reason
 */
export async function openHttp2(
  server: string,
  tls: ConnectionOptions,
  signal: AbortSignal,
): Promise<Http2Connection | undefined> {
  const url = new URL(server);
  const socket = await openSocket(url, tls, signal);
  if (socket.alpnProtocol !== HTTP2) {
    socket.destroy();
    return undefined;
  }
  // Loaded where something is to be asked: not every run asks a cluster.
  const { connect } = createRequire(__filename)("node:http2") as typeof import("node:http2");
  const session = connect(url, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW },
  });
  session.once("connect", () => session.setLocalWindowSize(WINDOW));
  // Each request hears of it by itself.
  session.on("error", () => undefined);
  return new Connection(session, url.pathname.replace(/\/+$/, ""));
}

async function openSocket(url: URL, tls: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = tlsConnect({
    host,
    port: Number(url.port || 443),
    ...name,
    ALPNProtocols: [HTTP2, "http/1.1"],
    ...tls,
  });
  try {
    await once(socket, "secureConnect", { signal });
    // What stands between forgets a connection that is silent, some without a word.
    return socket.setKeepAlive(true, KEEP_ALIVE_MS);
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

class Connection implements Http2Connection {
  private underWay = 0;

  constructor(
    private readonly session: ClientHttp2Session,
    private readonly prefix: string,
  ) {
    session.unref();
  }

  isOver(): boolean {
    return this.session.closed || this.session.destroyed;
  }

  close(): void {
    if (!this.isOver()) this.session.close();
  }

  async send(call: HttpCall, headers: Readonly<Record<string, string>>): Promise<RawAnswer> {
    // Idle it keeps no program from its end.
    if (this.underWay++ === 0) this.session.ref();
    try {
      return await this.exchange(call, headers);
    } catch (error) {
      throw call.signal.aborted ? call.signal.reason : asNetworkError(error);
    } finally {
      if (--this.underWay === 0 && !this.session.destroyed) this.session.unref();
    }
  }

  private exchange({ method, path, body, signal }: HttpCall, headers: Readonly<Record<string, string>>) {
    return new Promise<RawAnswer>((resolve, reject) => {
      const stream = this.session.request(
        { ...headers, ":method": method, ":path": this.prefix + path },
        { signal, endStream: body === undefined },
      );
      const chunks: Buffer[] = [];
      let found: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
      stream.once("response", (given) => {
        found = given;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("error", reject);
      stream.once("close", () => {
        // An answer that was cut off ends like a whole one, but for the code.
        if (found === undefined || stream.rstCode !== NO_ERROR) {
          reject(cut("the connection was closed before the answer was complete"));
          return;
        }
        const plain = Object.entries(found).map(([name, value]) => [name, String(value)] as const);
        resolve({ status: found[":status"] ?? 0, headers: Object.fromEntries(plain), body: Buffer.concat(chunks) });
      });
      if (body !== undefined) stream.end(body);
    });
  }
}

/** HTTP/2's own errors are those of a connection that is gone; what the server has surely not done is marked. */
function asNetworkError(error: unknown): unknown {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (!code.startsWith("ERR_HTTP2_")) return error;
  const isNew = /GOAWAY|INVALID_SESSION|STREAM_CANCEL/.test(code) || message.includes("NGHTTP2_REFUSED_STREAM");
  return Object.assign(cut(message), { wasNotBegun: isNew });
}

function cut(message: string): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}
