import { expect } from "chai";
import type { Comparison } from "../../../manifests/compare";
import type { ObjectChange } from "../../../manifests/diff";
import { changesNoPod } from "../../../manifests/restarts";

const change = (kind: string, path: string, over: Partial<ObjectChange> = {}): ObjectChange => ({
  change: "changed",
  kind,
  apiVersion: "apps/v1",
  namespace: "milvus",
  name: "my-release-milvus-proxy",
  fields: [{ path, before: "a", after: "b" }],
  refused: [],
  ...over,
});
const comparison = (...changes: ObjectChange[]): Comparison => ({
  revision: 7,
  changes,
  dryRun: { judged: 0, unknown: [] },
});

describe("a comparison that changes no pod", () => {
  const rows: readonly (readonly [string, Comparison | undefined, boolean])[] = [
    ["of nothing that changes", comparison(), true],
    ["of a ConfigMap and a Service", comparison(change("ConfigMap", "data.x"), change("Service", "spec.ports")), true],
    ["of a Deployment's label", comparison(change("Deployment", "metadata.labels.x")), true],
    ["of a pod template", comparison(change("Deployment", "spec.template.spec.containers[proxy].image")), false],
    ["of replicas", comparison(change("StatefulSet", "spec.replicas")), false],
    ["of a workload that goes", comparison(change("Deployment", "", { change: "removed", fields: [] })), false],
    ["of a workload that comes", comparison(change("Deployment", "", { change: "added", fields: [] })), true],
    ["that was not made", undefined, false],
    ["with nothing installed", { changes: [], dryRun: { judged: 0, unknown: [] } }, false],
  ];
  for (const [what, compared, expected] of rows) {
    it(`${what}: ${expected ? "no pod restarts" : "pods may restart"}`, () =>
      expect(changesNoPod(compared)).to.equal(expected));
  }
});
