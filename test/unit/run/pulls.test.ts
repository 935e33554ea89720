import { expect } from "chai";
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

  it("say that they cannot be made where Jobs may not be", async () => {
    expect((await found({}, RENDERED, false))?.notes.join()).to.include("Jobs may not be created");
  });
});
