import { expect } from "chai";
import { diagnoseUpgrade } from "../../../../cluster/diagnose/diagnoseUpgrade";
import { type Answers, fakeClient } from "../../../support/fakeClient";
import { PLANS } from "../../../support/plans";
import { deployment } from "../objects";

const JOB = { kind: "Job", name: "my-release-backup", namespace: "milvus" } as const;

/** A Deployment that was stopped at 12:00 and got replicas from somebody later. */
function stopped(component: string, replicas: number, by: string, time: string) {
  const it = deployment(component);
  const sets = (manager: string, at: string) => ({
    manager,
    time: at,
    operation: "Update",
    fieldsV1: { "f:spec": { "f:replicas": {} } },
  });
  const other = { manager: "kube-controller-manager", time: "2026-01-01T13:00:00Z", fieldsV1: { "f:status": {} } };
  return {
    ...it,
    metadata: {
      ...it.metadata,
      annotations: { "milvus-upgrade/replicas": "3" },
      managedFields: [other, sets(by, time), sets("kubectl", "2026-01-01T11:59:00Z")],
    },
    spec: { ...it.spec, replicas },
  };
}

const failure = (answers: Answers, plan: (typeof PLANS)[keyof typeof PLANS] = PLANS.migration) =>
  diagnoseUpgrade(fakeClient(answers), { failed: JOB, plan, releaseName: "my-release", hide: [] });
const job = (step: string) => ({ metadata: { name: JOB.name, labels: { "milvus-upgrade/step": step } } });

describe("diagnoseUpgrade", () => {
  const back = stopped("querynode", 3, "argocd-controller", "2026-01-01T12:01:02Z");

  it("names what starts Milvus again while it is kept stopped, what it did and when", async () => {
    const down = stopped("proxy", 0, "kubectl", "2026-01-01T12:00:00Z");
    const text = await failure({ jobs: job("backup"), deployments: [back, down] });
    expect(text).to.contain(
      'Deployment my-release-milvus-querynode was set to 3 again at 12:01:02 UTC by "argocd-controller"',
    );
    expect(text).to.contain("turn it off for the upgrade").and.to.not.contain("proxy");
  });

  it("does not take for started again what the stop itself did not come to", async () => {
    const stop = { ...job("stop"), status: { startTime: "2026-01-01T12:30:00Z" } };
    expect(await failure({ jobs: stop, deployments: [back] })).to.equal(undefined);
    const early = { ...job("stop"), status: { startTime: "2026-01-01T12:00:00Z" } };
    expect(await failure({ jobs: early, deployments: [back] })).to.contain("argocd-controller");
  });

  it("says that the API server names nobody where it does not", async () => {
    const metadata = { ...back.metadata, managedFields: [] };
    expect(await failure({ jobs: job("migrate"), deployments: [{ ...back, metadata }] })).to.contain(
      'by "somebody the API server does not name"',
    );
  });

  for (const { when, stands, not } of [
    { when: "before", stands: "nothing of Milvus was touched", not: "argocd" },
    { when: "after", stands: "The upgrade is in place", not: "was touched" },
  ]) {
    it(`says of a Job of the user's ${when} the upgrade how things stand and how to try it, and nothing of Milvus`, async () => {
      for (const plan of [PLANS.migration, PLANS.rolling]) {
        const text = await failure({ jobs: job(`${when}-smoke-test`), deployments: [back] }, plan);
        expect(text)
          .to.contain(stands)
          .and.to.contain("kubectl -n milvus create job smoke-test-try --from=cronjob/smoke-test")
          .and.to.not.contain(not);
      }
    });
  }

  it("has nothing of that to say in a plan that stops nothing", async () => {
    expect(await failure({ jobs: job("pause"), deployments: [back] }, PLANS.rolling)).to.equal(undefined);
    expect(await failure({ jobs: job("pause"), deployments: [back] }, PLANS.helm)).to.equal(undefined);
  });

  it("names Milvus' own stuck pod, and of the Job that only waited for it one line", async () => {
    const waited = {
      metadata: { name: "my-release-backup-x", labels: { "job-name": JOB.name } },
      status: {
        phase: "Failed",
        initContainerStatuses: [{ name: "await-rollout", state: { terminated: { exitCode: 1, reason: "Error" } } }],
      },
    };
    const pending = {
      metadata: { name: "my-release-milvus-querynode-7d5f9c-x" },
      status: {
        phase: "Pending",
        conditions: [
          { type: "PodScheduled", status: "False", message: "0/3 nodes are available: 3 Insufficient memory." },
        ],
      },
    };
    const fake = fakeClient({ jobs: job("resume-querynode") });
    const client = {
      ...fake,
      read: (request: Parameters<typeof fake.read>[0]) =>
        request.resource === "pods" && request.subresource === undefined
          ? Promise.resolve({ items: request.labelSelector?.startsWith("job-name") ? [waited] : [pending] })
          : fake.read(request),
    };
    const text = await diagnoseUpgrade(client, {
      failed: JOB,
      plan: PLANS.rolling,
      releaseName: "my-release",
      hide: [],
    });
    expect(text).to.match(
      /^Release milvus\/my-release: pod my-release-milvus-querynode-7d5f9c-x: no node has room for it\./,
    );
    expect(text).to.match(
      /Job milvus\/my-release-backup only waited for that: its command await-rollout ended with exit code 1\.$/,
    );
    expect(text).to.not.include("The log says why");
  });
});
