import { expect } from "chai";
import type { HelmValues } from "../../../../../upgrade/model";
import { mergeValues } from "../../../../../upgrade/values/tree";
import { MIXED, STREAMING } from "../../support";
import {
  again,
  type Hop,
  inUserYaml,
  messagesOf,
  plan,
  ROCKSMQ,
  refusal,
  standalone,
  userYamlOfRules,
  valueAt,
} from "./hop";

const PLACES = "metadata_and_data_stay_where_they_are";
const ELSEWHERE = mergeValues(ROCKSMQ, { standalone: { persistence: { mountPath: "/data/milvus" } } });
const LOCAL = mergeValues(ROCKSMQ, inUserYaml("common:\n  storageType: local\n"));
const WOODPECKER = { cluster: { enabled: false }, standalone: { messageQueue: "woodpecker" } } as const;
const LOCAL_LOG = mergeValues(WOODPECKER, inUserYaml("woodpecker:\n  storage:\n    type: local\n"));
const EXTERNAL_PULSAR = {
  pulsar: { enabled: false },
  externalPulsar: { enabled: true, host: "pulsar", port: 6650, tenant: "team" },
};

describe("a_place_that_the_chart_moves_is_kept (fact 5.9)", () => {
  const rows: readonly { readonly title: string; readonly hop: Hop; readonly settings: unknown }[] = [
    {
      title: "RocksMQ below the mount path, which charts from 4.0.0 on do not write",
      hop: { chart: "3.2.18", from: "2.1.4", to: "2.2.14", values: ELSEWHERE, over: standalone },
      settings: { rocksmq: { path: "/data/milvus/rdb_data" } },
    },
    {
      title: "RocksMQ also from 3.3.x",
      hop: { chart: "3.3.6", from: "2.2.2", to: "2.2.14", values: ELSEWHERE, over: standalone },
      settings: { rocksmq: { path: "/data/milvus/rdb_data" } },
    },
    {
      title: "nothing where the mount path is Milvus' own",
      hop: { chart: "3.2.18", from: "2.1.4", to: "2.2.14", values: ROCKSMQ, over: standalone },
      settings: undefined,
    },
    {
      title: "what user.yaml says already",
      hop: {
        chart: "3.3.6",
        from: "2.2.2",
        to: "2.2.14",
        values: mergeValues(ELSEWHERE, inUserYaml("rocksmq:\n  path: /data/milvus/rdb_data\n")),
        over: standalone,
      },
      settings: { rocksmq: { path: "/data/milvus/rdb_data" } },
    },
    {
      title: "Woodpecker's local folder, which charts from 5.0.8 on write otherwise",
      hop: { chart: "5.0.7", from: "2.6.5", to: "2.6.15", values: LOCAL_LOG, over: standalone },
      settings: { woodpecker: { storage: { type: "local", rootPath: "/var/lib/milvus/woodpecker" } } },
    },
    {
      title: "no folder of a Woodpecker that keeps its log in the object storage",
      hop: { chart: "5.0.7", from: "2.6.5", to: "2.6.15", values: WOODPECKER, over: standalone },
      settings: undefined,
    },
    {
      title: "the region of an external S3 on a chart that reads MinIO's instead",
      hop: {
        chart: "4.1.28",
        from: "2.3.13",
        to: "2.4.5",
        values: { externalS3: { enabled: true, region: "eu-west-1" } },
      },
      settings: { minio: { region: "eu-west-1" } },
    },
  ];
  for (const { title, hop, settings } of rows) {
    it(`${title}: ${hop.chart} → ${hop.to}`, () => {
      expect(userYamlOfRules(plan(hop))).to.deep.equal(settings);
    });

    it(`${title}: once more does nothing`, () => {
      expect(again(hop).kind).to.equal("nothing");
    });
  }
});

describe("no_empty_volume_over_the_data (fact 5.10)", () => {
  const hop: Hop = { chart: "4.0.22", from: "2.2.8", to: "2.2.14", values: LOCAL, over: standalone };

  it("leaves the emptyDir out over a local object storage, and disk indexes on", () => {
    const found = plan(hop);
    expect(valueAt(found, "standalone.disk.enabled")).to.equal(false);
    expect(userYamlOfRules(found)).to.deep.equal({
      common: { storageType: "local" },
      queryNode: { enableDisk: true },
      indexNode: { enableDisk: true },
    });
  });

  it("once more does nothing", () => {
    expect(again(hop).kind).to.equal("nothing");
  });

  it("refuses a user's word for it, and names the key", () => {
    const values = mergeValues(LOCAL, { standalone: { disk: { enabled: true } } });
    const found = refusal({ ...hop, values });
    expect(found.rule).to.equal("no_empty_volume_over_the_data");
    expect(found.reason).to.contain("standalone.disk.enabled");
  });

  it("leaves it where the storage is no local one, and where the data is elsewhere", () => {
    for (const values of [
      ROCKSMQ,
      mergeValues(LOCAL, inUserYaml("common: {storageType: local}\nlocalStorage: {path: /var/lib/milvus/db}\n")),
    ]) {
      expect(valueAt(plan({ ...hop, values }), "standalone.disk.enabled")).to.equal(undefined);
    }
  });

  it("says that caches begin anew where nothing else lies there, and that once", () => {
    const rule = "no_empty_volume_over_the_data";
    expect(messagesOf(plan({ ...hop, values: ROCKSMQ }), rule).join()).to.contain("caches begin anew");
    expect(messagesOf(again({ ...hop, values: ROCKSMQ }), rule)).to.deep.equal([]);
    expect(messagesOf(plan({ ...hop, values: ELSEWHERE }), rule)).to.deep.equal([]);
  });

  it("leaves it out where the claim itself is mounted there", () => {
    const values = mergeValues(ROCKSMQ, { standalone: { persistence: { mountPath: "/var/lib/milvus/data" } } });
    expect(valueAt(plan({ ...hop, values }), "standalone.disk.enabled")).to.equal(false);
  });
});

describe("data_stays_on_its_volume (fact 5.10)", () => {
  const RULE = "data_stays_on_its_volume";

  it("refuses to restart a pod whose data a chart's emptyDir holds, with the way out", () => {
    const found = refusal({ chart: "4.0.34", from: "2.2.14", to: "2.3.13", values: LOCAL, over: standalone });
    expect(found.rule).to.equal(RULE);
    expect(found.remedy).to.contain("cp -a /var/lib/milvus/data /var/lib/milvus/kept");
  });

  it("takes the folder that it was copied to, and says what is not found again", () => {
    const kept = inUserYaml("common: {storageType: local}\nlocalStorage: {path: /var/lib/milvus/kept}\n");
    const values = mergeValues(ROCKSMQ, kept);
    const hop = { chart: "4.0.34", from: "2.2.14", to: "2.3.13", values, inForce: LOCAL, over: standalone };
    expect(messagesOf(plan(hop), PLACES).join()).to.contain("/var/lib/milvus/kept");
  });

  it("says what ends with the pod where a standalone has no volume", () => {
    const values = mergeValues(ROCKSMQ, { standalone: { persistence: { enabled: false } } });
    const hop = { chart: "4.0.34", from: "2.2.14", to: "2.3.13", values, over: standalone };
    expect(messagesOf(plan(hop), RULE).join()).to.contain("/var/lib/milvus/rdb_data");
  });

  it("says what ends with a streaming node whose Woodpecker is local", () => {
    const local = inUserYaml("woodpecker: {storage: {type: local}}");
    const values = mergeValues({ woodpecker: { enabled: true }, pulsarv3: { enabled: false } }, local);
    const found = plan({ chart: "5.0.10", from: "2.6.8", to: "2.6.15", values, over: { names: STREAMING } });
    expect(messagesOf(found, RULE).join()).to.contain("/woodpecker/data of each streaming node");
  });

  for (const [key, values] of Object.entries<HelmValues>({
    "etcd.persistence.enabled": { etcd: { persistence: { enabled: false } } },
    "minio.persistence.enabled": { minio: { persistence: { enabled: false } } },
    "pulsar.volumes.persistence": { pulsar: { volumes: { persistence: false } } },
  })) {
    it(`says ${key}: false where the chart changes`, () => {
      const hop = { chart: "4.0.34", from: "2.2.14", to: "2.3.13", values };
      expect(messagesOf(plan(hop), RULE).join()).to.contain(key);
      expect(messagesOf(plan({ ...hop, to: "2.2.14" }), RULE)).to.deep.equal([]);
    });
  }
});

describe("metadata_and_data_stay_where_they_are, in user.yaml and in the chart's values (fact 5.9)", () => {
  const hop22: Hop = { chart: "4.0.24", from: "2.2.9", to: "2.2.11" };
  const hop26: Hop = { chart: "5.0.10", from: "2.6.8", to: "2.6.15", over: { names: STREAMING } };
  const withYaml = (text: string, values: HelmValues = {}) => mergeValues(values, inUserYaml(text));
  const S3 = { externalS3: { enabled: true, host: "s3", bucketName: "b", rootPath: "r" } };
  const KAFKA = { pulsar: { enabled: false }, externalKafka: { enabled: true, brokerList: "kafka:9092" } };

  const refusals: readonly (Hop & { readonly title: string; readonly names: string })[] = [
    {
      title: "the metadata's sub path",
      ...hop22,
      inForce: {},
      values: withYaml("etcd: {metaSubPath: m}"),
      names: "etcd.metaSubPath",
    },
    {
      title: "TiKV for etcd",
      ...hop26,
      inForce: {},
      values: withYaml("metastore: {type: tikv}"),
      names: "metastore.type",
    },
    {
      title: "an embedded etcd",
      ...hop22,
      inForce: {},
      values: withYaml("etcd: {use: {embed: true}}"),
      names: "etcd.use.embed",
    },
    {
      title: "a local object storage",
      ...hop22,
      inForce: {},
      values: withYaml("common: {storageType: local}"),
      names: "common.storageType",
    },
    {
      title: "an etcd of one's own in user.yaml",
      ...hop22,
      inForce: {},
      values: withYaml("etcd: {endpoints: ['10.0.0.1:2379']}"),
      names: "etcd.endpoints",
    },
    {
      title: "an object storage of one's own in user.yaml",
      ...hop22,
      inForce: {},
      values: withYaml("minio: {address: s3.example.com}"),
      names: "minio.address",
    },
    {
      title: "another folder of RocksMQ",
      ...hop22,
      over: standalone,
      inForce: ROCKSMQ,
      values: withYaml("rocksmq: {path: /x}", ROCKSMQ),
      names: "rocksmq.path",
    },
    {
      title: "another tenant",
      ...hop22,
      inForce: EXTERNAL_PULSAR,
      values: mergeValues(EXTERNAL_PULSAR, { externalPulsar: { tenant: "other" } }),
      names: "externalPulsar.tenant",
    },
    {
      title: "another namespace of Pulsar in user.yaml",
      ...hop22,
      inForce: {},
      values: withYaml("pulsar: {namespace: other}"),
      names: "pulsar.namespace",
    },
    {
      title: "a tenant that the old chart did not read",
      chart: "3.2.18",
      from: "2.1.4",
      to: "2.2.14",
      values: EXTERNAL_PULSAR,
      names: "externalPulsar.tenant",
    },
    {
      title: "another prefix under its name of 2.2",
      ...hop22,
      inForce: {},
      values: withYaml("common: {chanNamePrefix: {cluster: x}}"),
      names: "msgChannel.chanNamePrefix.cluster",
    },
    {
      title: "Woodpecker's storage",
      ...hop26,
      inForce: { woodpecker: { enabled: true }, pulsarv3: { enabled: false } },
      values: {
        woodpecker: { enabled: true },
        pulsarv3: { enabled: false },
        streaming: { woodpecker: { storage: { type: "local" } } },
      },
      names: "streaming.woodpecker.storage.type",
    },
    {
      title: "a Woodpecker of its own pods",
      ...hop26,
      inForce: { woodpecker: { enabled: true }, pulsarv3: { enabled: false } },
      values: {
        woodpecker: { enabled: true },
        pulsarv3: { enabled: false },
        streaming: { woodpecker: { embedded: false } },
      },
      names: "streaming.woodpecker.embedded",
    },
    {
      title: "etcd switched off with nothing in its place",
      ...hop22,
      inForce: {},
      values: { etcd: { enabled: false } },
      names: "etcd.enabled",
    },
    {
      title: "MinIO switched off with nothing in its place",
      ...hop22,
      inForce: {},
      values: { minio: { enabled: false } },
      names: "minio.enabled",
    },
  ];
  for (const { title, names, ...hop } of refusals) {
    it(`refuses ${title}`, () => {
      const found = refusal(hop);
      expect(found.rule).to.equal(PLACES);
      expect(found.remedy).to.contain(names);
    });
  }

  const said: readonly (Hop & { readonly title: string; readonly names: string })[] = [
    {
      title: "another broker list",
      ...hop22,
      inForce: KAFKA,
      values: mergeValues(KAFKA, { externalKafka: { brokerList: "other:9092" } }),
      names: "externalKafka.brokerList",
    },
    {
      title: "another host of an external Pulsar",
      ...hop22,
      inForce: EXTERNAL_PULSAR,
      values: mergeValues(EXTERNAL_PULSAR, { externalPulsar: { host: "other" } }),
      names: "externalPulsar.host",
    },
    {
      title: "another port of an external S3",
      ...hop22,
      inForce: S3,
      values: mergeValues(S3, { externalS3: { port: 9001 } }),
      names: "externalS3.host",
    },
    {
      title: "the bundled etcd by its own address",
      ...hop22,
      inForce: {},
      values: withYaml("etcd: {endpoints: ['my-release-etcd:2379']}"),
      names: "etcd.endpoints",
    },
  ];
  for (const { title, names, ...hop } of said) {
    it(`says ${title}, and not the address itself`, () => {
      const text = messagesOf(plan(hop), PLACES).join();
      expect(text).to.contain(names);
      expect(text).to.not.contain("other:9092");
    });
  }

  it("says nothing where nothing differs", () => {
    for (const hop of [
      { ...hop22, values: S3 },
      { ...hop22, values: KAFKA },
      { ...hop22, values: EXTERNAL_PULSAR },
      { ...hop26, values: { woodpecker: { enabled: true }, pulsarv3: { enabled: false } } },
      { ...hop22, values: inUserYaml("metastore: {type: etcd}\nminio: {rootPath: file}") },
    ]) {
      expect(messagesOf(plan(hop), PLACES)).to.deep.equal([]);
    }
  });
});

describe("volumes_stay_what_they_are (templates of all charts)", () => {
  const hop: Hop = { chart: "4.0.24", from: "2.2.9", to: "2.2.11", inForce: ROCKSMQ, over: standalone };
  for (const persistence of [
    { enabled: false },
    { mountPath: "/data" },
    { persistentVolumeClaim: { existingClaim: "other" } },
    { persistentVolumeClaim: { subPath: "sub" } },
  ] satisfies HelmValues[]) {
    it(`refuses ${JSON.stringify(persistence)} for a standalone, and says nothing of it for a cluster`, () => {
      const values = { standalone: { persistence } };
      const key = JSON.stringify(persistence).replaceAll(/[{}"]/g, "").split(":").slice(0, -1).join(".");
      const found = refusal({ ...hop, values: mergeValues(ROCKSMQ, values) });
      expect(found.rule).to.equal("volumes_stay_what_they_are");
      expect(found.reason).to.contain(key);
      expect(
        messagesOf(plan({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", values, inForce: {} }), found.rule),
      ).to.deep.equal([]);
    });
  }

  it("takes the chart's own value for no change", () => {
    const values = mergeValues(ROCKSMQ, {
      standalone: { persistence: { enabled: true, mountPath: "/var/lib/milvus" } },
    });
    expect(plan({ ...hop, values }).kind).to.equal("helm");
  });

  for (const [key, values] of Object.entries<HelmValues>({
    "log.persistence.enabled": { log: { persistence: { enabled: true } } },
    volumes: { volumes: [{ name: "x", emptyDir: {} }] },
  })) {
    it(`says another ${key}`, () => {
      const found = plan({ chart: "4.2.50", from: "2.5.8", to: "2.5.10", values, inForce: {}, over: { names: MIXED } });
      expect(messagesOf(found, "volumes_stay_what_they_are").join()).to.contain(key);
    });
  }
});

describe("members_change_in_a_run_of_their_own", () => {
  const RULE = "members_change_in_a_run_of_their_own";
  const hop: Hop = {
    chart: "4.0.24",
    from: "2.2.9",
    to: "2.2.11",
    inForce: { etcd: { replicaCount: 3 } },
    values: { etcd: { replicaCount: 1 } },
  };

  it("refuses another count together with the version, naming both", () => {
    const found = refusal(hop);
    expect(found.rule).to.equal(RULE);
    expect(found.reason).to.contain("etcd.replicaCount from 3 to 1");
  });

  it("says it where nothing else changes", () => {
    expect(messagesOf(plan({ ...hop, to: "2.2.9" }), RULE).join()).to.contain("etcd.replicaCount from 3 to 1");
  });

  it("compares with the chart's own count, as the record has it", () => {
    const over = { release: { userValues: {}, chartValues: { etcd: { replicaCount: 3 } } } };
    expect(refusal({ ...hop, inForce: {}, over }).rule).to.equal(RULE);
    expect(messagesOf(plan({ ...hop, inForce: {}, over, values: { etcd: { replicaCount: 3 } } }), RULE)).to.deep.equal(
      [],
    );
  });

  it("asks nothing of what does not run", () => {
    const values = { kafka: { replicaCount: 1 } };
    expect(messagesOf(plan({ ...hop, inForce: { kafka: { replicaCount: 3 } }, values }), RULE)).to.deep.equal([]);
  });
});
