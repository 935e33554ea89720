import { expect } from "chai";
import { type Autoscaler, componentStates, type Deployment, type Pod } from "../../../../cluster/state/workloads";
import { deployment, pod } from "../objects";

const none = { pods: [], autoscalers: [], scaledObjects: [] };
const NOW = "2026-11-25T12:00:00Z";
const only = (it: Deployment, over: Partial<Parameters<typeof componentStates>[0]> = {}) =>
  componentStates({ ...none, ...over, deployments: [it] }, NOW)[0];

describe("componentStates", () => {
  it("tells of a healthy component", () => {
    expect(only(deployment("proxy"), { pods: [pod("my-release-milvus-proxy", "a")] })).to.deep.equal({
      podTemplates: [{ hash: "7d5f9c", image: "", graceSeconds: 30 }],
      name: "my-release-milvus-proxy",
      component: "proxy",
      image: "milvusdb/milvus:v2.1.4",
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 1,
      pods: 1,
      paused: false,
      rolledOut: true,
      strategyType: "RollingUpdate",
    });
  });

  it("takes the image of the container that is named after the component, not of a sidecar before it", () => {
    const it = deployment("proxy");
    const containers = [
      { name: "istio-proxy", image: "istio:1" },
      { name: "proxy", image: "milvusdb/milvus:v2.2.9-gpu" },
    ];
    expect(only({ ...it, spec: { ...it.spec, selector: {}, template: { spec: { containers } } } })?.image).to.equal(
      "milvusdb/milvus:v2.2.9-gpu",
    );
  });

  it("counts pods by their Deployment, terminating ones too, and not those of a Deployment with a longer name", () => {
    const pods = [
      pod("my-release-milvus-query", "a"),
      pod("my-release-milvus-query", "b", {
        metadata: { ...pod("my-release-milvus-query", "b").metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
      }),
      pod("my-release-milvus-query-extra", "c"),
    ];
    expect(only(deployment("query"), { pods })?.pods).to.equal(2);
  });

  it("has no part in pods that were evicted or shut down with their node, and lie about", () => {
    const relic = (phase: string, id: string): Pod => ({
      ...pod("my-release-milvus-proxy", id),
      spec: { containers: [{ name: "proxy", image: "milvusdb/milvus:v2.1.0" }] },
      status: { phase, reason: "Evicted" },
    });
    const pods = [relic("Failed", "b"), relic("Succeeded", "c"), pod("my-release-milvus-proxy", "a")];
    const state = only(deployment("proxy"), { pods });
    expect(state).to.deep.equal(only(deployment("proxy"), { pods: pods.slice(2) }));
    expect(state?.pods).to.equal(1);
  });

  it("is not rolled out while the controller has not seen the change, or old pods are left, or one is not available", () => {
    const status = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const cases = [
      { ...status, observedGeneration: 1 },
      { ...status, replicas: 2 },
      { ...status, updatedReplicas: 0 },
      { ...status, availableReplicas: 0 },
      {},
    ];
    for (const it of cases) {
      expect(only(deployment("proxy", { status: it }))?.rolledOut, JSON.stringify(it)).to.equal(false);
    }
  });

  describe("one of its pods is not ready", () => {
    const complete = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 0 };
    const notReady = (since: string, reason?: string): Pod =>
      pod("my-release-milvus-proxy", "a", {
        status: {
          conditions: [{ type: "Ready", status: "False", lastTransitionTime: since }],
          containerStatuses: [
            {
              name: "proxy",
              image: "milvusdb/milvus:v2.1.4",
              imageID: "",
              ready: false,
              restartCount: 0,
              state: reason === undefined ? { running: {} } : { waiting: { reason } },
            },
          ],
        },
      });
    const ending = pod("my-release-milvus-proxy", "b", {
      metadata: {
        ...pod("my-release-milvus-proxy", "b").metadata,
        deletionTimestamp: NOW,
        creationTimestamp: "2026-01-01T00:00:00Z",
      },
    });
    const failing = [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate" }];
    const overdue = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }];
    for (const { title, pods, status, restarting } of [
      {
        title: "it was deleted, and the next one is not there yet",
        pods: [ending],
        status: { ...complete, replicas: 0, updatedReplicas: 0 },
        restarting: true,
      },
      {
        title: "it is being made",
        pods: [ending, notReady("2026-11-25T11:59:58Z", "ContainerCreating")],
        status: complete,
        restarting: true,
      },
      {
        title: "it has run for four minutes",
        pods: [notReady("2026-11-25T11:56:00Z")],
        status: complete,
        restarting: true,
      },
      {
        title: "it has run for five minutes",
        pods: [notReady("2026-11-25T11:55:00Z")],
        status: complete,
        restarting: undefined,
      },
      {
        title: "its image cannot be pulled",
        pods: [notReady("2026-11-25T11:59:58Z", "ImagePullBackOff")],
        status: complete,
        restarting: undefined,
      },
      {
        title: "it crashes again and again",
        pods: [notReady("2026-11-25T11:59:58Z", "CrashLoopBackOff")],
        status: complete,
        restarting: undefined,
      },
      {
        title: "none can be made",
        pods: [],
        status: { ...complete, replicas: 0, updatedReplicas: 0, conditions: failing },
        restarting: undefined,
      },
      {
        title: "its rollout has taken too long",
        pods: [notReady("2026-11-25T11:59:58Z")],
        status: { ...complete, conditions: overdue },
        restarting: undefined,
      },
      {
        title: "one of the old template is left",
        pods: [notReady("2026-11-25T11:59:58Z")],
        status: { ...complete, replicas: 2 },
        restarting: undefined,
      },
      {
        title: "its Deployment was just changed",
        pods: [notReady("2026-11-25T11:59:58Z")],
        status: { ...complete, observedGeneration: 1 },
        restarting: undefined,
      },
    ] as const) {
      it(`${restarting === true ? "is a restart that passes" : "is no mere restart"}: ${title}`, () => {
        const state = only(
          deployment("proxy", {
            status: { ...status, conditions: "conditions" in status ? [...status.conditions] : [] },
          }),
          { pods },
        );
        expect([state?.rolledOut, state?.restarting]).to.deep.equal([false, restarting]);
      });
    }
  });

  it("is rolled out at 0 replicas once the pods are gone, and remembers how many there were", () => {
    const it = deployment("querynode", { status: { observedGeneration: 2 } });
    const stopped = {
      ...it,
      metadata: { ...it.metadata, annotations: { "milvus-upgrade/replicas": "3" } },
      spec: { ...it.spec, replicas: 0 } as NonNullable<Deployment["spec"]>,
    };
    expect(only(stopped)).to.include({ replicas: 0, rolledOut: true, rememberedReplicas: 3 });
  });

  it("reads the message queue that charts from 5.0.0 on annotate a standalone with", () => {
    const it = deployment("standalone");
    const annotated = { ...it, metadata: { ...it.metadata, annotations: { "milvus.io/message-queue": "rocksmq" } } };
    expect(only(annotated)?.messageQueue).to.equal("rocksmq");
    expect(only(it)).to.not.have.property("messageQueue");
  });

  it("reads Recreate and paused, and one replica where the field is missing", () => {
    const spec = { selector: {}, template: {}, strategy: { type: "Recreate" }, paused: true };
    expect(only(deployment("rootcoord", { spec }))).to.include({ strategyType: "Recreate", paused: true, replicas: 1 });
  });

  it("groups pods by their template, with the longest time that one gets to end", () => {
    const of = (id: string, hash: string, spec: NonNullable<Pod["spec"]>): Pod => {
      const it = pod("my-release-milvus-querynode", id);
      const owner = {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: `my-release-milvus-querynode-${hash}`,
        uid: "1",
      };
      return {
        ...it,
        metadata: { ...it.metadata, labels: { "pod-template-hash": hash }, ownerReferences: [owner] },
        spec,
      };
    };
    const containers = (version: string) => [{ name: "querynode", image: `milvusdb/milvus:v${version}` }];
    const pods = [
      of("a", "77", { containers: containers("2.1.4"), terminationGracePeriodSeconds: 1800 }),
      of("b", "77", { containers: containers("2.1.4") }),
      of("c", "11", { containers: containers("2.2.0") }),
    ];
    expect(only(deployment("querynode"), { pods })?.podTemplates).to.deep.equal([
      { hash: "11", image: "milvusdb/milvus:v2.2.0", graceSeconds: 30 },
      { hash: "77", image: "milvusdb/milvus:v2.1.4", graceSeconds: 1800 },
    ]);
  });

  it("sees that a component is held to Recreate for a hop", () => {
    const it = deployment("mixcoord");
    const held = { ...it, metadata: { ...it.metadata, annotations: { "milvus-upgrade/recreate": "true" } } };
    expect(only(held)?.recreating).to.equal(true);
    expect(only(it)).to.not.have.property("recreating");
  });

  it("finds the autoscaler, and KEDA's own object rather than what KEDA makes of it", () => {
    const hpa = (name: string, kind = "Deployment"): Autoscaler => ({
      metadata: { name },
      spec: { maxReplicas: 3, scaleTargetRef: { kind, name: "my-release-milvus-querynode" } },
    });
    const it = deployment("querynode");
    expect(only(it, { autoscalers: [hpa("q", "StatefulSet")] })).to.not.have.property("autoscaler");
    expect(only(it, { autoscalers: [hpa("q")] })?.autoscaler).to.equal("HorizontalPodAutoscaler q");
    const scaledObjects = [
      { metadata: { name: "k" }, spec: { scaleTargetRef: { name: "my-release-milvus-querynode" } } },
    ];
    expect(only(it, { autoscalers: [hpa("keda-hpa-k")], scaledObjects })?.autoscaler).to.equal("ScaledObject k");
  });

  const managers = [
    { metadata: { labels: { "argocd.argoproj.io/instance": "milvus" } }, expected: "Argo CD Application milvus" },
    {
      metadata: { annotations: { "argocd.argoproj.io/tracking-id": "milvus:apps/Deployment:ns/x" } },
      expected: "Argo CD Application milvus",
    },
    { metadata: { labels: { "helm.toolkit.fluxcd.io/name": "milvus" } }, expected: "Flux HelmRelease milvus" },
    { metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "apps" } }, expected: "Flux Kustomization apps" },
    {
      metadata: {
        ownerReferences: [{ apiVersion: "milvus.io/v1beta1", kind: "Milvus", name: "my-release", uid: "1" }],
      },
      expected: "Milvus my-release",
    },
  ];
  for (const { metadata, expected } of managers) {
    it(`recognises ${expected} by ${JSON.stringify(metadata).slice(0, 70)}`, () => {
      const it = deployment("proxy");
      const labels = { ...it.metadata?.labels, ...("labels" in metadata ? metadata.labels : {}) };
      expect(only({ ...it, metadata: { ...it.metadata, ...metadata, labels } })?.managedBy).to.equal(expected);
    });
  }

  it("leaves out Deployments of dependencies, and follows nameOverride", () => {
    const etcd = deployment("etcd");
    const labelled = (name: string): Deployment => ({
      ...etcd,
      metadata: { ...etcd.metadata, labels: { ...etcd.metadata?.labels, "app.kubernetes.io/name": name } },
    });
    expect(componentStates({ ...none, deployments: [labelled("etcd")] }, NOW)).to.deep.equal([]);
    expect(componentStates({ ...none, deployments: [labelled("vectors")] }, NOW, "vectors")).to.have.length(1);
  });
});
