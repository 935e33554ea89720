import { expect } from "chai";
import { attemptFromLabels, attemptLabels, attemptName, claimName } from "../../../../upgrade/metadata/attempt";
import type { AttemptPhase, AttemptState, ClusterState, HelmRelease } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import {
  attempt,
  cluster,
  component,
  DOWN,
  planned,
  refused,
  release,
  running,
  SEPARATE,
  stepKinds,
  wanted,
} from "../support";

const CHAIN = ["stop", "backup", "migrate", "release"];
/** Of a Milvus that is up. */
const WHOLE_CHAIN = ["probe", ...CHAIN];

/** 2.1.4 on chart 3.2.18, revision 7. */
function old(
  attempts: readonly AttemptState[] = [],
  over: { down?: boolean; release?: Partial<HelmRelease> } = {},
): ClusterState {
  return running("3.2.18", "2.1.4", {
    ...(over.down && { component: DOWN }),
    ...(over.release && { release: over.release }),
    state: { attempts },
  });
}

/** The Release of 2.2.9 was begun as revision 8 and did not finish. */
const UNFINISHED: Partial<HelmRelease> = {
  status: "failed",
  revision: 8,
  chartVersion: "4.0.24",
  appVersion: "2.2.9",
  lastDeployed: { revision: 7, chartVersion: "3.2.18", appVersion: "2.1.4" },
};

describe("the metadata migration 2.1.x → 2.2.x", () => {
  it("is probe → stop → backup → migrate → release, with the tool's versions and etcd", () => {
    const plan = planned(wanted("2.2.9"), old());
    expect([plan.kind, plan.adopt, plan.reversibility]).to.deep.equal(["migration", true, "restore only"]);
    expect(stepKinds(plan)).to.deep.equal(WHOLE_CHAIN);
    expect(plan.migration).to.deep.equal({
      attempt: { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 },
      claimName: "my-release-meta-2.1.4-to-2.2.9-r7",
      store: { endpoints: ["my-release-etcd:2379"], rootPath: "by-dev", metaSubPath: "meta", kvSubPath: "kv" },
      sourceVersion: "2.1.4",
      targetVersion: "2.2.9",
    });
  });

  const SSL = { extraConfigFiles: { "user.yaml": "etcd: {ssl: {enabled: true, tlsMinVersion: 1.2}}" } };
  const secure = (over: Partial<ClusterState> = {}) =>
    running("3.3.6", "2.1.4", { release: { userValues: SSL }, state: over });
  const etcdTls = { secret: "etcd-client", caFile: "ca.crt", certificateFile: "tls.crt", keyFile: "tls.key" };

  it("of an etcd that speaks TLS needs milvus:etcdTls, and gives it to the tool", () => {
    expect(refused(wanted("2.2.9", { values: SSL }), secure()).rule).to.equal("etcd_with_tls_needs_certificates");
    const plan = planned(wanted("2.2.9", { values: SSL, etcdTls }), secure());
    expect(plan.migration?.store.tls).to.deep.equal({ ...etcdTls, minVersion: "1.2" });
    expect(plan.warnings.map(({ rule }) => rule)).to.not.include("etcd_tls_is_not_in_the_values");
    const unseen = planned(wanted("2.2.9", { etcdTls }), old());
    expect(unseen.migration?.store.tls).to.deep.equal(etcdTls);
    expect(unseen.warnings.map(({ rule }) => rule)).to.include("etcd_tls_is_not_in_the_values");
  });

  it("of an etcd with etcd.ssl goes to 2.2.2 or later, unless it has begun", () => {
    const request = wanted("2.2.0", { values: SSL, etcdTls });
    expect(refused(request, secure()).rule).to.equal("etcd_ssl_needs_2_2_2");
    const begun = secure({ attempts: [attempt("migrating", { to: "2.2.0" })] });
    const down = { ...begun, components: begun.components.map((it) => ({ ...it, ...DOWN })) };
    expect(planned(request, down).migration?.targetVersion).to.equal("2.2.0");
  });

  it("asks nothing of who changes no metadata", () => {
    const state = running("4.0.31", "2.2.13", { release: { userValues: SSL } });
    expect(planned(wanted("2.2.14", { values: SSL }), state).kind).to.not.equal("migration");
  });

  it("stops every Milvus Deployment, remembers its replicas, and leaves attu alone", () => {
    const state = old();
    const plan = planned(wanted("2.2.9"), { ...state, components: [...state.components, component("attu", "2.1.1")] });
    const stop = plan.steps.find((step) => step.kind === "stop");
    expect(stop?.deployments.map(({ component: name, replicas }) => `${name} ${replicas}`)).to.deep.equal(
      SEPARATE.map((name) => `${name} ${name === "querynode" ? 3 : 1}`),
    );
  });

  it("lists the remembered replicas once it is down", () => {
    const plan = planned(wanted("2.2.9"), old([attempt("prepared")], { down: true }));
    const stop = plan.steps.find((step) => step.kind === "stop");
    expect(new Set(stop?.deployments.map(({ replicas }) => replicas))).to.deep.equal(new Set([2]));
  });

  it("is a Helm upgrade where 2.2 runs already", () => {
    expect(planned(wanted("2.2.9"), running("3.3.6", "2.2.0")).kind).to.equal("helm");
  });

  for (const { title, attempts, down, over, id } of [
    { title: "a new one at the start", attempts: [], id: { to: "2.2.9", revision: 7, ordinal: 1 } },
    { title: "a new one when the stop died", attempts: [], down: true, id: { to: "2.2.9", revision: 7, ordinal: 1 } },
    ...(["prepared", "backedUp", "migrating", "migrated"] as const).map((phase) => ({
      title: `the same one, down and ${phase}`,
      attempts: [attempt(phase)],
      down: true,
      id: { to: "2.2.9", revision: 7, ordinal: 1 },
    })),
    {
      title: "the same one, migrated, after its Release failed",
      attempts: [attempt("migrated")],
      down: true,
      over: UNFINISHED,
      id: { to: "2.2.9", revision: 7, ordinal: 1 },
    },
    {
      title: "a new one, down after a restore",
      attempts: [attempt("restored")],
      down: true,
      id: { to: "2.2.9", revision: 7, ordinal: 2 },
    },
    {
      title: "a new one when it ran again after the backup",
      attempts: [attempt("backedUp")],
      id: { to: "2.2.9", revision: 7, ordinal: 2 },
    },
    {
      title: "the third when it ran again after the second's backup",
      attempts: [attempt("backedUp"), attempt("backedUp", { ordinal: 2 })],
      id: { to: "2.2.9", revision: 7, ordinal: 3 },
    },
    {
      title: "the same one when it runs and no backup was begun",
      attempts: [attempt("prepared")],
      id: { to: "2.2.9", revision: 7, ordinal: 1 },
    },
    {
      title: "the same one, half migrated, whatever was deployed since",
      attempts: [attempt("migrating", { revision: 5 })],
      down: true,
      id: { to: "2.2.9", revision: 5, ordinal: 1 },
    },
    {
      title: "the same one, migrated, after helm rollback made a new revision",
      attempts: [attempt("migrated", { revision: 5 })],
      down: true,
      id: { to: "2.2.9", revision: 5, ordinal: 1 },
    },
    {
      title: "a new one beside those of an earlier installation, which have its name",
      attempts: [{ ...attempt("migrating"), isForeign: true }],
      down: true,
      id: { to: "2.2.9", revision: 7, ordinal: 2 },
    },
    {
      title: "a new one for a later revision",
      attempts: [attempt("backedUp", { revision: 5 })],
      down: true,
      id: { to: "2.2.9", revision: 7, ordinal: 1 },
    },
    {
      title: "a new one when another version was stopped then",
      attempts: [attempt("backedUp", { from: "2.1.0" })],
      down: true,
      id: { to: "2.2.9", revision: 7, ordinal: 2 },
    },
  ] satisfies readonly AttemptRow[] as readonly AttemptRow[]) {
    it(`takes ${title}`, () => {
      const options = { ...(down && { down }), ...(over && { release: over }) };
      const plan = planned(wanted("2.2.9"), old(attempts, options));
      expect(plan.migration?.attempt).to.deep.equal({ from: "2.1.4", ...id });
      expect(stepKinds(plan)).to.deep.equal(down === true ? CHAIN : WHOLE_CHAIN);
    });
  }

  it("keeps the attempt's own target for the tool when another 2.2 is wanted meanwhile", () => {
    const plan = planned(wanted("2.2.11"), old([attempt("migrating")], { down: true }));
    expect([plan.to, plan.migration?.targetVersion, plan.migration?.claimName]).to.deep.equal([
      "2.2.11",
      "2.2.9",
      "my-release-meta-2.1.4-to-2.2.9-r7",
    ]);
  });

  for (const { phase, rule } of [
    { phase: "migrating", rule: "old_milvus_must_not_run_on_half_migrated_metadata" },
    { phase: "migrated", rule: "old_milvus_must_not_run_on_migrated_metadata" },
  ] as const) {
    for (const version of ["2.2.9", "2.1.4"]) {
      it(`refuses ${version} while 2.1 runs on metadata that is ${phase}, with the command that stops it`, () => {
        const refusal = refused(wanted(version), old([attempt(phase)]));
        expect(refusal.rule).to.equal(rule);
        expect(refusal.remedy).to.contain("kubectl -n milvus scale deployment my-release-milvus-rootcoord");
      });
    }

    it(`refuses when one component alone was started on metadata that is ${phase}`, () => {
      const state = old([attempt(phase)], { down: true });
      const [first, ...others] = state.components;
      if (first === undefined) throw new Error("no component");
      const one = { ...state, components: [{ ...first, replicas: 1, pods: 1 }, ...others] };
      expect(refused(wanted("2.2.9"), one).rule).to.equal(rule);
    });
  }

  it("goes on when the images are of both versions, down, and the migration is finished", () => {
    const components = SEPARATE.map((name, index) => component(name, index < 4 ? "2.2.9" : "2.1.4", DOWN));
    const state = cluster({
      release: release("4.0.24", "2.2.9", UNFINISHED),
      components,
      attempts: [attempt("migrated")],
    });
    const plan = planned(wanted("2.2.9"), state);
    expect([plan.kind, plan.migration?.attempt.revision]).to.deep.equal(["migration", 7]);
  });

  it("refuses images of both versions without a finished migration", () => {
    const components = SEPARATE.map((name, index) => component(name, index < 4 ? "2.2.9" : "2.1.4"));
    const state = cluster({ release: release("3.2.18", "2.1.4"), components });
    expect(refused(wanted("2.2.9"), state).rule).to.equal("2_2_must_not_run_on_metadata_of_2_1");
  });

  it("looks at the metadata before it starts a 2.2 that is at 0, though the migration is finished", () => {
    const components = SEPARATE.map((name) => component(name, "2.2.9", DOWN));
    const state = cluster({
      release: release("4.0.24", "2.2.9", UNFINISHED),
      components,
      attempts: [attempt("migrated")],
    });
    const plan = planned(wanted("2.2.9"), state);
    expect([plan.kind, stepKinds(plan)]).to.deep.equal(["migration", CHAIN]);
    expect(plan.reason).to.contain("The metadata is looked at before Milvus starts");
  });

  it("goes on from a rollback that died when the newer version is wanted after all", () => {
    const components = SEPARATE.map((name) => component(name, "2.2.9", DOWN));
    const state = cluster({
      release: release("4.0.24", "2.2.9", { revision: 8 }),
      components,
      attempts: [attempt("restoring")],
    });
    expect(stepKinds(planned(wanted("2.2.9"), state))).to.deep.equal(CHAIN);
    expect(stepKinds(planned(wanted("2.1.4", { rollback: true }), state))).to.deep.equal([
      "stop",
      "restore",
      "release",
    ]);
    expect(refused(wanted("2.3.13"), state).rule).to.equal("2_2_must_not_run_on_metadata_of_2_1");
  });

  for (const phase of ["prepared", "backedUp", "restored"] as const satisfies readonly AttemptPhase[]) {
    it(`does not start 2.2 on metadata that is ${phase}`, () => {
      const components = SEPARATE.map((name) => component(name, "2.2.9", DOWN));
      const state = cluster({
        release: release("4.0.24", "2.2.9", { revision: 8 }),
        components,
        attempts: [attempt(phase)],
      });
      expect(refused(wanted("2.2.9"), state).rule).to.equal("2_2_must_not_run_on_metadata_of_2_1");
    });
  }

  it("clears a pending record first, keeps the attempt, and lists the whole chain", () => {
    const state = old([attempt("migrated")], { down: true, release: { ...UNFINISHED, status: "pending-upgrade" } });
    const plan = planned(wanted("2.2.9"), state);
    expect(stepKinds(plan)).to.deep.equal(["clearPendingRelease", ...CHAIN]);
    expect(plan.migration?.attempt).to.deep.equal({ from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 });
  });

  it("refuses an autoscaler on a component (fact 7.6)", () => {
    const state = running("3.2.18", "2.1.4", { component: { autoscaler: "HorizontalPodAutoscaler q" } });
    const refusal = refused(wanted("2.2.9"), state);
    expect([refusal.rule, refusal.reason.includes("HorizontalPodAutoscaler q")]).to.deep.equal([
      "no_autoscaler_during_a_migration",
      true,
    ]);
  });

  it("sends the number that runs where the values leave it to an autoscaler", () => {
    const values = { queryNode: { replicas: -1 } };
    const plan = planned(wanted("2.2.9", { values }), running("3.2.18", "2.1.4", { values }));
    expect([plan.kind, plan.values.queryNode]).to.deep.equal(["migration", { replicas: 3 }]);
  });

  it("refuses replicas left to an autoscaler where none run that could be sent, naming the key", () => {
    const values = { queryNode: { replicas: -1 } };
    const state = running("3.2.18", "2.1.4", { values });
    const none = { replicas: 0, readyReplicas: 0, updatedReplicas: 0, pods: 0 };
    const components = state.components.map((it) => (it.component === "querynode" ? { ...it, ...none } : it));
    const refusal = refused(wanted("2.2.9", { values }), { ...state, components });
    expect([refusal.rule, refusal.reason.includes("queryNode.replicas")]).to.deep.equal([
      "no_autoscaler_during_a_migration",
      true,
    ]);
  });

  it("refuses to stop a Deployment it does not know", () => {
    const state = old();
    const refusal = refused(wanted("2.2.9"), {
      ...state,
      components: [...state.components, component("sidekick", "2.1.4")],
    });
    expect([refusal.rule, refusal.reason.includes("sidekick")]).to.deep.equal([
      "an_unknown_deployment_is_not_stopped",
      true,
    ]);
  });
});

interface AttemptRow {
  readonly title: string;
  readonly attempts: readonly AttemptState[];
  readonly down?: boolean;
  readonly over?: Partial<HelmRelease>;
  readonly id: { readonly to: string; readonly revision: number; readonly ordinal: number };
}

describe("giving up a migration", () => {
  for (const { phase, kind, steps } of [
    { phase: "prepared", kind: "giveUp", steps: ["release"] },
    { phase: "backedUp", kind: "giveUp", steps: ["stop", "restore", "release"] },
    { phase: "migrating", kind: "giveUp", steps: ["stop", "restore", "release"] },
    { phase: "migrated", kind: "giveUp", steps: ["stop", "restore", "release"] },
    { phase: "restored", kind: "giveUp", steps: ["release"] },
  ] as const) {
    it(`of an attempt that is ${phase} is ${steps.join(" → ")}`, () => {
      const plan = planned(wanted("2.1.4"), old([attempt(phase)], { down: true }));
      expect([plan.kind, stepKinds(plan), plan.to, plan.chart.version]).to.deep.equal([kind, steps, "2.1.4", "3.2.18"]);
    });
  }

  it("goes back to the old chart after the Release failed", () => {
    const plan = planned(wanted("2.1.4"), old([attempt("migrated")], { down: true, release: UNFINISHED }));
    expect([plan.kind, plan.chart.version]).to.deep.equal(["giveUp", "3.2.18"]);
  });

  it("restarts what only the stop had reached", () => {
    const plan = planned(wanted("2.1.4"), old([], { down: true }));
    expect([plan.kind, stepKinds(plan)]).to.deep.equal(["giveUp", ["release"]]);
  });

  it("is nothing but a start where somebody else scaled to 0", () => {
    const state = running("3.2.18", "2.1.4", {
      component: { replicas: 0, readyReplicas: 0, updatedReplicas: 0, pods: 0 },
    });
    expect(planned(wanted("2.1.4"), state).kind).to.equal("helm");
  });

  it("has nothing to restore when the old version ran again", () => {
    expect(planned(wanted("2.1.4"), old([attempt("backedUp")])).kind).to.equal("helm");
  });
});

describe("going back after a finished migration", () => {
  const of22 = (attempts: readonly AttemptState[]) =>
    running("4.0.24", "2.2.9", { release: { revision: 8 }, state: { attempts } });

  it("is refused unless it is asked for, and says what is lost and how to ask", () => {
    const refusal = refused(wanted("2.1.4"), of22([attempt("migrated")]));
    expect(refusal.rule).to.equal("back_to_2_1_only_from_the_backup");
    expect(refusal.reason).to.contain("everything written since is lost");
    expect(refusal.remedy).to.contain("pulumi config set milvus:rollback true");
  });

  it("is stop → restore → release of the old version on its chart", () => {
    const plan = planned(wanted("2.1.4", { rollback: true }), of22([attempt("migrated")]));
    expect([plan.kind, stepKinds(plan), plan.from, plan.to]).to.deep.equal([
      "rollback",
      ["stop", "restore", "release"],
      "2.2.9",
      "2.1.4",
    ]);
    expect(plan.chart.version).to.equal("3.2.18");
    expect(plan.migration?.attempt.revision).to.equal(7);
    expect(plan.warnings.map(({ rule }) => rule)).to.include("a_rollback_loses_what_was_written_since");
    expect(plan.reversibility).to.equal("one way");
  });

  it("is ended by the next run when it died before its Release", () => {
    const state = cluster({
      release: release("4.0.24", "2.2.9", { revision: 8 }),
      components: SEPARATE.map((name) => component(name, "2.2.9", DOWN)),
      attempts: [attempt("restored")],
    });
    const plan = planned(wanted("2.1.4", { rollback: true }), state);
    expect([plan.kind, stepKinds(plan)]).to.deep.equal(["giveUp", ["stop", "restore", "release"]]);
  });

  it("has nothing to do once it is done, although the config still asks for it", () => {
    const state = old([attempt("restored")], { release: { revision: 9 } });
    const first = planned(wanted("2.1.4", { rollback: true }), state);
    const after = running("3.2.18", "2.1.4", {
      values: first.values,
      release: { revision: 9 },
      state: { attempts: [attempt("restored")] },
    });
    expect(planUpgrade(wanted("2.1.4", { rollback: true }), after).kind).to.equal("nothing");
  });

  it("is refused to another version than that of the backup", () => {
    const refusal = refused(wanted("2.1.3", { rollback: true }), of22([attempt("migrated")]));
    expect(refusal.rule).to.equal("a_rollback_goes_to_the_version_of_the_backup");
  });

  it("is refused without a backup of this stack", () => {
    expect(refused(wanted("2.1.4", { rollback: true }), of22([])).rule).to.equal("back_to_2_1_only_from_the_backup");
  });

  it("is refused where nothing is installed", () => {
    expect(refused(wanted("2.1.4", { rollback: true }), cluster()).rule).to.equal("a_rollback_needs_a_release");
  });
});

describe("names of an attempt", () => {
  const id = { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 };

  it("carry from, to and the revision, and the ordinal from the second on", () => {
    expect(attemptName(id)).to.equal("2.1.4-to-2.2.9-r7");
    expect(claimName("my-release", { ...id, ordinal: 2 })).to.equal("my-release-meta-2.1.4-to-2.2.9-r7-2");
  });

  it("come back from the labels", () => {
    expect(attemptFromLabels(attemptLabels("my-release", id))).to.deep.equal(id);
  });

  for (const broken of ["from", "to", "revision", "ordinal"]) {
    it(`are not taken from labels without ${broken}`, () => {
      const labels = Object.entries(attemptLabels("my-release", id)).filter(([label]) => !label.endsWith(`/${broken}`));
      expect(attemptFromLabels(Object.fromEntries(labels))).to.equal(undefined);
    });
  }

  for (const end of ["from", "to"]) {
    it(`are not taken from labels whose ${end} is not a version: the planner compares it with others`, () => {
      const labels = { ...attemptLabels("my-release", id), [`milvus-upgrade/${end}`]: "the-old-one" };
      expect(attemptFromLabels(labels)).to.equal(undefined);
    });
  }
});

describe("an attempt whose migration was begun", () => {
  it("binds although the images are of another patch of 2.1 now", () => {
    const state = running("3.2.18", "2.1.1", { component: DOWN, state: { attempts: [attempt("migrating")] } });
    const plan = planned(wanted("2.2.9"), state);
    expect(plan.migration).to.include({ sourceVersion: "2.1.4", claimName: "my-release-meta-2.1.4-to-2.2.9-r7" });
  });

  it("does not bind when it is of another installation: Milvus runs, and is upgraded with a claim of its own", () => {
    const state = old([{ ...attempt("migrating"), isForeign: true }]);
    const plan = planned(wanted("2.2.9"), state);
    expect(plan.migration?.claimName).to.equal("my-release-meta-2.1.4-to-2.2.9-r7-2");
    expect(plan.warnings.find(({ rule }) => rule === "an_attempt_of_another_installation")?.message).to.contain(
      "claim-7-1",
    );
  });

  it("never gives its name to a new one once a person has let it go", () => {
    const state = {
      ...old(),
      takenClaimNames: ["my-release-meta-2.1.4-to-2.2.9-r7", "my-release-meta-2.1.4-to-2.2.9-r7-2"],
    };
    expect(planned(wanted("2.2.9"), state).migration?.claimName).to.equal("my-release-meta-2.1.4-to-2.2.9-r7-3");
  });

  for (const version of ["2.1.4", "2.2.9"]) {
    it(`is let go of, or Milvus is stopped: the remedy on the way to ${version} says what each costs`, () => {
      const { remedy } = refused(wanted(version), old([attempt("migrating")]));
      expect(remedy).to.contain("kubectl -n milvus label pvc claim-7-1 milvus-upgrade/release-");
      expect(remedy).to.contain("This loses nothing");
      expect(remedy).to.contain("If Milvus has written something, it changes nothing and says what");
    });
  }

  it("allows its backup over what etcd holds only where the config names its claim", () => {
    const claim = "my-release-meta-2.1.4-to-2.2.9-r7";
    const plan = (overwriteMetadata: string) =>
      planned(wanted("2.2.9", { overwriteMetadata }), old([attempt("migrating")], { down: true }));
    expect(plan(claim).migration?.overwrite).to.equal(true);
    expect(plan(claim).warnings.map(({ rule }) => rule)).to.include("overwriting_loses_what_was_written_since");
    expect(plan("other").migration).to.not.have.property("overwrite");
    expect(plan("other").warnings.map(({ rule }) => rule)).to.include("overwriting_is_allowed_for_one_claim");
  });
});

describe("images of 2.1 that are down over a finished migration", () => {
  const rolledBack = { release: { revision: 9 } };

  it("are not taken for a 2.2 that never ran: what it wrote is lost only where that is asked for", () => {
    const state = old([attempt("migrated")], { down: true, ...rolledBack });
    const refusal = refused(wanted("2.1.4"), state);
    expect(refusal.rule).to.equal("back_to_2_1_only_from_the_backup");
    expect(refusal.reason).to.contain("revision 9").and.to.contain("everything written since is lost");
    expect(planned(wanted("2.1.4", { rollback: true }), state).kind).to.equal("rollback");
  });

  it("go back without it where Helm has deployed nothing since: the script finds in etcd whether 2.2 has run", () => {
    expect(planned(wanted("2.1.4"), old([attempt("migrated")], { down: true })).kind).to.equal("giveUp");
  });
});

describe("images of 2.2 over metadata that no finished migration has made", () => {
  for (const phase of ["prepared", "backedUp", "migrating", "restored"] as const) {
    const state = running("4.0.24", "2.2.9", { release: { revision: 8 }, state: { attempts: [attempt(phase)] } });

    it(`are refused also while they run, ${phase}`, () => {
      for (const version of ["2.2.9", "2.2.14", "2.3.13"]) {
        expect(refused(wanted(version), state).rule).to.equal("2_2_must_not_run_on_metadata_of_2_1");
      }
    });

    it(`go back as the refusal says, ${phase}`, () => {
      const plan = planned(wanted("2.1.4"), state);
      expect([plan.kind, stepKinds(plan)]).to.deep.equal(["giveUp", ["stop", "restore", "release"]]);
    });
  }
});

describe("objects under the names that the upgrade's own have", () => {
  it("are refused before anything is touched when they are somebody else's", () => {
    const refusal = refused(wanted("2.2.9"), { ...old(), strangers: ["Role my-release-upgrade"] });
    expect(refusal.rule).to.equal("objects_of_somebody_else_are_not_taken_over");
    expect(refusal.remedy).to.contain("kubectl -n milvus get role my-release-upgrade");
  });

  it("are no matter to a plan without Jobs", () => {
    const state = running("3.3.6", "2.2.0", { state: { strangers: ["Role my-release-upgrade"] } });
    expect(planned(wanted("2.2.9"), state).kind).to.equal("helm");
  });
});

describe("a lower patch than that of the backup", () => {
  it("is refused while an attempt binds, also with milvus:rollback: it would start on half of its metadata", () => {
    const state = old([attempt("migrating")], { down: true });
    for (const rollback of [false, true]) {
      expect(refused(wanted("2.1.2", { rollback }), state).rule).to.equal(
        "a_rollback_goes_to_the_version_of_the_backup",
      );
    }
  });
});

describe("some images of 2.1 over a 2.2 that this program has not migrated", () => {
  it("are no unfinished roll that milvus:rollback could take back", () => {
    const components = SEPARATE.map((name) => component(name, name === "proxy" ? "2.1.4" : "2.2.9"));
    const state = cluster({ release: release("4.0.24", "2.2.9"), components });
    for (const rollback of [false, true]) {
      expect(refused(wanted("2.1.4", { rollback }), state).rule).to.equal("back_to_2_1_only_from_the_backup");
    }
  });

  it("are none at 0 either, where Helm has deployed 2.2", () => {
    const components = SEPARATE.map((name) => component(name, name === "proxy" ? "2.1.4" : "2.2.9", DOWN));
    const state = cluster({ release: release("4.0.24", "2.2.9"), components });
    expect(refused(wanted("2.1.4"), state).rule).to.equal("back_to_2_1_only_from_the_backup");
  });
});

describe("the newest attempt", () => {
  it("is not the one with the highest revision: that of a pending record is free again once it is cleared", () => {
    const prepared = { ...attempt("prepared", { revision: 2 }), createdAt: "2026-05-01T09:00:00Z" };
    const finished = { ...attempt("migrated", { revision: 1 }), createdAt: "2026-05-01T10:00:00Z" };
    const state = running("4.0.24", "2.2.9", { release: { revision: 2 }, state: { attempts: [finished, prepared] } });
    expect(planned(wanted("2.2.9"), state).kind).to.not.equal("migration");
    expect(planned(wanted("2.1.4", { rollback: true }), state).migration?.attempt.revision).to.equal(1);
  });
});
