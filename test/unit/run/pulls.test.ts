import { expect } from "chai";
import type { ApiRequest } from "../../../cluster/api/request";
import { ClusterError } from "../../../cluster/errors";
import { parseConfig } from "../../../config/parseConfig";
import { parseManifest } from "../../../manifests/objects";
import { findPulls } from "../../../run/pulls";
import type { Rendering } from "../../../run/rendering";
import { describePulls } from "../../../upgrade/prepull/describe";
import { type Answers, fakeClient, forbidden, notFound } from "../../support/fakeClient";
import { PLANS, STEP, state } from "../../support/plans";

const CONFIG = parseConfig({ config: { "milvus:version": "2.2.9", "milvus:namespace": "milvus" } });
const PLAN = { ...PLANS.helm, steps: [STEP.prepull, ...PLANS.helm.steps] };
const NODE = {
  metadata: { name: "node-0", labels: { disk: "ssd" } },
  status: { allocatable: { cpu: "4", memory: "8Gi" } },
};
const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-release-milvus-querynode, labels: {component: querynode}}
spec:
  replicas: 3
  strategy: {type: RollingUpdate}
  template:
    spec:
      serviceAccountName: milvus
      nodeSelector: {disk: ssd}
      initContainers: [{name: config, image: "milvusdb/milvus-config-tool:v0.1.1"}]
      containers: [{name: querynode, image: "milvusdb/milvus:v2.2.9", resources: {requests: {cpu: 8, memory: 16Gi}}}]
`;
const RENDERED: Rendering = { kind: "compared", objects: parseManifest(MANIFEST, "milvus") };
const RUNNING = {
  metadata: { name: "my-release-milvus-querynode", labels: { component: "querynode" } },
  spec: {
    replicas: 3,
    template: {
      spec: {
        imagePullSecrets: [{ name: "mirror" }],
        containers: [
          { name: "sidecar", image: "proxy:v1" },
          { name: "querynode", image: "milvusdb/milvus:v2.2.8" },
        ],
      },
    },
  },
};
const POD = { status: { phase: "Running" }, spec: { nodeName: "node-0", containers: [{ image: "proxy:v1" }] } };

async function found(answers: Answers, rendering: Rendering = RENDERED, mayCreate = true) {
  const client = fakeClient({ nodes: [NODE], pods: [POD], serviceaccounts: {}, ...answers }, () => mayCreate);
  return findPulls(client, CONFIG, PLAN, state(), Promise.resolve(rendering));
}

describe("the pulls of a plan", () => {
  it("are none where it has no such step", async () => {
    const pulls = await findPulls(fakeClient({}), CONFIG, PLANS.helm, state(), Promise.resolve(RENDERED));
    expect(pulls).to.equal(undefined);
  });

  it("are what the chart renders, onto the nodes that it may use, with the room that a pod lacks", async () => {
    const pulls = await found({});
    expect(pulls && describePulls(pulls)).to.deep.equal([
      "pulls milvusdb/milvus-config-tool:v0.1.1 (querynode) onto node-0",
      "pulls milvusdb/milvus:v2.2.9 (querynode) onto node-0",
      "No node has room for one more pod of querynode, which asks for 8 cpu and 16Gi of memory: the most that is free is 4 cpu and 8Gi of memory on node-0. Its step would wait in vain: add a node, free room, or lower its requests in milvus:values.",
    ]);
    expect(pulls?.groups[0]?.placement).to.include({ serviceAccount: "milvus" });
  });

  it("have no account that the release is yet to make", async () => {
    const pulls = await found({ serviceaccounts: notFound("milvus") });
    expect(pulls?.groups[0]?.placement).to.not.have.property("serviceAccount");
  });

  it("are the running components with the new image where the chart cannot be rendered, which is said", async () => {
    const pulls = await found({ deployments: [RUNNING] }, { kind: "unseen", why: "no Helm" });
    expect(pulls?.groups.map(({ images }) => images.map(({ image }) => image))).to.deep.equal([
      ["milvusdb/milvus:v2.2.9", "proxy:v1"],
    ]);
    expect(pulls?.groups[0]?.placement.pullSecrets).to.deep.equal(["mirror"]);
    expect(pulls?.notes.join()).to.include("What the chart renders is not known here");
  });

  it("go onto the nodes of the release where nodes may not be listed", async () => {
    const pulls = await found({ nodes: forbidden("nodes") });
    expect(pulls?.groups[0]?.nodes).to.deep.equal(["node-0"]);
    expect(pulls?.notes.join()).to.include("Nodes may not be listed");
  });

  it("say why the room on the nodes is not known, which ends nothing", async () => {
    const slow = new ClusterError("timedOut", "GET pods took more than 20 s.", "try again");
    const pods = (request: ApiRequest) => (request.namespace === undefined ? slow : { items: [POD] });
    const client = fakeClient({ nodes: [NODE], serviceaccounts: {} });
    const read = async (request: ApiRequest) => {
      if (request.resource !== "pods") return client.read(request);
      const answer = pods(request);
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const pulls = await findPulls({ ...client, read }, CONFIG, PLAN, state(), Promise.resolve(RENDERED));
    expect(pulls?.groups[0]?.nodes).to.deep.equal(["node-0"]);
    expect(pulls?.notes).to.deep.equal([
      "Whether the nodes have room for the new pods was not looked at: the pods of all namespaces cannot be listed: GET pods took more than 20 s.",
    ]);
  });

  it("read the pods of a large cluster page by page, and of a very large one not at all", async () => {
    const page = Array.from({ length: 500 }, () => POD);
    const notesWith = async (pages: number) => {
      const client = fakeClient({ nodes: [NODE], serviceaccounts: {}, pods: [POD] });
      const asked: (string | undefined)[] = [];
      const read = (request: ApiRequest) => {
        const { resource, namespace, query = {} } = request;
        if (resource !== "pods" || namespace !== undefined) return client.read(request);
        asked.push(query.continue);
        const next = asked.length < pages ? { continue: `page-${asked.length}` } : {};
        return Promise.resolve({ items: page, metadata: next });
      };
      const pulls = await findPulls({ ...client, read }, CONFIG, PLAN, state(), Promise.resolve(RENDERED));
      return { asked, notes: pulls?.notes.join() };
    };
    const large = await notesWith(3);
    expect(large.asked).to.deep.equal([undefined, "page-1", "page-2"]);
    expect(large.notes).to.include("No node has room");
    const veryLarge = await notesWith(100);
    expect(veryLarge.asked).to.have.length(10);
    expect(veryLarge.notes).to.equal(
      "Whether the nodes have room for the new pods was not looked at: the cluster has more than 5000 pods.",
    );
  });

  it("read no pods of others for a plan that stops Milvus first: there is the room that it leaves", async () => {
    const client = fakeClient({ nodes: [NODE], pods: [POD], serviceaccounts: {} });
    const plan = { ...PLANS.migration, steps: [STEP.prepull, ...PLANS.migration.steps] };
    const pulls = await findPulls(client, CONFIG, plan, state(), Promise.resolve(RENDERED));
    expect(pulls?.groups[0]?.nodes).to.deep.equal(["node-0"]);
    const lists = client.requests.filter(({ resource }) => resource === "pods");
    expect(lists.map(({ namespace }) => namespace)).to.deep.equal(["milvus"]);
  });

  it("say that they cannot be made where Jobs may not be", async () => {
    expect((await found({}, RENDERED, false))?.notes.join()).to.include("Jobs may not be created");
  });
});
