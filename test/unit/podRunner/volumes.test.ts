import { expect } from "chai";
import { clusterHosts, hostsVariable } from "../../../sandbox/podRunner/hosts";
import { pathTranslation } from "../../../sandbox/podRunner/volumes";

describe("paths inside a container", () => {
  const volumes = new Map([
    ["data", "/box/claim"],
    ["nested", "/box/nested"],
    ["config", "/box/config"],
  ]);
  const container = {
    name: "main",
    volumeMounts: [
      { name: "data", mountPath: "/milvus/data" },
      { name: "nested", mountPath: "/milvus/data/nested/" },
      { name: "config", mountPath: "/etc/milvus.yaml", subPath: "milvus.yaml" },
    ],
  };
  const local = pathTranslation(container, volumes, { "/dev/termination-log": "/box/message" });
  const table = [
    { path: "/milvus/data", to: "/box/claim" },
    { path: "/milvus/data/a/b", to: "/box/claim/a/b" },
    { path: "/milvus/data/nested/x", to: "/box/nested/x" },
    { path: "/milvus/database", to: "/milvus/database" },
    { path: "/etc/milvus.yaml", to: "/box/config/milvus.yaml" },
    { path: "/dev/termination-log", to: "/box/message" },
    { path: "-config=/milvus/data/c.yaml", to: "-config=/box/claim/c.yaml" },
    { path: "my-release-etcd:2379", to: "my-release-etcd:2379" },
    { path: "x/milvus/data", to: "x/milvus/data" },
  ];
  for (const { path, to } of table) it(`${path} → ${to}`, () => expect(local(path)).to.equal(to));
});

describe("host names", () => {
  const service = (name: string, port: number, clusterIP = "10.0.0.1") => ({
    metadata: { name, namespace: "db" },
    spec: { clusterIP, ports: [{ port }] },
  });

  it("an etcd Service leads to the metadata etcd, under all its names", () => {
    const hosts = clusterHosts([service("rel-etcd", 2379), service("rel-milvus", 19530)], "127.0.0.1:4000", {});
    expect(Object.keys(hosts)).to.have.members([
      "rel-etcd:2379",
      "rel-etcd.db:2379",
      "rel-etcd.db.svc:2379",
      "rel-etcd.db.svc.cluster.local:2379",
    ]);
    expect(new Set(Object.values(hosts))).to.deep.equal(new Set(["127.0.0.1:4000"]));
  });

  it("a headless one also under its members' names", () => {
    const hosts = clusterHosts([service("rel-etcd-headless", 2379, "None")], "127.0.0.1:4000", {});
    expect(hosts).to.have.property("rel-etcd-2.rel-etcd-headless.db.svc.cluster.local:2379", "127.0.0.1:4000");
  });

  it("without a Service there is no such name; fixed names win", () => {
    expect(clusterHosts([], "127.0.0.1:4000", {})).to.deep.equal({});
    const hosts = clusterHosts([service("rel-etcd", 2379)], "127.0.0.1:4000", { "rel-etcd:2379": "127.0.0.1:1" });
    expect(hosts["rel-etcd:2379"]).to.equal("127.0.0.1:1");
    expect(hostsVariable({ "a:1": "b:2", "c:3": "d:4" })).to.equal("a:1=b:2,c:3=d:4");
  });
});
