import type { EngineStack } from "../../sandbox/engine";
import { startTestBed, type TestBed, VALUES } from "../e2e/support/testBed";
import { type Hop, takeHop } from "./support/hop";

const SEPARATE = ["indexnode", "rootcoord", "datacoord", "indexcoord", "querycoord", "querynode", "datanode", "proxy"];
const MIXED = ["indexnode", "mixcoord", "querynode", "datanode", "proxy"];
const mixed = {
  ...VALUES,
  mixCoordinator: { enabled: true },
  rootCoordinator: { enabled: false },
  queryCoordinator: { enabled: false },
  dataCoordinator: { enabled: false },
  indexCoordinator: { enabled: false },
};

const CLUSTERS: readonly {
  readonly title: string;
  readonly chart: string;
  readonly version: string;
  readonly values: object;
  readonly hops: readonly Hop[];
}[] = [
  {
    title: "separate coordinators, 2.2.13 on chart 4.0.31",
    chart: "4.0.31",
    version: "2.2.13",
    values: VALUES,
    hops: [
      { to: "2.3.13", chart: "4.1.28", order: SEPARATE, components: SEPARATE },
      { to: "2.4.5", chart: "4.1.36", order: SEPARATE, components: SEPARATE },
      // 4.2.0, and not the newest for 2.4.6: the first chart without the init container that merges the configuration.
      {
        to: "2.4.6",
        chart: "4.2.0",
        config: { "milvus:chartVersion": "4.2.0" },
        order: SEPARATE,
        components: SEPARATE,
      },
    ],
  },
  {
    title: "a mixcoord, 2.4.16 on chart 4.2.20",
    chart: "4.2.20",
    version: "2.4.16",
    values: mixed,
    hops: [
      { to: "2.5.16", chart: "4.2.58", order: MIXED, components: MIXED },
      {
        to: "2.6.15",
        chart: "5.0.19",
        order: ["mixcoord", "querynode", "datanode", "proxy"],
        components: ["mixcoord", "streamingnode", "querynode", "datanode", "proxy"],
      },
    ],
  },
];

for (const { title, chart, version, values, hops } of CLUSTERS) {
  describe(`ordered rolls of a cluster with ${title}`, () => {
    let bed: TestBed;
    let stack: EngineStack;

    before(async () => {
      bed = await startTestBed();
      await bed.install(chart, values);
      stack = await bed.stack({ "milvus:version": version, "milvus:values": values, "milvus:strategy": "rolling" });
      // A Helm upgrade that only adds what the rules pin, so that the rolls are counted from a release of ours.
      await stack.up();
    });
    after(() => bed.stop());

    for (const hop of hops) {
      it(`to ${hop.to} on chart ${hop.chart}: one roll for each, in order, Helm's manifest is what runs, and idle after`, () =>
        takeHop(bed, stack, hop));
    }
  });
}
