import { expect } from "chai";
import { apiVersions, readGroupNames, readServedApis } from "../../../../cluster/api/discovery";
import { fakeClient } from "../../../support/fakeClient";

/** The same cluster, as servers from 1.26 on and older ones describe it; metrics.k8s.io is registered and down. */
const AGGREGATED = {
  api: {
    kind: "APIGroupDiscoveryList",
    items: [
      {
        versions: [
          {
            version: "v1",
            resources: [
              { resource: "pods", responseKind: { group: "", version: "v1", kind: "Pod" }, scope: "Namespaced" },
              { resource: "nodes", responseKind: { group: "", version: "v1", kind: "Node" }, scope: "Cluster" },
            ],
          },
        ],
      },
    ],
  },
  apis: {
    kind: "APIGroupDiscoveryList",
    items: [
      {
        metadata: { name: "apps" },
        versions: [
          {
            version: "v1",
            resources: [
              {
                resource: "deployments",
                responseKind: { group: "apps", version: "v1", kind: "Deployment" },
                scope: "Namespaced",
                subresources: [{ subresource: "scale", responseKind: { kind: "Scale" } }],
              },
              { resource: "parts", subresources: [{ subresource: "scale" }] },
            ],
          },
        ],
      },
      { metadata: { name: "metrics.k8s.io" }, versions: [{ version: "v1beta1", freshness: "Stale" }] },
    ],
  },
};
const ONE_BY_ONE = {
  api: { kind: "APIVersions", versions: ["v1"] },
  apis: {
    kind: "APIGroupList",
    groups: [
      { name: "apps", versions: [{ groupVersion: "apps/v1" }] },
      { name: "metrics.k8s.io", versions: [{ groupVersion: "metrics.k8s.io/v1beta1" }] },
    ],
  },
  "api/v1": {
    resources: [
      { name: "pods", kind: "Pod", namespaced: true },
      { name: "nodes", kind: "Node", namespaced: false },
    ],
  },
  "apis/apps/v1": {
    resources: [
      { name: "deployments", kind: "Deployment", namespaced: true },
      { name: "deployments/scale", kind: "Scale", namespaced: true },
    ],
  },
  "apis/metrics.k8s.io/v1beta1": new Error("the server is currently unable to handle the request"),
};

describe("what a cluster serves", () => {
  for (const { server, answers, calls } of [
    { server: "a server with aggregated discovery", answers: AGGREGATED, calls: ["apis", "api"] },
    {
      server: "an older server",
      answers: ONE_BY_ONE,
      calls: ["apis", "api", "api/v1", "apis/apps/v1", "apis/metrics.k8s.io/v1beta1"],
    },
  ]) {
    it(`is read from ${server} in ${calls.length} calls`, async () => {
      const client = fakeClient(answers);
      const apis = await readServedApis(client);
      expect(client.requests.map(({ api }) => api)).to.deep.equal(calls);
      expect(apiVersions(apis)).to.deep.equal([
        "v1",
        "apps/v1",
        "metrics.k8s.io/v1beta1",
        "v1/Pod",
        "v1/Node",
        "apps/v1/Deployment",
      ]);
      expect(apis.kinds).to.deep.include({ api: "v1", kind: "Node", resource: "nodes", namespaced: false });
      expect(apis.kinds).to.deep.include({
        api: "apps/v1",
        kind: "Deployment",
        resource: "deployments",
        namespaced: true,
      });
      expect([...(await readGroupNames(client))]).to.deep.equal(["apps", "metrics.k8s.io"]);
    });
  }
});
