import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { compareMetadata, type MetadataState } from "../../sandbox/metadata";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { failureOf, problems, startTestBed, type TestBed, until } from "./support/testBed";

const NAMESPACE = "--namespace=milvus";
const QUERYNODE = "deployment/my-release-milvus-querynode";

interface NamedPod extends JobPod {
  readonly metadata: { readonly name: string };
}

/** The Job's pod in which the turn of the container has come. */
async function podAtWork(bed: TestBed, container: string): Promise<string | undefined> {
  const selector = "--selector=batch.kubernetes.io/job-name";
  const text = await bed.sandbox.kubectl(["get", "pods", NAMESPACE, selector, "--output=json"]);
  const { items } = JSON.parse(text) as { items: NamedPod[] };
  return items.find((pod) => isTurnOf(container, pod))?.metadata.name;
}

describe("what else has its hands on a Milvus that is to be stopped for the migration", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed();
    original = await bed.seed();
    await bed.install("3.2.18");
    stack = await bed.stack({ "milvus:version": "2.2.0", "milvus:timeouts": { sessions: "5s" } });
  });
  after(() => bed.stop());

  const kubectl = (...args: string[]) => bed.sandbox.kubectl([...args, NAMESPACE]);

  for (const { title, put, takeAway, rule, names } of [
    {
      title: "an autoscaler",
      put: ["autoscale", QUERYNODE, "--min=1", "--max=5", "--name=grow"],
      takeAway: ["delete", "horizontalpodautoscaler", "grow"],
      rule: "no_autoscaler_during_a_migration",
      names: "HorizontalPodAutoscaler grow",
    },
    {
      title: "Argo CD",
      put: ["annotate", QUERYNODE, "argocd.argoproj.io/tracking-id=search:apps/Deployment:milvus/querynode"],
      takeAway: ["annotate", QUERYNODE, "argocd.argoproj.io/tracking-id-"],
      rule: "only_one_manager",
      names: "Argo CD Application search",
    },
    {
      title: "Flux",
      put: ["label", QUERYNODE, "helm.toolkit.fluxcd.io/name=search"],
      takeAway: ["label", QUERYNODE, "helm.toolkit.fluxcd.io/name-"],
      rule: "only_one_manager",
      names: "Flux HelmRelease search",
    },
  ]) {
    it(`${title} is named, and up changes nothing`, async () => {
      await kubectl(...put);
      const untouched = await bed.fingerprint();
      const failure = await failureOf(stack.up());
      expect(failure.message).to.contain(rule).and.contain(names);
      expect(await bed.fingerprint()).to.equal(untouched);
      await kubectl(...takeAway);
    });
  }

  it("one that nobody can foresee is named with its Deployment when it starts Milvus again, and the migration does not begin", async () => {
    bed.faults({ containers: [{ container: "backup", hold: true }] });
    const failed = failureOf(stack.up());
    await until("the turn of the backup", async () => (await podAtWork(bed, "backup")) !== undefined, 90);
    // Not `kubectl scale`: for that the API server names no manager.
    await kubectl("patch", QUERYNODE, '--patch={"spec":{"replicas":1}}');
    const session = "by-dev/meta/session/querynode-";
    await until("the session of a query node", async () => (await bed.etcd.list(session)).length > 0);
    bed.faults({});
    const { message } = await failed;
    expect(message)
      .to.contain("querynode")
      .and.match(/sessions/);
    // The manager is named after kubectl's file.
    expect(message).to.match(/my-release-milvus-querynode was set to 1 again at [\d:]+ UTC by "kubectl/);
    const now = await bed.metadata();
    expect([now.format, compareMetadata(original, now)]).to.deep.equal(["2.1", []]);
  });

  it("a pod of the migration that is evicted puts in order what it was at, a disruption budget holds nothing up, and one more up ends it", async () => {
    await kubectl(
      "create",
      "poddisruptionbudget",
      "all",
      "--selector=app.kubernetes.io/instance=my-release",
      "--min-available=100%",
    );
    bed.faults({ containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=sleep:4000" } }] });
    const failed = failureOf(stack.up());
    await until("the source is cleaned", async () => (await bed.metadata()).format === "empty", 120);
    const pod = (await podAtWork(bed, "migrate")) ?? expect.fail("no pod is at the migration");
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace: "milvus" } };
    await bed.sandbox.kubectl(["create", "--raw", `/api/v1/namespaces/milvus/pods/${pod}/eviction`, "--filename=-"], {
      input: JSON.stringify(eviction),
    });
    bed.faults({});
    await failed;
    // Told to end, it still has the time to finish what must not be left half done.
    expect((await bed.metadata()).format).to.be.oneOf(["2.1", "2.2"]);
    await stack.up();
    const metadata = { before: original, format: "2.2" };
    expect(problems(await bed.observe(), { version: "2.2.0", metadata })).to.deep.equal([]);
  });
});
