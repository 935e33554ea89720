import { expect } from "chai";
import type { HelmRelease } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { describePermission, permissionsFor } from "../../../../upgrade/preflight/permissions";
import { jobRights } from "../../../../upgrade/steps/jobRights";
import { getValue, path } from "../../../../upgrade/values/tree";
import { describePlan } from "../../../../upgrade/words/describe";
import { cluster, component, NOW, planned, refused, release, running, SEPARATE, stepKinds, wanted } from "../support";

const minutesAgo = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

const PENDING: Partial<HelmRelease> = {
  status: "pending-upgrade",
  revision: 8,
  recordName: "sh.helm.release.v1.my-release.v8",
  chartVersion: "4.0.34",
  appVersion: "2.2.14",
  updatedAt: minutesAgo(60),
  lastDeployed: { revision: 7, chartVersion: "4.0.24", appVersion: "2.2.9" },
};

describe("a Helm record left pending", () => {
  it("is cleared as the first step once it is old and nothing moves", () => {
    const plan = planned(wanted("2.2.14"), running("4.0.34", "2.2.9", { release: PENDING }));
    expect(plan.steps[0]).to.deep.equal({ kind: "clearPendingRelease", recordName: PENDING.recordName, revision: 8 });
    expect(plan.adopt).to.equal(true);
    expect(plan.warnings.map(({ rule }) => rule)).to.include("a_helm_revision_did_not_finish");
  });

  for (const status of ["pending-install", "pending-upgrade", "pending-rollback"] as const) {
    it(`is recognised as ${status}`, () => {
      const state = running("4.0.34", "2.2.9", { release: { ...PENDING, status } });
      expect(stepKinds(planned(wanted("2.2.14"), state))[0]).to.equal("clearPendingRelease");
    });
  }

  for (const { title, over, says } of [
    {
      title: "it is young",
      over: { release: { ...PENDING, updatedAt: minutesAgo(3) } },
      says: "Helm began revision 8",
    },
    {
      title: "a rollout made progress just now",
      over: { release: PENDING, component: { progressedAt: minutesAgo(1) } },
      says: "made progress at",
    },
    {
      title: "its time cannot be read",
      over: { release: { ...PENDING, updatedAt: "yesterday" } },
      says: "cannot be read",
    },
    { title: "the time now is not known", over: { release: PENDING, state: { observedAt: "" } }, says: "Helm began" },
  ]) {
    it(`is refused while ${title}, with the exact command`, () => {
      const refusal = refused(wanted("2.2.14"), running("4.0.34", "2.2.9", over));
      expect(refusal.rule).to.equal("another_helm_run_may_be_active");
      expect(refusal.reason).to.contain(says);
      expect(refusal.remedy).to.contain("kubectl -n milvus delete secret sh.helm.release.v1.my-release.v8");
    });
  }

  it("waits as long as it is told", () => {
    const state = running("4.0.34", "2.2.9", { release: { ...PENDING, updatedAt: minutesAgo(3) } });
    const plan = planned(wanted("2.2.14", { pendingSilentSeconds: 120 }), state);
    expect(stepKinds(plan)[0]).to.equal("clearPendingRelease");
  });

  for (const { pendingSilentSeconds, says } of [
    { pendingSilentSeconds: 200, says: "Wait 3 min 20 s after the last sign" },
    { pendingSilentSeconds: 3600, says: "Wait 60 min after the last sign" },
  ]) {
    it(`says how long that is: ${says}`, () => {
      const state = running("4.0.34", "2.2.9", { release: { ...PENDING, updatedAt: minutesAgo(3) } });
      expect(refused(wanted("2.2.14", { pendingSilentSeconds }), state).remedy).to.contain(says);
    });
  }

  it("of an upgrade is cleared also where the stack's state has the Release", () => {
    const plan = planned(wanted("2.2.14"), running("4.0.34", "2.2.9", { release: PENDING }), { releaseInStack: true });
    expect(stepKinds(plan)[0]).to.equal("clearPendingRelease");
  });
});

describe("an install that died and was never deployed", () => {
  const died = (over: Partial<HelmRelease> = {}) =>
    cluster({
      release: release("5.0.19", "2.6.15", {
        status: "pending-install",
        revision: 1,
        recordName: "sh.helm.release.v1.my-release.v1",
        updatedAt: minutesAgo(60),
        ...over,
      }),
      components: [component("proxy", "2.6.15", { readyReplicas: 0, rolledOut: false })],
    });
  const inStack = { releaseInStack: true };

  it("is cleared and installed again over what it made", () => {
    const plan = planned(wanted("2.6.15"), died());
    expect([plan.kind, plan.adopt, stepKinds(plan)]).to.deep.equal([
      "install",
      false,
      ["clearPendingRelease", "release"],
    ]);
  });

  it("is marked as failed where the stack's state has the Release: Helm upgrades nothing that has no record", () => {
    const plan = planned(wanted("2.6.15"), died(), inStack);
    expect([plan.kind, plan.adopt, stepKinds(plan)]).to.deep.equal(["install", false, ["markFailed", "release"]]);
    expect(plan.steps[0]).to.deep.equal({
      kind: "markFailed",
      recordName: "sh.helm.release.v1.my-release.v1",
      revision: 1,
    });
  });

  it("says so, and never that the record is cleared or deleted", () => {
    const lines = describePlan(planned(wanted("2.6.15"), died(), inStack)).join("\n");
    expect(lines).to.contain("steps: mark the record of revision 1 as failed → release");
    expect(lines).to.contain("mark the record of revision 1 as failed: one way");
    expect(lines).to.not.match(/clear|delete/);
  });

  it("is cleared where an earlier revision was deployed, whatever the state has", () => {
    const lastDeployed = { revision: 7, chartVersion: "4.0.24", appVersion: "2.2.9" };
    const state = running("4.0.34", "2.2.9", { release: { ...PENDING, status: "pending-install", lastDeployed } });
    expect(stepKinds(planned(wanted("2.2.14"), state, inStack))[0]).to.equal("clearPendingRelease");
  });

  for (const stack of [{}, inStack]) {
    it(`is refused while it is young, with a command that helps whatever the state has: ${JSON.stringify(stack)}`, () => {
      const plan = planUpgrade(wanted("2.6.15"), died({ updatedAt: minutesAgo(3) }), stack);
      if (plan.kind !== "refused") return expect.fail(`planned ${plan.kind}`);
      expect(plan.rule).to.equal("another_helm_run_may_be_active");
      // Deleted, the record would be missed by the state, and the next run refused.
      expect(plan.remedy).to.not.contain("delete");
      expect(plan.remedy).to.contain("pulumi config set --path milvus:timeouts.pending 1s");
    });
  }

  it("needs no Jobs to be marked: neither their rights nor their names", () => {
    const state = { ...died(), strangers: ["Role my-release-upgrade"] };
    const plan = planned(wanted("2.6.15"), state, inStack);
    expect(jobRights(plan)).to.deep.equal([]);
    const asked = permissionsFor(plan, state, "milvus").map(describePermission);
    expect(asked).to.include("patch secrets").and.not.include("create jobs.batch");
    expect(planUpgrade(wanted("2.6.15"), state)).to.include({ rule: "objects_of_somebody_else_are_not_taken_over" });
  });
});

describe("a failed release", () => {
  const FAILED: Partial<HelmRelease> = { ...PENDING, status: "failed" };

  it("is gone on from, and named", () => {
    const plan = planned(wanted("2.2.14"), running("4.0.34", "2.2.9", { release: FAILED }));
    expect([plan.kind, plan.to]).to.deep.equal(["rolling", "2.2.14"]);
    const said = plan.warnings.find(({ rule }) => rule === "a_helm_revision_did_not_finish")?.message;
    expect(said).to.contain("Revision 8").and.contain("helm history my-release");
  });

  it("is made good by an upgrade when the version is reached", () => {
    const plan = planned(wanted("2.2.14"), running("4.0.34", "2.2.14", { release: FAILED }));
    expect([plan.kind, plan.reason]).to.deep.equal(["helm", "revision 8 is failed"]);
  });

  it("of a first install is upgraded, not installed over", () => {
    const state = running("4.0.34", "2.2.14", { release: { status: "failed", revision: 1 } });
    expect([planned(wanted("2.2.14"), state).kind, planned(wanted("2.2.14"), state).adopt]).to.deep.equal([
      "helm",
      true,
    ]);
  });

  it("does not decide on the message queue when the last deployed values are known", () => {
    const state = running("4.2.33", "2.4.16", {
      release: {
        status: "failed",
        userValues: {},
        chartVersion: "4.2.33",
        lastDeployed: { revision: 6, chartVersion: "4.2.20", appVersion: "2.4.16", userValues: {}, chartValues: {} },
      },
    });
    const plan = planned(wanted("2.5.16"), state);
    expect(getValue(plan.values, path("pulsar.enabled"))).to.equal(true);
    expect(getValue(plan.values, path("pulsarv3.enabled"))).to.equal(false);
  });
});

describe("a cluster at 0", () => {
  const down = { replicas: 0, readyReplicas: 0, updatedReplicas: 0, pods: 0 };

  it("is started by the Release", () => {
    const plan = planned(wanted("2.2.9"), running("4.0.24", "2.2.9", { component: down }));
    expect([plan.kind, plan.reason, plan.interruption]).to.deep.equal([
      "helm",
      "every component is at 0: the Release starts them again",
      "Nothing runs now.",
    ]);
  });

  it("is upgraded all at once, since nothing has to be kept serving", () => {
    expect(planned(wanted("2.2.14"), running("4.0.24", "2.2.9", { component: down })).kind).to.equal("helm");
  });
});

describe("nothing to do", () => {
  it("is said when record, values and images are those wanted", () => {
    const first = planned(wanted("2.2.9"), running("4.0.24", "2.2.9"));
    const plan = planned(wanted("2.2.9"), running("4.0.24", "2.2.9", { values: first.values }));
    expect([plan.kind, stepKinds(plan), plan.interruption]).to.deep.equal(["nothing", ["release"], "None."]);
  });

  it("names a component that is not healthy, and changes nothing about it", () => {
    const { values } = planned(wanted("2.2.9"), running("4.0.24", "2.2.9"));
    const plan = planned(wanted("2.2.9"), running("4.0.24", "2.2.9", { values, component: { rolledOut: false } }));
    expect(plan.kind).to.equal("nothing");
    expect(plan.warnings.map(({ rule }) => rule)).to.include("a_component_is_not_ready");
  });

  it("is said although an old pod still takes its time to end", () => {
    const { values } = planned(wanted("2.2.9"), running("4.0.24", "2.2.9"));
    const component = { podImages: ["milvusdb/milvus:v2.2.8", "milvusdb/milvus:v2.2.9"] };
    expect(planned(wanted("2.2.9"), running("4.0.24", "2.2.9", { values, component })).kind).to.equal("nothing");
  });

  it("keeps the chart that runs although there are newer ones of the version", () => {
    expect(planned(wanted("2.2.9"), running("4.0.23", "2.2.9")).chart.version).to.equal("4.0.23");
  });

  it("becomes a Helm upgrade when a value changes", () => {
    const { values } = planned(wanted("2.2.9"), running("4.0.24", "2.2.9"));
    const plan = planned(
      wanted("2.2.9", { values: { proxy: { replicas: 2 } } }),
      running("4.0.24", "2.2.9", { values }),
    );
    expect([plan.kind, plan.reason]).to.deep.equal([
      "helm",
      "the version stays, and the values differ from those of the release",
    ]);
  });
});

describe("who else may own the cluster", () => {
  for (const { title, state, rule, says } of [
    {
      title: "the Milvus Operator",
      state: { operatorResource: "Milvus my-release" },
      rule: "only_one_manager",
      says: "spec.components.image",
    },
    {
      title: "an owner reference",
      state: { components: [component("proxy", "2.2.9", { managedBy: "Milvus db" })] },
      rule: "only_one_manager",
      says: "spec.components.image",
    },
    {
      title: "Argo CD",
      state: { components: [component("proxy", "2.2.9", { managedBy: "Argo CD Application db" })] },
      rule: "only_one_manager",
      says: "Application's source",
    },
    {
      title: "Flux",
      state: { components: [component("proxy", "2.2.9", { managedBy: "Flux HelmRelease db" })] },
      rule: "only_one_manager",
      says: "HelmRelease",
    },
    {
      title: "an unknown owner",
      state: { components: [component("proxy", "2.2.9", { managedBy: "Tenant db" })] },
      rule: "only_one_manager",
      says: "Upgrade it there",
    },
    {
      title: "the deletion of its namespace",
      state: { namespaceEnds: true },
      rule: "the_namespace_is_being_deleted",
      says: "kubectl get namespace milvus",
    },
    {
      title: "a release of another chart",
      state: { release: release("15.0.0", "16", { chartName: "postgresql" }) },
      rule: "the_release_must_be_milvus",
      says: "helm list",
    },
    {
      title: "a release being uninstalled",
      state: { release: release("4.0.24", "2.2.9", { status: "uninstalling" }) },
      rule: "an_uninstalled_release_is_not_upgraded",
      says: "helm uninstall",
    },
    {
      title: "an uninstalled release kept in history",
      state: { release: release("4.0.24", "2.2.9", { status: "uninstalled" }) },
      rule: "an_uninstalled_release_is_not_upgraded",
      says: "helm rollback",
    },
    {
      title: "Deployments without a release",
      state: { components: [component("proxy", "2.2.9")] },
      rule: "deployments_need_their_release",
      says: "another namespace",
    },
  ] as const) {
    it(`refuses ${title}`, () => {
      const refusal = refused(wanted("2.2.14"), cluster(state));
      expect([refusal.rule, refusal.remedy.includes(says)], refusal.remedy).to.deep.equal([rule, true]);
    });
  }

  it("knows attu, and leaves an unknown Deployment alone", () => {
    const state = running("4.0.24", "2.2.9", { names: [...SEPARATE, "attu", "sidekick"] });
    const warnings = planned(wanted("2.2.14"), state).warnings.filter(
      ({ rule }) => rule === "an_unknown_deployment_is_not_changed",
    );
    expect(warnings.map(({ message }) => message.includes("sidekick") && !message.includes("attu"))).to.deep.equal([
      true,
    ]);
  });

  it("passes on what the reader could not see", () => {
    const plan = planned(
      wanted("2.2.14"),
      running("4.0.24", "2.2.9", { state: { notes: ["autoscalers may not be listed"] } }),
    );
    expect(plan.warnings).to.deep.include({
      rule: "not_everything_could_be_read",
      message: "autoscalers may not be listed",
    });
  });
});

describe("an image without a version", () => {
  const image = "milvusdb/milvus@sha256:ab12";

  for (const other of [image, "milvusdb/milvus:v2.2.9-20230601-4a8b4f9d", "milvusdb/milvus:latest"]) {
    it(`is never guessed: ${other}`, () => {
      const refusal = refused(wanted("2.2.14"), running("4.0.24", "2.2.9", { component: { image: other } }));
      expect(refusal.rule).to.equal("an_unknown_version_is_never_guessed");
      expect(refusal.remedy).to.contain("pulumi config set milvus:currentVersion");
    });
  }

  it("is not guessed from the chart either, where nothing runs", () => {
    const values = { image: { all: { tag: "v2.2.9-20230601-4a8b4f9d" } } };
    const state = running("4.0.24", "2.2.9", { names: [], values });
    const rule = "an_unknown_version_is_never_guessed";
    expect(refused(wanted("2.2.14"), state).rule).to.equal(rule);
    expect(planned(wanted("2.2.14", { currentVersion: "2.2.9", values }), state).from).to.equal("2.2.9");
  });

  it("is what milvus:currentVersion says", () => {
    const plan = planned(
      wanted("2.2.14", { currentVersion: "2.2.9" }),
      running("4.0.24", "2.2.9", { component: { image } }),
    );
    expect([plan.from, plan.to]).to.deep.equal(["2.2.9", "2.2.14"]);
  });

  it("is the record's where no Deployment is left", () => {
    const plan = planned(wanted("2.2.14"), cluster({ release: release("4.0.24", "2.2.9") }));
    expect(plan.from).to.equal("2.2.9");
  });
});

describe("values of an adopted release", () => {
  const inForce = {
    proxy: { replicas: 3, resources: { limits: { memory: "8Gi" } } },
    minio: { accessKey: "TOPSECRET" },
    extraConfigFiles: { "user.yaml": "proxy:\n  maxTaskNum: 9\ncommon:\n  gracefulTime: 1\n" },
  };
  const state = running("4.0.24", "2.2.9", { values: inForce });

  it("are refused when the config does not repeat them, by key and without the value", () => {
    const values = { proxy: { replicas: 2 }, extraConfigFiles: { "user.yaml": "common:\n  gracefulTime: 2\n" } };
    const refusal = refused(wanted("2.2.14", { values }), state);
    expect(refusal.rule).to.equal("no_user_value_is_dropped_silently");
    expect(refusal.reason).to.contain("proxy.resources.limits.memory, minio.accessKey and");
    expect(refusal.reason).to.contain('extraConfigFiles["user.yaml"]: proxy.maxTaskNum');
    expect(JSON.stringify(refusal)).to.not.contain("TOPSECRET");
  });

  it("may go when milvus:dropValues names them, with everything below", () => {
    const dropValues = ["proxy.resources", "minio", "extraConfigFiles"];
    expect(planUpgrade(wanted("2.2.14", { values: { proxy: { replicas: 2 } }, dropValues }), state).kind).to.equal(
      "rolling",
    );
  });

  it("may go when this program wrote the revision: then the key left the config on purpose", () => {
    const ours = running("4.0.24", "2.2.9", {
      values: inForce,
      release: { description: "milvus-upgrade: helm 2.2.9 from revision 3" },
    });
    expect(planUpgrade(wanted("2.2.14"), ours).kind).to.equal("rolling");
  });

  it("are not the user's where a rule laid them", () => {
    const first = planned(wanted("2.1.4"), running("3.1.8", "2.1.1", { state: { kubernetesVersion: "1.30.0" } }));
    const adopted = running("3.2.18", "2.1.4", { values: first.values, state: { kubernetesVersion: "1.30.0" } });
    expect(planUpgrade(wanted("2.2.9"), adopted).kind).to.equal("migration");
  });

  it("are complete when the config has them all", () => {
    expect(planUpgrade(wanted("2.2.14", { values: inForce }), state).kind).to.equal("rolling");
  });
});
