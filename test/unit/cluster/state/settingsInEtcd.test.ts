import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { readSettingsInEtcd } from "../../../../cluster/state/settingsInEtcd";
import type { HelmValues } from "../../../../upgrade/model";
import { fakeClient, forbidden } from "../../../support/fakeClient";

const ADDRESS = { releaseName: "my-release", namespace: "milvus" };
const POD = { metadata: { name: "my-release-etcd-1" }, status: { conditions: [{ type: "Ready", status: "True" }] } };
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("the settings that Milvus keeps in etcd", () => {
  let server: Server;
  let asked: unknown;
  let answer: { status: number; kvs: Record<string, string> };

  beforeEach(async () => {
    answer = { status: 200, kvs: {} };
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        asked = { path: request.url, ...(JSON.parse(body) as object) };
        const kvs = Object.entries(answer.kvs).map(([key, value]) => ({ key: base64(key), value: base64(value) }));
        response.writeHead(answer.status).end(JSON.stringify({ kvs }));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => server.close());

  function read(values: HelmValues = {}, pods: unknown = [POD]) {
    const client = fakeClient({ pods });
    const forwards: unknown[] = [];
    const forward = (target: object) => {
      forwards.push(target);
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      return Promise.resolve({ address, problem: () => undefined, close: () => undefined });
    };
    return readSettingsInEtcd({ ...client, forward }, ADDRESS, values, "by-dev").then((found) => ({ found, forwards }));
  }

  it("are read by their prefix from a ready pod: names of all, and the value of mq.type alone", async () => {
    answer.kvs = { "by-dev/config/mq/type": "woodpecker", "by-dev/config/minio/secretAccessKey": "hunter2" };
    const { found, forwards } = await read();
    expect(found).to.deep.equal({
      prefix: "by-dev/config/",
      names: ["mq/type", "minio/secretAccessKey"],
      queue: "woodpecker",
    });
    expect(JSON.stringify(found)).to.not.include("hunter2");
    expect(forwards).to.deep.equal([{ namespace: "milvus", pod: "my-release-etcd-1", port: 2379 }]);
    expect(asked).to.deep.include({
      path: "/v3/kv/range",
      key: base64("by-dev/config/"),
      range_end: base64("by-dev/config0"),
    });
  });

  it("are none where etcd has none", async () => {
    expect((await read()).found).to.deep.equal({ prefix: "by-dev/config/", names: [] });
  });

  for (const { what, values = {}, pods, status = 200, why } of [
    { what: "an external etcd", values: { externalEtcd: { enabled: true } }, why: /external one/ },
    {
      what: "an etcd with TLS",
      values: { extraConfigFiles: { "user.yaml": "etcd:\n  ssl:\n    enabled: true\n" } },
      why: /TLS or a user/,
    },
    { what: "no ready pod", pods: [], why: /no pod/ },
    { what: "an etcd that refuses", status: 401, why: /etcd answers 401/ },
    { what: "pods that may not be listed", pods: forbidden("pods"), why: /may not list pods/ },
  ]) {
    it(`of ${what} says why they could not be read`, async () => {
      answer.status = status;
      const { found } = await read(values, pods ?? [POD]);
      expect(found.names).to.equal(undefined);
      expect(found.why).to.match(why);
    });
  }
});
