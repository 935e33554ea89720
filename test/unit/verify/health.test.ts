import { expect } from "chai";
import type { PodReport } from "../../../cluster/state/podHealth";
import type { ClusterState, ComponentState, HelmRelease } from "../../../upgrade/model";
import { healthProblems, saysVersion } from "../../../verify/health";

const NOW = "2026-01-01T00:10:00Z";
const EARLIER = "2026-01-01T00:09:00Z";

const proxy: ComponentState = {
  name: "my-milvus-proxy",
  component: "proxy",
  image: "milvusdb/milvus:v2.3.5",
  replicas: 1,
  readyReplicas: 1,
  updatedReplicas: 1,
  pods: 1,
  paused: false,
  rolledOut: true,
  strategyType: "RollingUpdate",
};
const pod: PodReport = {
  name: "my-milvus-proxy-1",
  deployment: "my-milvus-proxy",
  image: "milvusdb/milvus:v2.3.5",
  ready: true,
  restarts: 0,
  startedAt: EARLIER,
  readyAt: EARLIER,
};
const release: HelmRelease = {
  name: "my",
  namespace: "milvus",
  revision: 4,
  status: "deployed",
  chartName: "milvus",
  chartVersion: "4.1.15",
  appVersion: "2.3.5",
  userValues: {},
  chartValues: {},
  description: "",
  updatedAt: EARLIER,
  recordName: "sh.helm.release.v1.my.v4",
};
const state = (components: readonly ComponentState[], record: Partial<HelmRelease> = {}): ClusterState => ({
  kubernetesVersion: "1.36.3",
  namespaceExists: true,
  release: { ...release, ...record },
  components,
  attempts: [],
  notes: [],
});
const wanted = { version: "2.3.5", settle: 20, now: NOW };

describe("health after an upgrade", () => {
  it("is well with every pod ready at the wanted version, settled, and the record deployed", () => {
    expect(healthProblems(state([proxy]), [pod], wanted)).to.deep.equal([]);
  });

  const table: { what: string; found: string[]; says: RegExp }[] = [
    {
      what: "a pod of the old version",
      found: healthProblems(state([proxy]), [{ ...pod, image: "m/milvus:v2.2.16" }], wanted),
      says: /pod my-milvus-proxy-1 runs Milvus 2\.2\.16, not 2\.3\.5/,
    },
    {
      what: "a Deployment of the old version",
      found: healthProblems(state([{ ...proxy, image: "m/milvus:v2.2.16" }]), [], wanted),
      says: /Deployment my-milvus-proxy runs Milvus 2\.2\.16/,
    },
    {
      what: "a pod that is not ready",
      found: healthProblems(
        state([proxy]),
        [{ ...pod, ready: false, waiting: "CrashLoopBackOff", restarts: 3 }],
        wanted,
      ),
      says: /not ready \(CrashLoopBackOff\), 3 restarts/,
    },
    {
      what: "a pod that became ready a moment ago",
      found: healthProblems(state([proxy]), [{ ...pod, readyAt: "2026-01-01T00:09:55Z" }], wanted),
      says: /ready for 5 s of 20 s/,
    },
    {
      what: "a container that started again a moment ago",
      found: healthProblems(state([proxy]), [{ ...pod, startedAt: "2026-01-01T00:09:50Z", restarts: 1 }], wanted),
      says: /ready for 10 s of 20 s, 1 restarts/,
    },
    {
      what: "a Deployment that rolls",
      found: healthProblems(state([{ ...proxy, rolledOut: false, readyReplicas: 0 }]), [pod], wanted),
      says: /not rolled out: 0 of 1/,
    },
    {
      what: "a paused Deployment",
      found: healthProblems(state([{ ...proxy, paused: true }]), [pod], wanted),
      says: /is paused/,
    },
    {
      what: "a failed Helm record",
      found: healthProblems(state([proxy], { status: "failed" }), [pod], wanted),
      says: /\(revision 4\) is failed, not deployed/,
    },
    { what: "nothing that runs", found: healthProblems(state([]), [], wanted), says: /No component of Milvus runs/ },
  ];
  for (const { what, found, says } of table) {
    it(`names ${what}, and nothing else`, () => {
      expect(found).to.have.length(1);
      expect(found[0]).to.match(says);
    });
  }

  it("does not guess at images without a version, nor wait for what is scaled to 0 or is not Milvus", () => {
    const idle = { ...proxy, name: "idle", component: "cdc", replicas: 0, readyReplicas: 0 };
    const attu = { ...proxy, name: "attu", component: "attu", image: "zilliz/attu:v2.1.5", rolledOut: false };
    const digest = `milvus@sha256:${"0".repeat(64)}`;
    const found = healthProblems(state([{ ...proxy, image: digest }, idle, attu]), [{ ...pod, image: digest }], wanted);
    expect(found).to.deep.equal([]);
  });

  for (const [said, version, agrees] of [
    ["v2.3.5-lite", "2.3.5", true],
    ["2.3.5", "2.3.5", true],
    ["v2.4.13", "2.4.13-hotfix", true],
    ["v2.3.4", "2.3.5", false],
    ["v2.2.16-lite", "2.3.5", false],
    ["master-20240101-abcdef", "2.3.5", true],
  ] as const) {
    it(`a service that says ${said} ${agrees ? "may be" : "is not"} ${version}`, () => {
      expect(saysVersion(said, version)).to.equal(agrees);
    });
  }
});
