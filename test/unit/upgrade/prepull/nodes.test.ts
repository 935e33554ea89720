import { expect } from "chai";
import type { HelmValue } from "../../../../upgrade/model";
import type { Placement } from "../../../../upgrade/prepull/groups";
import { fitOf, type NodeFacts } from "../../../../upgrade/prepull/nodes";

const PLACEMENT: Placement = { nodeSelector: {}, tolerations: [], pullSecrets: [] };
const NODE: NodeFacts = { name: "node-0", labels: { disk: "ssd", cores: "16" }, taints: [], unschedulable: false };
const taint = (key: string, effect = "NoSchedule", value?: string) => ({
  taints: [{ key, effect, ...(value !== undefined && { value }) }],
});
const expression = (key: string, operator: string, ...values: string[]): { nodeTerms: HelmValue[] } => ({
  nodeTerms: [{ matchExpressions: [{ key, operator, values }] }],
});

describe("a node for the pods of a placement", () => {
  const rows: readonly {
    readonly what: string;
    readonly placement?: Partial<Placement>;
    readonly node?: Partial<NodeFacts>;
    readonly is: string;
  }[] = [
    { what: "any node where nothing is asked for", is: "fits" },
    { what: "a label that it has", placement: { nodeSelector: { disk: "ssd" } }, is: "fits" },
    { what: "a label with another value", placement: { nodeSelector: { disk: "hdd" } }, is: "other" },
    { what: "a label that it has not", placement: { nodeSelector: { gpu: "yes" } }, is: "other" },
    { what: "a number in the selector", placement: { nodeSelector: { cores: 16 } }, is: "fits" },
    { what: "In", placement: expression("disk", "In", "nvme", "ssd"), is: "fits" },
    { what: "In of others", placement: expression("disk", "In", "nvme"), is: "other" },
    { what: "NotIn", placement: expression("disk", "NotIn", "hdd"), is: "fits" },
    { what: "NotIn of a label that is not there", placement: expression("gpu", "NotIn", "yes"), is: "fits" },
    { what: "Exists", placement: expression("gpu", "Exists"), is: "other" },
    { what: "DoesNotExist", placement: expression("gpu", "DoesNotExist"), is: "fits" },
    { what: "Gt", placement: expression("cores", "Gt", "8"), is: "fits" },
    { what: "Lt", placement: expression("cores", "Lt", "8"), is: "other" },
    { what: "an operator that is not known", placement: expression("disk", "Like", "s"), is: "other" },
    { what: "a term that asks for nothing", placement: { nodeTerms: [{}] }, is: "other" },
    {
      what: "one of two terms",
      placement: {
        nodeTerms: [...expression("gpu", "Exists").nodeTerms, ...expression("disk", "Exists").nodeTerms],
      },
      is: "fits",
    },
    {
      what: "its name as a field",
      placement: { nodeTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-1"] }] }] },
      is: "other",
    },
    { what: "a taint of somebody's", node: taint("team", "NoSchedule", "x"), is: "other" },
    { what: "a taint that is only preferred", node: taint("team", "PreferNoSchedule"), is: "fits" },
    {
      what: "a taint that is tolerated by value",
      placement: { tolerations: [{ key: "team", value: "x", effect: "NoSchedule" }] },
      node: taint("team", "NoSchedule", "x"),
      is: "fits",
    },
    {
      what: "a taint with another value",
      placement: { tolerations: [{ key: "team", value: "y" }] },
      node: taint("team", "NoSchedule", "x"),
      is: "other",
    },
    {
      what: "a taint with another effect",
      placement: { tolerations: [{ key: "team", operator: "Exists", effect: "NoExecute" }] },
      node: taint("team"),
      is: "other",
    },
    {
      what: "everything tolerated",
      placement: { tolerations: [{ operator: "Exists" }] },
      node: taint("a"),
      is: "fits",
    },
    { what: "a cordoned node", node: { unschedulable: true }, is: "it is cordoned" },
    {
      what: "a cordoned node, which everything tolerates",
      placement: { tolerations: [{ operator: "Exists" }] },
      node: { unschedulable: true },
      is: "fits",
    },
    {
      what: "a full disk",
      node: taint("node.kubernetes.io/disk-pressure"),
      is: "its disk is full (DiskPressure)",
    },
    {
      what: "a node that is away",
      node: taint("node.kubernetes.io/unreachable", "NoExecute"),
      is: "it does not answer",
    },
    {
      what: "a cordoned node that is not meant anyway",
      placement: { nodeSelector: { gpu: "yes" } },
      node: { unschedulable: true },
      is: "other",
    },
  ];
  for (const { what, placement, node, is } of rows) {
    it(`${what}: ${is}`, () => {
      const fit = fitOf({ ...PLACEMENT, ...placement }, { ...NODE, ...node });
      expect(fit.kind === "later" ? fit.why : fit.kind).to.equal(is);
    });
  }
});
