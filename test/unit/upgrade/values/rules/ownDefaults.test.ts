import { expect } from "chai";
import { again, type Hop, inUserYaml, messagesOf, plan, ROCKSMQ, standalone } from "./hop";

const RULE = "milvus_defaults_change";
const CAPACITY = "rootCoord.maxGeneralCapacity (no limit before) becomes 65536";
const SEGMENTS = "dataCoord.segment.maxSize 512 becomes 1024";
const FLUSH = "quotaAndLimits.flushRate.collection.max (no limit before) becomes 0.1";
const PARTITIONS = "rootCoord.maxPartitionNum 4096 becomes 1024";
const OUTPUT = "quotaAndLimits.limits.maxOutputSize (no limit before) becomes 104857600";
const MMAP = "queryNode.mmap.vectorField false becomes true";
const ALL = [CAPACITY, SEGMENTS, FLUSH, PARTITIONS, OUTPUT, MMAP];

const ROWS: readonly (Hop & { readonly it: string; readonly says: readonly string[] })[] = [
  { it: "2.2 → 2.3 caps partitions times shards", chart: "4.0.34", from: "2.2.14", to: "2.3.13", says: [CAPACITY] },
  { it: "2.3.1 → 2.3.13 crosses 2.3.5", chart: "4.1.2", from: "2.3.1", to: "2.3.13", says: [CAPACITY] },
  { it: "2.3.5 has the cap", chart: "4.1.17", from: "2.3.5", to: "2.3.13", says: [] },
  { it: "2.3 → 2.4", chart: "4.1.28", from: "2.3.13", to: "2.4.16", says: [SEGMENTS, FLUSH, PARTITIONS] },
  { it: "2.4.4 → 2.4.16", chart: "4.1.34", from: "2.4.4", to: "2.4.16", says: [FLUSH, PARTITIONS] },
  { it: "2.4.6 → 2.4.16", chart: "4.1.36", from: "2.4.6", to: "2.4.16", says: [] },
  {
    it: "a proxy that may send more than 100 MB",
    chart: "4.0.34",
    from: "2.2.14",
    to: "2.3.13",
    values: inUserYaml("proxy:\n  grpc:\n    serverMaxSendSize: 2147483647\n"),
    says: [OUTPUT, CAPACITY],
  },
  {
    it: "the same, where an earlier run has kept it",
    chart: "4.0.34",
    from: "2.2.14",
    to: "2.3.13",
    values: {},
    inForce: inUserYaml("proxy:\n  grpc:\n    serverMaxSendSize: 2147483647\n"),
    says: [OUTPUT, CAPACITY],
  },
  {
    it: "what user.yaml sets counts on",
    chart: "4.1.28",
    from: "2.3.13",
    to: "2.4.16",
    values: inUserYaml(
      "rootCoord:\n  maxPartitionNum: 4096\ndataCoord:\n  segment:\n    maxSize: 512\nquotaAndLimits:\n  enabled: false\n",
    ),
    says: [],
  },
  {
    it: "2.5 → 2.6",
    chart: "4.2.58",
    from: "2.5.16",
    to: "2.6.6",
    values: ROCKSMQ,
    over: standalone,
    says: [MMAP],
  },
];

describe(`${RULE} (milvus pull requests 29845, 29567, 33864, 33950; util/paramtable of milvus/pkg 2.5.7 and 2.6.6)`, () => {
  for (const { it: title, says, ...hop } of ROWS) {
    it(`${title}: ${says.length === 0 ? "nothing" : says.join(", ")}`, () => {
      const text = messagesOf(plan(hop), RULE).join("\n");
      expect(ALL.filter((words) => text.includes(words))).to.have.members([...says]);
      expect(text === "").to.equal(says.length === 0);
    });
  }

  it("says the lines that keep what was, and these are taken", () => {
    const hop = { chart: "4.1.28", from: "2.3.13", to: "2.4.16" };
    expect(messagesOf(plan(hop), RULE)[0]).to.include(
      'set in extraConfigFiles["user.yaml"]: dataCoord.segment.maxSize 512, quotaAndLimits.flushRate.collection.max -1, rootCoord.maxPartitionNum 4096.',
    );
    const values = inUserYaml(
      "dataCoord:\n  segment:\n    maxSize: 512\nquotaAndLimits:\n  flushRate:\n    collection:\n      max: -1\nrootCoord:\n  maxPartitionNum: 4096\n",
    );
    expect(messagesOf(plan({ ...hop, values }), RULE)).to.deep.equal([]);
  });

  it("does not see into a ConfigMap of the user's own, and names it", () => {
    const hop = { chart: "4.1.36", from: "2.4.4", to: "2.4.16", values: { customConfigMap: "mine" } };
    expect(messagesOf(plan(hop), RULE)[0])
      .to.include("whether the ConfigMap mine sets them is not seen")
      .and.include("set in the ConfigMap mine: ");
  });

  it("is said once: not by the run that has nothing left to do", () => {
    const hop = { chart: "4.1.28", from: "2.3.13", to: "2.4.16" };
    expect(messagesOf(again(hop), RULE)).to.deep.equal([]);
  });
});
