import { expect } from "chai";
import fc from "fast-check";
import { compareSnapshots, type Difference } from "../../../verify/compare";
import type { QueryAnswer, Snapshot } from "../../../verify/snapshot";
import { after235, before2216 } from "./recorded";

/** A snapshot with one collection changed, or left out. */
function withCollection(
  snapshot: Snapshot,
  name: string,
  change: Partial<Snapshot["collections"][number]> | undefined,
): Snapshot {
  return {
    ...snapshot,
    collections: snapshot.collections.flatMap((it) => {
      if (it.name !== name) return [it];
      return change === undefined ? [] : [{ ...it, ...change }];
    }),
  };
}

function withAnswer(snapshot: Snapshot, change: Partial<QueryAnswer>): Snapshot {
  return {
    ...snapshot,
    answers: snapshot.answers.map((it) => (it.query.collection === "books" ? { ...it, ...change } : it)),
  };
}

const kinds = (found: readonly Difference[]) => found.map(({ kind, subject }) => `${kind}: ${subject}`);

describe("comparing what Milvus answers before and after an upgrade (recorded from real servers)", () => {
  it("2.2.16 and 2.3.5 that answer the same differ in nothing", () => {
    expect(compareSnapshots(before2216, after235)).to.deep.equal([]);
  });

  const changes: { what: string; after: Snapshot; finds: string; says: RegExp }[] = [
    {
      what: "a collection that is gone",
      after: withCollection(after235, "pens", undefined),
      finds: "collection missing: pens",
      says: /pens \(200 rows\) is not there/,
    },
    {
      what: "one row less",
      after: withCollection(after235, "books", { rows: 999 }),
      finds: "rows changed: books",
      says: /has 999 rows; it had 1000/,
    },
    {
      what: "an index that is gone",
      after: withCollection(after235, "books", { indexes: [] }),
      finds: "index missing: books",
      says: /books\.vector \(IVF_FLAT L2\)/,
    },
    {
      what: "an index of another type",
      after: withCollection(after235, "books", {
        indexes: [{ field: "vector", name: "v", type: "FLAT", metric: "L2" }],
      }),
      finds: "index changed: books",
      says: /is FLAT L2; it was IVF_FLAT L2/,
    },
    {
      what: "a collection that is not loaded any more",
      after: withCollection(after235, "books", { loadState: "not loaded" }),
      finds: "load state changed: books",
      says: /is not loaded; it was loaded/,
    },
    {
      what: "a loaded collection that does not answer",
      after: withAnswer(after235, { hits: [], error: "collection not loaded[collection=1]" }),
      finds: "no answer: books",
      says: /A search in books fails \(collection not loaded\[collection=1\]\); it found 0 \(0\), 351/,
    },
    {
      what: "a database that is gone",
      after: { ...after235, databases: [] },
      finds: "database missing: default",
      says: /default is not there/,
    },
  ];
  for (const { what, after, finds, says } of changes) {
    it(`names ${what}, and nothing else`, () => {
      const found = compareSnapshots(before2216, after);
      expect(kinds(found)).to.deep.equal([finds]);
      expect(found[0]?.message).to.match(says);
    });
  }

  const [answer] = before2216.answers;
  const hits = answer?.hits ?? [];
  it("names the neighbour that is missing, the one whose distance changed, and shows both lists", () => {
    const [first, second, ...rest] = hits;
    const changed = [first, { id: second?.id ?? "", distance: 9 }, ...rest.slice(0, -1), { id: "77", distance: 9.5 }];
    const [found] = compareSnapshots(
      before2216,
      withAnswer(after235, { hits: changed.filter((it) => it !== undefined) }),
    );
    expect(found?.kind).to.equal("neighbours changed");
    expect(found?.message).to.contain(`the distance of ${second?.id ?? ""} is 9`);
    expect(found?.message).to.contain(`${hits.at(-1)?.id ?? ""} is missing`);
    expect(found?.message).to.contain("77 (9.5)");
  });

  it("takes distances that differ in the last digits for the same", () => {
    const close = hits.map(({ id, distance }) => ({ id, distance: distance * 1.000001 }));
    expect(compareSnapshots(before2216, withAnswer(after235, { hits: close }))).to.deep.equal([]);
  });

  for (const { same, lost, found } of [
    { same: "all", lost: 1, found: 1 },
    { same: 4, lost: 1, found: 0 },
    { same: 4, lost: 2, found: 1 },
    { same: 0, lost: 5, found: 0 },
  ] as const) {
    it(`with same: ${same}, ${lost} of 5 neighbours lost ${found ? "are told" : "pass"}`, () => {
      const loosened = (snapshot: Snapshot, kept: number) => ({
        ...snapshot,
        answers: snapshot.answers.map((it) => ({ ...it, query: { ...it.query, same }, hits: it.hits.slice(0, kept) })),
      });
      const pairs = compareSnapshots(loosened(before2216, 5), loosened(after235, 5 - lost));
      expect(pairs.filter(({ subject }) => subject === "books")).to.have.length(found);
    });
  }

  it("rows: no fewer lets more rows pass, ignored lets all pass", () => {
    const more = withCollection(after235, "books", { rows: 1001 });
    const fewer = withCollection(after235, "books", { rows: 999 });
    expect(kinds(compareSnapshots(before2216, more, "exact"))).to.have.length(1);
    expect(compareSnapshots(before2216, more, "no fewer")).to.deep.equal([]);
    expect(kinds(compareSnapshots(before2216, fewer, "no fewer"))).to.have.length(1);
    expect(compareSnapshots(before2216, fewer, "ignored")).to.deep.equal([]);
  });

  it("does not hold an upgrade responsible for a search that failed before, nor for what is new", () => {
    const mute = withAnswer(before2216, { hits: [], error: "collection not loaded" });
    expect(compareSnapshots(mute, withAnswer(after235, { hits: [], error: "collection not loaded" }))).to.deep.equal(
      [],
    );
    const [books] = after235.collections;
    const grown = {
      ...after235,
      collections: [...after235.collections, ...(books ? [{ ...books, name: "new" }] : [])],
    };
    expect(compareSnapshots(before2216, grown)).to.deep.equal([]);
  });

  it("finds every row count that differs, whatever the collections are", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.nat(3)), (all, numbers) => {
        const of = (rows: readonly number[]): Snapshot => ({
          ...before2216,
          answers: [],
          collections: all.map((name, index) => ({
            database: "default",
            name,
            rows: rows[index] ?? 0,
            loadState: "loaded",
            indexes: [],
          })),
        });
        const [before, after] = [[...numbers.take(all.length)], [...numbers.take(all.length)]];
        const differing = all.filter((_, index) => before[index] !== after[index]);
        expect(compareSnapshots(of(before), of(after)).map(({ subject }) => subject)).to.deep.equal(differing);
      }),
      { numRuns: 50 },
    );
  });
});
