import { expect } from "chai";
import type { HelmValues } from "../../../../upgrade/model";
import { describePulls } from "../../../../upgrade/prepull/describe";
import type { Workload } from "../../../../upgrade/prepull/groups";
import { PREPULL, pullJobs } from "../../../../upgrade/prepull/job";
import { choosePulls, MOST_NODES, type PullFacts } from "../../../../upgrade/prepull/pulls";
import { PLANS, SETTINGS } from "../../../support/plans";

const MILVUS = "milvusdb/milvus:v2.2.9";
const JOBS = { ...SETTINGS, imagePullSecrets: [], nodeSelector: {}, tolerations: [] };

function workload(component: string, over: HelmValues = {}, image = MILVUS): Workload {
  const podSpec = { containers: [{ name: component, image, imagePullPolicy: "Always" }], ...over };
  return { name: `my-release-milvus-${component}`, component, replicas: 1, podSpec };
}

function facts(over: Partial<PullFacts> = {}): PullFacts {
  const node = (name: string) => ({ name, labels: {}, taints: [], unschedulable: false });
  return {
    workloads: [workload("proxy"), workload("querynode")],
    inUse: [],
    usedNodes: ["node-1"],
    nodes: ["node-0", "node-1"].map(node),
    ...over,
  };
}

/** `image: users → nodes`, in order. */
function shown(over: Partial<PullFacts> = {}, plan = PLANS.helm, jobs = JOBS): string[] {
  return choosePulls(plan, facts(over), jobs).groups.flatMap(({ images, nodes }) =>
    images.map(({ image, users }) => `${image}: ${users.join(" ")} → ${nodes.join(" ")}`),
  );
}

describe("what is pulled, and where", () => {
  it("is each image once where pods are placed alike, onto every node that fits", () => {
    expect(shown()).to.deep.equal([`${MILVUS}: proxy querynode → node-0 node-1`]);
  });

  it("is what the Jobs of the plan run as well", () => {
    expect(shown({}, PLANS.migration)).to.deep.equal([
      `${MILVUS}: proxy querynode → node-0 node-1`,
      "registry.example.com/kubectl:v1.36.3: Job/clearPendingRelease Job/stop Job/backup Job/migrate → node-0 node-1",
      "registry.example.com/meta-migration:v2.2.0: Job/probe Job/backup Job/migrate → node-0 node-1",
    ]);
  });

  it("is apart where the Jobs are placed otherwise, or pull with other secrets", () => {
    const groups = choosePulls(PLANS.migration, facts(), { ...JOBS, imagePullSecrets: ["mirror"] }).groups;
    expect(groups.map(({ placement }) => placement.pullSecrets)).to.deep.equal([[], ["mirror"]]);
  });

  it("is every init container's image, and nothing of a workload at 0 or that is never pulled", () => {
    const tools = { initContainers: [{ name: "config", image: "milvusdb/milvus-config-tool:v0.1.1" }] };
    const never = { containers: [{ name: "datanode", image: "local:v1", imagePullPolicy: "Never" }] };
    const workloads = [workload("proxy", tools), { ...workload("querynode", {}, "x:v1"), replicas: 0 }];
    expect(shown({ workloads: [...workloads, workload("datanode", never)] })).to.deep.equal([
      "milvusdb/milvus-config-tool:v0.1.1: proxy → node-0 node-1",
      `${MILVUS}: proxy → node-0 node-1`,
    ]);
  });

  it("is of dependencies what does not run yet", () => {
    const workloads = [workload("", {}, "etcd:old"), workload("", {}, "etcd:new")];
    expect(shown({ workloads, inUse: ["etcd:old"] })).to.deep.equal(["etcd:new: my-release-milvus- → node-0 node-1"]);
  });

  it("keeps to node selector, affinity, tolerations, secrets and account of the pods", () => {
    const node = (name: string, disk: string) => ({ name, labels: { disk }, taints: [], unschedulable: false });
    const spec = {
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "team", operator: "Exists" }],
      imagePullSecrets: [{ name: "b" }, { name: "a" }],
      serviceAccountName: "milvus",
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "Exists" }] }],
          },
        },
      },
    };
    const pulls = choosePulls(
      PLANS.helm,
      facts({
        workloads: [workload("querynode", spec), workload("proxy")],
        nodes: [node("node-0", "ssd"), node("node-1", "hdd")],
      }),
      JOBS,
    );
    expect(pulls.groups.map(({ nodes }) => nodes)).to.deep.equal([["node-0"], ["node-0", "node-1"]]);
    const [job] = pullJobs(pulls.groups, {
      releaseName: "my-release",
      namespace: "milvus",
      labels: {},
      annotations: {},
      resources: {},
      limit: 900,
      state: {},
    });
    const made = (job as { body: { spec: { template: { spec: HelmValues } } } }).body.spec.template.spec;
    expect(made).to.deep.include({
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "team", operator: "Exists" }],
      imagePullSecrets: [{ name: "a" }, { name: "b" }],
      serviceAccountName: "milvus",
    });
    expect(made.affinity).to.deep.equal({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [{ key: "disk", operator: "Exists" }],
              matchFields: [{ key: "metadata.name", operator: "In", values: ["node-0"] }],
            },
          ],
        },
      },
    });
  });

  it("is said of a node that is passed over, and of pods for which there is none", () => {
    const node = (name: string, unschedulable: boolean) => ({ name, labels: {}, taints: [], unschedulable });
    const pulls = choosePulls(
      PLANS.helm,
      facts({
        workloads: [workload("proxy"), workload("querynode", { nodeSelector: { gpu: "yes" } })],
        nodes: [node("node-0", false), node("node-1", true)],
      }),
      JOBS,
    );
    expect(describePulls(pulls)).to.deep.equal([
      `pulls ${MILVUS} (proxy) onto node-0`,
      `pulls ${MILVUS} (querynode) onto no node`,
      "pulls nothing onto node-1: it is cordoned",
      "No node fits the node selector, the affinity and the tolerations of querynode: unless an autoscaler makes one, these pods cannot start.",
    ]);
  });

  it("is the nodes that run Milvus where nodes may not be listed, which is said", () => {
    const { workloads, inUse, usedNodes } = facts();
    const blind = { workloads, inUse, usedNodes };
    const pulls = choosePulls(PLANS.helm, blind, JOBS);
    expect(pulls.groups.map(({ nodes }) => nodes)).to.deep.equal([["node-1"]]);
    expect(pulls.notes.join()).to.match(/may not be listed.*allow get and list on nodes/);
  });

  it("is not the whole of a large cluster, and those nodes first that run Milvus", () => {
    const nodes = Array.from({ length: MOST_NODES + 20 }, (_, index) => ({
      name: `node-${String(index).padStart(3, "0")}`,
      labels: {},
      taints: [],
      unschedulable: false,
    }));
    const pulls = choosePulls(PLANS.helm, facts({ nodes, usedNodes: ["node-069"] }), JOBS);
    expect(pulls.groups[0]?.nodes).to.have.length(MOST_NODES).and.include("node-069").and.not.include("node-060");
    expect(pulls.notes.join()).to.include(`${MOST_NODES + 20} nodes could take`);
  });
});

describe("the Jobs that pull", () => {
  const settings = {
    releaseName: "my-release",
    namespace: "milvus",
    labels: { team: "search" },
    annotations: { policy: "x" },
    resources: {},
    limit: 900,
    state: {},
  };
  const jobs = (over: Partial<typeof settings> & { user?: "assigned" } = {}) =>
    pullJobs(choosePulls(PLANS.migration, facts(), JOBS).groups, { ...settings, ...over });
  const specOf = (body: object | undefined) =>
    (body as { spec: { template: { spec: { containers: { resources: object }[]; securityContext: object } } } }).spec;

  it("are one for each node, with a container for each image, and the same each time", () => {
    expect(jobs().map(({ node, images }) => [node, images.length])).to.deep.equal([
      ["node-0", 3],
      ["node-1", 3],
    ]);
    expect(jobs()).to.deep.equal(jobs());
    expect(new Set(jobs().map(({ name }) => name)).size).to.equal(2);
    expect(jobs()[0]?.name).to.match(new RegExp(`^my-release-${PREPULL}-[0-9a-f]{8}$`));
    expect(jobs({ limit: 60 })[0]?.name).to.not.equal(jobs()[0]?.name);
  });

  it("are restricted, have no token and tiny requests, and end and go by themselves", () => {
    const { template, ...spec } = specOf(jobs()[0]?.body);
    expect(spec).to.deep.equal({ backoffLimit: 0, activeDeadlineSeconds: 900, ttlSecondsAfterFinished: 300 });
    expect(template.spec).to.deep.include({ automountServiceAccountToken: false, restartPolicy: "Never" });
    expect(template.spec.securityContext).to.include({ runAsNonRoot: true, runAsUser: 65532 });
    expect(template.spec.containers[0]?.resources).to.deep.equal({ requests: { cpu: "5m", memory: "16Mi" } });
  });

  it("have the requests, the labels and the user that the Jobs have", () => {
    const resources = { requests: { cpu: "50m" }, limits: { cpu: "1" } };
    const [job] = jobs({ resources, user: "assigned" } as Partial<typeof settings>);
    const { template } = specOf(job?.body);
    expect(template.spec.containers[0]?.resources).to.deep.equal(resources);
    expect(template.spec.securityContext).to.not.have.property("runAsUser");
    expect((template as { metadata?: object }).metadata).to.have.nested.property("labels.team", "search");
  });
});
