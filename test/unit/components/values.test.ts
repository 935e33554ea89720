import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import type { MilvusClusterArgs } from "../../../components/args";
import { resolveValues, withoutTexts } from "../../../components/values";
import type { HelmValue, HelmValues } from "../../../upgrade/model";
import { layBack, withOpaque } from "../../../upgrade/values/opaque";
import { leafPaths, type ValuePath } from "../../../upgrade/values/tree";
import { asLastFacts } from "../../../upgrade/walk/lastFacts";
import { ClusterServer } from "../../support/clusterServer";
import { type OneRun, RELEASE, runComponent, unknownOutput } from "../../support/componentRun";
import { examples } from "../../support/examples";
import { isSecret, plain } from "../../support/recordingMonitor";
import { MIXED, SEPARATE } from "../upgrade/support";

const SECRET = "hunter2-hunter2";

/** A tree in which the values at these paths are what `later` makes of them. */
function withLater(tree: unknown, paths: readonly ValuePath[], later: (value: unknown) => unknown): unknown {
  if (paths.some((path) => path.length === 0)) return later(tree);
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, below]) => [
      key,
      withLater(
        below,
        paths.filter(([first]) => first === key).map((path) => path.slice(1)),
        later,
      ),
    ]),
  );
}

const keys = fc.constantFrom("a", "b", "password", "a.b", 'a["b"]', "user.yaml", "0", "constructor");
const trees = fc.letrec<{ tree: HelmValues; value: HelmValue }>((tie) => ({
  tree: fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("tree"),
  ),
})).tree;
/** A tree, and the paths of some of its leaves. */
const someLater = trees.chain((tree) => fc.tuple(fc.constant(tree), fc.subarray(leafPaths(tree))));

describe("values with Outputs in them", () => {
  for (const { what, inForce } of [
    { what: "without a release", inForce: () => undefined },
    { what: "as the release has them", inForce: (tree: HelmValues) => tree },
    { what: "beside a release with others", inForce: () => ({ a: "x", password: { b: "y" }, "a.b": [1] }) },
  ]) {
    it(`are laid back at their places, ${what}`, async () => {
      await fc.assert(
        fc.asyncProperty(someLater, async ([tree, paths]) => {
          const { plain: known, leaves } = await resolveValues(
            withLater(tree, paths, (value) => pulumi.output(value)) as HelmValues,
          );
          const seen = withOpaque(known ?? {}, leaves, inForce(tree));
          expect(layBack(seen, leaves, (index, changed) => changed ?? leaves[index]?.value)).to.deep.equal(tree);
        }),
        examples(50),
      );
    });
  }

  it("are taken out of a text as they are and as JSON writes them, the longest first", () => {
    const texts = ["pass", 'pass"word"\n'];
    expect(withoutTexts(`a pass, ${texts[1] ?? ""}${JSON.stringify(texts[1])}`, texts)).to.equal(
      'a (hidden), (hidden)"(hidden)"',
    );
  });

  describe("in a cluster", () => {
    const server = new ClusterServer();
    before(() => server.start());
    beforeEach(() => server.reset("milvus"));
    after(() => server.stop());

    const args = (values: unknown, over: object = {}): MilvusClusterArgs => ({
      version: "2.5.16",
      namespace: "milvus",
      kubeconfig: server.kubeconfig,
      verify: { mode: "off" },
      values: values as MilvusClusterArgs["values"] & object,
      ...over,
    });
    const sentValues = ({ children }: OneRun) =>
      children.find(({ type }) => type === RELEASE)?.inputs.values as HelmValues;
    /** The release as a run with these values leaves it. */
    async function settle(values: HelmValues): Promise<void> {
      const run = await runComponent(args(values));
      expect(run.error).to.equal(undefined);
      server.reset("milvus");
      server.putRelease({
        namespace: "milvus",
        chart: run.result?.chart.replace("milvus-", "") ?? "",
        milvus: "2.5.16",
        components: MIXED,
        values: plain(sentValues(run)) as HelmValues,
      });
    }

    /** Nothing that a person or a pipeline gets to see, and nothing that is not encrypted in the state. */
    function expectHidden(run: OneRun, secret = SECRET): void {
      const { result, said, outputs, registered, error } = run;
      const open = JSON.stringify(registered, (_key, value: unknown) => (isSecret(value) ? "[secret]" : value));
      const facts = asLastFacts(result?.facts);
      const shown = JSON.stringify([result, facts, said, [...outputs.values()], error?.message, open]);
      expect(shown).to.not.contain(secret);
    }

    it("has them in the Release, at their places and secret, and nowhere else", async () => {
      const run = await runComponent(() =>
        args({
          minio: { accessKey: "admin", secretKey: pulumi.output(SECRET) },
          extra: {
            list: ["x", pulumi.output(SECRET)],
            tree: pulumi.output({ deep: { deeper: SECRET } }),
            count: pulumi.output(3),
          },
        }),
      );
      expect(run.error).to.equal(undefined);
      const values = sentValues(run) as Record<string, Record<string, unknown>>;
      expect(plain(values.extra)).to.deep.equal({ list: ["x", SECRET], tree: { deep: { deeper: SECRET } }, count: 3 });
      expect(plain(values.minio)).to.include({ accessKey: "admin", secretKey: SECRET });
      expect(
        [values.minio?.secretKey, values.extra?.list, values.extra?.tree, values.extra?.count].map(isSecret),
      ).to.deep.equal([true, true, true, true]);
      expectHidden(run);
    });

    it("hides them also where a list of the user's holds a key of the same name", async () => {
      const run = await runComponent(() =>
        args({ name: pulumi.output(SECRET), items: [{ name: "open" }, { name: "door" }] }),
      );
      expect(plain(sentValues(run))).to.deep.include({ name: SECRET, items: [{ name: "open" }, { name: "door" }] });
      expectHidden(run);
    });

    it("has nothing to do where they are as the release has them, and upgrades where they are not", async () => {
      const values = <T>(secret: T) => ({ minio: { secretKey: secret }, extra: { token: secret } });
      await settle(values(SECRET));
      const same = await runComponent(() => args(values(pulumi.secret(SECRET))));
      expect(same.result?.plan.kind).to.equal("nothing");
      expectHidden(same);
      const other = await runComponent(() => args(values(pulumi.secret("another-one"))));
      expect(other.result?.plan.kind, other.error?.message).to.equal("helm");
      expect(plain(sentValues(other))).to.deep.include({ extra: { token: "another-one" } });
      expectHidden(other, "another-one");
      expectHidden(other);
    });

    it("takes those that a preview does not know for those of the release", async () => {
      await settle({ extra: { token: SECRET } });
      const run = await runComponent(() => args({ extra: { token: unknownOutput<string>() } }), { preview: true });
      expect(run.result?.plan.kind).to.equal("nothing");
      expectHidden(run);
    });

    it("installs with those that a preview does not know", async () => {
      const run = await runComponent(() => args({ extra: { token: unknownOutput<string>() } }), { preview: true });
      expect(run.result?.plan.kind, run.error?.message).to.equal("install");
    });

    for (const { path, values } of [
      { path: "image.all.tag", values: () => ({ image: { all: { tag: pulumi.output("v2.5.16") } } }) },
      { path: "image.all", values: () => ({ image: { all: pulumi.output({ tag: "v2.5.16" }) } }) },
      { path: "cluster", values: () => ({ cluster: pulumi.output({ enabled: true }) }) },
      { path: "fullnameOverride", values: () => ({ fullnameOverride: pulumi.output("db") }) },
    ]) {
      it(`refuses ${path} as an Output, which a rule has to read`, async () => {
        const run = await runComponent(() => args(values()));
        expect(run.error?.message).to.contain("refused (an_output_hides_what_a_rule_reads)").and.contain(path);
        expect(run.children).to.deep.equal([]);
      });
    }

    it("lays what a rule adds beside an Output that is a whole map, so that nothing is lost", async () => {
      const tree = { persistence: { enabled: true }, auth: { rbac: { enabled: false } } };
      await settle({ etcd: tree });
      const plainly = await runComponent(args({ etcd: tree }, { version: "2.6.15" }));
      const run = await runComponent(() => args({ etcd: pulumi.output(tree) }, { version: "2.6.15" }));
      expect(run.error).to.equal(undefined);
      expect(plain(sentValues(run))).to.deep.equal(plain(sentValues(plainly)));
      expect(isSecret(sentValues(run).etcd)).to.equal(true);
    });

    it("refuses to add to a whole map that is an Output and is not as the release has it: the Output would be lost", async () => {
      await settle({ etcd: { auth: { rbac: { enabled: false } } } });
      const etcd = () => pulumi.output({ auth: { rbac: { enabled: true } } });
      const run = await runComponent(() => args({ etcd: etcd() }, { version: "2.6.15" }));
      expect(run.error?.message).to.match(/^refused \(an_output_hides_what_a_rule_reads\).* etcd /);
    });

    it("hides one that a rule moves to another key", async () => {
      server.kubernetesVersion = "1.24.0";
      server.putRelease({
        namespace: "milvus",
        chart: "3.2.18",
        milvus: "2.1.4",
        revision: 7,
        components: SEPARATE,
        values: { metadata: { rootPath: SECRET } },
      });
      const run = await runComponent(
        () => args({ metadata: { rootPath: pulumi.secret(SECRET) } }, { version: "2.2.9" }),
        {
          preview: true,
        },
      );
      expect(run.said.join("\n")).to.contain('extraConfigFiles["user.yaml"]');
      const { extraConfigFiles } = sentValues(run);
      expect(JSON.stringify(plain(extraConfigFiles))).to.contain(SECRET);
      // The Jobs on the metadata need it: it is looked at what people are shown, and at the Release.
      expectHidden({ ...run, registered: run.children.filter(({ type }) => type === RELEASE) });
    });

    describe("all in one Output", () => {
      it("are known, planned with, and secret as a whole", async () => {
        const run = await runComponent(() => args(pulumi.output({ extra: { anything: SECRET } })));
        expect(run.error).to.equal(undefined);
        expect(isSecret(sentValues(run))).to.equal(true);
        expect(plain(sentValues(run))).to.deep.include({ extra: { anything: SECRET } });
        expectHidden(run);
      });

      it("are none where it is an Output of nothing", async () => {
        const run = await runComponent(() => args(pulumi.output(undefined)));
        expect(run.error).to.equal(undefined);
      });

      for (const preview of [true, false]) {
        it(`are refused where ${preview ? "a preview" : "up"} does not know them`, async () => {
          const run = await runComponent(() => args(unknownOutput()), { preview });
          expect(run.error?.message).to.match(/^refused \(what_decides_the_plan_must_be_known\).*values/);
          expect(run.children).to.deep.equal([]);
        });
      }
    });

    it("shows nothing of any of them, whichever leaves they are", async function () {
      this.timeout(60_000);
      const tree: HelmValues = {
        minio: { accessKey: `${SECRET}-1`, secretKey: `${SECRET}-2` },
        pulsarv3: { broker: { configData: { a: `${SECRET}-3` } } },
        proxy: { extraEnv: [{ name: "A", value: `${SECRET}-4` }] },
        extra: { deep: { er: `${SECRET}-5` } },
      };
      await settle(tree);
      await fc.assert(
        fc.asyncProperty(fc.subarray(leafPaths(tree)), fc.boolean(), async (paths, isChanged) => {
          const change = (value: unknown) =>
            JSON.parse(JSON.stringify(value).replaceAll(SECRET, isChanged ? `${SECRET}-new` : SECRET)) as unknown;
          const run = await runComponent(() => args(withLater(tree, paths, (value) => pulumi.output(change(value)))), {
            preview: true,
          });
          expect(run.error).to.equal(undefined);
          const sent = plain(sentValues(run));
          const plainly = await runComponent(args(withLater(tree, paths, change)), { preview: true });
          expect(sent).to.deep.equal(plain(sentValues(plainly)));
          for (const path of paths) {
            const secret = JSON.stringify(
              change(path.reduce<HelmValue>((node, key) => (node as HelmValues)[key] as HelmValue, tree)),
            );
            expectHidden(run, /hunter2[\w-]*/.exec(secret)?.[0]);
          }
        }),
        examples(3),
      );
    });
  });
});
