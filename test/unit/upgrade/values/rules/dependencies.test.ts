import { expect } from "chai";
import type { HelmValues } from "../../../../../upgrade/model";
import { mergeValues } from "../../../../../upgrade/values/tree";
import { MIXED, STREAMING } from "../../support";
import { again, type Hop, messagesOf, plan, refusal, standalone, valueAt } from "./hop";

describe("etcd_listens_where_milvus_looks (fact 5.11)", () => {
  const hop: Hop = { chart: "5.0.4", from: "2.6.4", to: "2.6.15", over: { names: STREAMING } };
  const PORTS = { etcd: { service: { port: 12379, peerPort: 12380 } } };

  it("writes the ports where etcd's chart of 5.0.5 reads them, and once", () => {
    const found = plan({ ...hop, values: PORTS });
    expect(found.values.etcd).to.deep.include({
      service: { port: 12379, peerPort: 12380, ports: { client: 12379, peer: 12380 } },
      containerPorts: { client: 12379, peer: 12380 },
    });
    expect(again({ ...hop, values: PORTS }).kind).to.equal("nothing");
  });

  it("writes nothing where they are etcd's own, before 5.0.5, or for an external etcd", () => {
    const external = mergeValues(PORTS, { externalEtcd: { enabled: true, endpoints: ["e:1"] } });
    for (const other of [
      { ...hop, values: { etcd: { service: { port: 2379 } } } },
      { chart: "4.2.40", from: "2.5.4", to: "2.5.16", values: PORTS, over: { names: MIXED } },
      { ...hop, values: external },
    ]) {
      expect(valueAt(plan(other), "etcd.containerPorts")).to.equal(undefined);
    }
  });

  it("refuses a container port that was only a label before, and names it", () => {
    const found = refusal({ ...hop, values: { etcd: { containerPorts: { client: 5000 } } } });
    expect(found.rule).to.equal("etcd_listens_where_milvus_looks");
    expect(found.reason).to.contain("etcd.containerPorts.client to 5000");
  });

  it("refuses another cluster domain on charts that do not read it", () => {
    const values = { etcd: { clusterDomain: "k8s.local" } };
    const found = refusal({ chart: "4.1.36", from: "2.4.5", to: "2.4.9", chartVersion: "4.2.12", values });
    expect(found.rule).to.equal("etcd_listens_where_milvus_looks");
    expect(plan({ chart: "4.1.36", from: "2.4.5", to: "2.4.16", values }).chart.version).to.equal("4.2.20");
  });
});

describe("another_chart_of_pulsar_has_other_volumes (fact 10.5)", () => {
  const hop: Hop = { chart: "3.0.10", from: "2.0.0", to: "2.1.4" };

  it("refuses to leave charts 3.0.0 to 3.0.10 with the bundled Pulsar", () => {
    expect(refusal(hop).rule).to.equal("another_chart_of_pulsar_has_other_volumes");
    expect(refusal({ ...hop, to: "2.0.2" }).rule).to.equal("another_chart_of_pulsar_has_other_volumes");
  });

  it("asks nothing of a standalone, of an external Pulsar, or from 3.0.12 on", () => {
    const external = { externalPulsar: { enabled: true, host: "p", port: 6650 }, pulsar: { enabled: false } };
    for (const other of [
      { ...hop, values: { cluster: { enabled: false } }, over: standalone },
      { ...hop, values: external },
      { ...hop, chart: "3.0.29", from: "2.0.2" },
    ]) {
      expect(plan(other).to).to.equal("2.1.4");
    }
  });
});

describe("dependencies_keep_their_images with their repository (fact 5.11)", () => {
  const REPOSITORY = "etcd.image.repository";

  it("keeps etcd's repository with a tag that the new one does not have", () => {
    const hop: Hop = { chart: "3.0.26", from: "2.0.2", to: "2.1.4" };
    const found = plan(hop);
    expect([valueAt(found, REPOSITORY), valueAt(found, "etcd.image.tag")]).to.deep.equal([
      "bitnami/etcd",
      "3.5.0-debian-10-r24",
    ]);
    expect(again(hop).kind).to.equal("nothing");
    const next = { chart: found.chart.version, from: "2.1.4", to: "2.2.14", inForce: found.values };
    expect(valueAt(plan(next), REPOSITORY)).to.equal("bitnami/etcd");
  });

  it("also where the user has said the tag", () => {
    const values = { etcd: { image: { tag: "3.5.0-debian-10-r24" } } };
    expect(valueAt(plan({ chart: "3.0.26", from: "2.0.2", to: "2.1.4", values }), REPOSITORY)).to.equal("bitnami/etcd");
  });

  it("leaves it to the chart where it is the same, or with the chart's images", () => {
    expect(valueAt(plan({ chart: "3.2.18", from: "2.1.4", to: "2.2.14" }), REPOSITORY)).to.equal(undefined);
    const hop: Hop = { chart: "3.0.26", from: "2.0.2", to: "2.1.4", dependencyImages: "chart" };
    expect(valueAt(plan(hop), REPOSITORY)).to.equal(undefined);
  });
});

describe("a_dependency_restarts_with_the_chart: found by rendering 4.2.58 and 5.0.19", () => {
  const RULE = "a_dependency_restarts_with_the_chart";
  const KAFKA = { kafka: { enabled: true }, pulsar: { enabled: false }, pulsarv3: { enabled: false } };

  it("names Kafka's ZooKeeper, whose image moves at 5.0.1 with Kafka's", () => {
    const hop: Hop = { chart: "4.2.58", from: "2.5.16", to: "2.6.15", values: KAFKA, over: { names: MIXED } };
    const text = messagesOf(plan(hop), RULE).join();
    expect(text).to.contain("Kafka's ZooKeeper restarts with another image: 3.7.0-debian-10-r320 becomes 3.7.0");
    expect(again(hop).kind).to.equal("nothing");
  });

  it("names Attu where it is on, and leaves its image to the chart", () => {
    const hop: Hop = { chart: "4.1.1", from: "2.3.1", to: "2.4.16", values: { attu: { enabled: true } } };
    expect(messagesOf(plan(hop), RULE).join()).to.contain("Attu restarts with another image: v2.2.8 becomes v2.4.7");
    expect(valueAt(plan(hop), "attu.image")).to.equal(undefined);
    expect(messagesOf(plan({ ...hop, values: {} }), RULE)).to.deep.equal([]);
  });
});

describe("a_dependency_changes_in_a_run_of_its_own (milvus issues 40706 and 17647)", () => {
  const RULE = "a_dependency_changes_in_a_run_of_its_own";
  const rows: readonly { readonly key: string; readonly values: HelmValues; readonly hop: Hop }[] = [
    {
      key: "etcd.image.tag from 3.5.5-r4 to 3.6.1",
      values: { etcd: { image: { tag: "3.6.1" } } },
      hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16" },
    },
    {
      key: "pulsar.images.broker.tag from 2.8.2 to 4.0.4",
      values: { pulsar: { images: { broker: { tag: "4.0.4" } } } },
      hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16" },
    },
    {
      key: "minio.image.tag from RELEASE.2023-03-20T20-16-18Z to RELEASE.2024-05-28T17-19-04Z",
      values: { minio: { image: { tag: "RELEASE.2024-05-28T17-19-04Z" } } },
      hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16" },
    },
    {
      key: "pulsarv3.defaultPulsarImageTag from the chart's own to 4.0.4",
      values: { pulsarv3: { defaultPulsarImageTag: "4.0.4" } },
      hop: { chart: "5.0.10", from: "2.6.8", to: "2.6.15", over: { names: STREAMING } },
    },
  ];
  for (const { key, values, hop } of rows) {
    it(`refuses ${key} with another version, and says it alone`, () => {
      const found = refusal({ ...hop, values, inForce: {} });
      expect(found.rule).to.equal(RULE);
      expect(found.reason).to.contain(key);
      const alone = plan({ ...hop, to: hop.from, chartVersion: hop.chart, values, inForce: {} });
      expect(messagesOf(alone, RULE)).to.have.length(1);
    });
  }

  it("asks nothing of a tag that is in force, or of what does not run", () => {
    const hop: Hop = { chart: "4.1.28", from: "2.3.13", to: "2.4.16" };
    expect(plan({ ...hop, values: { etcd: { image: { tag: "3.6.1" } } } }).to).to.equal("2.4.16");
    expect(plan({ ...hop, values: { kafka: { image: { tag: "9" } } }, inForce: {} }).to).to.equal("2.4.16");
  });
});

describe("minio_on_plain_files_stays_old (MinIO documentation)", () => {
  const hop: Hop = {
    chart: "4.0.7",
    from: "2.2.2",
    to: "2.2.2",
    inForce: { minio: { mode: "standalone" } },
    chartVersion: "4.0.7",
  };

  it("refuses a MinIO that does not read what a standalone one has written", () => {
    const values = { minio: { mode: "standalone", image: { tag: "RELEASE.2023-03-20T20-16-18Z" } } };
    const found = refusal({ ...hop, values });
    expect(found.rule).to.equal("minio_on_plain_files_stays_old");
    const byChart = { ...hop, to: "2.2.14", chartVersion: "4.0.34", values: { minio: { mode: "standalone" } } };
    expect(refusal({ ...byChart, dependencyImages: "chart" }).rule).to.equal("minio_on_plain_files_stays_old");
    expect(plan(byChart).to).to.equal("2.2.14");
  });

  it("asks nothing of a distributed one", () => {
    const values = { minio: { image: { tag: "RELEASE.2023-03-20T20-16-18Z" } } };
    expect(plan({ ...hop, inForce: {}, values }).kind).to.equal("helm");
  });
});
