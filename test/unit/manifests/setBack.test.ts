import { expect } from "chai";
import type { ClusterClient } from "../../../cluster/api/client";
import { ClusterError } from "../../../cluster/errors";
import type { ObjectChange } from "../../../manifests/diff";
import { maskOf } from "../../../manifests/mask";
import type { ManifestObject } from "../../../manifests/objects";
import { besideUpgrade, setBackOf } from "../../../manifests/setBack";
import type { HelmValues } from "../../../upgrade/model";
import { describeSetBack } from "../../../upgrade/words/setBack";
import { fakeClient, forbidden } from "../../support/fakeClient";

const APIS = {
  versions: [],
  kinds: [
    { api: "apps/v1", kind: "Deployment", resource: "deployments", namespaced: true },
    { api: "v1", kind: "Service", resource: "services", namespaced: true },
  ],
};

function object(kind: string, name: string): ManifestObject {
  const apiVersion = kind === "Service" ? "v1" : "apps/v1";
  return { apiVersion, kind, namespace: "milvus", name, content: { apiVersion, kind, metadata: { name } } };
}

function deployment(pullPolicy: string, over: HelmValues = {}): HelmValues {
  const containers = [{ name: "proxy", imagePullPolicy: pullPolicy }];
  return { metadata: { name: "p" }, spec: { replicas: 2, template: { spec: { containers } } }, ...over };
}

interface Options {
  readonly recorded?: readonly ManifestObject[];
  readonly scaled?: readonly string[];
}

/** What is set back where the API server has this, and would make that of the manifest. */
async function setBack(
  live: unknown,
  made: HelmValues,
  { recorded = [object("Deployment", "p")], scaled = [] }: Options = {},
) {
  const kinds: (string | undefined)[] = [];
  const client: ClusterClient = {
    ...fakeClient({}),
    read: () => (live instanceof Error ? Promise.reject(live) : Promise.resolve(live)),
    rehearse: (_, __, kind) => {
      kinds.push(kind);
      return Promise.resolve({ status: 200, headers: {}, text: JSON.stringify(made) });
    },
  };
  return { found: await setBackOf({ client, apis: APIS, recorded, mask: maskOf([]), scaled }), kinds };
}

describe("what a Release sets back", () => {
  it("is what somebody changed where the manifest says something else, lists joined as Helm joins them", async () => {
    const { found, kinds } = await setBack(deployment("Never"), deployment("Always"));
    const path = "spec.template.spec.containers[proxy].imagePullPolicy";
    expect(found).to.deep.equal([{ object: "Deployment/p", paths: [path], isMissing: false }]);
    expect(kinds).to.deep.equal(["strategic"]);
  });

  it("is a workload that was deleted", async () => {
    const gone = new ClusterError("notFound", "deployments p was not found", "look elsewhere");
    const { found } = await setBack(gone, deployment("Always"));
    expect(found).to.deep.equal([{ object: "Deployment/p", paths: [], isMissing: true }]);
  });

  for (const [what, live, options] of [
    ["a workload that is as it was left", deployment("Always"), {}],
    ["its metadata, which restarts nothing", deployment("Always", { metadata: { name: "p", labels: { a: "b" } } }), {}],
    ["what may not be read", forbidden("deployments"), {}],
    ["an object that has no pods", deployment("Never"), { recorded: [object("Service", "p")] }],
    [
      "the number of pods, which the planner sends",
      { ...deployment("Always"), spec: { ...(deployment("Always").spec as HelmValues), replicas: 5 } },
      { scaled: ["p"] },
    ],
  ] as const) {
    it(`is not ${what}`, async () => {
      expect((await setBack(live, deployment("Always"), options)).found).to.deep.equal([]);
    });
  }

  describe("beside an upgrade", () => {
    const template = "spec.template.spec.containers[proxy]";
    const changed = (paths: readonly string[]) => [{ object: "Deployment/p", paths, isMissing: false }];
    const change = (kind: ObjectChange["change"], paths: readonly string[] = []): ObjectChange => ({
      ...{ change: kind, kind: "Deployment", apiVersion: "apps/v1", namespace: "milvus", name: "p", refused: [] },
      fields: paths.map((path) => ({ path })),
    });
    const limits = `${template}.resources.limits`;
    const rows: readonly {
      readonly what: string;
      readonly paths: readonly string[];
      readonly changes: readonly ObjectChange[];
      readonly rolled?: readonly string[];
      readonly left: readonly string[];
    }[] = [
      {
        what: "is what the new chart leaves as the old one has it",
        paths: [`${limits}.memory`],
        changes: [change("changed", [`${template}.image`])],
        left: [`${limits}.memory`],
      },
      {
        what: "is nothing that the upgrade changes anyway, be it the field, one above or one below it",
        paths: [`${template}.image`, `${limits}.memory`, `${template}.env`],
        changes: [change("changed", [`${template}.image`, limits, `${template}.env[A].value`])],
        left: [],
      },
      {
        what: "is a field whose name only begins as that of one that is changed",
        paths: [`${template}.imagePullPolicy`],
        changes: [change("changed", [`${template}.image`])],
        left: [`${template}.imagePullPolicy`],
      },
      { what: "is nothing of a workload that goes", paths: [limits], changes: [change("removed")], left: [] },
      {
        what: "is no image of a component, which an ordered rolling upgrade that was interrupted has changed",
        paths: [`${template}.image`, limits],
        changes: [],
        rolled: ["p"],
        left: [limits],
      },
      {
        what: "is the image of a dependency",
        paths: [`${template}.image`],
        changes: [],
        left: [`${template}.image`],
      },
    ];
    for (const { what, paths, changes, rolled = [], left } of rows) {
      it(what, () => {
        expect(besideUpgrade(changed(paths), changes, rolled)).to.deep.equal(left.length > 0 ? changed(left) : []);
      });
    }

    it("is a workload that was deleted, where it does not go", () => {
      const gone = [{ object: "Deployment/p", paths: [], isMissing: true }];
      expect(besideUpgrade(gone, [change("changed", ["spec"])], ["p"])).to.deep.equal(gone);
      expect(besideUpgrade(gone, [change("removed")], ["p"])).to.deep.equal([]);
    });
  });

  it("is told with the objects and fields, the first of many, and how to keep it", () => {
    const paths = ["a", "b", "c", "d"];
    const many = ["1", "2", "3", "4", "5", "6"].map((name) => ({
      object: `Deployment/${name}`,
      paths,
      isMissing: false,
    }));
    expect(describeSetBack(many)).to.match(
      /^Changed past Helm: Deployment\/1 \(a, b, c and 1 more\), .* and 1 more\. The Release sets that back, .*milvus:values$/,
    );
    expect(describeSetBack([{ object: "Deployment/p", paths: [], isMissing: true }])).to.contain(
      "Deployment/p (deleted). ",
    );
  });
});
