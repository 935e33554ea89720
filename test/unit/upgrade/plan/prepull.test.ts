import { expect } from "chai";
import type { ClusterState, Wanted } from "../../../../upgrade/model";
import { describeExpected } from "../../../../upgrade/plan/interruption";
import { component, DOWN, planned, running, stepKinds, wanted } from "../support";

const MIXED = ["mixcoord", "querynode", "proxy"];
const ALONE = { cluster: { enabled: false } };
const twice = ["mixcoord", "indexnode", "datanode", "querynode", "proxy"].map((name) =>
  component(name, "2.5.10", { replicas: 2, strategyType: "RollingUpdate" }),
);

interface Row {
  readonly what: string;
  readonly to: string;
  readonly over?: Partial<Wanted>;
  readonly state: ClusterState;
  readonly image?: string;
}

describe("images before anything stops", () => {
  const rows: readonly Row[] = [
    {
      what: "a metadata migration",
      to: "2.2.14",
      state: running("3.2.18", "2.1.4"),
      image: "milvusdb/milvus:v2.2.14",
    },
    {
      what: "a standalone",
      to: "2.4.16",
      over: { values: ALONE },
      state: running("4.2.20", "2.4.15", { names: ["standalone"], values: ALONE }),
      image: "milvusdb/milvus:v2.4.16",
    },
    {
      what: "all components at once",
      to: "2.4.16",
      over: { strategy: "helm" },
      state: running("4.2.20", "2.4.15", { names: MIXED }),
      image: "milvusdb/milvus:v2.4.16",
    },
    {
      what: "a roll with a coordinator that is recreated",
      to: "2.4.16",
      state: running("4.2.20", "2.4.15", { names: MIXED }),
      image: "milvusdb/milvus:v2.4.16",
    },
    {
      what: "another registry for the same version",
      to: "2.4.15",
      over: { imageRegistry: "harbor.example.com/mirror", strategy: "helm" },
      state: running("4.2.20", "2.4.15", { names: MIXED }),
      image: "harbor.example.com/mirror/milvusdb/milvus:v2.4.15",
    },
    {
      what: "a roll in which every component serves on",
      to: "2.5.16",
      state: { ...running("4.2.58", "2.5.10"), components: twice },
    },
    {
      what: "other values alone",
      to: "2.4.15",
      over: { values: { log: { level: "debug" } } },
      state: running("4.2.20", "2.4.15", { names: MIXED }),
    },
    { what: "what runs", to: "2.2.14", state: running("4.0.34", "2.2.14") },
    { what: "a Milvus that is down already", to: "2.2.14", state: running("3.2.18", "2.1.4", { component: DOWN }) },
    {
      what: "an install",
      to: "2.2.14",
      state: { ...running("4.0.34", "2.2.14"), release: undefined, components: [] } as never,
    },
  ];
  for (const { what, to, over, state, image } of rows) {
    it(`${what}: ${image === undefined ? "not pulled" : `first of all ${image}`}`, () => {
      const plan = planned(wanted(to, { ...over, prepull: "auto" }), state);
      const pulled = plan.steps.flatMap((step, index) => (step.kind === "prepull" ? [[index, step.image]] : []));
      expect(pulled).to.deep.equal(image === undefined ? [] : [[0, image]]);
    });
  }

  const state = running("3.2.18", "2.1.4");

  it("are said to save time, and cost it where they are left out", () => {
    const expected = (over: Partial<Wanted>) => planned(wanted("2.2.14", over), state).expected;
    const auto = expected({ prepull: "auto" });
    const off = expected({ prepull: "off" });
    expect([auto?.seconds, auto?.savedSeconds, off?.seconds]).to.deep.equal([280, 60, 340]);
    expect(auto && describeExpected(auto)).to.match(
      /^an outage of about 4 min 40 s \(pods end 30 s, .*, images 0 s: pulled before, which saves 60 s\)$/,
    );
    expect(off && describeExpected(off)).to.include("images are pulled 60 s");
  });

  it("count for milvus:maxDowntime", () => {
    const most = { maxDowntimeSeconds: 300 };
    expect(stepKinds(planned(wanted("2.2.14", { ...most, prepull: "auto" }), state))[0]).to.equal("prepull");
    expect(() => planned(wanted("2.2.14", { ...most, prepull: "off" }), state)).to.throw(
      "no_more_downtime_than_allowed",
    );
  });
});
