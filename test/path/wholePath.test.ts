import type { EngineStack } from "../../sandbox/engine";
import type { MetadataState } from "../../sandbox/metadata";
import { startTestBed, type TestBed } from "../e2e/support/testBed";
import { takeHop } from "./support/hop";

const SEPARATE = ["indexnode", "rootcoord", "datacoord", "indexcoord", "querycoord", "querynode", "datanode", "proxy"];

describe("one stack, from Milvus 2.1.4 to 2.6, one changed line for each hop", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed();
    original = await bed.seed();
    await bed.install("3.2.18");
    stack = await bed.stack({ "milvus:version": "2.1.4" });
  });
  after(() => bed.stop());

  for (const { from, to, chart, how, order, components } of [
    { from: "2.1.4", to: "2.2.14", chart: "4.0.34", how: "over the metadata migration", components: SEPARATE },
    {
      from: "2.2.14",
      to: "2.3.13",
      chart: "4.1.28",
      how: "component by component",
      order: SEPARATE,
      components: SEPARATE,
    },
    {
      from: "2.3.13",
      to: "2.4.16",
      chart: "4.2.20",
      how: "component by component",
      order: SEPARATE,
      components: SEPARATE,
    },
    {
      from: "2.4.16",
      to: "2.5.16",
      chart: "4.2.58",
      how: "with one mixcoord for the four coordinators",
      order: ["indexnode", "querynode", "datanode", "proxy"],
      components: ["mixcoord", "indexnode", "querynode", "datanode", "proxy"],
    },
    {
      from: "2.5.16",
      to: "2.6.15",
      chart: "5.0.19",
      how: "with a streaming node for the index nodes",
      order: ["mixcoord", "querynode", "datanode", "proxy"],
      components: ["mixcoord", "streamingnode", "querynode", "datanode", "proxy"],
    },
  ]) {
    it(`${from} → ${to} on chart ${chart}, ${how}: replicas, metadata, message queue and volumes as before, and idle after`, async () => {
      const metadata = { before: original, format: "2.2" };
      await takeHop(bed, stack, { to, chart, components, metadata, ...(order && { order }) });
    });
  }
});
