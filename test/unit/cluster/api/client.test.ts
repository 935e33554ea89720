import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect as openSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { type ClusterClient, connect } from "../../../../cluster/api/client";
import type { ApiRequest, WriteRequest } from "../../../../cluster/api/request";
import { ClusterError } from "../../../../cluster/errors";
import { kubeconfig } from "../../../support/kubeconfig";

const SECRETS: ApiRequest = { api: "v1", resource: "secrets", namespace: "milvus" };
const USER = "system:serviceaccount:ci:deployer";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers the requests in turn; the last one for all that follow. */
function answers(...statuses: readonly { readonly status: number; readonly body?: unknown }[]): Handler {
  let served = 0;
  return (_, response) => {
    const { status, body = { message: `status ${status}` } } = statuses[Math.min(served++, statuses.length - 1)] ?? {
      status: 500,
    };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

const TOKEN = { token: "secrettoken" };

describe("a client of a cluster", () => {
  let server: Server;
  let handler: Handler;
  let seen: IncomingMessage[];
  let client: ClusterClient;
  let url: string;

  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      seen.push(request);
      handler(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = connect({ kubeconfig: kubeconfig(url, TOKEN) }, { patience: { timeout: 400, pauses: [5, 5] } });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function errorOf(request: ApiRequest): Promise<ClusterError> {
    try {
      await client.read(request);
    } catch (error) {
      expect(error).to.be.instanceOf(ClusterError);
      expect((error as Error).message).to.not.include("secrettoken");
      return error as ClusterError;
    }
    throw new Error("the read succeeded");
  }

  const paths: readonly { readonly request: ApiRequest; readonly path: string }[] = [
    { request: { api: "version" }, path: "/version" },
    { request: { api: "v1", resource: "namespaces", name: "a" }, path: "/api/v1/namespaces/a" },
    {
      request: { ...SECRETS, labelSelector: "a=b,c=d" },
      path: "/api/v1/namespaces/milvus/secrets?labelSelector=a%3Db%2Cc%3Dd",
    },
    {
      request: { api: "apps/v1", resource: "deployments", namespace: "milvus" },
      path: "/apis/apps/v1/namespaces/milvus/deployments",
    },
  ];
  for (const { request, path } of paths) {
    it(`asks for ${path} with the user's token`, async () => {
      handler = answers({ status: 200, body: { items: [] } });
      expect(await client.read(request)).to.deep.equal({ items: [] });
      expect(seen[0]).to.include({ url: path, method: "GET" });
      expect(seen[0]?.headers.authorization).to.equal("Bearer secrettoken");
    });
  }

  for (const { what, name, method } of [
    { what: "an object to create", method: "POST" },
    { what: "a patch", name: "proxy", method: "PATCH" },
  ]) {
    it(`shows ${what} with dryRun=All, and takes a refusal as an answer`, async () => {
      handler = answers({ status: 422, body: { message: "field is immutable" } });
      const place = {
        api: "apps/v1",
        resource: "deployments",
        namespace: "milvus",
        ...(name !== undefined && { name }),
      };
      const answer = await client.rehearse(place, { spec: { replicas: 2 } });
      expect(answer).to.include({ status: 422 });
      expect(seen).to.have.length(1);
      expect(seen[0]).to.include({ method });
      expect(seen[0]?.url).to.match(/[?&]dryRun=All/);
    });
  }

  const LOCK = { api: "v1", resource: "configmaps", namespace: "milvus" } as const;
  const writes: readonly { readonly request: WriteRequest; readonly url: string; readonly type: string }[] = [
    {
      request: { method: "POST", ...LOCK, query: { fieldManager: "milvus-upgrade" }, body: { kind: "ConfigMap" } },
      url: "/api/v1/namespaces/milvus/configmaps?fieldManager=milvus-upgrade",
      type: "application/json",
    },
    {
      request: { method: "PATCH", ...LOCK, name: "lock", body: { metadata: { resourceVersion: "7" } } },
      url: "/api/v1/namespaces/milvus/configmaps/lock",
      type: "application/merge-patch+json",
    },
    {
      request: { method: "DELETE", ...LOCK, name: "lock", options: { preconditions: { resourceVersion: "7" } } },
      url: "/api/v1/namespaces/milvus/configmaps/lock",
      type: "application/json",
    },
  ];
  for (const { request, url: expected, type } of writes) {
    it(`writes by ${request.method}, and gives what came of it`, async () => {
      let body = "";
      handler = (incoming, response) => {
        void text(incoming).then((sent) => {
          body = sent;
          answers({ status: 200, body: { metadata: { resourceVersion: "8" } } })(incoming, response);
        });
      };
      const answer = await client.write(request);
      expect(answer).to.deep.equal({ status: 200, message: "", body: { metadata: { resourceVersion: "8" } } });
      expect(seen[0]).to.include({ url: expected, method: request.method });
      expect(seen[0]?.headers).to.include({ authorization: "Bearer secrettoken", "content-type": type });
      expect(JSON.parse(body)).to.deep.equal(request.method === "DELETE" ? request.options : request.body);
    });
  }

  it("writes in one try, whatever comes of it, and says in the server's words why not", async () => {
    const deletion: WriteRequest = { method: "DELETE", ...LOCK, name: "lock" };
    handler = answers({ status: 503, body: { message: "etcdserver: leader changed" } });
    expect(await client.write(deletion)).to.deep.equal({ status: 503, message: "etcdserver: leader changed" });
    expect(seen).to.have.length(1);
    handler = () => undefined;
    const began = performance.now();
    expect(await client.write({ ...deletion, timeout: 50 })).to.deep.equal({ status: 0, message: "no answer in time" });
    expect(performance.now() - began).to.be.below(300);
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
    expect(await client.write(deletion)).to.include({ status: 0 });
  });

  it("writes while all its reads wait for their answers", async () => {
    handler = (request, response) => {
      if (request.method === "DELETE") answers({ status: 200, body: {} })(request, response);
    };
    const reads = Promise.allSettled(Array.from({ length: 12 }, () => client.read({ ...SECRETS, once: true })));
    expect(await client.write({ method: "DELETE", ...LOCK, name: "lock" })).to.include({ status: 200 });
    await reads;
  });

  it("forwards a port of a pod, and says why it cannot", async () => {
    const asked: string[] = [];
    server.on("upgrade", (request: IncomingMessage, socket) => {
      asked.push(`${request.headers.authorization ?? ""} ${request.url ?? ""}`);
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    const forwarded = await client.forward({ namespace: "milvus", pod: "proxy-0", port: 19530 });
    try {
      expect(forwarded.problem()).to.equal(undefined);
      const [host = "", port = ""] = forwarded.address.split(":");
      await once(openSocket(Number(port), host).resume(), "close");
      expect(asked).to.deep.equal([
        "Bearer secrettoken /api/v1/namespaces/milvus/pods/proxy-0/portforward?ports=19530",
      ]);
      expect(forwarded.problem())
        .to.include("403")
        .and.to.include("the right to get or to create pods/portforward is missing");
    } finally {
      forwarded.close();
    }
  });

  it("loads the kubeconfig once, and reads, writes and forwards with it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
    try {
      const path = join(folder, "config");
      writeFileSync(path, kubeconfig(url, TOKEN));
      client = connect({ kubeconfig: path });
    } finally {
      rmSync(folder, { recursive: true });
    }
    handler = answers({ status: 200, body: {} });
    await client.read(SECRETS);
    expect(await client.write({ method: "DELETE", ...LOCK, name: "lock" })).to.include({ status: 200 });
    (await client.forward({ namespace: "milvus", pod: "proxy-0", port: 19530 })).close();
  });

  it("posts a review of a permission", async () => {
    let body = "";
    handler = (request, response) => {
      request.on("data", (data: Buffer) => {
        body += data.toString();
      });
      request.on("end", () => answers({ status: 201, body: { status: { allowed: true } } })(request, response));
    };
    const scale = { verb: "patch", group: "apps", resource: "deployments/scale", name: "proxy", namespace: "milvus" };
    expect(await client.review(scale)).to.equal(true);
    expect(seen[0]).to.include({ url: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", method: "POST" });
    expect((JSON.parse(body) as { spec: unknown }).spec).to.deep.equal({
      resourceAttributes: { ...scale, resource: "deployments", subresource: "scale" },
    });
    handler = answers({ status: 201, body: { status: { allowed: false } } });
    expect(await client.review(scale)).to.equal(false);
  });

  it("asks for the rules of a namespace, and takes none for none", async () => {
    const resourceRules = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }];
    handler = answers({ status: 201, body: { status: { resourceRules } } }, { status: 201, body: { status: {} } });
    expect(await client.grants("milvus")).to.deep.equal(resourceRules);
    expect(await client.grants("milvus")).to.deep.equal([]);
    expect(seen[0]).to.include({ url: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", method: "POST" });
  });

  it("gives the text of a log as it is", async () => {
    handler = answers({ status: 200, body: "line 1\nline 2\n" });
    const log = {
      api: "v1",
      resource: "pods",
      namespace: "milvus",
      name: "p",
      subresource: "log",
      query: { tailLines: "5" },
    };
    expect(await client.read(log)).to.equal("line 1\nline 2\n");
    expect(seen[0]?.url).to.equal("/api/v1/namespaces/milvus/pods/p/log?tailLines=5");
  });

  for (const status of [429, 500, 502, 503, 504]) {
    it(`tries again after ${status}, and gives up after the last try`, async () => {
      handler = answers({ status }, { status }, { status: 200, body: { items: [1] } });
      expect(await client.read(SECRETS)).to.deep.equal({ items: [1] });
      seen = [];
      handler = answers({ status, body: { message: "etcdserver: leader changed" } });
      expect(await errorOf(SECRETS)).to.include({ code: "serverError" });
      expect(seen).to.have.length(3);
    });
  }

  it("tries again after a connection that was cut", async () => {
    let cuts = 2;
    handler = (request, response) => {
      if (cuts-- > 0) {
        request.socket.destroy();
      } else {
        answers({ status: 200, body: { items: [] } })(request, response);
      }
    };
    expect(await client.read(SECRETS)).to.deep.equal({ items: [] });
  });

  it("tries only once where once is enough", async () => {
    handler = answers({ status: 503 });
    await errorOf({ ...SECRETS, once: true });
    expect(seen).to.have.length(1);
  });

  it("does not wait for ever for a server that does not answer", async () => {
    handler = () => undefined;
    const error = await errorOf(SECRETS);
    expect(error.code).to.equal("timedOut");
    expect(error.message).to.include(url).and.to.include("0.4 s");
  });

  it("does not wait for ever for an answer that stops in the middle", async () => {
    handler = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"items": [');
    };
    expect((await errorOf(SECRETS)).code).to.equal("timedOut");
  });

  it("calls a server that is not there unreachable, after all tries", async () => {
    await new Promise((resolve) => server.close(resolve));
    const error = await errorOf(SECRETS);
    expect(error.code).to.equal("unreachable");
    expect(error.message).to.include("context dev").and.to.include(url).and.to.include("ECONNREFUSED");
  });

  it("takes 401 for refused credentials and does not try again", async () => {
    handler = answers({ status: 401 });
    const error = await errorOf(SECRETS);
    expect(error.code).to.equal("unauthorized");
    expect(error.message).to.include("may have expired").and.to.include("--context dev");
    expect(seen).to.have.length(1);
  });

  it("names verb, resource, namespace and the exact command when reading is forbidden", async () => {
    const said = `secrets is forbidden: User "${USER}" cannot list resource "secrets" in API group "" in the namespace "milvus"`;
    handler = answers({ status: 403, body: { message: said } });
    const error = await errorOf(SECRETS);
    expect(error.code).to.equal("forbidden");
    expect(error.message)
      .to.include(`${USER} may not list secrets in the namespace milvus`)
      .and.to.include("Helm keeps its release records in Secrets")
      .and.to.include(
        "kubectl create role milvus-upgrade-reader --namespace milvus --verb=get,list --resource=namespaces,secrets,",
      )
      .and.to.include("--role=milvus-upgrade-reader --serviceaccount=ci:deployer");
    expect(seen).to.have.length(1);
  });

  it("names the user in the command when it is no service account", async () => {
    handler = answers({ status: 403, body: { message: 'x is forbidden: User "jane" cannot get resource' } });
    const error = await errorOf({ api: "apps/v1", resource: "deployments", namespace: "milvus", name: "p" });
    expect(error.message).to.include("jane may not get deployments.apps in").and.to.include("--user=jane");
  });

  it("does not wait for ever for a credential plugin, and does not show what one says", async () => {
    const withPlugin = (...command: readonly [string, ...string[]]) =>
      kubeconfig(url, {
        exec: { apiVersion: "client.authentication.k8s.io/v1", command: command[0], args: command.slice(1) },
      });
    const patience = { timeout: 300, pauses: [] };
    client = connect({ kubeconfig: withPlugin("sleep", "1") }, { patience });
    expect((await errorOf(SECRETS)).message)
      .to.include("sleep, which gives the credentials")
      .and.to.include("in time");
    client = connect({ kubeconfig: withPlugin("sh", "-c", "echo secrettoken >&2; exit 1") }, { patience });
    expect(await errorOf(SECRETS)).to.include({ code: "credentialPlugin" });
    expect(seen).to.have.length(0);
  });

  const users = [
    { user: { username: "jane", password: "hunter2" }, sends: "Basic amFuZTpodW50ZXIy" },
    { user: { username: "jane", password: 1234 }, sends: "Basic amFuZToxMjM0" },
    { user: { token: "a", tokenFile: "/dev/null" }, sends: "Bearer" },
    { user: {}, sends: undefined },
  ] as const;
  for (const { user, sends } of users) {
    it(`sends ${sends ?? "nothing"} for a user with ${Object.keys(user).join(" and ") || "nothing"}`, async () => {
      handler = answers({ status: 200, body: {} });
      client = connect({ kubeconfig: kubeconfig(url, user) });
      await client.read(SECRETS);
      expect(seen[0]?.headers.authorization).to.equal(sends);
    });
  }

  it("says for whom it asks when it impersonates somebody", async () => {
    handler = answers({ status: 200, body: {} });
    client = connect({ kubeconfig: kubeconfig(url, { ...TOKEN, as: "jane" }) });
    await client.read(SECRETS);
    expect(seen[0]?.headers).to.include({ authorization: "Bearer secrettoken", "impersonate-user": "jane" });
  });

  it("sends groups, uid and extra of whom it impersonates, each value by itself", async () => {
    handler = answers({ status: 200, body: {} });
    const as = { as: "jane", "as-groups": ["dev", "ops, and more"], "as-uid": "u-1" };
    const extra = { "as-user-extra": { Scopes: ["a", "b"], "example.com/team": ["c"] } };
    client = connect({ kubeconfig: kubeconfig(url, { ...TOKEN, ...as, ...extra }) });
    await client.read(SECRETS);
    const { headersDistinct } = seen[0] as IncomingMessage;
    expect(headersDistinct).to.deep.include({
      "impersonate-user": ["jane"],
      "impersonate-group": ["dev", "ops, and more"],
      "impersonate-uid": ["u-1"],
      "impersonate-extra-scopes": ["a", "b"],
      "impersonate-extra-example.com%2fteam": ["c"],
    });
  });

  it("refuses to ask as somebody else where the groups cannot be sent", async () => {
    const user = { ...TOKEN, as: "jane", "as-groups": ["dev", "ops"] };
    const config = kubeconfig(url, user).replace('"server"', '"proxy-url":"http://127.0.0.1:1","server"');
    client = connect({ kubeconfig: config }, { patience: { timeout: 400, pauses: [] } });
    expect((await errorOf(SECRETS)).message).to.include("as-groups");
    expect(seen).to.have.length(0);
  });

  for (const { what, path } of [
    { what: "directly", path: "direct" },
    { what: "through a proxy", path: "proxy" },
  ] as const) {
    it(`asks a plugin that names no end of its token again, and sends once more, when it is refused ${what}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "plugin-"));
      const proxy = createServer().on("connect", (_, near) => {
        const far = openSocket(Number(new URL(url).port), "127.0.0.1", () => {
          near.write("HTTP/1.1 200 OK\r\n\r\n");
          near.pipe(far).pipe(near);
        });
        near.on("error", () => far.destroy());
      });
      try {
        proxy.listen(0, "127.0.0.1");
        await once(proxy, "listening");
        const log = join(folder, "log");
        const script = `echo run >> ${log}; echo "{\\"status\\": {\\"token\\": \\"t$(wc -l < ${log} | tr -d ' ')\\"}}"`;
        const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] };
        const through = `"proxy-url":"http://127.0.0.1:${(proxy.address() as AddressInfo).port}","server"`;
        const config = kubeconfig(url, { exec });
        let valid = "Bearer t1";
        handler = (request, response) =>
          answers({ status: request.headers.authorization === valid ? 200 : 401, body: {} })(request, response);
        client = connect(
          { kubeconfig: path === "proxy" ? config.replace('"server"', through) : config },
          { patience: { timeout: 5000, pauses: [] } },
        );
        await client.read(SECRETS);
        valid = "Bearer t2";
        await Promise.all([client.read(SECRETS), client.read(SECRETS), client.read(SECRETS)]);
        expect(readFileSync(log, "utf8").trim().split("\n")).to.have.length(2);
        valid = "Bearer t3";
        const written = await client.write({ method: "POST", ...LOCK, body: {} });
        expect(written.status).to.equal(200);
        valid = "nobody";
        expect((await errorOf(SECRETS)).code).to.equal("unauthorized");
        expect(readFileSync(log, "utf8").trim().split("\n"), "one more try, not more").to.have.length(4);
      } finally {
        proxy.closeAllConnections();
        proxy.close();
        rmSync(folder, { recursive: true });
      }
    });
  }

  it("takes a token from its file again where the server does not take the one before, and asks once where it is the same", async () => {
    const folder = mkdtempSync(join(tmpdir(), "token-"));
    const tokenFile = join(folder, "token");
    try {
      writeFileSync(tokenFile, "t1\n");
      let valid = "Bearer t1";
      handler = (request, response) =>
        answers({ status: request.headers.authorization === valid ? 200 : 401, body: {} })(request, response);
      client = connect({ kubeconfig: kubeconfig(url, { tokenFile }) }, { patience: { timeout: 5000, pauses: [] } });
      await client.read(SECRETS);
      writeFileSync(tokenFile, "t2\n");
      valid = "Bearer t2";
      await Promise.all([client.read(SECRETS), client.read(SECRETS)]);
      const written = await client.write({ method: "POST", ...LOCK, body: {} });
      expect(written.status).to.equal(200);
      valid = "Bearer t3";
      const before = seen.length;
      expect((await errorOf(SECRETS)).code).to.equal("unauthorized");
      expect(seen.length - before).to.equal(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const { expires, times } of [
    { expires: "2999-01-01T00:00:00Z", times: 1 },
    { expires: new Date(Date.now() + 900_000).toISOString(), times: 1 },
    { expires: new Date(Date.now() + 20_000).toISOString(), times: 2 },
    { expires: "2001-01-01T00:00:00Z", times: 2 },
  ]) {
    it(`runs a credential plugin ${times} times for 3 + 2 reads when it gives a token until ${expires}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "plugin-"));
      try {
        const log = join(folder, "log");
        const credential = JSON.stringify({ status: { token: "given", expirationTimestamp: expires } });
        const exec = {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          command: "sh",
          args: ["-c", `echo "$KUBERNETES_EXEC_INFO $EXTRA" >> ${log}; echo '${credential}'`],
          env: [{ name: "EXTRA", value: "extra" }],
          provideClusterInfo: true,
        };
        handler = answers({ status: 200, body: {} });
        client = connect({ kubeconfig: kubeconfig(url, { exec }) });
        await Promise.all([client.read(SECRETS), client.read(SECRETS), client.read(SECRETS)]);
        await Promise.all([client.read(SECRETS), client.read(SECRETS)]);
        expect(seen.map(({ headers }) => headers.authorization)).to.deep.equal(Array(5).fill("Bearer given"));
        const runs = readFileSync(log, "utf8").trim().split("\n");
        expect(runs).to.have.length(times);
        expect(runs[0]).to.contain('"apiVersion":"client.authentication.k8s.io/v1beta1"').and.to.contain(url);
        expect(runs[0]).to.match(/ extra$/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  it("uses a connection again, and at once another one when the server has closed it meanwhile", async () => {
    const ports: (number | undefined)[] = [];
    handler = (request, response) => {
      const port = request.socket.remotePort;
      if (ports.filter((each) => each === port).length === 2) {
        request.socket.destroy();
        return;
      }
      ports.push(port);
      answers({ status: 200, body: {} })(request, response);
    };
    for (let reads = 0; reads < 3; reads++) {
      await client.read({ ...SECRETS, once: true });
    }
    expect(new Set(ports).size).to.equal(2);
  });

  it("unpacks a compressed answer", async () => {
    handler = (request, response) => {
      expect(request.headers["accept-encoding"]).to.equal("gzip");
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync('{"items":["é"]}'));
    };
    expect(await client.read(SECRETS)).to.deep.equal({ items: ["é"] });
  });

  it("goes through the proxy of the kubeconfig", async () => {
    const through: string[] = [];
    const proxy = createServer().on("connect", (request: IncomingMessage, socket) => {
      through.push(request.url ?? "");
      const [host = "", port = ""] = (request.url ?? "").split(":");
      const upstream = openSocket(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const proxied = kubeconfig(url, TOKEN).replace('"server"', `"proxy-url":"${proxyUrl}","server"`);
      handler = answers({ status: 200, body: { items: [] } });
      expect(await connect({ kubeconfig: proxied }).read(SECRETS)).to.deep.equal({ items: [] });
      expect(through).to.deep.equal([url.replace("http://", "")]);
      expect(seen[0]?.headers.authorization).to.equal("Bearer secrettoken");
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it("tells a wrong path from trouble: 404 is not found", async () => {
    handler = answers({ status: 404 });
    expect((await errorOf(SECRETS)).code).to.equal("notFound");
  });

  it("does not mistake a proxy's page for the API server", async () => {
    handler = answers({ status: 200, body: "<html>Log in</html>" });
    const error = await errorOf(SECRETS);
    expect(error.code).to.equal("serverError");
    expect(error.message).to.include("not JSON");
  });
});
