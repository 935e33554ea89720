import { expect } from "chai";
import { parse } from "yaml";
import { hasServer, SERVER_PACKAGES } from "../../../sandbox/milvus/real/packages";
import { portCount, serverFiles } from "../../../sandbox/milvus/real/serverConfig";

/** The places that the packages' templates have, in their two manners. */
const TEMPLATE = `etcd:
  endpoints:
    - localhost:{{ etcd_port(int): 2379 }}
  log:
    path: {{ etcd_log_path }}
  use:
    embed: true
  data:
    dir: {{ etcd_data_dir }}
rocksmq:
  path: {{ rocketmq_data_dir }} # the queue
proxy:
  port: {{ proxy_port(int): 19530 }}
log:
  level: {{ system_log_level: debug }}
  stdout: {{ log_stdout:false }}
tls:
  serverPemPath: {{ server_pem_path: server.pem }}
`;

describe("the configuration of a real Milvus server", () => {
  const places = { data: "/claim/milvus", ports: [21000, 21001, 21002, 21003], etcdConfig: "/pod/etcd.yaml" };

  it("fills every place of the package's template: claim's folder, free ports, presets", () => {
    const { milvus, servicePort, healthPort } = serverFiles(TEMPLATE, places);
    expect(milvus).not.to.contain("{{");
    expect(parse(milvus)).to.deep.include({
      etcd: {
        endpoints: ["localhost:21000"],
        log: { path: "stdout" },
        config: { path: "/pod/etcd.yaml" },
        use: { embed: true },
        data: { dir: "/claim/milvus/etcd" },
      },
      proxy: { port: 21001 },
      log: { level: "info", stdout: true },
      tls: { serverPemPath: "server.pem" },
    });
    expect([servicePort, healthPort]).to.deep.equal([21001, 21003]);
  });

  it("gives the embedded etcd ports of its own, so that two servers can run", () => {
    const etcd = parse(serverFiles(TEMPLATE, places).etcd) as Record<string, string>;
    expect(etcd["listen-client-urls"]).to.equal("http://127.0.0.1:21000");
    expect(etcd["listen-peer-urls"]).to.equal("http://127.0.0.1:21002");
  });

  it("keeps the queue in one folder whatever the template calls it, or where it is told", () => {
    const of = (template: string, queue?: string) =>
      (parse(serverFiles(template, { ...places, ...(queue && { queue }) }).milvus) as { rocksmq: { path: string } })
        .rocksmq.path;
    expect(of(TEMPLATE)).to.equal("/claim/milvus/rdb_data");
    expect(of(TEMPLATE.replace("rocketmq_data_dir", "rocksmq_data_dir"))).to.equal("/claim/milvus/rdb_data");
    expect(of(TEMPLATE, "/pod/queue")).to.equal("/pod/queue");
  });

  it("refuses too few ports and places it does not know", () => {
    expect(portCount(TEMPLATE)).to.equal(4);
    expect(() => serverFiles(TEMPLATE, { ...places, ports: [1] })).to.throw("4 ports are needed");
    expect(() => serverFiles(`${TEMPLATE}x: {{ something_new }}\n`, places)).to.throw("something_new");
  });

  it("is there for the releases that were published, each with its hash", () => {
    expect(Object.keys(SERVER_PACKAGES)).to.have.length(18);
    for (const hash of Object.values(SERVER_PACKAGES)) expect(hash).to.match(/^[0-9a-f]{64}$/);
    expect(["2.2.16", "2.3.5"].every(hasServer)).to.equal(true);
    expect(["2.1.4", "2.2.7", "2.3.6", "toString"].some(hasServer)).to.equal(false);
  });
});
