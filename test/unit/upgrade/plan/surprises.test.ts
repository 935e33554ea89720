import { expect } from "chai";
import type { HelmValues, Wanted } from "../../../../upgrade/model";
import { getValue, path } from "../../../../upgrade/values/tree";
import { resolveVersion } from "../../../../upgrade/versions/request";
import { cluster, DOWN, planned, type RunningOptions, refused, running, SEPARATE, STREAMING, wanted } from "../support";

interface Case {
  readonly title: string;
  readonly chart: string;
  readonly from: string;
  readonly to: string;
  readonly values?: HelmValues;
  /** In the release; default: the same. */
  readonly inForce?: HelmValues;
  readonly config?: Partial<Wanted>;
  readonly over?: RunningOptions;
  readonly rule: string;
  readonly says: string;
}

function situation({ chart, from, to, values = {}, inForce = values, config, over }: Case) {
  return [wanted(to, { values, ...config }), running(chart, from, { values: inForce, ...over })] as const;
}

function refuses(cases: readonly Case[]): void {
  for (const given of cases) {
    it(`refuses ${given.title}`, () => {
      const found = refused(...situation(given));
      expect(found.rule, found.reason).to.equal(given.rule);
      expect(`${found.reason} ${found.remedy}`).to.contain(given.says);
    });
  }
}

function warns(cases: readonly Case[]): void {
  for (const given of cases) {
    it(`warns of ${given.title}`, () => {
      const { warnings } = planned(...situation(given));
      const messages = warnings.filter(({ rule }) => rule === given.rule).map(({ message }) => message);
      expect(messages.join(" ")).to.contain(given.says);
    });
  }
}

describe("numbers of charts and of Milvus that are mixed up (fact 1.2)", () => {
  for (const { version, says } of [
    { version: "4.2.20", says: "As a chart, 4.2.20 is for Milvus 2.4.16." },
    { version: "v5.0.19", says: "is for Milvus 2.6.15" },
  ]) {
    it(`says of milvus:version ${version} which Milvus that chart is for`, () => {
      expect(() => resolveVersion(version, undefined)).to.throw(says);
    });
  }

  it("says that milvus:chartVersion is a version of Milvus", () => {
    const found = refused(wanted("2.4.16", { chartVersion: "2.4.16" }), cluster());
    expect([found.rule, found.reason]).to.deep.equal([
      "the_chart_must_fit_the_version",
      "milvus:chartVersion 2.4.16 is a version of Milvus, not of a chart.",
    ]);
  });

  it("asks the public index nothing about a repository of the user's own (fact 1.5)", () => {
    const chartSource = { kind: "repository", url: "https://charts.example.com" } as const;
    const found = planned(wanted("2.5.9", { chartVersion: "4.2.46", chartSource }), cluster());
    expect([found.chart.version, found.chart.location]).to.deep.equal(["4.2.46", "https://charts.example.com"]);
    expect(found.warnings.map(({ rule }) => rule)).to.include("an_unknown_chart_is_allowed_by_name");
  });
});

describe("an image whose tag names no version, and that stays", () => {
  const values = { image: { all: { tag: "prod" } } };
  const over: RunningOptions = { component: { image: "reg.example.com/milvus:prod" } };
  const base = { values, over, rule: "the_image_tag_is_explicit" };
  refuses([
    {
      ...base,
      title: "it over a minor: the same image would run (fact 1.4)",
      chart: "4.1.28",
      from: "2.3.13",
      to: "2.4.16",
      config: { currentVersion: "2.3.13" },
      says: "pulumi config set milvus:currentVersion 2.4.16",
    },
    {
      ...base,
      title: "it over the metadata migration",
      chart: "3.2.18",
      from: "2.1.4",
      to: "2.2.14",
      config: { currentVersion: "2.1.4" },
      says: "image.all.tag in milvus:values (prod) names no version and is the one that runs",
    },
  ]);
  warns([
    {
      ...base,
      title: "it within a minor",
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.4.16",
      config: { currentVersion: "2.4.5" },
      says: "is the one that runs",
    },
    {
      ...base,
      title: "a new one that cannot be checked",
      chart: "4.1.28",
      from: "2.3.13",
      to: "2.4.16",
      inForce: { image: { all: { tag: "prod-before" } } },
      config: { currentVersion: "2.3.13" },
      says: "cannot be checked",
    },
  ]);
});

describe("2_2_must_have_started_before_2_3 (milvus issue 37614)", () => {
  const crashing = (names: readonly string[]) => {
    const state = running("4.0.34", "2.2.14");
    const components = state.components.map((component) =>
      names.includes(component.component) ? { ...component, readyReplicas: 0, rolledOut: false } : component,
    );
    return { ...state, components };
  };

  for (const to of ["2.3.13", "2.4.16"]) {
    it(`refuses ${to} while a coordinator of 2.2 crashes`, () => {
      const found = refused(wanted(to), crashing(["rootcoord"]));
      expect(found.rule).to.equal("2_2_must_have_started_before_2_3");
      expect(found.remedy).to.contain("logs deployment/my-release-milvus-rootcoord");
    });
  }

  it("refuses it when 2.2 was never up: at 0, and its release failed", () => {
    const state = running("4.0.34", "2.2.14", { component: DOWN, release: { status: "failed" } });
    expect(refused(wanted("2.3.13"), state).rule).to.equal("2_2_must_have_started_before_2_3");
  });

  it("lets a cluster go on that was scaled to 0 after its release was deployed", () => {
    expect(planned(wanted("2.3.13"), running("4.0.34", "2.2.14", { component: DOWN })).kind).to.equal("helm");
  });

  it("lets another patch of 2.2 be the cure, and a sick query node be", () => {
    expect(planned(wanted("2.2.16"), crashing(["rootcoord"])).to).to.equal("2.2.16");
    expect(planned(wanted("2.3.13"), crashing(["querynode"])).to).to.equal("2.3.13");
  });

  it("lets a roll to 2.3 be finished that has a coordinator not ready", () => {
    const state = crashing(["datacoord"]);
    const components = state.components.map((component) =>
      component.component === "rootcoord" ? { ...component, image: "milvusdb/milvus:v2.3.13" } : component,
    );
    expect(planned(wanted("2.3.13"), { ...state, components }).kind).to.equal("rolling");
  });
});

describe("a cluster that migrate.sh took to 2.2 (milvus deployments/migrate-meta)", () => {
  it("is planned from the images: the chart of 2.1 is replaced, and the metadata left alone", () => {
    const state = running("3.2.18", "2.1.4", { component: { image: "milvusdb/milvus:v2.2.0" } });
    const found = planned(wanted("2.2.14"), state);
    expect([found.kind, found.from, found.chart.version]).to.deep.equal(["helm", "2.2.0", "4.0.34"]);
    expect(found.warnings.map(({ rule }) => rule)).to.include("what_runs_counts_not_the_record");
  });
});

const PROFILING = { dataCoordinator: { profiling: { enabled: false } } };
const EXTERNAL_KAFKA = { externalKafka: { enabled: true }, pulsar: { enabled: false } };

describe("chart_defaults_change (facts 4.2 and 5.1)", () => {
  const rule = "chart_defaults_change";
  const standalone: RunningOptions = { names: ["standalone"] };
  warns([
    {
      title: "the log level at 3.3.1",
      chart: "3.2.18",
      from: "2.1.4",
      to: "2.2.14",
      rule,
      says: 'log.level "debug" becomes "info"',
    },
    {
      title: "Attu's Ingress at 3.0.29, where there is an Attu",
      chart: "3.0.25",
      from: "2.0.2",
      to: "2.1.4",
      values: { attu: { enabled: true } },
      rule,
      says: "attu.ingress.enabled true becomes false",
    },
    {
      title: "the garbage collection at 3.3.0",
      chart: "3.2.18",
      from: "2.1.4",
      to: "2.2.0",
      rule,
      says: "dataCoordinator.gc.missingTolerance 3600 becomes 86400",
    },
    {
      title: "Pulsar's subscriptions at 4.0.21",
      chart: "4.0.8",
      from: "2.2.3",
      to: "2.2.14",
      rule,
      says: 'subscriptionExpirationTimeMinutes "30" becomes "3"',
    },
    {
      title: "Pulsar's full backlog at 4.2.53",
      chart: "4.2.20",
      from: "2.4.16",
      to: "2.5.16",
      rule,
      says: '"producer_exception" becomes "producer_request_hold"',
    },
    {
      title: "disk indexes of a standalone at 3.2.15",
      chart: "3.1.8",
      from: "2.1.1",
      to: "2.1.4",
      values: { cluster: { enabled: false } },
      over: standalone,
      rule,
      says: "standalone.disk.enabled false becomes true",
    },
    {
      title: "the quotas at 3.2.11, on charts that still write them",
      chart: "3.2.10",
      from: "2.1.2",
      to: "2.1.4",
      rule,
      says: "quotaAndLimits.enabled false becomes true",
    },
  ]);

  for (const { title, ...hop } of [
    { title: "the values set it", chart: "4.1.1", from: "2.3.1", to: "2.3.13", values: PROFILING },
    { title: "another queue runs", chart: "4.2.20", from: "2.4.16", to: "2.5.16", values: EXTERNAL_KAFKA },
    { title: "the chart stays", chart: "4.0.34", from: "2.2.14", to: "2.2.16", values: {} },
  ]) {
    it(`is silent where ${title}`, () => {
      const { warnings } = planned(wanted(hop.to, { values: hop.values }), running(hop.chart, hop.from, hop));
      expect(warnings.filter((warning) => warning.rule === rule)).to.deep.equal([]);
    });
  }
});

describe("a_key_that_begins_to_count", () => {
  const rule = "a_key_that_begins_to_count";
  warns([
    {
      title: "replicas of a coordinator (fact 5.4: 4.0.4)",
      chart: "3.2.18",
      from: "2.1.4",
      to: "2.2.14",
      values: { rootCoordinator: { replicas: 2 } },
      rule,
      says: "milvus:values.rootCoordinator.replicas was ignored until now",
    },
    {
      title: "a strategy (fact 5.5: 4.1.22)",
      chart: "4.1.15",
      from: "2.3.5",
      to: "2.3.13",
      values: { queryNode: { strategy: { type: "Recreate" } } },
      rule,
      says: "queryNode.strategy",
    },
    {
      title: "an autoscaler (fact 5.6: 4.2.42)",
      chart: "4.2.20",
      from: "2.4.16",
      to: "2.5.16",
      values: { proxy: { hpa: { enabled: false } } },
      rule,
      says: "proxy.hpa",
    },
  ]);

  it("says nothing of a value that comes with the upgrade", () => {
    const values = { rootCoordinator: { replicas: 2 } };
    const { warnings } = planned(wanted("2.2.14", { values }), running("3.2.18", "2.1.4"));
    expect(warnings.map((warning) => warning.rule)).to.not.include(rule);
  });
});

describe("metadata_and_data_stay_where_they_are", () => {
  const rule = "metadata_and_data_stay_where_they_are";
  const s3 = (over: HelmValues): HelmValues => ({
    externalS3: { enabled: true, host: "s3.example.com", bucketName: "prod", rootPath: "milvus", ...over },
    minio: { enabled: false },
  });
  const hop = { chart: "4.2.20", from: "2.4.15", to: "2.4.16", inForce: s3({}), rule };
  refuses([
    { ...hop, title: "another external bucket (fact 5.3)", values: s3({ bucketName: "test" }), says: '"test"' },
    {
      ...hop,
      title: "another path in the external bucket (fact 5.3)",
      values: s3({ rootPath: "other" }),
      says: "milvus:values.externalS3.rootPath",
    },
    {
      title: "a configuration of one's own that the running chart does not know yet (fact 5.5: 4.1.35)",
      chart: "4.1.28",
      from: "2.3.13",
      to: "2.4.16",
      values: { customConfigMap: "mine" },
      rule,
      says: "customConfigMap",
    },
    {
      title: "a configuration of one's own that is left out (fact 5.5)",
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.4.16",
      inForce: { customConfigMap: "mine" },
      config: { dropValues: ["customConfigMap"] },
      rule,
      says: "customConfigMap",
    },
  ]);
  warns([
    {
      ...hop,
      title: "another address of the storage",
      values: s3({ host: "s3.eu.example.com" }),
      says: "externalS3.host",
    },
    {
      title: "another address of etcd",
      chart: "4.2.20",
      from: "2.4.15",
      to: "2.4.16",
      values: { externalEtcd: { enabled: true, endpoints: ["etcd.new:2379"] } },
      inForce: { externalEtcd: { enabled: true, endpoints: ["etcd.old:2379"] } },
      rule,
      says: "externalEtcd.endpoints",
    },
    {
      title: "a ConfigMap of one's own, which no chart updates (fact 5.5)",
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.4.16",
      values: { customConfigMap: "mine" },
      rule: "a_config_map_of_your_own_is_not_updated",
      says: "customConfigMap is mine",
    },
  ]);
});

describe("fields_that_cannot_change_stay (fact 10.1)", () => {
  const hop = {
    chart: "4.2.20",
    from: "2.4.15",
    to: "2.4.16",
    inForce: {},
    rule: "fields_that_cannot_change_stay",
    over: { release: { chartValues: { etcd: { name: "etcd", persistence: { enabled: true, size: "10Gi" } } } } },
  };
  refuses(
    [
      { etcd: { persistence: { size: "50Gi" } } },
      { etcd: { persistence: { enabled: false } } },
      { etcd: { fullnameOverride: "metadata" } },
      { minio: { nameOverride: "storage" } },
      { pulsar: { name: "queue" } },
      { pulsar: { zookeeper: { podManagementPolicy: "OrderedReady" } } },
      { nameOverride: "vectors" },
    ].map((values) => ({ ...hop, title: JSON.stringify(values), values, says: "cannot be changed" })),
  );

  for (const { title, values } of [
    { title: "the chart's own value, written out", values: { etcd: { persistence: { size: "10Gi" } } } },
    { title: "the layout of a queue that does not run", values: { kafka: { persistence: { size: "1Gi" } } } },
  ]) {
    it(`takes ${title}`, () => {
      expect(planned(wanted("2.4.16", { values }), running(hop.chart, hop.from, hop.over)).to).to.equal("2.4.16");
    });
  }
});

describe("no_user_value_is_dropped_silently (milvus-helm README: --reset-then-reuse-values)", () => {
  const over = { release: { chartValues: { queryNode: { resources: { limits: { memory: "8Gi" } } } } } };
  refuses([
    {
      title: "a null that takes a default of the chart away",
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.4.16",
      values: {},
      inForce: { queryNode: { resources: { limits: null } } },
      over,
      rule: "no_user_value_is_dropped_silently",
      says: "queryNode.resources.limits",
    },
  ]);

  it("says nothing of a null over nothing", () => {
    const inForce = { queryNode: { affinity: null } };
    expect(planned(wanted("2.4.16"), running("4.1.36", "2.4.5", { values: inForce })).to).to.equal("2.4.16");
  });

  for (const { title, values } of [
    {
      title: "external etcd, object storage and Kafka",
      values: {
        externalEtcd: { enabled: true, endpoints: ["etcd.example:2379"] },
        etcd: { enabled: false },
        externalS3: { enabled: true, host: "s3.example.com", bucketName: "prod" },
        minio: { enabled: false },
        externalKafka: { enabled: true, brokerList: "kafka.example:9092" },
        pulsar: { enabled: false },
      },
    },
  ]) {
    it(`keeps ${title} of an adopted release as they are`, () => {
      const found = planned(wanted("2.5.16", { values }), running("4.2.20", "2.4.16", { values }));
      for (const key of Object.keys(values)) {
        expect(getValue(found.values, path(key)), key).to.deep.include(getValue(values, path(key)));
      }
      expect(getValue(found.values, path("pulsarv3.enabled"))).to.equal(false);
    });
  }
});

describe("what is known of a hop", () => {
  warns([
    {
      title: "Services that go with chart 5 (fact 5.7)",
      chart: "4.2.58",
      from: "2.5.16",
      to: "2.6.15",
      over: { names: ["mixcoord", "indexnode", "datanode", "querynode", "proxy"] },
      rule: "services_of_the_old_coordinators_go",
      says: "rootcoord",
    },
    {
      title: "3.0.0, which milvus-backup does not support (fact 2.9)",
      chart: "5.0.22",
      from: "2.6.20",
      to: "3.0.0",
      over: { names: STREAMING },
      rule: "take_3_0_1_or_later",
      says: "milvus-backup supports 3.0 from 3.0.1",
    },
  ]);
});

describe("a standalone on the way to 2.6", () => {
  it("hears nothing of coordinators' Services", () => {
    const values = { cluster: { enabled: false } };
    const { warnings } = planned(
      wanted("2.6.15", { values }),
      running("4.2.58", "2.5.16", { values, names: ["standalone"] }),
    );
    expect(warnings.map(({ rule }) => rule)).to.not.include("services_of_the_old_coordinators_go");
  });
});

describe("Kafka's image at 5.0.1 (fact 4.2: another repository too)", () => {
  it("is named with both values that keep it", () => {
    const values = { kafka: { enabled: true }, pulsar: { enabled: false }, pulsarv3: { enabled: false } };
    const names = ["mixcoord", "indexnode", "datanode", "querynode", "proxy"];
    const { warnings } = planned(wanted("2.6.15", { values }), running("4.2.58", "2.5.16", { values, names }));
    expect(warnings.map(({ message }) => message).join(" ")).to.contain(
      "3.1.0-debian-10-r52 becomes 3.1.0 with chart 5.0.19. To keep it, set milvus:values.kafka.image.tag and kafka.image.repository.",
    );
  });
});

describe("Deployments without a Helm record", () => {
  it("may be rendered by Argo CD or helm template, and that is said", () => {
    const { components } = running("4.0.24", "2.2.9", { names: SEPARATE });
    expect(refused(wanted("2.2.14"), cluster({ components })).remedy).to.contain(
      "Argo CD, Pulumi's Chart and `helm template`",
    );
  });
});
