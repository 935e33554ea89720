import { expect } from "chai";
import type { ComponentState, HelmValues, UpgradePlan } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { ROLLOUT_ORDERS } from "../../../../upgrade/roll/order";
import { getValue, path } from "../../../../upgrade/values/tree";
import {
  cluster,
  component,
  DOWN,
  MIXED,
  planned,
  refused,
  release,
  running,
  SEPARATE,
  STREAMING,
  stepKinds,
  wanted,
} from "../support";

const resumed = (names: readonly string[]) => names.map((name) => `resume ${name}`);
const ORDER = {
  separate: ["indexnode", "rootcoord", "datacoord", "indexcoord", "querycoord", "querynode", "datanode", "proxy"],
  mix: ["indexnode", "mixcoord", "querynode", "datanode", "proxy"],
  streaming: ["mixcoord", "streamingnode", "querynode", "datanode", "proxy"],
};

/** A roll from one version to another that died: the Release is done, some are resumed, the others paused. */
function half(done: readonly string[], over: Partial<ComponentState> = {}) {
  const components = SEPARATE.map((name) =>
    done.includes(name)
      ? component(name, "2.3.13")
      : component(name, "2.3.13", {
          paused: true,
          rolledOut: false,
          updatedReplicas: 0,
          podImages: ["milvusdb/milvus:v2.2.14"],
          ...over,
        }),
  );
  return cluster({ release: release("4.1.28", "2.3.13", { revision: 8 }), components });
}

describe("an ordered roll", () => {
  for (const { title, chart, from, to, names, order } of [
    {
      title: "separate coordinators",
      chart: "4.0.34",
      from: "2.2.14",
      to: "2.3.13",
      names: SEPARATE,
      order: ORDER.separate,
    },
    { title: "a mixcoord", chart: "4.2.33", from: "2.5.0", to: "2.5.10", names: MIXED, order: ORDER.mix },
    {
      title: "the new streaming node after the mixcoord (fact 8.4)",
      chart: "4.2.58",
      from: "2.5.16",
      to: "2.6.15",
      names: MIXED,
      order: ORDER.streaming,
    },
    {
      title: "a streaming node",
      chart: "5.0.8",
      from: "2.6.6",
      to: "2.6.15",
      names: STREAMING,
      order: ORDER.streaming,
    },
    {
      title: "coordinators that become one mixcoord",
      chart: "4.2.20",
      from: "2.4.16",
      to: "2.5.16",
      names: SEPARATE,
      order: ORDER.mix,
    },
  ]) {
    it(`resumes in the order of ${title}`, () => {
      const plan = planned(wanted(to), running(chart, from, { names }));
      expect([plan.kind, stepKinds(plan)]).to.deep.equal(["rolling", ["pause", "release", ...resumed(order)]]);
    });
  }

  it("does not let the Release wait for what is paused", () => {
    const plan = planned(wanted("2.3.13"), running("4.0.34", "2.2.14"));
    expect(plan.steps.find(({ kind }) => kind === "release")).to.deep.equal({ kind: "release", awaitReady: false });
  });

  it("waits for the pods of older versions to be gone, terminating ones too, and not for those of the new one", () => {
    const template = (hash: string, version: string, graceSeconds = 30) => ({
      hash,
      image: `milvusdb/milvus:v${version}`,
      graceSeconds,
    });
    const state = running("4.2.58", "2.5.16", { names: MIXED });
    const components = state.components.map((it) =>
      it.component === "querynode"
        ? { ...it, podTemplates: [template("aa", "2.5.10", 1800), template("bb", "2.5.16"), template("cc", "2.6.15")] }
        : it,
    );
    const { steps } = planned(wanted("2.6.15"), { ...state, components });
    const waits = steps.flatMap((step) => (step.kind === "resume" && step.oldPods ? [step] : []));
    expect(waits.map(({ component, oldPods }) => [component, oldPods])).to.deep.equal([
      ["querynode", { hashes: ["aa", "bb"], graceSeconds: 1800 }],
    ]);
  });

  it("pauses what stays, and neither what the chart drops nor attu", () => {
    const state = running("4.2.58", "2.5.16", { names: [...MIXED, "attu"] });
    const pause = planned(wanted("2.6.15"), state).steps.find((step) => step.kind === "pause");
    expect(pause?.deployments).to.have.members(
      ["mixcoord", "datanode", "querynode", "proxy"].map((name) => `my-release-milvus-${name}`),
    );
  });

  it("names Deployments as the running ones are named", () => {
    const components = MIXED.map((name) => component(name, "2.5.16", { name: `db-${name}` }));
    const plan = planned(wanted("2.6.15"), cluster({ release: release("4.2.58", "2.5.16"), components }));
    const deployments = plan.steps.flatMap((step) => (step.kind === "resume" ? [step.deployment] : []));
    expect(deployments).to.deep.equal(ORDER.streaming.map((name) => `db-${name}`));
  });

  it("says which components have a gap, and which go", () => {
    const plan = planned(wanted("2.6.15"), running("4.2.58", "2.5.16", { names: MIXED }));
    expect(plan.interruption).to.contain("mixcoord").and.contain("go at the Release: indexnode");
    const gaps = plan.warnings
      .filter(({ rule }) => rule === "requests_fail_for_a_short_time")
      .map(({ message }) => message);
    expect(gaps.join())
      .to.contain("Recreated, because without active standby: mixcoord")
      .and.contain("One replica only: ");
    expect(gaps.filter((gap) => !gap.startsWith("New: ")).join()).to.not.contain("querynode");
  });

  it("says that nothing is interrupted where every component has a replica to spare", () => {
    const state = running("5.0.8", "2.6.6", {
      names: STREAMING,
      component: { replicas: 2, strategyType: "RollingUpdate" },
    });
    expect(planned(wanted("2.6.15"), state).interruption).to.contain("every component has a replica to spare");
  });

  it("has an order with a source for each layout, proxies after query nodes", () => {
    for (const { components, source } of ROLLOUT_ORDERS) {
      const names: readonly string[] = components;
      expect(source.length).to.be.above(10);
      expect(names.indexOf("proxy")).to.be.above(names.indexOf("querynode"));
    }
  });
});

describe("a mixcoord in active standby between 2.5 and 2.6 (fact 4.6)", () => {
  const STANDBY = { mixCoordinator: { activeStandby: { enabled: true } } };
  const DEFAULT_STRATEGY = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
  const rolls = { replicas: 2, strategyType: "RollingUpdate" } as const;
  const of2_5 = (values: HelmValues) => running("4.2.58", "2.5.16", { names: MIXED, values, component: rolls });
  const mixcoordStep = (plan: UpgradePlan) =>
    plan.steps.find((step) => step.kind === "resume" && step.component === "mixcoord");
  const givenBack = (plan: UpgradePlan) => {
    const step = mixcoordStep(plan);
    return step?.kind === "resume" ? step.recreated?.strategy : undefined;
  };

  for (const { title, strategy, back } of [
    { title: "the default of Kubernetes", strategy: undefined, back: DEFAULT_STRATEGY },
    {
      title: "the strategy of the values",
      strategy: { rollingUpdate: { maxSurge: 1 } },
      back: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: "25%" } },
    },
    { title: "nothing, where the values say Recreate themselves", strategy: { type: "Recreate" }, back: undefined },
  ]) {
    it(`is recreated in its step, which gives it back ${title}; the values stay as they are`, () => {
      const values = { mixCoordinator: { ...STANDBY.mixCoordinator, ...(strategy && { strategy }) } };
      const plan = planned(wanted("2.6.15", { values }), of2_5(values));
      expect([plan.kind, givenBack(plan)]).to.deep.equal(["rolling", back]);
      expect(getValue(plan.values, path("mixCoordinator.strategy"))).to.deep.equal(strategy);
      expect(getValue(plan.values, path("mixCoordinator.activeStandby.enabled"))).to.equal(true);
    });
  }

  it("is said with its gap, which counts as an interruption", () => {
    const plan = planned(wanted("2.6.15", { values: STANDBY }), of2_5(STANDBY));
    const said = plan.warnings.find(({ rule }) => rule === "the_mixcoord_is_recreated_between_2_5_and_2_6");
    expect(said?.message).to.contain("old pods all end before").and.contain("milvus:values stays");
    expect(plan.interruption).to.contain("short gaps while these restart: mixcoord");
    expect(plan.expected?.parts).to.deep.equal([
      { what: "mixcoord is recreated", seconds: 40 },
      { what: "streamingnode takes over", seconds: 40 },
    ]);
  });

  it("is recreated on the way back too, where the old one would not wait for the new one", () => {
    const names = ["mixcoord", "datanode", "querynode", "proxy"];
    const components = names.map((name) =>
      name === "mixcoord" ? component(name, "2.6.15", rolls) : component(name, "2.5.16", { ...rolls, paused: true }),
    );
    const state = cluster({ release: release("5.0.19", "2.6.15", { userValues: STANDBY }), components });
    const plan = planned(wanted("2.5.16", { values: STANDBY, rollback: true }), state);
    expect([plan.kind, givenBack(plan)]).to.deep.equal(["rolling", DEFAULT_STRATEGY]);
  });

  for (const { title, from, to, chart, names } of [
    { title: "2.5 and 2.5", from: "2.5.10", to: "2.5.16", chart: "4.2.50", names: MIXED },
    { title: "2.6 and 2.6", from: "2.6.6", to: "2.6.15", chart: "5.0.8", names: STREAMING },
  ]) {
    it(`rolls as it is between ${title}`, () => {
      const state = running(chart, from, { names, values: STANDBY, component: rolls });
      const plan = planned(wanted(to, { values: STANDBY }), state);
      expect([plan.kind, mixcoordStep(plan) !== undefined, givenBack(plan)]).to.deep.equal([
        "rolling",
        true,
        undefined,
      ]);
    });
  }

  it("gets its strategy back from the next run where the step died after the roll, though nothing else is left to do", () => {
    const state = running("5.0.19", "2.6.15", { names: STREAMING, values: STANDBY, component: rolls });
    const components = state.components.map((it) =>
      it.component === "mixcoord" ? { ...it, strategyType: "Recreate" as const, recreating: true } : it,
    );
    const plan = planned(wanted("2.6.15", { values: STANDBY }), { ...state, components });
    expect([plan.kind, givenBack(plan)]).to.deep.equal(["rolling", DEFAULT_STRATEGY]);
  });

  it("is left as the chart makes it, and not held for ever, where the standby was turned off meanwhile", () => {
    const state = running("5.0.19", "2.6.15", { names: STREAMING, component: { recreating: true } });
    expect(givenBack(planned(wanted("2.6.15"), state))).to.deep.equal({ type: "Recreate" });
  });

  for (const { title, over, state, says } of [
    {
      title: "that milvus:strategy asks for, with the setting that rolls",
      over: { strategy: "helm" },
      state: of2_5(STANDBY),
      says: "milvus:strategy auto",
    },
    {
      title: "that an ill component leaves, with the setting that recreates it",
      over: {},
      state: running("4.2.58", "2.5.16", { names: MIXED, values: STANDBY, component: { ...rolls, rolledOut: false } }),
      says: "mixCoordinator.activeStandby.enabled' false",
    },
  ] as const) {
    it(`is refused all at once, ${title}`, () => {
      const refusal = refused(wanted("2.6.15", { values: STANDBY, ...over }), state);
      expect([refusal.rule, refusal.remedy.includes(says)], refusal.remedy).to.deep.equal([
        "a_standby_mixcoord_needs_an_ordered_roll",
        true,
      ]);
    });
  }
});

describe("milvus:strategy", () => {
  const STANDALONE = { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } };

  for (const { title, state, to, values, strategy, kind, says } of [
    {
      title: "auto rolls a healthy cluster",
      state: running("4.0.34", "2.2.14"),
      to: "2.3.13",
      strategy: "auto",
      kind: "rolling",
      says: "rule book's order",
    },
    {
      title: "helm does all at once",
      state: running("4.0.34", "2.2.14"),
      to: "2.3.13",
      strategy: "helm",
      kind: "helm",
      says: "milvus:strategy",
    },
    {
      title: "auto does all at once before 2.2.3",
      state: running("4.0.6", "2.2.2"),
      to: "2.2.9",
      strategy: "auto",
      kind: "helm",
      says: "2.2.3",
    },
    {
      title: "auto does all at once for a standalone",
      state: running("4.0.34", "2.2.14", { names: ["standalone"], values: STANDALONE }),
      values: STANDALONE,
      to: "2.3.13",
      strategy: "auto",
      kind: "helm",
      says: "standalone",
    },
    {
      title: "auto does all at once where one is ill",
      state: running("4.0.34", "2.2.14", { component: { rolledOut: false } }),
      to: "2.3.13",
      strategy: "auto",
      kind: "helm",
      says: "not every component is healthy",
    },
    {
      title: "auto rolls although a pod was restarted a moment ago",
      state: running("4.0.34", "2.2.14", { component: { rolledOut: false, restarting: true } }),
      to: "2.3.13",
      strategy: "auto",
      kind: "rolling",
      says: "rule book's order",
    },
    {
      title: "rolling rolls",
      state: running("4.0.34", "2.2.14"),
      to: "2.3.13",
      strategy: "rolling",
      kind: "rolling",
      says: "rule book's order",
    },
    {
      title: "helm still finishes a roll that died",
      state: half(["indexnode"]),
      to: "2.3.13",
      strategy: "helm",
      kind: "rolling",
      says: "did not finish",
    },
  ] as const) {
    it(`${title}, and says so`, () => {
      const plan = planned(wanted(to, { strategy, ...(values && { values }) }), state);
      expect([plan.kind, plan.reason.includes(says)], plan.reason).to.deep.equal([kind, true]);
    });
  }

  for (const { title, state, to, values, rule } of [
    { title: "before 2.2.3 (fact 8.1)", state: running("4.0.6", "2.2.2"), to: "2.2.9", rule: "rolling_from_2_2_3" },
    {
      title: "a standalone (fact 7.4)",
      state: running("4.0.34", "2.2.14", { names: ["standalone"], values: STANDALONE }),
      values: STANDALONE,
      to: "2.3.13",
      rule: "a_standalone_has_no_order",
    },
    {
      title: "an ill component (fact 8.1)",
      state: running("4.0.34", "2.2.14", { component: { rolledOut: false } }),
      to: "2.3.13",
      rule: "rolling_needs_healthy_components",
    },
  ] as const) {
    it(`rolling is refused: ${title}`, () => {
      const refusal = refused(wanted(to, { strategy: "rolling", ...(values && { values }) }), state);
      expect([refusal.rule, refusal.remedy.includes("milvus:strategy auto")]).to.deep.equal([rule, true]);
    });
  }

  it("takes no part in a metadata migration", () => {
    expect(planned(wanted("2.2.9", { strategy: "rolling" }), running("3.2.18", "2.1.4")).kind).to.equal("migration");
  });
});

describe("a roll that died", () => {
  for (const done of [[], ["indexnode"], ["indexnode", "rootcoord", "datacoord"], SEPARATE.slice(0, 7)]) {
    it(`goes on with ${done.length} of 8 resumed, and nothing stays paused`, () => {
      const plan = planned(wanted("2.3.13"), half(done));
      expect([plan.kind, plan.from]).to.deep.equal(["rolling", "2.2.14"]);
      expect(stepKinds(plan)).to.deep.equal(["pause", "release", ...resumed(ORDER.separate)]);
    });
  }

  it("names what is paused", () => {
    const { warnings } = planned(wanted("2.3.13"), half(SEPARATE.slice(0, 6)));
    expect(warnings.find(({ rule }) => rule === "deployments_are_paused")?.message).to.contain(
      ": querynode and proxy.",
    );
    const well = planned(wanted("2.3.13"), running("4.1.28", "2.3.13"));
    expect(well.warnings.map(({ rule }) => rule)).to.not.include("deployments_are_paused");
  });

  it("goes on to another target of the same minor", () => {
    const plan = planned(wanted("2.3.16"), half(["indexnode"]));
    expect([plan.kind, plan.to, plan.chart.version]).to.deep.equal(["rolling", "2.3.16", "4.1.28"]);
  });

  it("is resumed although the version is reached everywhere and one is still paused", () => {
    const state = running("4.1.28", "2.3.13");
    const [first, ...others] = state.components;
    if (first === undefined) throw new Error("no component");
    const plan = planned(wanted("2.3.13"), { ...state, components: [{ ...first, paused: true }, ...others] });
    expect([plan.kind, plan.reason.includes("did not finish")]).to.deep.equal(["rolling", true]);
    expect(stepKinds(plan)).to.deep.equal(["pause", "release", ...resumed(ORDER.separate)]);
  });

  it("is taken back while nothing of the new version has served, in the reverse order and onto the old line of charts", () => {
    const plan = planned(wanted("2.2.14"), half([]));
    expect([plan.kind, plan.from, plan.to, plan.chart.version]).to.deep.equal([
      "rolling",
      "2.3.13",
      "2.2.14",
      "4.0.34",
    ]);
    expect(stepKinds(plan)).to.deep.equal(["pause", "release", ...resumed([...ORDER.separate].reverse())]);
    expect(plan.warnings.map(({ rule }) => rule)).to.include("going_back_may_not_read_new_data");
  });

  it("is not taken back over a minor once a component has served, unless that is asked for", () => {
    const refusal = refused(wanted("2.2.14"), half(["indexnode"]));
    expect(refusal.rule).to.equal("going_back_over_a_minor_needs_rollback");
    expect(refusal.reason).to.contain("indexnode").and.contain("statslog");
    expect(refusal.remedy).to.contain("milvus:version 2.3.13").and.contain("milvus:rollback true");
    expect(planned(wanted("2.2.14", { rollback: true }), half(["indexnode"])).kind).to.equal("rolling");
  });

  it("is taken back within a minor", () => {
    const components = SEPARATE.map((name, index) => component(name, index < 3 ? "2.2.14" : "2.2.9"));
    const state = cluster({ release: release("4.0.34", "2.2.14"), components });
    const plan = planned(wanted("2.2.9"), state);
    expect([plan.kind, plan.to, plan.chart.version]).to.deep.equal(["rolling", "2.2.9", "4.0.24"]);
  });
});

describe("what somebody has paused", () => {
  const STANDALONE = { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } };
  const paused = { paused: true } as const;

  for (const { title, plan, kind, steps } of [
    {
      title: "a standalone, after the Release",
      plan: () =>
        planned(
          wanted("2.3.13", { values: STANDALONE }),
          running("4.0.34", "2.2.14", { names: ["standalone"], values: STANDALONE, component: paused }),
        ),
      kind: "helm",
      steps: ["release", "resume standalone"],
    },
    {
      title: "a standalone whose version stays",
      plan: () =>
        planned(
          wanted("2.2.14", { values: STANDALONE }),
          running("4.0.34", "2.2.14", { names: ["standalone"], values: STANDALONE, component: paused }),
        ),
      kind: "helm",
      steps: ["release", "resume standalone"],
    },
    {
      title: "what is at 0, before the Release: scaled up, it would start its old pods",
      plan: () =>
        planned(wanted("2.3.13"), running("4.0.34", "2.2.14", { names: ["proxy"], component: { ...DOWN, ...paused } })),
      kind: "helm",
      steps: ["resume proxy", "release"],
    },
    {
      title: "a cluster before 2.2.3",
      plan: () => planned(wanted("2.2.9"), running("4.0.6", "2.2.2", { names: ["rootcoord"], component: paused })),
      kind: "helm",
      steps: ["release", "resume rootcoord"],
    },
  ]) {
    it(`is resumed by a plan that pauses nothing itself: ${title}`, () => {
      const made = plan();
      expect([made.kind, stepKinds(made)]).to.deep.equal([kind, steps]);
    });
  }

  it("is resumed by the stop of a migration, so that 2.1 does not come back on migrated metadata", () => {
    const plan = planned(wanted("2.2.9"), running("3.2.18", "2.1.4", { component: paused }));
    const stop = plan.steps.find((step) => step.kind === "stop");
    expect(stop?.deployments.every((deployment) => deployment.paused === true)).to.equal(true);
  });
});

describe("going below what runs, within a minor", () => {
  it("is refused unless it is asked for", () => {
    const refusal = refused(wanted("2.2.9"), running("4.0.34", "2.2.14"));
    expect([refusal.rule, refusal.remedy.includes("milvus:rollback true")]).to.deep.equal([
      "no_downgrade_without_rollback",
      true,
    ]);
  });

  it("is a roll in the reverse order when it is", () => {
    const plan = planned(wanted("2.2.9", { rollback: true }), running("4.0.34", "2.2.14"));
    expect(stepKinds(plan)).to.deep.equal(["pause", "release", ...resumed([...ORDER.separate].reverse())]);
    expect(plan.chart.version).to.equal("4.0.24");
  });

  it("over a minor is refused even then", () => {
    expect(refused(wanted("2.2.14", { rollback: true }), running("4.1.28", "2.3.13")).rule).to.equal(
      "no_way_back_from_2_3",
    );
  });
});

describe("a hand-patched cluster", () => {
  it("is planned from what runs, and the difference is said", () => {
    const components = SEPARATE.map((name) => component(name, "2.3.5"));
    const state = cluster({ release: release("4.0.34", "2.2.14"), components });
    const plan = planned(wanted("2.3.13"), state);
    expect([plan.from, plan.chart.version]).to.deep.equal(["2.3.5", "4.1.28"]);
    const said = plan.warnings.find(({ rule }) => rule === "what_runs_counts_not_the_record")?.message;
    expect(said).to.contain("2.2.14").and.contain("2.3.5");
  });

  it("is planned from its oldest component when rollingUpdate.sh stopped half way", () => {
    const components = SEPARATE.map((name, index) => component(name, index < 3 ? "2.2.14" : "2.2.9"));
    const plan = planned(wanted("2.2.14"), cluster({ release: release("4.0.24", "2.2.9"), components }));
    expect([plan.kind, plan.from, plan.to]).to.deep.equal(["rolling", "2.2.9", "2.2.14"]);
    expect(plan.warnings.map(({ message }) => message).join()).to.contain(
      "2.2.9 and 2.2.14 (on the newer one: rootcoord, datacoord, indexcoord)",
    );
  });

  it("is told of the pods that still end after a helm rollback by hand", () => {
    const components = SEPARATE.map((name) =>
      component(name, "2.2.9", name === "proxy" ? { podImages: ["milvusdb/milvus:v2.2.14"], rolledOut: false } : {}),
    );
    const plan = planned(wanted("2.2.14"), cluster({ release: release("4.0.24", "2.2.9"), components }));
    expect(plan.warnings.map(({ message }) => message).join()).to.contain(
      "2.2.9 and 2.2.14 (pods of the newer one are still there: proxy)",
    );
  });

  it("brings the record to what runs when that is the version wanted", () => {
    const components = SEPARATE.map((name) => component(name, "2.3.5"));
    const plan = planned(wanted("2.3.5"), cluster({ release: release("4.0.34", "2.2.14"), components }));
    expect([plan.kind, plan.chart.version, plan.from, plan.to]).to.deep.equal(["helm", "4.1.15", "2.3.5", "2.3.5"]);
  });

  it("must be allowed to go on from its newest component too", () => {
    const components = SEPARATE.map((name, index) => component(name, index < 3 ? "2.4.16" : "2.3.13"));
    const state = cluster({ release: release("4.1.28", "2.3.13"), components });
    expect(planUpgrade(wanted("2.4.5"), state)).to.include({ kind: "refused", rule: "no_downgrade_without_rollback" });
  });
});
