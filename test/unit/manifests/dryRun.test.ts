import { expect } from "chai";
import fc from "fast-check";
import type { ClusterClient } from "../../../cluster/api/client";
import { verdictOf } from "../../../cluster/api/rehearsal";
import type { ApiRequest } from "../../../cluster/api/request";
import { diffManifests } from "../../../manifests/diff";
import { dryRun } from "../../../manifests/dryRun";
import { maskOf } from "../../../manifests/mask";
import { mergePatch } from "../../../manifests/mergePatch";
import { parseManifest } from "../../../manifests/objects";
import type { HelmValues } from "../../../upgrade/model";
import { HIDDEN } from "../../../upgrade/secrets/take";
import { mergeValues } from "../../../upgrade/values/tree";
import { fakeClient } from "../../support/fakeClient";

const APIS = {
  versions: ["v1", "apps/v1", "metrics.k8s.io/v1"],
  kinds: [
    { api: "v1", kind: "ConfigMap", resource: "configmaps", namespaced: true },
    { api: "apps/v1", kind: "StatefulSet", resource: "statefulsets", namespaced: true },
  ],
};
const configMap = (value: string, name = "config") =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  key: "${value}"\n`;

interface Shown extends ApiRequest {
  readonly body: HelmValues;
}

/** What an API server is shown between two manifests, and what comes of its answers. */
async function rehearsed(
  before: string,
  after: string,
  answer: (shown: Shown) => { status: number; message?: string; causes?: readonly object[] },
  found: object = {},
) {
  const shown: Shown[] = [];
  const client: ClusterClient = {
    ...fakeClient({ configmaps: found }),
    rehearse: (request, body) => {
      shown.push({ ...request, body: body as HelmValues });
      const { status, causes, ...rest } = answer({ ...request, body: body as HelmValues });
      return Promise.resolve({ status, headers: {}, text: JSON.stringify({ ...rest, details: { causes } }) });
    },
  };
  const [old, next] = [parseManifest(before, "milvus"), parseManifest(after, "milvus")];
  const mask = maskOf(["hunter22"]);
  const result = await dryRun(diffManifests(old, next, mask), {
    client,
    apis: APIS,
    before: old,
    after: next,
    mask,
    releaseName: "my-release",
  });
  return { ...result, shown, refused: result.objects.flatMap((object) => object.refused) };
}
const TAKEN = () => ({ status: 200 });

describe("the dry run by the API server", () => {
  it("shows a changed object as a patch of what changes, and a new one whole; nothing of those that stay or go", async () => {
    const { shown, dryRun: asked } = await rehearsed(
      configMap("a") + configMap("x", "stays") + configMap("x", "goes"),
      configMap("b") + configMap("x", "stays") + configMap("x", "new"),
      TAKEN,
    );
    expect(shown.map(({ name, resource, namespace }) => [resource, namespace, name])).to.deep.equal([
      ["configmaps", "milvus", "config"],
      ["configmaps", "milvus", undefined],
    ]);
    expect(shown[0]?.body).to.deep.equal({ data: { key: "b" } });
    expect(shown[1]?.body).to.deep.include({ kind: "ConfigMap", data: { key: "x" } });
    expect(asked).to.deep.equal({ judged: 2, unknown: [] });
  });

  it("writes an objection to its object, by its field and without passwords", async () => {
    const causes = [{ field: "data.key", message: 'Invalid value: {"a":"hunter22"}: must not be hunter22' }];
    const { refused } = await rehearsed(configMap("a"), configMap("b"), () => ({ status: 422, causes }));
    expect(refused).to.deep.equal([{ path: "data.key", why: `must not be ${HIDDEN}` }]);
  });

  it("says once what the fields alone forbid already", async () => {
    const set = (name: string) =>
      `---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: etcd\nspec:\n  serviceName: ${name}\n`;
    const causes = [{ field: "spec", message: "Forbidden: updates to statefulset spec are forbidden" }];
    const { refused } = await rehearsed(set("a"), set("b"), () => ({ status: 422, causes }));
    expect(refused.map(({ path }) => path)).to.deep.equal(["spec.serviceName"]);
  });

  it("creates what is gone from the cluster", async () => {
    const { shown, dryRun: asked } = await rehearsed(configMap("a"), configMap("b"), ({ name }) => ({
      status: name === undefined ? 201 : 404,
    }));
    expect(shown.map(({ name }) => name)).to.deep.equal(["config", undefined]);
    expect(asked.judged).to.equal(1);
  });

  for (const { owner, refused } of [
    { owner: "my-release", refused: [] },
    { owner: "other", refused: ["it is in the cluster already and not a part of this release"] },
  ]) {
    it(`a new object that is there already as a part of ${owner} ${refused.length > 0 ? "is refused" : "is taken over"}`, async () => {
      const found = { metadata: { annotations: { "meta.helm.sh/release-name": owner } } };
      const result = await rehearsed("", configMap("b"), () => ({ status: 409 }), found);
      expect(result.refused.map(({ why }) => why)).to.deep.equal(refused);
    });
  }

  it("knows a kind that is not served from one whose server does not answer", async () => {
    const other = (api: string) => `---\napiVersion: ${api}\nkind: Thing\nmetadata:\n  name: x\n`;
    expect((await rehearsed("", other("apps/v1"), TAKEN)).refused).to.have.length(1);
    const silent = await rehearsed("", other("metrics.k8s.io/v1"), TAKEN);
    expect(silent.refused).to.deep.equal([]);
    expect(silent.dryRun.unknown).to.have.length(1);
  });

  const verdicts = [
    { status: 201, message: "", kind: "taken" },
    { status: 403, message: 'User "ci" cannot patch resource "services" in API group ""', kind: "unknown" },
    { status: 403, message: "exceeded quota: pods", kind: "refused" },
    { status: 400, message: 'admission webhook "policy" denied the request: no latest', kind: "refused" },
    { status: 400, message: 'admission webhook "x" does not support dry run', kind: "unknown" },
    { status: 500, message: "etcd", kind: "unknown" },
  ];
  for (const { status, message, kind } of verdicts) {
    it(`takes ${status} ${message || "without a message"} as ${kind}`, () => {
      expect(verdictOf({ status, headers: {}, text: JSON.stringify({ message }) }).kind).to.equal(kind);
    });
  }
});

describe("the merge patch", () => {
  it("makes of the one object the other", () => {
    const value = fc.letrec((tie) => ({
      map: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3 }),
      any: fc.oneof({ depthSize: "small" }, fc.integer(), fc.array(fc.integer(), { maxLength: 2 }), tie("map")),
    })).map as fc.Arbitrary<HelmValues>;
    const applied = (object: HelmValues, patch: HelmValues): unknown =>
      JSON.parse(JSON.stringify(mergeValues(object, patch), (_key, it: unknown) => it ?? undefined));
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(applied(a, mergePatch(a, b))).to.deep.equal(b);
      }),
    );
  });
});
