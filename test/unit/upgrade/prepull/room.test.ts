import { expect } from "chai";
import type { HelmValues } from "../../../../upgrade/model";
import { requestsOf, roomNotes } from "../../../../upgrade/prepull/room";
import { component, PLANS } from "../../../support/plans";

const GI = 2 ** 30;
const pod = (cpu: string, memory: string): HelmValues => ({
  containers: [{ name: "x", image: "x:v1", resources: { requests: { cpu, memory } } }],
});
const node = (name: string, cpu: number, gib: number, labels = {}) => ({
  name,
  labels,
  taints: [],
  unschedulable: false,
  free: { cpu, memory: gib * GI },
});
const querynode = (podSpec: HelmValues, recreates = false) => ({
  name: "my-release-milvus-querynode",
  component: "querynode",
  replicas: 3,
  recreates,
  podSpec,
});
const NODES = [node("node-0", 16, 8), node("node-1", 2.55, 40)];

describe("room for the pods that come", () => {
  it("is what a pod asks for: the containers together, or the largest before them; a limit alone counts", () => {
    const spec = {
      containers: [
        { resources: { requests: { cpu: "500m", memory: "1Gi" } } },
        { resources: { limits: { cpu: 1, memory: "512Mi" } } },
        {},
      ],
      initContainers: [{ resources: { requests: { cpu: "2", memory: "128Mi" } } }],
    };
    expect(requestsOf(spec)).to.deep.equal({ cpu: 2, memory: 1.5 * GI });
  });

  it("is said with the numbers where no node has it", () => {
    expect(roomNotes(PLANS.rolling, [component("querynode")], [querynode(pod("4", "32Gi"))], NODES).join()).to.match(
      /^No node has room for one more pod of querynode, which asks for 4 cpu and 32Gi of memory: the most that is free is 2\.5 cpu and 40Gi of memory on node-1\./,
    );
  });

  it("is said of a component that is new", () => {
    expect(roomNotes(PLANS.rolling, [], [querynode(pod("4", "32Gi"))], NODES).join()).to.match(
      /the new pod of querynode/,
    );
  });

  const NOTHING: readonly { readonly what: string; readonly notes: () => string[] }[] = [
    {
      what: "one node has it",
      notes: () => roomNotes(PLANS.rolling, [component("querynode")], [querynode(pod("4", "8Gi"))], NODES),
    },
    {
      what: "the old pods go first",
      notes: () => roomNotes(PLANS.helm, [component("querynode")], [querynode(pod("4", "64Gi"), true)], NODES),
    },
    {
      what: "all is stopped before",
      notes: () => roomNotes(PLANS.migration, [component("querynode")], [querynode(pod("4", "64Gi"))], NODES),
    },
    {
      what: "nothing runs of it",
      notes: () =>
        roomNotes(PLANS.helm, [component("querynode", { replicas: 0 })], [querynode(pod("4", "64Gi"))], NODES),
    },
    {
      what: "what is free is not known",
      notes: () =>
        roomNotes(
          PLANS.rolling,
          [component("querynode")],
          [querynode(pod("4", "64Gi"))],
          [{ name: "node-0", labels: {}, taints: [], unschedulable: false }],
        ),
    },
  ];
  for (const { what, notes } of NOTHING) {
    it(`is not asked for where ${what}`, () => expect(notes()).to.deep.equal([]));
  }

  it("on nodes that the pods may not go to does not count", () => {
    const spec = { ...pod("4", "32Gi"), nodeSelector: { disk: "ssd" } };
    const nodes = [node("node-0", 64, 256), node("node-1", 1, 1, { disk: "ssd" })];
    expect(roomNotes(PLANS.rolling, [component("querynode")], [querynode(spec)], nodes).join()).to.include("on node-1");
  });
});
