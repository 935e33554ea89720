import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

export interface Publishers {
  /** For MILVUS_MIRROR. */
  readonly url: string;
  /** `HOST/PATH`, in the order of the requests, with the range that was asked for. */
  readonly requests: string[];
  /** Content by `HOST/PATH`. */
  readonly files: Map<string, Buffer>;
  /** Asked before a request is answered; true: it has answered. */
  misbehave: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
  /** Default true. */
  ranges: boolean;
  stop(): Promise<void>;
}

/** A server of this machine with the publishers' layout under `/HOST/PATH`. */
export async function startPublishers(): Promise<Publishers> {
  const publishers: Publishers = {
    url: "",
    requests: [],
    files: new Map(),
    misbehave: () => false,
    ranges: true,
    stop: () => stop(server),
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? "").slice(1);
    const { range } = request.headers;
    publishers.requests.push(range === undefined ? path : `${path} ${range}`);
    if (publishers.misbehave(path, request, response)) return;
    const content = publishers.files.get(path);
    if (content === undefined) {
      response.writeHead(404).end("no such file");
      return;
    }
    const start = publishers.ranges ? Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0) : 0;
    if (start > 0 && start >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const rest = content.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": rest.length,
      ...(start > 0 && { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    response.end(rest);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(publishers, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Sends `bytes` of a whole file and then cuts the connection. */
export function cutAfter(bytes: number, content: Buffer, response: ServerResponse): true {
  response.writeHead(200, { "content-length": content.length });
  response.write(content.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  return true;
}
