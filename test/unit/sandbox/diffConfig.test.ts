import { expect } from "chai";
import { diffConfig } from "../../../sandbox/provider/diffConfig";

const kubeconfig = (server: string) =>
  JSON.stringify({
    "current-context": "a",
    contexts: [
      { name: "a", context: { cluster: "c" } },
      { name: "b", context: { cluster: "d" } },
    ],
    clusters: [
      { name: "c", cluster: { server } },
      { name: "d", cluster: { server: "https://d" } },
    ],
  });

describe("the stand-in provider's judgement of its own configuration", () => {
  const here = { kubeconfig: kubeconfig("https://c") };
  const moved = { kubeconfig: kubeconfig("https://vpn.c") };
  const known = { clusterIdentifier: "milvus-upgrade" };
  for (const { what, before, after, changed, replaces } of [
    { what: "nothing when nothing changes", before: here, after: here, changed: [], replaces: [] },
    {
      what: "everything when the active cluster has another address",
      before: here,
      after: moved,
      changed: ["kubeconfig"],
      replaces: ["kubeconfig"],
    },
    {
      what: "everything for another context",
      before: here,
      after: { ...here, context: "b" },
      changed: ["context"],
      replaces: ["context"],
    },
    {
      what: "nothing for another address of the same identifier",
      before: { ...here, ...known },
      after: { ...moved, ...known },
      changed: ["kubeconfig"],
      replaces: [],
    },
    {
      what: "everything for another identifier",
      before: { ...here, ...known },
      after: { ...here, clusterIdentifier: "other" },
      changed: ["clusterIdentifier"],
      replaces: ["clusterIdentifier"],
    },
    {
      what: "nothing when an identifier is added",
      before: here,
      after: { ...here, ...known },
      changed: ["clusterIdentifier"],
      replaces: [],
    },
  ]) {
    it(`replaces ${what}`, () => {
      expect(diffConfig(before, after)).to.deep.equal({ changed, replaces });
    });
  }
});
