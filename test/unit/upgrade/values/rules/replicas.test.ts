import { expect } from "chai";
import { approvalHash } from "../../../../../upgrade/approval";
import type { ClusterState, ComponentState, HelmValues, UpgradePlan } from "../../../../../upgrade/model";
import { renderedReplicas } from "../../../../../upgrade/values/tables/componentKeys";
import { getValue, path } from "../../../../../upgrade/values/tree";
import { DOWN, MIXED, cluster as nothing, planned, refused, running, SEPARATE, wanted } from "../../support";

const RULE = "the_live_replicas_stay";
const MINUS = "an_autoscaler_needs_replicas_left_out";
const HPA = "HorizontalPodAutoscaler query";
const KEDA = "ScaledObject query";
const OWN_HPA = "HorizontalPodAutoscaler my-release-milvus-querynode-hpa";

/** Every component as the values say, but for these. */
function cluster(
  chart: string,
  version: string,
  values: HelmValues,
  over: Readonly<Record<string, Partial<ComponentState>>>,
  names: readonly string[] = SEPARATE,
): ClusterState {
  const state = running(chart, version, { names, values, component: { replicas: 1 } });
  const components = state.components.map((it) => {
    const replicas = over[it.component]?.replicas ?? it.replicas;
    const counts = { readyReplicas: replicas, updatedReplicas: replicas, pods: replicas };
    return { ...it, ...counts, ...over[it.component] };
  });
  return { ...state, components };
}

function said(plan: UpgradePlan, rule = RULE): string {
  return plan.warnings
    .filter((warning) => warning.rule === rule)
    .map(({ message }) => message)
    .join("\n");
}

function sent(plan: UpgradePlan, key = "queryNode"): unknown {
  return getValue(plan.values, path(`${key}.replicas`));
}

describe("the_live_replicas_stay (fact 7.6)", () => {
  for (const { title, values = {}, inForce = values, querynode, autoscaler, number, says } of [
    { title: "the values' number where it runs", values: { queryNode: { replicas: 2 } }, querynode: 2, number: 2 },
    { title: "what runs where the values say none", querynode: 9, number: 9 },
    { title: "no number where one runs, the chart's own", querynode: 1, number: undefined },
    {
      title: "the user's number, and says what it ends, where somebody scaled it",
      values: { queryNode: { replicas: 2 } },
      querynode: 9,
      number: 2,
      says: "querynode: 9 pods run, and milvus:values.queryNode.replicas is 2: the Release ends 7 of them at once. To keep what runs: pulumi config set --path 'milvus:values.queryNode.replicas' 9",
    },
    {
      title: "the user's number, and says what it starts, where somebody scaled it down",
      values: { queryNode: { replicas: 4 } },
      querynode: 2,
      number: 4,
      says: "the Release starts 2 more",
    },
    {
      title: "a larger number that the config asks for in this run, without a word",
      values: { queryNode: { replicas: 4 } },
      inForce: { queryNode: { replicas: 2 } },
      querynode: 2,
      number: 4,
    },
    {
      title: "a smaller one too, and names the loss",
      values: { queryNode: { replicas: 2 } },
      inForce: { queryNode: { replicas: 4 } },
      querynode: 4,
      number: 2,
      says: "ends 2 of them",
    },
    {
      title: "what runs where an autoscaler sets it, over the user's number",
      values: { queryNode: { replicas: 2 } },
      querynode: 9,
      autoscaler: HPA,
      number: 9,
    },
    {
      title: "what runs for -1 where the running manifest has a number, without which Kubernetes would set 1",
      values: { queryNode: { replicas: -1 } },
      inForce: { queryNode: { replicas: 2 } },
      querynode: 9,
      autoscaler: KEDA,
      number: 9,
    },
    {
      title: "-1 where the running manifest has no number either: Helm leaves what runs",
      values: { queryNode: { replicas: -1 } },
      querynode: 9,
      autoscaler: KEDA,
      number: -1,
    },
    {
      title: "-1 where one runs: there is nothing to lose",
      values: { queryNode: { replicas: -1 } },
      inForce: { queryNode: { replicas: 1 } },
      querynode: 1,
      number: -1,
    },
    {
      title: "the number of an autoscaler of the chart's own that stays",
      values: { queryNode: { replicas: 2, hpa: { enabled: true } } },
      querynode: 9,
      autoscaler: OWN_HPA,
      number: 9,
    },
    {
      title: "the user's number where the values switch the chart's autoscaler off",
      values: { queryNode: { replicas: 2, hpa: { enabled: false } } },
      inForce: { queryNode: { replicas: 2, hpa: { enabled: true } } },
      querynode: 9,
      autoscaler: OWN_HPA,
      number: 2,
      says: "ends 7 of them",
    },
    {
      title: "one where it was scaled to 0, and says so",
      querynode: 0,
      number: undefined,
      says: "querynode: 0 pods run, and chart 4.2.58 makes it 1: the Release starts 1 more.",
    },
  ] as readonly {
    readonly title: string;
    readonly values?: HelmValues;
    readonly inForce?: HelmValues;
    readonly querynode: number;
    readonly autoscaler?: string;
    readonly number: number | undefined;
    readonly says?: string;
  }[]) {
    it(`sends ${title}`, () => {
      const found = { replicas: querynode, ...(autoscaler !== undefined && { autoscaler }) };
      const state = cluster("4.2.58", "2.5.10", inForce, { querynode: found }, MIXED);
      const plan = planned(wanted("2.5.16", { values }), state);
      expect(sent(plan)).to.equal(number);
      if (says === undefined) expect(said(plan)).to.equal("");
      else expect(said(plan)).to.contain(says);
    });
  }

  it("is for every component, and shows each number with its reason", () => {
    const live = Object.fromEntries(SEPARATE.map((name, index) => [name, { replicas: index + 2 }]));
    const values = { mixCoordinator: { enabled: false } };
    const plan = planned(wanted("2.4.20", { values }), cluster("4.1.36", "2.4.5", values, live));
    const laid = plan.added.filter(({ rule }) => rule === RULE);
    expect(Object.fromEntries(laid.map(({ path: key, value }) => [key, value]))).to.deep.equal({
      "rootCoordinator.replicas": 2,
      "dataCoordinator.replicas": 3,
      "indexCoordinator.replicas": 4,
      "queryCoordinator.replicas": 5,
      "indexNode.replicas": 6,
      "dataNode.replicas": 7,
      "queryNode.replicas": 8,
      "proxy.replicas": 9,
    });
    expect(laid[0]?.reason).to.contain("2 run, and milvus:values says no number");
  });

  it("names what goes with the upgrade while more of it run than the values say, and its autoscaler", () => {
    const values = { indexNode: { replicas: 2 } };
    const live = { rootcoord: { replicas: 3 }, indexnode: { replicas: 9, autoscaler: HPA } };
    const merged = said(planned(wanted("2.5.16", { values }), cluster("4.1.36", "2.4.5", values, live)));
    expect(merged).to.contain("rootcoord: 3 pods run, milvus:values says 1").and.not.contain("datacoord");
    const streamed = said(planned(wanted("2.6.15", { values }), cluster("4.2.58", "2.5.16", values, live, MIXED)));
    expect(streamed).to.contain("indexnode: 9 pods run").and.contain(`${HPA} has nothing to scale any more`);
  });

  it("sends no number that its chart does not read, and says what that ends (charts before 4.0.4)", () => {
    const plan = planned(wanted("2.1.4"), cluster("3.1.9", "2.1.0", {}, { rootcoord: { replicas: 2 } }));
    expect(sent(plan, "rootCoordinator")).to.equal(undefined);
    expect(said(plan)).to.contain("rootcoord: 2 pods run").and.contain("ends 1 of them");
    expect(said(plan)).to.not.contain("To keep");
  });

  it("sends no -1 to a chart that would write it into the Deployment", () => {
    const values = { queryNode: { replicas: -1 } };
    const plan = planned(
      wanted("2.2.14", { values }),
      cluster("4.0.24", "2.2.9", values, { querynode: { replicas: 3 } }),
    );
    expect(sent(plan)).to.equal(3);
  });

  it("sends what a migration has stopped, also in the run that goes on", () => {
    const state = cluster("3.2.18", "2.1.4", {}, { querynode: { replicas: 9 } });
    expect(sent(planned(wanted("2.2.9"), state))).to.equal(9);
    const components = state.components.map((it) =>
      it.component === "proxy" ? it : { ...it, ...DOWN, rememberedReplicas: it.component === "querynode" ? 9 : 1 },
    );
    expect(sent(planned(wanted("2.2.9"), { ...state, components }))).to.equal(9);
  });

  it("names a component whose Deployments have different numbers, for which there is one value", () => {
    const state = cluster("5.0.8", "2.6.6", {}, {}, ["mixcoord", "streamingnode", "datanode", "proxy"]);
    const [first] = running("5.0.8", "2.6.6", { names: ["querynode"] }).components;
    if (first === undefined) throw new Error("no component");
    const groups = [2, 3].map((replicas) => ({ ...first, name: `rg${replicas}`, replicas }));
    const plan = planned(wanted("2.6.15"), { ...state, components: [...state.components, ...groups] });
    expect(sent(plan)).to.equal(undefined);
    expect(said(plan)).to.contain("rg2 2 and rg3 3").and.contain("the Release sets 1 in each");
  });

  it("leaves a standalone alone, which has one pod in every chart", () => {
    const values = { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } };
    const state = cluster("4.2.58", "2.5.10", values, { standalone: { replicas: 2 } }, ["standalone"]);
    expect(said(planned(wanted("2.5.16", { values }), state))).to.equal("");
  });

  it("keeps a number of the user's that the config does not repeat, where it runs: it is not lost, and not asked for", () => {
    const recorded = { queryNode: { replicas: 3 } };
    const runs = cluster("4.2.58", "2.5.10", recorded, { querynode: { replicas: 3 } }, MIXED);
    expect(sent(planned(wanted("2.5.16"), runs))).to.equal(3);
    const down = cluster("4.2.58", "2.5.10", recorded, { querynode: { replicas: 0 } }, MIXED);
    expect(refused(wanted("2.5.16"), down).reason).to.contain("queryNode.replicas");
  });

  describe("where nothing else is to be done", () => {
    const values = { queryNode: { replicas: 2 } };
    const scaled = { querynode: { replicas: 4, autoscaler: HPA } };
    const hop = planned(wanted("2.5.16", { values }), cluster("4.2.50", "2.5.10", values, scaled, MIXED));
    const settled = (replicas: number): ClusterState =>
      cluster(hop.chart.version, "2.5.16", hop.values, { querynode: { replicas, autoscaler: HPA } }, MIXED);

    it("is no reason for a Release, whatever the autoscaler has done since", () => {
      expect(sent(hop)).to.equal(4);
      for (const replicas of [1, 2, 4, 9]) {
        const plan = planned(wanted("2.5.16", { values }), settled(replicas));
        expect([plan.kind, plan.values, said(plan)]).to.deep.equal(["nothing", hop.values, ""]);
      }
    });

    it("nor what a person has scaled, which the next Release names", () => {
      const { values: recorded } = planned(
        wanted("2.5.16", { values }),
        cluster("4.2.58", "2.5.10", values, {}, MIXED),
      );
      const state = cluster("4.2.58", "2.5.16", recorded, { querynode: { replicas: 7 } }, MIXED);
      const plan = planned(wanted("2.5.16", { values }), state);
      expect([plan.kind, said(plan)]).to.deep.equal(["nothing", ""]);
    });

    it("is sent as it runs where Pulumi sends the Release all the same, and what a number of one's own ends is named", () => {
      const plan = planned(wanted("2.5.16", { values }), settled(9), { sendsRelease: true });
      expect([plan.kind, sent(plan)]).to.deep.equal(["nothing", 9]);
      const { values: recorded } = planned(
        wanted("2.5.16", { values }),
        cluster("4.2.58", "2.5.10", values, {}, MIXED),
      );
      const state = cluster("4.2.58", "2.5.16", recorded, { querynode: { replicas: 7 } }, MIXED);
      const own = planned(wanted("2.5.16", { values }), state, { sendsRelease: true });
      expect([own.kind, sent(own)]).to.deep.equal(["nothing", 2]);
      expect(said(own)).to.contain("querynode: 7 pods run").and.contain("ends 5 of them at once");
    });

    it("sends what runs with a Release that has another reason", () => {
      const plan = planned(
        wanted("2.5.16", { values: { ...values, proxy: { tolerations: [{ key: "a" }] } } }),
        settled(7),
      );
      expect([plan.kind, sent(plan)]).to.deep.equal(["helm", 7]);
    });
  });

  it("does not move the hash that is approved when an autoscaler moves the number", async () => {
    const values = { queryNode: { replicas: 2 } };
    const hash = (replicas: number, autoscaler?: string) => {
      const querynode = { replicas, ...(autoscaler !== undefined && { autoscaler }) };
      const state = cluster("4.2.50", "2.5.10", values, { querynode }, MIXED);
      const request = wanted("2.5.16", { values });
      return approvalHash({
        wanted: request,
        settings: {},
        preflight: {},
        verification: {},
        program: { version: "0.1.0" },
        state,
        plan: planned(request, state),
      });
    };
    expect(await hash(4, HPA)).to.equal(await hash(9, HPA));
    expect(await hash(4)).to.not.equal(await hash(9));
  });
});

describe("what the charts make of replicas (fact 7.6)", () => {
  for (const [component, value, chart, rendered] of [
    ["rootcoord", 3, "4.0.3", 1],
    ["rootcoord", 3, "4.0.4", 3],
    ["rootcoord", -1, "4.1.21", -1],
    ["rootcoord", -1, "4.1.22", "omitted"],
    ["querynode", -1, "4.1.4", -1],
    ["querynode", -1, "4.1.5", "omitted"],
    ["streamingnode", -1, "4.2.8", "omitted"],
  ] as const) {
    it(`chart ${chart} makes ${rendered} of ${component} ${value}`, () => {
      expect(renderedReplicas(component, value, chart)).to.equal(rendered);
    });
  }
});

describe("an_autoscaler_needs_replicas_left_out (fact 7.6)", () => {
  it("advises -1 at an install, where there is nothing to lose", () => {
    const values = { queryNode: { hpa: { enabled: true } } };
    const plan = planned(wanted("2.5.16", { values }), nothing({ kubernetesVersion: "1.30.0" }));
    expect(said(plan, MINUS)).to.contain("pulumi config set --path 'milvus:values.queryNode.replicas' -1");
  });

  it("says that -1 is not sent while more than one runs and the manifest has a number, with nothing to do too", () => {
    const values = { queryNode: { replicas: -1 } };
    const inForce = { queryNode: { replicas: 2 } };
    const state = cluster("4.2.58", "2.5.16", inForce, { querynode: { replicas: 9 } }, MIXED);
    expect(said(planned(wanted("2.5.16", { values }), state), MINUS))
      .to.contain("Kubernetes would set 1, and 8 of 9 pods would end")
      .and.contain("sends 9 instead");
    const omitted = cluster("4.2.58", "2.5.16", values, { querynode: { replicas: 9 } }, MIXED);
    expect(said(planned(wanted("2.5.16", { values }), omitted), MINUS)).to.equal("");
  });
});
