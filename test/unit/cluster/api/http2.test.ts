import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import { createServer as createHttpsServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { type ClusterClient, connect } from "../../../../cluster/api/client";
import type { ApiRequest } from "../../../../cluster/api/request";
import { hasCode } from "../../../../cluster/errors";
import { kubeconfig } from "../../../support/kubeconfig";

const file = (name: string) => readFileSync(join(__dirname, "..", "..", "..", "fixtures", "etcdTls", name));
const base64 = (name: string) => file(name).toString("base64");
const SERVER = { key: file("server-key.pem"), cert: file("server.pem") };
const PODS: ApiRequest = { api: "v1", resource: "pods", namespace: "milvus" };
const LONG = "x".repeat(300_000);

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

function clientOf(port: number, options: { readonly timeout?: number; readonly ca?: string; path?: string } = {}) {
  const { timeout = 2000, ca = "ca.pem", path = "" } = options;
  const text = kubeconfig(`https://127.0.0.1:${port}${path}`, {
    "client-certificate-data": base64("client.pem"),
    "client-key-data": base64("client-key.pem"),
  });
  const config = JSON.parse(text) as { clusters: { cluster: Record<string, string> }[] };
  for (const { cluster } of config.clusters) cluster["certificate-authority-data"] = base64(ca);
  return connect({ kubeconfig: JSON.stringify(config) }, { patience: { timeout, pauses: [5, 5] } });
}

describe("a cluster that speaks HTTP/2", () => {
  let server: Http2SecureServer;
  let handler: Handler;
  let sessions: ServerHttp2Session[];
  let seen: Http2ServerRequest[];
  let client: ClusterClient;
  let port: number;

  beforeEach(async () => {
    [sessions, seen] = [[], []];
    handler = (_, response) => void response.end("{}");
    server = createSecureServer({ ...SERVER, ca: file("ca.pem"), requestCert: true, allowHTTP1: true });
    server.on("session", (session) => sessions.push(session));
    server.on("sessionError", () => undefined);
    server.on("request", (request, response) => {
      seen.push(request);
      response.on("error", () => undefined);
      handler(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
    client = clientOf(port);
  });
  afterEach(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });

  it("is asked everything over one connection, with the certificate of the user", async () => {
    handler = (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ path: request.url, user: subject.CN, agent: request.headers["user-agent"] }));
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => client.read({ ...PODS, name: `p${index}` })),
    );
    expect(answers[3]).to.deep.equal({
      path: "/api/v1/namespaces/milvus/pods/p3",
      user: "milvus",
      agent: "milvus-upgrade",
    });
    expect(seen.every(({ httpVersion }) => httpVersion === "2.0")).to.equal(true);
    expect(sessions).to.have.length(1);
  });

  it("behind a path is asked below it", async () => {
    await clientOf(port, { path: "/k8s/clusters/c-1/" }).read(PODS);
    expect(seen.map(({ url }) => url)).to.deep.equal(["/k8s/clusters/c-1/api/v1/namespaces/milvus/pods"]);
  });

  it("may send large answers, packed ones too, and its own status", async () => {
    handler = (request, response) => {
      const isPacked = request.url.endsWith("packed");
      const body = Buffer.from(JSON.stringify({ long: LONG }));
      if (isPacked) response.setHeader("content-encoding", "gzip");
      response.end(isPacked ? gzipSync(body) : body);
    };
    expect(await client.read({ ...PODS, name: "plain" })).to.deep.equal({ long: LONG });
    expect(await client.read({ ...PODS, name: "packed" })).to.deep.equal({ long: LONG });
    handler = (_, response) => void response.writeHead(404).end('{"message":"no such pod"}');
    const error: unknown = await client.read(PODS).catch((it: unknown) => it);
    expect(hasCode(error, "notFound")).to.equal(true);
  });

  it("takes what is written, once", async () => {
    const bodies: string[] = [];
    handler = (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        bodies.push(`${request.method} ${body}`);
        response.end('{"kind":"ConfigMap"}');
      });
    };
    const object = { api: "v1", resource: "configmaps", namespace: "milvus", name: "lock" };
    const answer = await client.write({ ...object, method: "PATCH", body: { data: { long: LONG } } });
    expect(answer).to.deep.equal({ status: 200, message: "", body: { kind: "ConfigMap" } });
    await client.write({ ...object, method: "DELETE" });
    expect(bodies).to.deep.equal([`PATCH {"data":{"long":"${LONG}"}}`, "DELETE {}"]);
  });

  it("that says goodbye, as a server that restarts does, is asked over another connection", async () => {
    await client.read(PODS);
    sessions[0]?.goaway();
    await client.read(PODS);
    expect(sessions).to.have.length(2);
  });

  it("that is cut while it answers is asked again", async () => {
    handler = (request, response) => {
      response.write('{"half":');
      if (seen.length === 1) setTimeout(() => request.stream.session?.destroy(), 20);
      else response.end("true}");
    };
    expect(await client.read(PODS)).to.deep.equal({ half: true });
    expect(sessions).to.have.length(2);
  });

  it("whose network is cut while it answers is asked again", async () => {
    const sockets: TLSSocket[] = [];
    server.on("secureConnection", (socket: TLSSocket) => sockets.push(socket));
    handler = (_, response) => {
      response.write('{"half":');
      if (seen.length === 1) setTimeout(() => sockets[0]?.destroy(), 20);
      else response.end("true}");
    };
    expect(await client.read(PODS)).to.deep.equal({ half: true });
    expect(sessions).to.have.length(2);
  });

  it("that ends an answer in the middle is asked again", async () => {
    handler = (request, response) => {
      response.write('{"half":');
      if (seen.length === 1) setTimeout(() => request.stream.close(2), 20);
      else response.end("true}");
    };
    expect(await client.read(PODS)).to.deep.equal({ half: true });
  });

  it("that does not answer is told so within the time, and is given another connection next time", async () => {
    handler = () => undefined;
    const impatient = clientOf(port, { timeout: 150 });
    const error: unknown = await impatient.read(PODS).catch((it: unknown) => it);
    expect(hasCode(error, "timedOut")).to.equal(true);
    handler = (_, response) => void response.end("{}");
    await impatient.read(PODS);
    expect(sessions).to.have.length(2);
  });

  it("whose certificate is not of the cluster's authority is not trusted", async () => {
    const error: unknown = await clientOf(port, { ca: "other-ca.pem" })
      .read(PODS)
      .catch((it: unknown) => it);
    expect(hasCode(error, "tlsFailed")).to.equal(true);
    expect(seen).to.deep.equal([]);
  });

  it("is not spoken to in it where DISABLE_HTTP2 says so, as for kubectl", async () => {
    const before = process.env.DISABLE_HTTP2;
    process.env.DISABLE_HTTP2 = "1";
    try {
      await client.read(PODS);
      expect(seen.map(({ httpVersion }) => httpVersion)).to.deep.equal(["1.1"]);
    } finally {
      process.env.DISABLE_HTTP2 = before ?? "";
    }
  });
});

describe("a cluster behind what speaks HTTP/1.1 only", () => {
  it("is asked by it", async () => {
    const server: Server = createHttpsServer(SERVER, (request, response) => {
      response.end(JSON.stringify({ version: request.httpVersion }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = clientOf((server.address() as AddressInfo).port);
    try {
      const answers = await Promise.all([client.read(PODS), client.read(PODS)]);
      expect(answers).to.deep.equal([{ version: "1.1" }, { version: "1.1" }]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("that is not there is said to be unreachable", async () => {
    const error: unknown = await clientOf(1)
      .read(PODS)
      .catch((it: unknown) => it);
    expect(hasCode(error, "unreachable")).to.equal(true);
  });
});
