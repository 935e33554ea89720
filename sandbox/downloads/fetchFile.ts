import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvHttpProxyAgent, request } from "undici";

/** A file that cannot be had from here; the caller has another way. The message is one sentence without a full stop. */
export class NotDownloaded extends Error {
  constructor(
    message: string,
    /** The host of which nothing can be had. */
    readonly unreachable?: string,
  ) {
    super(message);
    this.name = "NotDownloaded";
  }
}

export interface FetchOptions {
  /** Called every 10 s with what has come. */
  readonly onProgress: (bytes: number, ofBytes: number | undefined) => void;
  /** Ends it all. */
  readonly signal?: AbortSignal;
  /** The pause before the first new try; it doubles. Default 1000. */
  readonly pauseMs?: number;
}

const TRIES = 5;
const CONNECT_MS = 5000;
/** A download from which nothing came for so long is cut, and gone on with. */
const SILENT_MS = 30_000;
const PROGRESS_MS = 10_000;
/** Answers that may be another one soon. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

// HTTP_PROXY, HTTPS_PROXY and NO_PROXY count; Node's own fetch does not look at them.
const agent = () => new EnvHttpProxyAgent({ connect: { timeout: CONNECT_MS } });

/** A small text; the same rules as {@link fetchFile}, without the file. */
export async function fetchText(url: string, options: Pick<FetchOptions, "signal" | "pauseMs"> = {}): Promise<string> {
  const dispatcher = agent();
  try {
    return await withTries(url, options, async () => {
      const answer = await ask(url, dispatcher, {}, options.signal);
      return answer.body.text();
    });
  } finally {
    await dispatcher.destroy();
  }
}

/**
 * Downloads `url` to `target` and gives its SHA-256. A download that is cut goes on where it was: in this process, and in a
 * later one that finds its file.
 *
 * @throws {NotDownloaded} the host cannot be reached, has no such file, or cut the download five times
 */
export async function fetchFile(url: string, target: string, options: FetchOptions): Promise<string> {
  const dispatcher = agent();
  try {
    await withTries(url, options, () => fetchRest(url, target, dispatcher, options));
  } finally {
    await dispatcher.destroy();
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(target), hash);
  return hash.digest("hex");
}

async function fetchRest(
  url: string,
  target: string,
  dispatcher: EnvHttpProxyAgent,
  { onProgress, signal }: FetchOptions,
): Promise<void> {
  const have = (await stat(target).catch(() => undefined))?.size ?? 0;
  const answer = await ask(url, dispatcher, have > 0 ? { range: `bytes=${have}-` } : {}, signal);
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(header(answer.headers, "content-range"));
  if (answer.statusCode === 416 || (answer.statusCode === 206 && Number(range?.[1]) !== have)) {
    await answer.body.dump();
    const complete = /^bytes \*\/(\d+)$/.exec(header(answer.headers, "content-range"))?.[1];
    if (answer.statusCode === 416 && Number(complete) === have) return;
    await rm(target, { force: true });
    throw new Error("the server no longer has the part that was left to fetch");
  }
  const start = answer.statusCode === 206 ? have : 0;
  const length = Number(answer.headers["content-length"] ?? Number.NaN);
  const total = Number.isFinite(length) ? start + length : undefined;
  let bytes = start;
  const timer = setInterval(() => onProgress(bytes, total), PROGRESS_MS);
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(answer.body, counter, createWriteStream(target, { flags: start > 0 ? "a" : "w" }), { signal });
  } finally {
    clearInterval(timer);
  }
  if (total !== undefined && bytes < total) throw new Error(`it ended after ${bytes} of ${total} bytes`);
}

async function ask(
  url: string,
  dispatcher: EnvHttpProxyAgent,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
) {
  let at = url;
  // Release files lie behind a redirect or two.
  for (let redirects = 0; redirects <= 5; redirects++) {
    const answer = await request(at, {
      dispatcher,
      headers: { "user-agent": "milvus-upgrade", ...headers },
      headersTimeout: SILENT_MS,
      bodyTimeout: SILENT_MS,
      ...(signal && { signal }),
    });
    const { statusCode } = answer;
    if (statusCode >= 300 && statusCode < 400 && answer.headers.location !== undefined) {
      await answer.body.dump();
      at = new URL(header(answer.headers, "location"), at).href;
      continue;
    }
    if (statusCode === 200 || statusCode === 206 || statusCode === 416) return answer;
    await answer.body.dump();
    if (PASSING.includes(statusCode)) throw new Error(`it answered with HTTP ${statusCode}`);
    throw new NotDownloaded(`${new URL(at).host} answered with HTTP ${statusCode}`);
  }
  throw new NotDownloaded(`${new URL(at).host} redirects without end`);
}

async function withTries<T>(
  url: string,
  { signal, pauseMs = 1000 }: Pick<FetchOptions, "signal" | "pauseMs">,
  work: () => Promise<T>,
): Promise<T> {
  const { host } = new URL(url);
  let last = "";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await sleep(pauseMs * 2 ** (attempt - 1), undefined, signal && { signal });
    try {
      return await work();
    } catch (error) {
      if (error instanceof NotDownloaded) throw error;
      signal?.throwIfAborted();
      if (isOutOfReach(error)) throw new NotDownloaded(`${host} cannot be reached`, host);
      last = (error as Error).message;
    }
  }
  throw new NotDownloaded(`${host} failed ${TRIES} times, the last time because ${last}`);
}

/** No connection came about at all; a connection that was cut is another matter. */
function isOutOfReach(error: unknown): boolean {
  const codes = [(error as { code?: string }).code, (error as { cause?: { code?: string } }).cause?.code];
  return codes.some((code) =>
    ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"].includes(
      code ?? "",
    ),
  );
}

/** The first one, where it is there several times; empty where it is not there. */
function header(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
