import { expect } from "chai";
import type { HelmValues, UpgradePlan } from "../../../../../upgrade/model";
import { markOf } from "../../../../../upgrade/values/mark";
import { getValue, path } from "../../../../../upgrade/values/tree";
import { describePlan } from "../../../../../upgrade/words/describe";
import { component, MIXED, planned, type RunningOptions, running, STREAMING, wanted } from "../../support";

const RULE = "a_new_component_takes_over_settings";
const COORDINATORS = ["rootCoordinator", "dataCoordinator", "queryCoordinator", "indexCoordinator"];
const GPU = [{ key: "gpu", operator: "Exists" }];
const TAINT = { key: "dedicated", operator: "Equal", value: "milvus", effect: "NoSchedule" };
const KEY = { name: "MINIO_SECRET_ACCESS_KEY", value: "s3cr3t-of-minio" };
const USER = { name: "MINIO_ACCESS_KEY_ID", valueFrom: { secretKeyRef: { name: "minio", key: "user" } } };

function of(names: readonly string[], values: HelmValues): HelmValues {
  return Object.fromEntries(names.map((name) => [name, values]));
}

/** 2.4 with separate coordinators to 2.5.16, on which they become one mixcoord. */
function merged(values: HelmValues, over: RunningOptions = {}): UpgradePlan {
  return planned(wanted("2.5.16", { values }), running("4.2.20", "2.4.16", { values, ...over }));
}

/** 2.5 to 2.6, which brings the streaming node. */
function streamed(values: HelmValues, over: RunningOptions = {}): UpgradePlan {
  return planned(wanted("2.6.15", { values }), running("4.2.58", "2.5.16", { names: MIXED, values, ...over }));
}

function at(plan: UpgradePlan, key: string): unknown {
  return getValue(plan.values, path(key));
}

function said(plan: UpgradePlan, rule = RULE): string {
  return plan.warnings
    .filter((warning) => warning.rule === rule)
    .map(({ message }) => message)
    .join("\n");
}

describe("a_new_component_takes_over_settings: a mixcoord from separate coordinators (fact 7.8)", () => {
  for (const { title, values, key, value } of [
    { title: "tolerations", values: of(COORDINATORS, { tolerations: GPU }), key: "tolerations", value: GPU },
    {
      title: "affinity",
      values: of(COORDINATORS, { affinity: { nodeAffinity: { x: 1 } } }),
      key: "affinity",
      value: { nodeAffinity: { x: 1 } },
    },
    {
      title: "the node selector",
      values: of(COORDINATORS, { nodeSelector: { pool: "milvus" } }),
      key: "nodeSelector",
      value: { pool: "milvus" },
    },
    {
      title: "the environment",
      values: of(COORDINATORS, { extraEnv: [KEY, USER] }),
      key: "extraEnv",
      value: [KEY, USER],
    },
    {
      title: "a variable that only one needs for its work",
      values: { dataCoordinator: { extraEnv: [USER] } },
      key: "extraEnv",
      value: [USER],
    },
    {
      title: "active standby",
      values: of(COORDINATORS, { replicas: 2, activeStandby: { enabled: true } }),
      key: "activeStandby",
      value: { enabled: true },
    },
    {
      title: "the replicas of active standby",
      values: of(COORDINATORS, { replicas: 2, activeStandby: { enabled: true } }),
      key: "replicas",
      value: 2,
    },
    {
      title: "the update strategy",
      values: of(COORDINATORS, { strategy: { rollingUpdate: { maxSurge: 1 } } }),
      key: "strategy",
      value: { rollingUpdate: { maxSurge: 1 } },
    },
    {
      title: "annotations of pods",
      values: of(COORDINATORS, { annotations: { "sidecar.istio.io/inject": "false" } }),
      key: "annotations",
      value: { "sidecar.istio.io/inject": "false" },
    },
    {
      title: "the sum of the limits, and the largest request: one process does the work of all",
      values: {
        ...of(COORDINATORS, { resources: { requests: { cpu: "500m" }, limits: { cpu: 1, memory: "1Gi" } } }),
        dataCoordinator: { resources: { requests: { cpu: 2 }, limits: { cpu: 2, memory: "4Gi" } } },
      },
      key: "resources",
      value: { requests: { cpu: 2, memory: "4Gi" }, limits: { cpu: "5", memory: "7Gi" } },
    },
    {
      title: "no limit where one of them has none",
      values: of(COORDINATORS.slice(1), { resources: { requests: { cpu: 1 }, limits: { cpu: 1 } } }),
      key: "resources",
      value: { requests: { cpu: 1 } },
    },
  ]) {
    it(`takes over ${title}`, () => {
      const plan = merged(values);
      expect(at(plan, `mixCoordinator.${key}`)).to.deep.equal(value);
      expect(plan.added.some(({ rule, path: added }) => rule === RULE && added.startsWith("mixCoordinator."))).to.equal(
        true,
      );
    });
  }

  it("takes over what they have in common, and names what not", () => {
    const values = {
      ...of(COORDINATORS, { tolerations: [TAINT], nodeSelector: { pool: "milvus", zone: "a" } }),
      rootCoordinator: { tolerations: [TAINT, ...GPU], nodeSelector: { pool: "milvus", zone: "b" } },
    };
    const plan = merged(values);
    expect(at(plan, "mixCoordinator.tolerations")).to.deep.equal([TAINT]);
    expect(at(plan, "mixCoordinator.nodeSelector")).to.deep.equal({ pool: "milvus" });
    expect(said(plan))
      .to.contain("rootCoordinator.tolerations")
      .and.contain("dataCoordinator.nodeSelector")
      .and.contain("milvus:values.mixCoordinator.tolerations");
  });

  it("takes over no variable that two set differently, nor one that is of one process's size, and names the key", () => {
    const limit = { name: "GOMEMLIMIT", value: "2GiB" };
    const values = {
      rootCoordinator: { extraEnv: [{ name: "REGION", value: "a" }, USER] },
      dataCoordinator: { extraEnv: [{ name: "REGION", value: "b" }, limit] },
    };
    const plan = merged(values);
    expect(at(plan, "mixCoordinator.extraEnv")).to.deep.equal([USER]);
    expect(said(plan)).to.contain("rootCoordinator.extraEnv").and.contain("dataCoordinator.extraEnv");
  });

  it("gives no second replica where no coordinator is in active standby, and says so", () => {
    const plan = merged(of(COORDINATORS, { replicas: 2 }));
    expect(at(plan, "mixCoordinator.replicas")).to.equal(undefined);
    expect(said(plan)).to.contain("rootCoordinator.replicas");
  });

  it("leaves what the user says of the mixcoord, an empty list too, and says that", () => {
    const values = {
      ...of(COORDINATORS, { tolerations: GPU, affinity: { a: 1 } }),
      mixCoordinator: { affinity: { b: 2 }, tolerations: [] },
    };
    const plan = merged(values);
    expect([at(plan, "mixCoordinator.affinity"), at(plan, "mixCoordinator.tolerations")]).to.deep.equal([{ b: 2 }, []]);
    expect(said(plan)).to.contain("mixCoordinator.tolerations").and.not.contain("mixCoordinator.affinity");
  });

  it("reads no Output: it names the key and plans", () => {
    const output = markOf("rootCoordinator.extraEnv");
    const values = { rootCoordinator: { extraEnv: output }, dataCoordinator: { extraEnv: [USER] } };
    const inForce = { ...values, rootCoordinator: { extraEnv: [KEY] } };
    const plan = planned(wanted("2.5.16", { values }), running("4.2.20", "2.4.16", { values: inForce }));
    expect(at(plan, "mixCoordinator.extraEnv")).to.equal(undefined);
    expect(said(plan)).to.contain("rootCoordinator.extraEnv");
  });

  it("leaves to the chart what stands at the root of the values", () => {
    const plan = merged({ tolerations: GPU, rootCoordinator: { tolerations: GPU } });
    expect([at(plan, "mixCoordinator.tolerations"), said(plan)]).to.deep.equal([undefined, ""]);
  });

  it("passes over a coordinator that is switched off, and asks all where the four are, which is how a mixcoord is asked for", () => {
    const one = { ...of(COORDINATORS, { tolerations: GPU }), indexCoordinator: { enabled: false } };
    expect(at(merged(one), "mixCoordinator.tolerations")).to.deep.equal(GPU);
    const all = {
      ...of(COORDINATORS, { enabled: false, tolerations: GPU }),
      mixCoordinator: { enabled: true },
    };
    const inForce = of(COORDINATORS, { tolerations: GPU });
    const plan = planned(wanted("2.5.16", { values: all }), running("4.2.20", "2.4.16", { values: inForce }));
    expect(at(plan, "mixCoordinator.tolerations")).to.deep.equal(GPU);
  });

  it("is said in the plan with where it comes from, and without the passwords in it", () => {
    const text = describePlan(merged(of(COORDINATORS, { tolerations: GPU, extraEnv: [KEY] }))).join("\n");
    expect(text)
      .to.contain("mixCoordinator.tolerations")
      .and.contain("rootCoordinator, dataCoordinator, queryCoordinator and indexCoordinator")
      .and.not.contain(KEY.value);
  });

  it("happens on no other hop: separate coordinators stay, a mixcoord that runs is left as it is", () => {
    const values = of(COORDINATORS, { tolerations: GPU });
    const stays = planned(wanted("2.4.20", { values }), running("4.2.20", "2.4.16", { values }));
    const mixed = planned(wanted("2.5.16", { values }), running("4.2.33", "2.5.0", { names: MIXED, values }));
    expect([at(stays, "mixCoordinator.tolerations"), at(mixed, "mixCoordinator.tolerations")]).to.deep.equal([
      undefined,
      undefined,
    ]);
  });

  describe("afterwards", () => {
    const values = of(COORDINATORS, { tolerations: GPU });
    const nextAfter = (hop: UpgradePlan, given: HelmValues) =>
      planned(
        wanted("2.5.16", { values: given }),
        running(hop.chart.version, "2.5.16", {
          names: MIXED,
          component: { replicas: 1 },
          values: hop.values,
          release: { description: "milvus-upgrade: rolling" },
        }),
      );

    it("has what it took over, and the next run changes nothing", () => {
      const hop = merged(values);
      const next = nextAfter(hop, values);
      expect([next.kind, next.values]).to.deep.equal(["nothing", hop.values]);
    });

    it("keeps it where a coordinator's setting is changed, which no coordinator reads any more", () => {
      const next = nextAfter(merged(values), { ...values, rootCoordinator: { tolerations: [TAINT] } });
      expect(at(next, "mixCoordinator.tolerations")).to.deep.equal(GPU);
    });

    it("says that it goes where the values have it nowhere any more", () => {
      const next = nextAfter(merged(values), {});
      expect(at(next, "mixCoordinator.tolerations")).to.equal(undefined);
      expect(said(next)).to.contain("mixcoord runs with mixCoordinator.tolerations").and.contain("milvus:values");
    });

    it("has it when the run that brought it died, whatever of the mixcoord is there", () => {
      const state = running("4.1.36", "2.4.5", { values });
      const half = {
        ...state,
        components: [...state.components, component("mixcoord", "2.5.16", { rolledOut: false })],
      };
      expect(at(planned(wanted("2.5.16", { values }), half), "mixCoordinator.tolerations")).to.deep.equal(GPU);
    });
  });
});

describe("a_new_component_takes_over_settings: the streaming node of 2.6 (fact 7.8)", () => {
  const WRITERS = ["dataNode", "queryNode"];

  it("gets what data and query nodes have in common, credentials above all", () => {
    const values = {
      ...of(WRITERS, { tolerations: GPU, extraEnv: [KEY, USER], nodeSelector: { pool: "milvus" } }),
      proxy: { tolerations: [] },
    };
    const plan = streamed(values);
    expect(at(plan, "streamingNode")).to.deep.equal({
      tolerations: GPU,
      extraEnv: [KEY, USER],
      nodeSelector: { pool: "milvus" },
    });
    expect(said(plan)).to.equal("");
  });

  it("gets credentials that only the data node has", () => {
    expect(at(streamed({ dataNode: { extraEnv: [KEY] } }), "streamingNode.extraEnv")).to.deep.equal([KEY]);
  });

  it("gets no size and no number of replicas of others, which are named", () => {
    const values = of(WRITERS, { replicas: 4, resources: { limits: { memory: "64Gi" } } });
    const plan = streamed(values);
    expect(at(plan, "streamingNode")).to.equal(undefined);
    expect(said(plan))
      .to.contain("dataNode.resources")
      .and.contain("queryNode.replicas")
      .and.contain("no way back from 2.6");
  });

  it("gets the size that every component has", () => {
    const resources = { requests: { cpu: "100m" } };
    const values = of([...WRITERS, "proxy", "mixCoordinator"], { resources });
    expect(at(streamed(values), "streamingNode.resources")).to.deep.equal(resources);
  });

  it("gets nothing that its chart does not read", () => {
    expect(at(streamed(of(WRITERS, { annotations: { a: "b" } })), "streamingNode")).to.equal(undefined);
  });

  it("is left alone once it runs, and in a standalone", () => {
    const values = of(WRITERS, { tolerations: GPU });
    const runs = planned(wanted("2.6.15", { values }), running("5.0.8", "2.6.6", { names: STREAMING, values }));
    expect(at(runs, "streamingNode")).to.equal(undefined);
    const single = { ...values, cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } };
    expect(at(streamed(single, { names: ["standalone"] }), "streamingNode")).to.equal(undefined);
  });
});

describe("the interruption of a component that takes over", () => {
  for (const { title, plan, component: name } of [
    { title: "a mixcoord", plan: merged({}), component: "mixcoord" },
    { title: "a streaming node", plan: streamed({}), component: "streamingnode" },
  ]) {
    it(`counts and is said: ${title}`, () => {
      expect(plan.interruption).to.contain(`${name} takes over from`);
      expect(plan.expected?.parts).to.deep.include({ what: `${name} takes over`, seconds: 40 });
      expect(said(plan, "requests_fail_for_a_short_time")).to.contain(`New: ${name}`);
    });
  }

  it("is none where it runs", () => {
    const plan = planned(wanted("2.6.15"), running("5.0.8", "2.6.6", { names: STREAMING }));
    expect(plan.interruption).to.not.contain("takes over");
    expect(plan.expected?.parts.map(({ what }) => what).join()).to.not.contain("takes over");
  });
});

describe("settings_of_index_nodes_end (fact 4.6)", () => {
  const rule = "settings_of_index_nodes_end";

  it("names each, how many go, and a resource that data nodes have not", () => {
    const values = {
      indexNode: {
        replicas: 4,
        tolerations: GPU,
        runtimeClassName: "nvidia",
        resources: { limits: { cpu: 8, "nvidia.com/gpu": 1 } },
      },
      dataNode: { resources: { limits: { cpu: 2 } } },
    };
    const state = running("4.2.58", "2.5.16", { names: MIXED, values });
    const components = state.components.map((it) => (it.component === "indexnode" ? { ...it, replicas: 4 } : it));
    const text = said(planned(wanted("2.6.15", { values }), { ...state, components }), rule);
    expect(text)
      .to.contain("indexNode.replicas, indexNode.tolerations, indexNode.runtimeClassName and indexNode.resources")
      .and.contain("4 index nodes go")
      .and.contain("no nvidia.com/gpu")
      .and.contain("no runtimeClassName in any chart")
      .and.not.contain("no cpu");
  });

  it("is silent where there is nothing to say, and before 2.6", () => {
    expect(said(streamed({}), rule)).to.equal("");
    const values = { indexNode: { tolerations: GPU } };
    expect(said(merged(values), rule)).to.equal("");
  });
});

describe("a_new_component_takes_over_settings: what a new component does not get", () => {
  it("is said with the reason of each setting", () => {
    const values = {
      dataNode: { tolerations: GPU, resources: { limits: { memory: "4Gi" } }, nodeSelector: { pool: "a" } },
      queryNode: { tolerations: GPU, resources: { limits: { memory: "8Gi" } }, nodeSelector: { pool: "b" } },
      streamingNode: { tolerations: [] },
    };
    const warning = said(streamed(values));
    expect(warning).to.contain("dataNode.nodeSelector and queryNode.nodeSelector (they differ)");
    expect(warning).to.contain("dataNode.resources and queryNode.resources (of the size of one component)");
    expect(warning).to.contain(
      "dataNode.tolerations and queryNode.tolerations (milvus:values leaves streamingNode.tolerations empty)",
    );
  });
});
