import { expect } from "chai";
import { changesBetween, isUnder, sameToServer } from "../../../sandbox/provider/diff";
import { mergePatch } from "../../../sandbox/provider/objectState";
import type { Properties } from "../../../sandbox/provider/values";

describe("differences that the stand-in provider reports", () => {
  const rows: {
    title: string;
    before: Properties;
    after: Properties;
    changes: Record<string, string>;
    server?: boolean;
  }[] = [
    { title: "nothing changed", before: { a: [1, { b: 2 }] }, after: { a: [1, { b: 2 }] }, changes: {} },
    {
      title: "a leaf in a list of objects",
      before: { spec: { containers: [{ image: "a" }] } },
      after: { spec: { containers: [{ image: "b" }] } },
      changes: { "spec.containers[0].image": "update" },
    },
    {
      title: "an annotation, whose key has dots",
      before: { metadata: { annotations: {} } },
      after: { metadata: { annotations: { "pulumi.com/x": "1" } } },
      changes: { 'metadata.annotations["pulumi.com/x"]': "add" },
    },
    { title: "a key taken away", before: { a: { b: 1 } }, after: { a: {} }, changes: { "a.b": "delete" } },
    { title: "an item added to a list", before: { a: [1] }, after: { a: [1, 2] }, changes: { "a[1]": "add" } },
    { title: "Helm values: null is not nothing", before: {}, after: { a: null }, changes: { a: "add" } },
    { title: 'Helm values: 1 is not "1"', before: { a: 1 }, after: { a: "1" }, changes: { a: "update" } },
    {
      title: "objects: the same quantity written in two ways",
      before: { cpu: "500m", memory: "1Gi", size: "1" },
      after: { cpu: "0.5", memory: "1024Mi", size: "1000m" },
      changes: {},
      server: true,
    },
    {
      title: "objects: quantities that differ",
      before: { cpu: "500m" },
      after: { cpu: "500" },
      changes: { cpu: "update" },
      server: true,
    },
    { title: "objects: empty is not there", before: { a: {} }, after: { b: [] }, changes: {}, server: true },
  ];
  for (const { title, before, after, changes, server } of rows) {
    it(title, () => {
      const found = changesBetween(before, after, server ? sameToServer : undefined);
      expect(Object.fromEntries(found)).to.deep.equal(changes);
    });
  }

  it("a path lies under its prefix, and not under a longer name", () => {
    expect(isUnder("spec.template.spec.containers[0].image", ["spec.template"])).to.equal(true);
    expect(isUnder("spec.accessModes[0]", ["spec.accessModes"])).to.equal(true);
    expect(isUnder("spec.templateName", ["spec.template"])).to.equal(false);
  });

  it("the patch of an update touches only what the program changed", () => {
    const before = { metadata: { labels: { a: "1", b: "2" } }, data: { x: "1" }, rules: [1, 2] };
    const after = { metadata: { labels: { a: "1", c: "3" } }, data: { x: "1" }, rules: [1] };
    expect(mergePatch(before, after)).to.deep.equal({ metadata: { labels: { b: null, c: "3" } }, rules: [1] });
    expect(mergePatch(before, before)).to.deep.equal({});
  });
});
