import { expect } from "chai";
import { parse } from "yaml";
import type { DependencyImages, HelmValues, QueueType, Refusal, UpgradePlan } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { FINAL_RULES, VALUE_RULES } from "../../../../upgrade/values/rules/all";
import { getValue, mergeValues, path, USER_YAML } from "../../../../upgrade/values/tree";
import { cluster, MIXED, planned, type RunningOptions, refused, running, STREAMING, wanted } from "../support";

interface Hop {
  readonly chart: string;
  readonly from: string;
  readonly to: string;
  readonly values?: HelmValues;
  /** In the release; default: the same. */
  readonly inForce?: HelmValues;
  readonly over?: RunningOptions;
  readonly dependencyImages?: DependencyImages;
}

function plan({ chart, from, to, values = {}, inForce = values, over, dependencyImages }: Hop): UpgradePlan {
  return planned(
    wanted(to, { values, ...(dependencyImages && { dependencyImages }) }),
    running(chart, from, { values: inForce, ...over }),
  );
}

function refusal({ chart, from, to, values = {}, inForce = values, over }: Hop): Refusal {
  return refused(wanted(to, { values }), running(chart, from, { values: inForce, ...over }));
}

function valueAt(found: UpgradePlan, key: string): unknown {
  return getValue(found.values, path(key));
}

function userYaml(found: UpgradePlan): unknown {
  const text = getValue(found.values, USER_YAML);
  return typeof text === "string" ? parse(text) : undefined;
}

function rulesOf(found: UpgradePlan): string[] {
  return found.warnings.map(({ rule }) => rule);
}

const KAFKA = { kafka: { enabled: true }, pulsar: { enabled: false } };
const STANDALONE = { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } };
const standalone: RunningOptions = { names: ["standalone"] };

describe("the_image_tag_is_explicit (fact 1.4)", () => {
  it("sets v and the version", () => {
    expect(valueAt(plan({ chart: "4.0.24", from: "2.2.9", to: "2.2.11" }), "image.all.tag")).to.equal("v2.2.11");
  });

  it("keeps the variant that runs", () => {
    const over = { component: { image: "reg/milvus:v2.4.5-gpu" } };
    expect(valueAt(plan({ chart: "4.1.36", from: "2.4.5", to: "2.4.16", over }), "image.all.tag")).to.equal(
      "v2.4.16-gpu",
    );
  });

  it("takes the variant from the version", () => {
    expect(valueAt(plan({ chart: "4.1.36", from: "2.4.5", to: "2.4.16-gpu" }), "image.all.tag")).to.equal(
      "v2.4.16-gpu",
    );
  });

  it("leaves another repository to the user", () => {
    const values = { image: { all: { repository: "registry.example.com/milvus" } } };
    const found = plan({ chart: "4.1.36", from: "2.4.5", to: "2.4.16", values });
    expect(getValue(found.values, path("image.all"))).to.deep.equal({
      repository: "registry.example.com/milvus",
      tag: "v2.4.16",
    });
  });

  it("takes a tag of the same version as it is", () => {
    const values = { image: { all: { tag: "v2.4.16-gpu" } } };
    const found = plan({ chart: "4.1.36", from: "2.4.5", to: "2.4.16", values });
    expect(valueAt(found, "image.all.tag")).to.equal("v2.4.16-gpu");
    expect(found.added.map(({ path: key }) => key)).to.not.include("image.all.tag");
  });

  it("keeps a digest, and says that it cannot be checked", () => {
    const values = { image: { all: { repository: "milvusdb/milvus@sha256", tag: "ab12" } } };
    const over = { component: { image: "milvusdb/milvus@sha256:ab12" } };
    const state = running("4.1.36", "2.4.5", { values, ...over });
    const found = planned(wanted("2.4.16", { values, currentVersion: "2.4.5" }), state);
    expect(valueAt(found, "image.all.tag")).to.equal("ab12");
    expect(rulesOf(found)).to.include("the_image_tag_is_explicit");
  });

  it("refuses a tag of another version and names the key", () => {
    const found = refusal({
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.4.16",
      values: { image: { all: { tag: "v2.4.5" } } },
    });
    expect(found.rule).to.equal("the_image_tag_is_explicit");
    expect(found.reason).to.contain("image.all.tag").and.contain("2.4.16");
    expect(found.remedy).to.contain("pulumi config rm --path 'milvus:values.image.all.tag'");
  });
});

describe("the_message_queue_stays (facts 4.1, 4.3, 4.4)", () => {
  const pins = {
    pulsar: "pulsar.enabled",
    pulsarv3: "pulsarv3.enabled",
    kafka: "kafka.enabled",
    woodpecker: "woodpecker.enabled",
  };

  for (const { title, hop, on } of [
    { title: "the bundled Pulsar 2 over 4.2.27", hop: { chart: "4.2.20", from: "2.4.16", to: "2.5.16" }, on: "pulsar" },
    {
      title: "the bundled Pulsar 3 over 5.0.0",
      hop: { chart: "4.2.58", from: "2.5.16", to: "2.6.15", over: { names: MIXED } },
      on: "pulsarv3",
    },
    { title: "the bundled Kafka", hop: { chart: "4.2.20", from: "2.4.16", to: "2.5.16", values: KAFKA }, on: "kafka" },
    {
      title: "Woodpecker in a cluster",
      hop: {
        chart: "5.0.8",
        from: "2.6.6",
        to: "2.6.15",
        values: { woodpecker: { enabled: true }, pulsarv3: { enabled: false } },
        over: { names: STREAMING },
      },
      on: "woodpecker",
    },
    {
      title: "an external Pulsar",
      hop: { chart: "4.2.20", from: "2.4.16", to: "2.5.16", values: { externalPulsar: { enabled: true, host: "p" } } },
      on: "none",
    },
    {
      title: "an external Kafka",
      hop: {
        chart: "4.2.20",
        from: "2.4.16",
        to: "2.5.16",
        values: { externalKafka: { enabled: true }, pulsar: { enabled: false } },
      },
      on: "none",
    },
    {
      title: "RocksMQ",
      hop: { chart: "4.2.58", from: "2.5.16", to: "2.6.15", values: STANDALONE, over: standalone },
      on: "none",
    },
  ]) {
    it(`keeps ${title}`, () => {
      const found = plan(hop);
      for (const [queue, key] of Object.entries(pins)) expect(valueAt(found, key), key).to.equal(queue === on);
    });
  }

  it("keeps RocksMQ of a standalone over 5.0.0, whose default is Woodpecker", () => {
    const values = { cluster: { enabled: false } };
    const found = plan({ chart: "4.2.58", from: "2.5.16", to: "2.6.15", values, over: standalone });
    expect(valueAt(found, "standalone.messageQueue")).to.equal("rocksmq");
  });

  it("sets no switch that the chart does not have", () => {
    const found = plan({ chart: "3.1.8", from: "2.1.1", to: "2.1.4" });
    expect([valueAt(found, "pulsarv3.enabled"), valueAt(found, "woodpecker.enabled")]).to.deep.equal([
      undefined,
      undefined,
    ]);
  });

  for (const { title, hop, key } of [
    {
      title: "Pulsar 3 asked for where Pulsar 2 runs",
      hop: { values: { pulsarv3: { enabled: true } }, inForce: {} },
      key: "pulsarv3.enabled",
    },
    {
      title: "Pulsar 2 switched off",
      hop: { values: { pulsar: { enabled: false } }, inForce: {} },
      key: "pulsar.enabled",
    },
    {
      title: "an external Kafka",
      hop: { values: { externalKafka: { enabled: true } }, inForce: {} },
      key: "externalKafka.enabled",
    },
  ]) {
    it(`refuses ${title} and names ${key}`, () => {
      const found = refusal({ chart: "4.2.20", from: "2.4.16", to: "2.5.16", ...hop });
      expect(found.rule).to.equal("the_message_queue_stays");
      expect(found.reason).to.contain(key);
    });
  }

  it("refuses another mq.type in user.yaml", () => {
    const values = { extraConfigFiles: { "user.yaml": "mq:\n  type: kafka\n" } };
    const found = refusal({ chart: "4.2.20", from: "2.4.16", to: "2.5.16", values, inForce: {} });
    expect([found.rule, found.reason.includes("mq.type to kafka")]).to.deep.equal(["the_message_queue_stays", true]);
  });

  it("refuses to guess between Pulsar by default and Kafka before chart 4.0.33", () => {
    const found = refusal({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", values: { kafka: { enabled: true } } });
    expect(found.rule).to.equal("the_message_queue_must_be_plain");
    expect(found.reason).to.contain("pulsar.enabled").and.contain("kafka.enabled");
  });

  it("takes the user's word which of two runs", () => {
    const found = plan({
      chart: "4.0.24",
      from: "2.2.9",
      to: "2.2.11",
      values: KAFKA,
      inForce: { kafka: { enabled: true } },
    });
    expect([valueAt(found, "kafka.enabled"), valueAt(found, "pulsar.enabled")]).to.deep.equal([true, false]);
  });

  it("takes Kafka for what runs beside Pulsar 3 by default (duplicate mq, the last counts)", () => {
    const values = { kafka: { enabled: true } };
    const found = plan({ chart: "4.2.58", from: "2.5.16", to: "2.6.15", values, over: { names: MIXED } });
    expect([valueAt(found, "pulsarv3.enabled"), valueAt(found, "kafka.enabled")]).to.deep.equal([false, true]);
  });

  it("refuses to guess what a standalone of chart 5 uses by default", () => {
    const found = refusal({
      chart: "5.0.8",
      from: "2.6.6",
      to: "2.6.15",
      values: { cluster: { enabled: false } },
      over: standalone,
    });
    expect(found.rule).to.equal("the_message_queue_must_be_plain");
    expect(found.remedy).to.contain("standalone.messageQueue");
  });

  it("knows that the first revision of chart 5 uses Woodpecker", () => {
    const over: RunningOptions = { ...standalone, release: { revision: 1 } };
    const found = plan({ chart: "5.0.8", from: "2.6.6", to: "2.6.15", values: { cluster: { enabled: false } }, over });
    expect(valueAt(found, "standalone.messageQueue")).to.equal("woodpecker");
  });

  it("knows the defaults of a fork of the chart from the release record", () => {
    const chartValues = { kafka: { enabled: true }, pulsar: { enabled: false } };
    const found = plan({ chart: "4.1.36", from: "2.4.5", to: "2.4.16", over: { release: { chartValues } } });
    expect([valueAt(found, "kafka.enabled"), valueAt(found, "pulsar.enabled")]).to.deep.equal([true, false]);
  });

  it("refuses values that enable no queue at all", () => {
    const found = refusal({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", values: { pulsar: { enabled: false } } });
    expect(found.rule).to.equal("the_message_queue_must_be_plain");
  });
});

describe("standalone_and_cluster_are_not_exchanged (milvus-docs v2.1.x upgrade.md)", () => {
  it("refuses a cluster where a standalone runs, naming cluster.enabled", () => {
    const found = refusal({
      chart: "4.0.24",
      from: "2.2.9",
      to: "2.2.11",
      values: {},
      inForce: STANDALONE,
      over: standalone,
    });
    expect([found.rule, found.remedy.includes("milvus:values.cluster.enabled' false")]).to.deep.equal([
      "standalone_and_cluster_are_not_exchanged",
      true,
    ]);
  });
});

describe("mixcoord_before_2_6 (fact 4.5)", () => {
  const coordinators = (found: UpgradePlan) =>
    ["mix", "root", "data", "query", "index"].map((name) => valueAt(found, `${name}Coordinator.enabled`));

  for (const { title, hop, expected } of [
    {
      title: "keeps separate ones over the flip at 4.2.4",
      hop: { chart: "4.1.36", from: "2.4.5", to: "2.4.16" },
      expected: [false, true, true, true, true],
    },
    {
      title: "keeps separate ones before 2.5.16",
      hop: { chart: "4.2.20", from: "2.4.16", to: "2.5.10" },
      expected: [false, true, true, true, true],
    },
    {
      title: "makes them one mixcoord at 2.5.16",
      hop: { chart: "4.2.20", from: "2.4.16", to: "2.5.16" },
      expected: [true, false, false, false, false],
    },
    {
      title: "keeps a mixcoord",
      hop: { chart: "4.2.33", from: "2.5.0", to: "2.5.10", over: { names: MIXED } },
      expected: [true, false, false, false, false],
    },
    {
      title: "leaves separate ones that the values ask for",
      hop: {
        chart: "4.2.20",
        from: "2.4.16",
        to: "2.5.16",
        values: { mixCoordinator: { enabled: false }, rootCoordinator: { enabled: true } },
      },
      expected: [false, true, true, true, true],
    },
    {
      title: "switches the others off when the values ask for a mixcoord",
      hop: {
        chart: "4.2.20",
        from: "2.4.16",
        to: "2.5.10",
        values: { mixCoordinator: { enabled: true } },
        inForce: {},
      },
      expected: [true, false, false, false, false],
    },
  ]) {
    it(title, () => {
      expect(coordinators(plan(hop))).to.deep.equal(expected);
    });
  }

  it("refuses both kinds side by side, naming the key", () => {
    const values = { mixCoordinator: { enabled: true }, rootCoordinator: { enabled: true } };
    const found = refusal({ chart: "4.2.58", from: "2.5.15", to: "2.5.16", values });
    expect([found.rule, found.reason.includes("rootCoordinator.enabled")]).to.deep.equal(["mixcoord_before_2_6", true]);
  });

  it("refuses a mixcoord on a chart without one", () => {
    const values = { mixCoordinator: { enabled: true } };
    const found = refusal({ chart: "3.1.8", from: "2.1.1", to: "2.1.4", values });
    expect([found.rule, found.reason.includes("3.2.18")]).to.deep.equal(["mixcoord_before_2_6", true]);
  });

  it("refuses separate coordinators for 2.6", () => {
    const found = refused(wanted("2.6.15", { values: { rootCoordinator: { enabled: true } } }), cluster());
    expect(found.rule).to.equal("mixcoord_before_2_6");
  });
});

describe("streamingnode_and_indexnode_follow_the_version (fact 4.6)", () => {
  it("switches to the streaming node at 2.6", () => {
    const found = plan({ chart: "4.2.58", from: "2.5.16", to: "2.6.15", over: { names: MIXED } });
    expect([valueAt(found, "streaming.enabled"), valueAt(found, "indexNode.enabled")]).to.deep.equal([true, false]);
  });

  it("keeps index nodes before", () => {
    const found = plan({ chart: "4.2.20", from: "2.4.16", to: "2.5.16" });
    expect([valueAt(found, "streaming.enabled"), valueAt(found, "indexNode.enabled")]).to.deep.equal([false, true]);
  });

  for (const values of [{ indexNode: { enabled: true } }, { streaming: { enabled: false } }]) {
    it(`refuses ${JSON.stringify(values)} for 2.6`, () => {
      const found = refusal({ chart: "4.2.58", from: "2.5.16", to: "2.6.15", values, over: { names: MIXED } });
      expect(found.rule).to.equal("streamingnode_and_indexnode_follow_the_version");
      expect(found.reason).to.contain(`${Object.keys(values)[0] ?? ""}.enabled`);
    });
  }
});

/** What charts before 4.0.0 wrote, and is kept. */
const KEPT: HelmValues = { proxy: { maxFieldNum: 256, maxShardNum: 256 }, rootCoord: { dmlChannelNum: 256 } };
const KEPT_BELOW_3_3_2: HelmValues = {
  proxy: { grpc: { serverMaxRecvSize: 2147483647, serverMaxSendSize: 2147483647 } },
};

describe("settings_the_chart_used_to_write (config.tpl of 3.1.0 to 4.0.0, milvus.yaml of 2.2.16 and 2.3.5)", () => {
  const said = (found: UpgradePlan) =>
    found.warnings.flatMap(({ rule, message }) => (rule === "settings_the_chart_used_to_write" ? [message] : []));

  it("keeps the limits that clients live by, and names the rest with both values", () => {
    const found = plan({ chart: "3.2.18", from: "2.1.4", to: "2.2.14" });
    expect(userYaml(found)).to.deep.equal(mergeValues(KEPT, KEPT_BELOW_3_3_2));
    const kept = found.added.filter(({ rule }) => rule === "settings_the_chart_used_to_write");
    expect(kept.map(({ path: key }) => key)).to.include('extraConfigFiles["user.yaml"]: proxy.maxFieldNum');
    expect(said(found)).to.have.length(1);
    for (const change of [
      "dataCoord.gc.dropTolerance 3600 becomes 10800",
      "dataCoord.segment.maxLife 3600 becomes 86400",
    ]) {
      expect(said(found)[0]).to.include(change);
    }
    expect(said(found)[0]).to.not.include("common.retentionDuration").and.not.include("rocksmq");
  });

  it("of a 3.1.x chart says that time travel's retention ends", () => {
    expect(said(plan({ chart: "3.1.10", from: "2.1.4", to: "2.2.14" }))[0]).to.include(
      "common.retentionDuration 432000 becomes 0",
    );
  });

  it("names what 2.3 sees otherwise than 2.2", () => {
    const found = said(plan({ chart: "3.3.6", from: "2.2.2", to: "2.3.13" }))[0];
    expect(found)
      .to.include("queryNode.loadMemoryUsageFactor 3 becomes 1")
      .and.include("queryCoord.taskMergeCap 16 becomes 1");
  });

  it("of a standalone keeps how long RocksMQ retains", () => {
    const found = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values: STANDALONE, over: standalone });
    expect(userYaml(found)).to.deep.equal({ ...KEPT, rocksmq: { retentionTimeInMinutes: 10080 } });
  });

  it("leaves alone what the user set, by the shortcut or in user.yaml", () => {
    const values = {
      proxy: { maxFieldNum: 80 },
      extraConfigFiles: { "user.yaml": "proxy:\n  maxShardNum: 8\ndataCoord:\n  segment:\n    maxLife: 1\n" },
    };
    const found = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values });
    expect(userYaml(found)).to.deep.include({ proxy: { maxFieldNum: 80, maxShardNum: 8 } });
    expect(said(found)[0]).to.not.include("maxLife");
  });

  it("stays kept in later runs, whose stack config does not have it, and then changes nothing", () => {
    const first = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9" });
    const state = running(first.chart.version, "2.2.9", { values: first.values });
    expect(planUpgrade(wanted("2.2.9"), state).kind).to.equal("nothing");
    const next = planUpgrade(wanted("2.3.13"), state);
    if (next.kind === "refused") return expect.fail(next.reason);
    expect(userYaml(next)).to.deep.equal(KEPT);
    expect(said(next)).to.deep.equal([]);
  });

  it("has nothing to do between charts that write nothing, or that all write", () => {
    expect(userYaml(plan({ chart: "4.0.31", from: "2.2.9", to: "2.3.13" }))).to.equal(undefined);
    expect(userYaml(plan({ chart: "3.3.0", from: "2.2.0", to: "2.2.0" }))).to.equal(undefined);
  });
});

describe("the_message_queue_was_switched (milvus pull request 45286)", () => {
  const PULSAR: HelmValues = { pulsarv3: { enabled: true }, woodpecker: { enabled: false } };
  const WOODPECKER: HelmValues = { pulsarv3: { enabled: false }, woodpecker: { enabled: true } };
  const state = (values: HelmValues) => running("5.0.19", "2.6.15", { values, names: STREAMING });
  const at = (values: HelmValues, messageQueue?: QueueType) =>
    planUpgrade(wanted("2.6.20", { values, ...(messageQueue && { messageQueue }) }), state(PULSAR));

  it("values that name another queue than in force are refused as ever, unless the key says that it was switched to that", () => {
    expect(at(WOODPECKER)).to.include({ kind: "refused" });
    expect(at(WOODPECKER, "kafka")).to.include({ kind: "refused" });
    const found = at(WOODPECKER, "woodpecker");
    if (found.kind === "refused") return expect.fail(found.reason);
    expect([valueAt(found, "woodpecker.enabled"), valueAt(found, "pulsarv3.enabled")]).to.deep.equal([true, false]);
    expect(rulesOf(found)).to.include("the_message_queue_was_switched");
  });

  it("values that still name the old queue stay: the old queue may be read yet", () => {
    const found = at(PULSAR, "woodpecker");
    if (found.kind === "refused") return expect.fail(found.reason);
    expect([valueAt(found, "woodpecker.enabled"), valueAt(found, "pulsarv3.enabled")]).to.deep.equal([false, true]);
    expect(rulesOf(found)).to.not.include("the_message_queue_was_switched");
  });

  it("is refused of a version that has no such API", () => {
    const found = planUpgrade(
      wanted("2.5.16", { messageQueue: "woodpecker" }),
      running("4.2.20", "2.4.16", { names: MIXED }),
    );
    expect(found).to.include({ kind: "refused", rule: "the_message_queue_was_switched" });
  });
});

describe("nats_is_gone_in_2_6 (milvus issue 41564)", () => {
  const NATS: HelmValues = { cluster: { enabled: false }, standalone: { messageQueue: "natsmq" } };
  const BY_TYPE: HelmValues = {
    cluster: { enabled: false },
    standalone: { messageQueue: "rocksmq" },
    extraConfigFiles: { "user.yaml": "mq:\n  type: natsmq\n" },
  };
  const over = standalone;

  for (const [what, values] of Object.entries({ "standalone.messageQueue": NATS, "mq.type in user.yaml": BY_TYPE })) {
    it(`refuses the hop to 2.6 from NATS, chosen by ${what}, and says how the data gets over`, () => {
      const found = refusal({ chart: "4.2.58", from: "2.5.16", to: "2.6.15", values, over });
      expect(found.rule).to.equal("nats_is_gone_in_2_6");
      expect(found.reason).to.equal("Milvus 2.6.15 has no NATS (natsmq), which Milvus 2.5.16 runs on.");
      expect(found.remedy).to.include("pulumi config set milvus:version 2.5.16").and.include("milvus-backup");
    });
  }

  it("goes on within what has it", () => {
    expect(plan({ chart: "4.2.20", from: "2.4.16", to: "2.5.16", values: NATS, over }).to).to.equal("2.5.16");
  });

  it("refuses an install of 2.6 with it", () => {
    const found = planUpgrade(wanted("2.6.15", { values: NATS }), cluster());
    expect(found).to.include({ kind: "refused", rule: "nats_is_gone_in_2_6" });
  });
});

describe("config_shortcuts_move_to_user_yaml (facts 5.2, 5.3)", () => {
  it("moves the metadata's root path, without which Milvus starts empty", () => {
    const values = { metadata: { rootPath: "prod" }, msgChannel: { chanNamePrefix: { cluster: "prod" } } };
    const found = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values });
    expect(userYaml(found)).to.deep.equal({
      ...KEPT,
      etcd: { rootPath: "prod" },
      msgChannel: { chanNamePrefix: { cluster: "prod" } },
    });
    expect([found.values.metadata, found.values.msgChannel]).to.deep.equal([undefined, undefined]);
    expect(found.added.map(({ path: key, value }) => [key, value])).to.deep.include([
      'extraConfigFiles["user.yaml"]: etcd.rootPath',
      "prod",
    ]);
  });

  it("moves it in the migration from 2.1 as well", () => {
    const found = plan({ chart: "3.2.18", from: "2.1.4", to: "2.2.9", values: { metadata: { rootPath: "prod" } } });
    expect([found.kind, found.migration?.store.rootPath, userYaml(found)]).to.deep.equal([
      "migration",
      "prod",
      mergeValues(mergeValues(KEPT, KEPT_BELOW_3_3_2), { etcd: { rootPath: "prod" } }),
    ]);
  });

  for (const { values, moved } of [
    { values: { authorization: { enabled: true } }, moved: { common: { security: { authorizationEnabled: true } } } },
    {
      values: { dataCoordinator: { segment: { maxSize: 1024 }, replicas: 2 } },
      moved: { dataCoord: { segment: { maxSize: 1024 } } },
    },
    {
      values: { quotaAndLimits: { dml: { insertRate: { max: 8 } } } },
      moved: { quotaAndLimits: { dml: { insertRate: { max: 8 } } } },
    },
    { values: { common: { compaction: { retentionDuration: 7 } } }, moved: { common: { retentionDuration: 7 } } },
    { values: { indexCoordinator: { gc: { interval: 600 } } }, moved: { indexCoord: { gc: { interval: 600 } } } },
    {
      values: { indexNode: { scheduler: { buildParallel: 2 } } },
      moved: { indexNode: { scheduler: { buildParallel: 2 } } },
    },
    { values: { proxy: { maxTaskNum: 99, replicas: 2 } }, moved: { proxy: { maxTaskNum: 99 } } },
    { values: { queryCoordinator: { autoBalance: false } }, moved: { queryCoord: { autoBalance: false } } },
    { values: { queryNode: { grouping: { maxNQ: 9 } } }, moved: { queryNode: { grouping: { maxNQ: 9 } } } },
    { values: { rootCoordinator: { dmlChannelNum: 64 } }, moved: { rootCoord: { dmlChannelNum: 64 } } },
    { values: { dataNode: { segment: { syncPeriod: 60 } } }, moved: { dataNode: { segment: { syncPeriod: 60 } } } },
    { values: { standalone: { rocksmq: { retentionSizeInMB: 8 } } }, moved: { rocksmq: { retentionSizeInMB: 8 } } },
  ]) {
    it(`moves ${JSON.stringify(values)}`, () => {
      const expected = mergeValues(KEPT, moved);
      expect(userYaml(plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values }))).to.deep.equal(expected);
    });
  }

  it("leaves what is no shortcut beside it", () => {
    const values = { dataCoordinator: { segment: { maxSize: 1024 }, replicas: 2 } };
    const found = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values });
    expect(valueAt(found, "dataCoordinator.replicas")).to.equal(2);
    expect(valueAt(found, "dataCoordinator.segment")).to.equal(undefined);
  });

  it("keeps the user's own user.yaml with its comments", () => {
    const values = {
      metadata: { rootPath: "prod" },
      extraConfigFiles: { "user.yaml": "# ours\nproxy:\n  http:\n    enabled: true # REST\n" },
    };
    const text = getValue(plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values }).values, USER_YAML);
    expect(text).to.contain("# ours").and.contain("# REST").and.contain("rootPath: prod");
  });

  it("is done once: the next plan has nothing to do", () => {
    const values = { metadata: { rootPath: "prod" } };
    const first = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values });
    const again = planUpgrade(
      wanted("2.2.9", { values }),
      running(first.chart.version, "2.2.9", { values: first.values }),
    );
    expect(again.kind).to.equal("nothing");
  });

  it("does nothing before 4.0.0, which still reads them", () => {
    const found = plan({ chart: "3.3.0", from: "2.2.0", to: "2.2.0", values: { metadata: { rootPath: "prod" } } });
    expect(valueAt(found, "metadata.rootPath")).to.equal("prod");
  });

  it("does not bring back what the running chart ignores already", () => {
    const values = { dataCoordinator: { segment: { maxSize: 1024 } } };
    const found = plan({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", values });
    expect(userYaml(found)).to.equal(undefined);
    expect(found.warnings.map(({ message }) => message).join()).to.contain("dataCoordinator.segment.maxSize");
  });

  it("says of one that its chart has never read that it stays without effect (fact 5.8)", () => {
    for (const [chart, from, values] of [
      ["3.3.6", "2.2.0", { common: { strange: 1 } }],
      ["3.2.0", "2.1.2", { quotaAndLimits: { enabled: true } }],
    ] as const) {
      const found = plan({ chart, from, to: "2.2.9", values });
      const key = Object.keys(values)[0] ?? "";
      expect(userYaml(found)).to.not.have.property(key);
      expect(found.warnings.map(({ message }) => message).join()).to.match(new RegExp(`sets ${key}.*without effect`));
    }
  });

  it("refuses one of a fork whose place is not known, by name", () => {
    const found = refusal({ chart: "3.3.6-acme.1", from: "2.2.0", to: "2.2.9", values: { common: { strange: 1 } } });
    expect([found.rule, found.reason.includes("common.strange")]).to.deep.equal([
      "config_shortcuts_move_to_user_yaml",
      true,
    ]);
  });

  it("refuses one that user.yaml contradicts, by name and without the value", () => {
    const values = { metadata: { rootPath: "prod" }, extraConfigFiles: { "user.yaml": "etcd:\n  rootPath: other\n" } };
    const found = refusal({ chart: "3.3.0", from: "2.2.0", to: "2.2.9", values });
    expect(found.rule).to.equal("config_shortcuts_move_to_user_yaml");
    expect(found.reason).to.contain("metadata.rootPath").and.not.contain("prod");
  });

  it("refuses user.yaml that is no YAML, without quoting it", () => {
    const values = { extraConfigFiles: { "user.yaml": "minio:\n  password: 'secret" } };
    const found = refusal({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values });
    expect(found.rule).to.equal("user_yaml_must_be_readable");
    expect(found.reason).to.not.contain("secret");
  });
});

describe("insert_buffer_size_has_a_new_name (fact 5.1)", () => {
  const values = { dataNode: { flush: { insertBufSize: 99 } } };

  it("is moved within the values for charts 3.3.x", () => {
    const found = planned(wanted("2.2.0", { values }), running("3.2.18", "2.1.4", { values }));
    expect(found.values.dataNode).to.deep.equal({ segment: { insertBufSize: 99 } });
  });

  it("is moved to user.yaml for later ones", () => {
    const found = planned(wanted("2.2.9", { values }), running("3.2.18", "2.1.4", { values }));
    const moved = { dataNode: { segment: { insertBufSize: 99 } } };
    expect(userYaml(found)).to.deep.equal(mergeValues(mergeValues(KEPT, KEPT_BELOW_3_3_2), moved));
  });
});

describe("metadata_and_data_stay_where_they_are (fact 5.3)", () => {
  for (const { title, chart, from, to, values, inForce, names } of [
    {
      title: "a root path that the config lost",
      chart: "4.0.24",
      from: "2.2.9",
      to: "2.2.11",
      values: {},
      inForce: { extraConfigFiles: { "user.yaml": "etcd:\n  rootPath: prod\n" } },
      names: "metadata's root path",
    },
    {
      title: "a root path that the chart has never read",
      chart: "4.0.24",
      from: "2.2.9",
      to: "2.2.11",
      values: { extraConfigFiles: { "user.yaml": "etcd:\n  rootPath: prod\n" } },
      inForce: {},
      names: '"by-dev"',
    },
    {
      title: "another bucket",
      chart: "4.0.24",
      from: "2.2.9",
      to: "2.2.11",
      values: { minio: { bucketName: "b" } },
      inForce: {},
      names: "minio.bucketName",
    },
    {
      title: "an external etcd",
      chart: "4.0.24",
      from: "2.2.9",
      to: "2.2.11",
      values: { externalEtcd: { enabled: true } },
      inForce: {},
      names: "externalEtcd.enabled",
    },
  ]) {
    it(`refuses ${title}`, () => {
      const found = refusal({ chart, from, to, values, inForce });
      expect(found.rule).to.equal("metadata_and_data_stay_where_they_are");
      expect(`${found.reason} ${found.remedy}`).to.contain(names);
    });
  }
});

describe("fields_that_cannot_change_stay (fact 10.1)", () => {
  for (const { values, names } of [
    { values: { nameOverride: "db" }, names: "metadata.name of every object" },
    { values: { etcd: { fullnameOverride: "db" } }, names: "metadata.name of every object of etcd" },
    {
      values: { etcd: { persistence: { size: "20Gi" } } },
      names: "StatefulSet my-release-etcd, spec.volumeClaimTemplates",
    },
    {
      values: { etcd: { podManagementPolicy: "OrderedReady" } },
      names: "StatefulSet my-release-etcd, spec.podManagementPolicy",
    },
    { values: { minio: { mode: "standalone" } }, names: "StatefulSet or Deployment my-release-minio, kind" },
    { values: { minio: { zones: 2 } }, names: "StatefulSet my-release-minio, the layout of its volumes" },
    {
      values: { pulsar: { bookkeeper: { volumes: { ledgers: { size: "1Ti" } } } } },
      names: "StatefulSet my-release-pulsar-bookkeeper, spec.volumeClaimTemplates",
    },
    {
      values: { log: { persistence: { persistentVolumeClaim: { storageClass: "fast" } } } },
      names: "PersistentVolumeClaim of my-release, spec.storageClassName",
    },
  ]) {
    it(`refuses ${JSON.stringify(values)} and names ${names}`, () => {
      const found = refusal({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", values, inForce: {} });
      expect(found.rule).to.equal("fields_that_cannot_change_stay");
      expect(found.reason).to.contain(Object.keys(values)[0]).and.to.contain(`(${names})`);
    });
  }
});

describe("rules of Kubernetes versions (facts 9.1 to 9.5)", () => {
  const on = (kubernetesVersion: string): RunningOptions => ({ state: { kubernetesVersion } });
  const BUDGET = "pulsar.broker.pdb.usePolicy";

  for (const { kubernetesVersion, to, expected } of [
    { kubernetesVersion: "1.24.9", to: "2.1.4", expected: undefined },
    { kubernetesVersion: "1.25.0", to: "2.1.4", expected: false },
    { kubernetesVersion: "v1.36.3-gke.1", to: "2.1.4", expected: false },
  ]) {
    it(`${expected === false ? "switches Pulsar's budgets off" : "leaves Pulsar's budgets"} on ${kubernetesVersion} (9.1)`, () => {
      const found = plan({ chart: "3.1.8", from: "2.1.1", to, over: on(kubernetesVersion) });
      expect(valueAt(found, BUDGET)).to.equal(expected);
    });
  }

  it("does not set budgets that are off by default from 3.3.6 on", () => {
    const found = plan({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", over: on("1.36.0") });
    expect(valueAt(found, BUDGET)).to.equal(undefined);
  });

  it("refuses a budget that the values ask for, whatever the chart", () => {
    const values = { pulsar: { broker: { pdb: { usePolicy: true } } } };
    const found = refusal({ chart: "4.0.24", from: "2.2.9", to: "2.2.11", values, over: on("1.36.0") });
    expect([found.rule, found.reason.includes(BUDGET)]).to.deep.equal(["no_pulsar_budgets_on_kubernetes_1_25", true]);
  });

  for (const { values, key, kubernetesVersion } of [
    {
      values: { etcd: { disasterRecovery: { enabled: true } } },
      key: "etcd.disasterRecovery.enabled",
      kubernetesVersion: "1.25.0",
    },
    { values: { pulsar: { rbac: { psp: true } } }, key: "pulsar.rbac.psp", kubernetesVersion: "1.25.0" },
    { values: { proxy: { hpa: { enabled: true } } }, key: "proxy.hpa.enabled", kubernetesVersion: "1.22.0" },
    {
      values: { pulsar: { grafana: { ingress: { enabled: true } } } },
      key: "pulsar.grafana.ingress.enabled",
      kubernetesVersion: "1.22.0",
    },
  ]) {
    it(`refuses ${key} on ${kubernetesVersion}`, () => {
      const found = refusal({ chart: "4.2.20", from: "2.4.16", to: "2.5.16", values, over: on(kubernetesVersion) });
      expect([found.rule, found.reason.includes(key)]).to.deep.equal(["no_object_of_an_api_that_is_not_there", true]);
    });
  }

  it("takes etcd.disasterRecovery from chart 5.0.5 on", () => {
    const values = { etcd: { disasterRecovery: { enabled: true } } };
    const over = { names: STREAMING, ...on("1.36.0") };
    expect(plan({ chart: "5.0.8", from: "2.6.6", to: "2.6.15", values, over }).to).to.equal("2.6.15");
  });
});

describe("rules of single keys", () => {
  for (const { title, hop, rule, says } of [
    {
      title: "MySQL from 2.3.1 on (fact 5.5)",
      hop: { chart: "4.0.34", from: "2.2.14", to: "2.3.13", values: { mysql: { enabled: true } } },
      rule: "metadata_in_mysql_stays_below_2_3_1",
      says: "mysql.enabled",
    },
    {
      title: "ingress.hosts from 4.0.10 on (fact 5.4)",
      hop: { chart: "4.0.8", from: "2.2.3", to: "2.2.9", values: { ingress: { enabled: true, hosts: ["a"] } } },
      rule: "ingress_hosts_are_rules",
      says: "ingress.hosts",
    },
    {
      title: "the GCS gateway from 4.1.26 on (fact 5.5)",
      hop: { chart: "4.1.11", from: "2.3.4", to: "2.3.13", values: { minio: { gcsgateway: { enabled: true } } } },
      rule: "no_gcs_gateway_from_4_1_26",
      says: "minio.gcsgateway.enabled",
    },
  ]) {
    it(`refuse ${title}`, () => {
      const found = refusal(hop);
      expect([found.rule, found.reason.includes(says)]).to.deep.equal([rule, true]);
    });
  }

  for (const { title, hop, rule, says } of [
    {
      title: "keys that the chart lost (fact 5.5)",
      hop: { chart: "4.1.11", from: "2.3.4", to: "2.3.13", values: { minio: { gcsgateway: { replicas: 2 } } } },
      rule: "a_key_the_chart_lost",
      says: "minio.gcsgateway, which charts from 4.1.26 on ignore",
    },
    {
      title: "mmapDirPath on the way to 2.4 (hop table)",
      hop: {
        chart: "4.1.28",
        from: "2.3.13",
        to: "2.4.16",
        values: { extraConfigFiles: { "user.yaml": "queryNode:\n  mmapDirPath: /m\n" } },
      },
      rule: "mmap_is_a_property_of_collections_in_2_4",
      says: "mmapDirPath",
    },
    {
      title: "new resource groups (fact 5.7)",
      hop: {
        chart: "5.0.19",
        from: "2.6.14",
        to: "2.6.15",
        values: { replicaResourceGroups: ["a"] },
        inForce: {},
        over: { names: STREAMING },
      },
      rule: "resource_groups_make_new_deployments",
      says: "replicaResourceGroups",
    },
    {
      title: "etcd that restarts with the chart (fact 4.2)",
      hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16", dependencyImages: "chart" as const },
      rule: "a_dependency_restarts_with_the_chart",
      says: "3.5.5-r4 becomes 3.5.14-r1",
    },
    {
      title: "Kafka, whose image moved to another repository (fact 4.2)",
      hop: {
        chart: "5.0.0",
        from: "2.6.0",
        to: "2.6.15",
        values: { kafka: { enabled: true }, pulsar: { enabled: false }, pulsarv3: { enabled: false } },
        over: { names: STREAMING },
      },
      rule: "a_dependency_restarts_with_the_chart",
      says: "3.1.0-debian-10-r52 becomes 3.1.0",
    },
  ]) {
    it(`warn of ${title}`, () => {
      const found = plan(hop);
      const messages = found.warnings.filter((warning) => warning.rule === rule).map(({ message }) => message);
      expect(messages.join()).to.contain(says);
    });
  }

  it("write a message size as text (fact 5.4)", () => {
    const values = { pulsar: { maxMessageSize: 5242880 } };
    const found = plan({ chart: "4.0.24", from: "2.2.9", to: "2.2.14", values });
    expect(valueAt(found, "pulsar.maxMessageSize")).to.equal("5242880");
  });

  it("carry etcd's authentication to its new name (fact 5.7)", () => {
    const values = { etcd: { auth: { rbac: { enabled: true } } } };
    const found = plan({ chart: "5.0.4", from: "2.6.3", to: "2.6.15", values, over: { names: STREAMING } });
    expect(getValue(found.values, path("etcd.auth.rbac"))).to.deep.equal({ create: true });
  });

  it("keep the size of a standalone's first volume (fact 10.4)", () => {
    const found = plan({ chart: "3.1.2", from: "2.1.0", to: "2.1.4", values: STANDALONE, over: standalone });
    expect(valueAt(found, "standalone.persistence.persistentVolumeClaim.size")).to.equal("5Gi");
  });

  describe("keep the images of the dependencies (fact 4.2)", () => {
    const ETCD = "etcd.image.tag";
    const MINIO = "minio.image.tag";
    const BROKER = "pulsar.images.broker.tag";
    const rows: readonly {
      readonly title: string;
      readonly hop: Hop;
      readonly kept: Readonly<Record<string, string | undefined>>;
    }[] = [
      {
        title: "of the old chart's defaults, where the new chart has others",
        hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16" },
        kept: { [ETCD]: "3.5.5-r4", [MINIO]: undefined, [BROKER]: "2.8.2" },
      },
      {
        title: "over a migration",
        hop: { chart: "3.2.18", from: "2.1.4", to: "2.2.14" },
        kept: { [ETCD]: "3.5.0-r7", [MINIO]: "RELEASE.2022-03-17T06-34-49Z", [BROKER]: undefined },
      },
      {
        title: "as an earlier run has kept them, hop after hop",
        hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16", inForce: { etcd: { image: { tag: "3.5.0-r7" } } } },
        kept: { [ETCD]: "3.5.0-r7" },
      },
      {
        title: "also in a run that changes nothing",
        hop: { chart: "4.1.28", from: "2.3.13", to: "2.3.13", inForce: { etcd: { image: { tag: "3.5.0-r7" } } } },
        kept: { [ETCD]: "3.5.0-r7" },
      },
      {
        title: "of a chart whose defaults are not the public one's, run after run",
        hop: {
          chart: "4.1.28",
          from: "2.3.13",
          to: "2.3.13",
          inForce: { etcd: { image: { tag: "own" } } },
          over: {
            release: {
              userValues: { etcd: { image: { tag: "own" } } },
              chartValues: { etcd: { image: { tag: "own" } } },
            },
          },
        },
        kept: { [ETCD]: "own" },
      },
      {
        title: "not against the user's own tag",
        hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16", values: { etcd: { image: { tag: "3.5.16-r1" } } } },
        kept: { [ETCD]: "3.5.16-r1" },
      },
      {
        title: "not when milvus:dependencyImages is chart",
        hop: { chart: "4.1.28", from: "2.3.13", to: "2.4.16", dependencyImages: "chart" as const },
        kept: { [ETCD]: undefined, [BROKER]: undefined },
      },
      {
        title: "not of an etcd that the chart does not bring",
        hop: {
          chart: "4.1.28",
          from: "2.3.13",
          to: "2.4.16",
          values: { externalEtcd: { enabled: true, endpoints: ["etcd:2379"] } },
        },
        kept: { [ETCD]: undefined },
      },
    ];
    for (const { title, hop, kept } of rows) {
      it(title, () => {
        const found = plan(hop);
        expect(Object.fromEntries(Object.keys(kept).map((key) => [key, valueAt(found, key)]))).to.deep.equal(kept);
        const dependencies = found.warnings.filter(({ rule }) => rule === "a_dependency_restarts_with_the_chart");
        expect(dependencies.length > 0).to.equal(hop.dependencyImages === "chart");
      });
    }
  });

  it("say nothing of an image that the values keep", () => {
    const found = plan({
      chart: "4.1.28",
      from: "2.3.13",
      to: "2.4.16",
      values: { etcd: { image: { tag: "3.5.5-r4" } } },
    });
    expect(found.warnings.map(({ message }) => message).join()).to.not.contain("etcd restarts");
  });
});

describe("value rules", () => {
  it("each have a name of their own, a source and an explanation", () => {
    const rules = [...VALUE_RULES, ...FINAL_RULES];
    expect(new Set(rules.map(({ name }) => name)).size).to.equal(rules.length);
    for (const { source, explanation } of rules) expect(Math.min(source.length, explanation.length)).to.be.above(5);
  });

  it("leave the user's own values as they are", () => {
    const values = Object.freeze({ proxy: Object.freeze({ replicas: 3 }), metadata: Object.freeze({ rootPath: "x" }) });
    const found = plan({ chart: "3.3.6", from: "2.2.0", to: "2.2.9", values });
    expect(valueAt(found, "proxy.replicas")).to.equal(3);
    expect(values.metadata.rootPath).to.equal("x");
  });
});
