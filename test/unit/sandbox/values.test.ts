import { expect } from "chai";
import fc from "fast-check";
import {
  asSecret,
  hasUnknowns,
  isSecret,
  type Json,
  markSecrets,
  merge,
  plain,
  prune,
} from "../../../sandbox/provider/values";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("property values of the stand-in provider", () => {
  it("a secret is laid open for the cluster, at any depth", () => {
    expect(plain({ a: asSecret("x"), b: [asSecret({ c: asSecret(1) })] })).to.deep.equal({ a: "x", b: [{ c: 1 }] });
  });

  it("what came in secret goes out secret, and nothing else does", () => {
    const model = { pw: asSecret("x"), list: [{ key: asSecret("y") }, { key: "z" }], open: 1 };
    const marked = markSecrets({ pw: "new", list: [{ key: "k" }, { key: "l" }], open: 2, more: true }, model) as Record<
      string,
      Json
    >;
    expect(marked).to.deep.equal({
      pw: asSecret("new"),
      list: [{ key: asSecret("k") }, { key: "l" }],
      open: 2,
      more: true,
    });
  });

  it("marking twice is marking once", () => {
    expect(markSecrets(asSecret("x"), asSecret("y"))).to.deep.equal(asSecret("x"));
    expect(isSecret(asSecret(asSecret("x")))).to.equal(true);
  });

  it("a value not known in a preview is found at any depth", () => {
    expect(hasUnknowns({ a: [{ b: asSecret(UNKNOWN) }] })).to.equal(true);
    expect(hasUnknowns({ a: [{ b: "known" }] })).to.equal(false);
  });

  it("a live object is cut to what was asked for", () => {
    const live = { metadata: { name: "a", uid: "1" }, spec: { containers: [{ name: "c", image: "i", policy: "p" }] } };
    const asked = { metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "old" }] } };
    expect(prune(live, asked)).to.deep.equal({
      metadata: { name: "a" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
  });

  it("merging replaces lists and keeps what is not mentioned", () => {
    expect(merge({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, e: null })).to.deep.equal({
      a: { b: 1, c: [3] },
      d: 1,
      e: null,
    });
  });

  it("any JSON survives being marked secret and laid open", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(plain(asSecret(value as Json))).to.deep.equal(value);
      }),
    );
  });
});
