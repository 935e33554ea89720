import { existsSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import type { PlannedRun } from "../../../../components/declare/context";
import { PLAN_KINDS, type PlanKind, type Step, type UpgradePlan } from "../../../../upgrade/model";
import { stepLimit } from "../../../../upgrade/steps/steps";
import { examples } from "../../../support/examples";
import {
  declare,
  RELEASE as HELM_RELEASE,
  PLANS,
  plannedRun,
  RESUMES,
  recordPlan,
  SETTINGS,
  STEP,
  state,
} from "../../../support/plans";
import { NEW_REVISION, type Recording, type Registered, record } from "../../../support/recordingMonitor";

const JOB = "kubernetes:batch/v1:Job";
const RELEASE = "kubernetes:helm.sh/v3:Release";

const declared = (run: PlannedRun): Promise<Recording> => record(() => declare(run));

const shortTypes = ({ registered }: Pick<Recording, "registered">): string[] =>
  registered.filter(({ custom }) => custom).map(({ type }) => type.split(":").at(-1) ?? "");

/** Name in Pulumi's display of the resource that a step ends with. */
function stepResource(step: Step, plan: UpgradePlan): string {
  switch (step.kind) {
    case "release":
      return "milvus-release";
    case "resume":
      return `milvus-resume-${step.component}`;
    case "clearPendingRelease":
      return "milvus-clear-pending-release";
    case "markFailed":
      return "milvus-failed-record";
    case "restore":
      return plan.kind === "rollback" ? "milvus-rollback" : "milvus-restore";
    default:
      return `milvus-${step.kind}`;
  }
}

/** Everything a resource depends on, directly or through others. */
function closure(registered: readonly Registered[], urn: string): Set<string> {
  const byUrn = new Map(registered.map((resource) => [resource.urn, resource]));
  const found = new Set<string>();
  const visit = (next: string): void => {
    for (const dependency of byUrn.get(next)?.dependsOn ?? []) {
      if (!found.has(dependency)) {
        found.add(dependency);
        visit(dependency);
      }
    }
  };
  visit(urn);
  return found;
}

function expectChain({ registered }: Recording, plan: UpgradePlan): void {
  const urns = plan.steps.map((step) => {
    const name = stepResource(step, plan);
    return registered.find((resource) => resource.name === name)?.urn ?? `${name} is not declared`;
  });
  const position = new Map(urns.map((urn, index) => [urn, index]));
  for (const [index, urn] of urns.entries()) {
    const before = [...closure(registered, urn)].flatMap((dependency) => position.get(dependency) ?? []);
    expect(
      before.sort((a, b) => a - b),
      `what ${urn} waits for`,
    ).to.deep.equal([...urns.keys()].slice(0, index));
  }
}

describe("the chain of a plan", () => {
  it("has nothing of the pulls, which were made before anything is declared: a later run has nothing to clear up", async () => {
    const plan = { ...PLANS.migration, steps: [STEP.prepull, ...PLANS.migration.steps] };
    const recording = await declared(plannedRun(plan));
    expectChain(recording, PLANS.migration);
    expect(recording.registered.map(({ name }) => name)).to.not.include("milvus-prepull");
  });

  describe("declares what the plan needs and nothing else", () => {
    const access = ["ServiceAccount", "Role", "RoleBinding"];
    const expected: Record<PlanKind, string[]> = {
      install: ["Release"],
      nothing: ["Release"],
      helm: ["Release"],
      rolling: [...access, "Job", "Job", "Job", "Job", "Release"],
      migration: [...access, "ConfigMap", "PersistentVolumeClaim", "Job", "Job", "Job", "Job", "Job", "Release"],
      giveUp: [...access, "ConfigMap", "Job", "Job", "Release"],
      rollback: [...access, "ConfigMap", "Job", "Job", "Release"],
    };
    for (const kind of PLAN_KINDS) {
      it(`${kind}: ${expected[kind].join(", ")}`, async () => {
        expect(shortTypes(await recordPlan(PLANS[kind]))).to.have.members(expected[kind]);
      });
    }
  });

  for (const kind of PLAN_KINDS) {
    it(`${kind}: the resources wait for each other in the order of the plan's steps`, async () => {
      expectChain(await recordPlan(PLANS[kind]), PLANS[kind]);
    });
  }

  it("whatever the steps and their order, the resources wait for each other in exactly that order", async () => {
    const others = [
      STEP.clearPendingRelease,
      STEP.markFailed,
      STEP.probe,
      STEP.stop,
      STEP.backup,
      STEP.migrate,
      STEP.restore,
      STEP.pause,
      ...RESUMES,
    ];
    const steps = fc
      .tuple(fc.shuffledSubarray([...others]), fc.boolean(), fc.nat())
      .map(([chosen, awaitReady, at]): Step[] =>
        chosen.toSpliced(at % (chosen.length + 1), 0, { kind: "release", awaitReady }),
      );
    await fc.assert(
      fc.asyncProperty(steps, async (chosen) => {
        const plan = { ...PLANS.migration, steps: chosen };
        expectChain(await declared(plannedRun(plan, { failedRecord: "c2VjcmV0" })), plan);
      }),
      examples(5),
    );
  });

  describe("the record of an install that died", () => {
    const steps: Step[] = [STEP.markFailed, STEP.release];
    const plan = { ...PLANS.install, steps };

    it("is marked as failed by a Secret that Pulumi writes and never deletes, without any Job", async () => {
      const { registered } = await declared(plannedRun(plan, { failedRecord: "c2VjcmV0" }));
      expect(shortTypes({ registered })).to.deep.equal(["Secret", "Release"]);
      const [secret] = registered.filter(({ custom }) => custom);
      expect(secret?.retainOnDelete).to.equal(true);
      expect(secret?.inputs.metadata).to.deep.include({ name: STEP.markFailed.recordName, namespace: "milvus" });
      expect(pulumi.runtime.isRpcSecret(secret?.inputs.data)).to.equal(true);
      expect(secret?.createTimeout).to.equal(`${stepLimit(STEP.markFailed, SETTINGS.timeouts, true)}s`);
    });

    it("is deleted by a Job where the plan says so, also when it could be marked", async () => {
      const clear = { ...plan, steps: [STEP.clearPendingRelease, STEP.release] };
      const recording = await declared(plannedRun(clear, { failedRecord: "c2VjcmV0" }));
      expect(shortTypes(recording)).to.include("Job").and.not.include("Secret");
    });

    it("must be known where it is to be marked: a bug, said before anything is declared but the component", async () => {
      let message = "";
      const { registered } = await record(() => {
        try {
          declare(plannedRun(plan));
        } catch (error) {
          message = (error as Error).message;
        }
      });
      expect(message).to.match(/the step markFailed.*This is a bug: please report it/);
      expect(registered.filter(({ custom }) => custom)).to.deep.equal([]);
    });
  });

  it("every resource is a child of the component", async () => {
    const { registered } = await recordPlan(PLANS.migration);
    const component = registered.find(({ type }) => type === "test:index:Holder");
    expect(component, "the component").to.not.equal(undefined);
    const parents = registered.filter(({ custom }) => custom).map(({ parent }) => parent);
    expect(new Set(parents)).to.deep.equal(new Set([component?.urn]));
  });

  it("a plan without a release step, which would uninstall Milvus, is refused before anything is declared", async () => {
    const plan = { ...PLANS.migration, steps: [STEP.stop] };
    let message = "";
    const { registered } = await record(() => {
      try {
        declare(plannedRun(plan));
      } catch (error) {
        message = (error as Error).message;
      }
    });
    expect(message).to.match(/plan \(migration\) has 0 release steps instead of one/);
    expect(registered.map(({ type }) => type)).to.deep.equal(["test:index:Holder"]);
  });

  it("two runs over the same facts declare the same, but for what names the run", async () => {
    const comparable = ({ registered }: Recording) =>
      JSON.parse(
        JSON.stringify(registered.map((it) => ({ ...it, replacementTrigger: "" }))).replaceAll(
          /-[0-9a-f]{8}"/g,
          '-RUN"',
        ),
      ) as unknown;
    for (const kind of PLAN_KINDS) {
      const [first, second] = [await recordPlan(PLANS[kind]), await declared(plannedRun(PLANS[kind]))];
      expect(comparable(first)).to.deep.equal(comparable(second));
    }
  });

  it("a Job that succeeded in an earlier run runs again when its step is in the plan again", async () => {
    const triggers = async (): Promise<unknown[]> => {
      const { registered } = await declared(plannedRun(PLANS.migration));
      return registered.filter(({ type }) => type === JOB).map(({ replacementTrigger }) => replacementTrigger);
    };
    const [first, second] = [await triggers(), await triggers()];
    expect(new Set(first).size, "one trigger for all Jobs of a run").to.equal(1);
    expect(first[0]).to.be.a("string");
    expect(second[0]).to.be.a("string").that.does.not.equal(first[0]);
  });

  it("runs what is left of runAfter where nothing else is to be done, though the Release gets no new revision", async () => {
    const after = { ...STEP.ownJob, when: "after" } as const;
    const there = state({
      release: { ...HELM_RELEASE, revision: NEW_REVISION },
      cronJobs: [{ name: after.cronJob, version: after.version, template: {} }],
    });
    const { registered } = await record(async () => {
      const { done, runAfter } = declare(
        plannedRun({ ...PLANS.nothing, steps: [STEP.release, after] }, { state: there }),
      );
      expect(await done()).to.equal(true);
      await runAfter();
    });
    expect(registered.map(({ name }) => name)).to.include("milvus-after-milvus-backup");
  });

  describe("with steps that --target or --exclude leaves out", () => {
    const leftOut = [
      { plan: PLANS.migration, step: "milvus-migrate", never: "milvus-release" },
      { plan: PLANS.migration, step: "milvus-stop", never: "milvus-backup" },
      { plan: PLANS.rolling, step: "milvus-release", never: "milvus-resume-rootcoord" },
      { plan: PLANS.giveUp, step: "milvus-restore", never: "milvus-release" },
      {
        plan: { ...PLANS.install, steps: [STEP.markFailed, STEP.release] },
        step: "milvus-failed-record",
        never: "milvus-release",
      },
    ];
    for (const { plan, step, never } of leftOut) {
      it(`${plan.kind}: without ${step} there is no ${never}`, async () => {
        const { registered } = await record(() => declare(plannedRun(plan, { failedRecord: "c2VjcmV0" })), {
          leftOut: [step],
        });
        const names = registered.map(({ name }) => name);
        expect(names).to.include(step).and.not.include(never);
      });
    }
  });

  it("the script that is mounted exists", () => {
    expect(existsSync(join(__dirname, "../../../../components/scripts/metadata.sh"))).to.equal(true);
  });

  describe("the error hook", () => {
    it("is on the Release and every Job when a diagnosis is given", async () => {
      const { registered, errorHooks } = await declared(
        plannedRun(PLANS.migration, { diagnose: () => Promise.resolve("no node has 64Gi") }),
      );
      expect(errorHooks).to.deep.equal(["milvus-diagnosis"]);
      const hooked = registered.filter(({ type }) => type === JOB || type === RELEASE);
      expect(hooked).to.have.length(6);
      for (const resource of hooked) {
        expect(resource.onError, resource.name).to.deep.equal(["milvus-diagnosis"]);
      }
    });

    it("is left out without a diagnosis", async () => {
      expect((await recordPlan(PLANS.migration)).errorHooks).to.deep.equal([]);
    });
  });
});
