import { expect } from "chai";
import type { MetadataFormat } from "../../../sandbox/metadata";
import { readinessWait, startRefusal } from "../../../sandbox/milvus/startRules";
import { hasStandby, milvusStore, mountedConfig } from "../../../sandbox/milvus/store";
import { imageVersion, sessionRoles } from "../../../sandbox/milvus/version";
import type { Pod } from "../../../sandbox/podRunner/apiServer";

const version = (text: string) => imageVersion(`milvusdb/milvus:v${text}`);

describe("a Milvus server on metadata", () => {
  const table: { component: string; milvus: string; format: MetadataFormat; starts: boolean }[] = [
    { component: "rootcoord", milvus: "2.1.4", format: "2.1", starts: true },
    { component: "rootcoord", milvus: "2.1.4", format: "empty", starts: true },
    { component: "rootcoord", milvus: "2.1.4", format: "2.2", starts: false },
    { component: "rootcoord", milvus: "2.1.4", format: "mixed", starts: false },
    { component: "rootcoord", milvus: "2.2.0", format: "2.1", starts: false },
    { component: "rootcoord", milvus: "2.2.0", format: "2.2", starts: true },
    { component: "standalone", milvus: "2.3.1", format: "2.1", starts: false },
    { component: "mixcoord", milvus: "2.6.15", format: "2.2", starts: true },
    { component: "mixcoord", milvus: "2.6.15", format: "mixed", starts: false },
    { component: "proxy", milvus: "2.2.0", format: "2.1", starts: true },
  ];
  for (const { component, milvus, format, starts } of table) {
    it(`${component} ${milvus} on ${format}: ${starts ? "starts" : "panics and says why"}`, () => {
      const refusal = startRefusal(component, version(milvus), format);
      if (starts) expect(refusal).to.equal(undefined);
      else expect(refusal).to.match(/^panic: .*metadata is .*this version reads the format of 2\.\d/);
    });
  }
});

describe("readiness of a Milvus server", () => {
  const table: { component: string; milvus: string; sessions: string[]; waits: RegExp | undefined }[] = [
    { component: "rootcoord", milvus: "2.1.4", sessions: [], waits: undefined },
    { component: "proxy", milvus: "2.1.4", sessions: ["querycoord"], waits: /root coordinator/ },
    { component: "proxy", milvus: "2.1.4", sessions: ["rootcoord"], waits: undefined },
    { component: "querynode", milvus: "2.6.0", sessions: ["mixcoord"], waits: undefined },
    {
      component: "streamingnode",
      milvus: "2.6.0",
      sessions: ["rootcoord", "datacoord"],
      waits: /mixcoord of Milvus 2\.6/,
    },
    { component: "streamingnode", milvus: "2.6.0", sessions: ["mixcoord"], waits: undefined },
    { component: "mixcoord", milvus: "2.6.0", sessions: ["querycoord"], waits: /old session exists: querycoord/ },
    { component: "mixcoord", milvus: "2.5.16", sessions: ["querycoord"], waits: undefined },
    { component: "attu", milvus: "2.1.5", sessions: [], waits: undefined },
  ];
  for (const { component, milvus, sessions, waits } of table) {
    it(`${component} ${milvus} with sessions [${sessions.join(", ")}] ${waits ? `waits: ${waits.source}` : "is ready"}`, () => {
      const wait = readinessWait(component, version(milvus), new Map(sessions.map((name) => [name, milvus])));
      if (waits) expect(wait).to.match(waits);
      else expect(wait).to.equal(undefined);
    });
  }

  it("a mixcoord registers as the coordinators it holds until 2.5, as itself from 2.6", () => {
    const names = (milvus: string): string[] => sessionRoles("mixcoord", version(milvus)).map(({ name }) => name);
    expect(names("2.5.16")).to.have.members(["rootcoord", "datacoord", "querycoord", "indexcoord"]);
    expect(names("2.6.0")).to.deep.equal(["mixcoord"]);
  });
});

describe("configuration of a Milvus server", () => {
  const pod = (files: string[], args: string[] = []): Pod => ({
    spec: {
      containers: [
        {
          name: "proxy",
          args,
          volumeMounts: files.map((file) => ({ name: "config", mountPath: `/milvus/configs/${file}`, subPath: file })),
        },
      ],
      volumes: [{ name: "config", configMap: { name: "rel-milvus" } }],
    },
  });
  const data = {
    "milvus.yaml": "etcd:\n  endpoints: [old-etcd:2379]\n  rootPath: from-values\n",
    "default.yaml": "etcd:\n  endpoints:\n    - new-etcd:2379\nrootCoord:\n  enableActiveStandby: true\n",
    "user.yaml": "etcd:\n  rootPath: mine\n",
  };
  const store = async (of: Pod, mergesItself: boolean) =>
    milvusStore(of, await mountedConfig(of, () => Promise.resolve(data)), mergesItself);

  it("is milvus.yaml alone where the chart mounts that alone, whatever else the ConfigMap holds", async () => {
    expect(await store(pod(["milvus.yaml"]), false)).to.deep.include({
      endpoints: ["old-etcd:2379"],
      rootPath: "from-values",
    });
  });

  it("is default.yaml under user.yaml where the image or the chart's script merges them", async () => {
    const merged = { endpoints: ["new-etcd:2379"], rootPath: "mine" };
    expect(await store(pod(["default.yaml", "user.yaml"]), true)).to.deep.include(merged);
    const args = ["/milvus/tools/run-helm.sh", "milvus", "run", "proxy"];
    expect(await store(pod(["default.yaml", "user.yaml"], args), false)).to.deep.include(merged);
  });

  it("names no etcd for an old image on a chart without the script (rule 1.9)", async () => {
    expect((await store(pod(["default.yaml", "user.yaml"]), false)).endpoints).to.deep.equal([]);
  });

  it("has by-dev as root path where none is given (rule 5.3)", async () => {
    expect((await store(pod(["default.yaml"]), true)).rootPath).to.equal("by-dev");
  });

  it("has the certificates of etcd.ssl where that is on, and a later file may switch it off", async () => {
    const ssl = "etcd:\n  ssl: {enabled: true, tlsCACert: /a, tlsCert: /b, tlsKey: /c}\n";
    const of = pod(["default.yaml", "user.yaml"]);
    const tls = async (files: object) =>
      milvusStore(of, await mountedConfig(of, () => Promise.resolve({ ...data, ...files })), true).tls;
    expect(await tls({ "user.yaml": ssl })).to.deep.equal({ ca: "/a", certificate: "/b", key: "/c" });
    expect(await tls({ "default.yaml": ssl })).to.deep.equal({ ca: "/a", certificate: "/b", key: "/c" });
    expect(await tls({ "default.yaml": ssl, "user.yaml": "etcd: {ssl: {enabled: false}}" })).to.equal(undefined);
    expect(await tls({ "user.yaml": ssl.replace("true", "false") })).to.equal(undefined);
  });

  it("tells which coordinator has a standby", async () => {
    const configured = await store(pod(["default.yaml"]), true);
    expect(hasStandby("rootcoord", configured)).to.equal(true);
    expect(hasStandby("mixcoord", configured)).to.equal(true);
    expect(hasStandby("datacoord", configured)).to.equal(false);
  });
});
