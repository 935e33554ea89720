import { expect } from "chai";
import fc from "fast-check";
import { parseConfig } from "../../../config/parseConfig";
import { parseStackFile, withConfig } from "../../../config/stackFile";
import { examples } from "../../support/examples";

describe("a stack's file", () => {
  for (const { written, read } of [
    { written: "2022-03-17", read: "2022-03-17 00:00:00 +0000 UTC" },
    { written: "2022-3-7", read: "2022-03-07 00:00:00 +0000 UTC" },
    { written: "2022-03-17T10:00:00Z", read: "2022-03-17 10:00:00 +0000 UTC" },
    { written: "2022-03-17T10:00:00+02:00", read: "2022-03-17 10:00:00 +0200 +0200" },
    { written: "2022-03-17 10:00", read: "2022-03-17 10:00" },
    { written: "2022-03-17 10:00:00", read: "2022-03-17 10:00:00 +0000 UTC" },
    { written: "2022-03-17T10:00:00", read: "2022-03-17T10:00:00" },
    { written: "2022-03-17 10:00:00Z", read: "2022-03-17 10:00:00Z" },
    { written: "2023-99-99", read: "2023-99-99" },
    { written: "2023-02-30", read: "2023-02-30" },
    { written: "0x_", read: "0x_" },
    { written: "._", read: "._" },
    { written: '"2022-03-17"', read: "2022-03-17" },
    { written: "1_000", read: 1000 },
    { written: "0b11", read: 3 },
    { written: "0777", read: 511 },
    { written: "-010", read: -8 },
    { written: "089", read: 89 },
    { written: "0o17", read: 15 },
    { written: "0x1f", read: 31 },
    { written: "1e3", read: 1000 },
    { written: ".5", read: 0.5 },
    { written: "2.10", read: 2.1 },
    { written: "v2.2.14", read: "v2.2.14" },
    { written: "yes", read: "yes" },
    { written: "12:30:45", read: "12:30:45" },
    { written: "~", read: null },
    { written: "{<<: {a: 1}}", read: { a: 1 } },
  ]) {
    it(`has ${written} read as Pulumi reads it`, () => {
      expect(parseStackFile(`it: ${written}\n`)).to.deep.equal({ it: read });
    });
  }

  it("is read as it was written, whatever texts and numbers are in it", () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[-+.0-9_:eExob TZnf~<=]{1,20}$/),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom("2022-03-17", "2022-3-7 1:2:3", "1_000", "0777", "null", "~", "<<", "=", ".inf", "1_0.5", "no"),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie("tree"), { maxLength: 4 }), fc.dictionary(key, tie("tree"))),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, tree), (values) => {
        const config = { "milvus:values": values };
        expect(parseStackFile(withConfig(undefined, config))).to.deep.equal({ config });
      }),
      { seed: 7, ...examples(20) },
    );
  });

  it("keeps its comments and other keys", () => {
    const before = [
      "# ours",
      "secretsprovider: awskms",
      "config:",
      "  # the cluster",
      "  kubernetes:context: prod",
      "  other:octal: 0777 # a mode",
      "  other:big: 12345678901234567890",
      "  other:date: 2022-03-17",
      '  other:text: "1"',
      "  other:nothing:",
      "  other:merged: { a: 1.50 }",
      "",
    ].join("\n");
    expect(withConfig(before, { "milvus:version": "2.2.14" })).to.equal(`${before}  milvus:version: 2.2.14\n`);
  });

  it("does not touch what is there already", () => {
    const before = "config:\n  milvus:version: 2.10\n  milvus:size: 12345678901234567890\n";
    expect(withConfig(before, (parseStackFile(before) as { config: Record<string, unknown> }).config)).to.equal(before);
  });

  for (const before of [undefined, "config: {}\n", "config:\n"]) {
    it(`has a line for each key where there was ${JSON.stringify(before ?? "no file")}`, () => {
      expect(withConfig(before, { "milvus:release": "r", "milvus:values": { a: { b: 1 } } })).to.equal(
        "config:\n  milvus:release: r\n  milvus:values:\n    a:\n      b: 1\n",
      );
    });
  }

  it("is refused where a date has no quotes, with its place", () => {
    const file = "milvus:version: 2.2.14\nmilvus:values:\n  minio:\n    image:\n      tag: 2022-03-17\n";
    const config = parseStackFile(file) as Record<string, unknown>;
    expect(() => parseConfig({ config })).to.throw(
      "milvus:values.minio.image.tag: reads like a time that Pulumi has made of a date without quotes; write the date in quotes",
    );
  });
});

const key = fc.oneof(
  fc.stringMatching(/^[a-zA-Z][\w.-]{0,10}$/),
  fc.constantFrom("2022-03-17", "yes", "1_000", "on", "0777"),
);
