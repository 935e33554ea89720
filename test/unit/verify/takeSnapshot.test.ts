import { expect } from "chai";
import { type CollectionAddress, type MilvusService, ServiceError } from "../../../verify/service";
import type { LoadState, Query, QueryAnswer } from "../../../verify/snapshot";
import { repeatSnapshot, takeSnapshot } from "../../../verify/takeSnapshot";

interface Behaviour {
  readonly loadState?: LoadState;
  /** Searches that fail before one succeeds. */
  failures?: number;
  /** Loading again makes it answer. */
  readonly healedByReload?: boolean;
}

/** A Milvus of two collections with one vector field each; what it was asked is recorded. */
function fakeService(behaviour: Record<string, Behaviour> = { books: {}, pens: { loadState: "not loaded" } }) {
  const asked: string[] = [];
  const service: MilvusService = {
    version: () => Promise.resolve("v2.3.5"),
    databases: () => Promise.resolve(["default"]),
    collections: () => Promise.resolve(Object.keys(behaviour)),
    describe: () =>
      Promise.resolve({
        primaryKey: { name: "id", isText: false },
        vectors: [
          { name: "vector", dimensions: 2 },
          { name: "other", dimensions: 3 },
        ],
      }),
    statistics: ({ name }) =>
      Promise.resolve({
        rows: 10,
        loadState: behaviour[name]?.loadState ?? "loaded",
        indexes: [{ field: "vector", name: "v", type: "FLAT", metric: "IP" }],
      }),
    loadState: ({ name }) => Promise.resolve(behaviour[name]?.loadState ?? "loaded"),
    sampleVector: (_collection, _schema, field) => Promise.resolve(field === "vector" ? [0.5, 0.5] : undefined),
    search: (query: Query): Promise<QueryAnswer> => {
      asked.push(`search ${query.collection}`);
      const one = behaviour[query.collection];
      if (one?.failures) {
        one.failures -= 1;
        return Promise.resolve({ query, hits: [], error: "collection not loaded" });
      }
      return Promise.resolve({ query, hits: [{ id: "1", distance: 0 }] });
    },
    reload: ({ name }: CollectionAddress) => {
      asked.push(`reload ${name}`);
      const one = behaviour[name];
      if (one?.healedByReload) one.failures = 0;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return { service, asked };
}

const quiet = () => undefined;
const AT_ONCE = { answers: 0, reload: false };

describe("taking a snapshot", () => {
  it("asks every loaded collection with the vector of a stored row, and those that are not loaded not at all", async () => {
    const { service, asked } = fakeService();
    const snapshot = await takeSnapshot(service, [], quiet);
    expect(asked).to.deep.equal(["search books"]);
    const query = { field: "vector", vector: [0.5, 0.5], limit: 5, metric: "IP", same: "all", primaryKey: "id" };
    expect(snapshot.answers[0]?.query).to.deep.equal({ database: "default", collection: "books", ...query });
    expect(snapshot.collections.map(({ name, loadState }) => `${name} ${loadState}`)).to.deep.equal([
      "books loaded",
      "pens not loaded",
    ]);
  });

  it("with chosen queries, compares theirs and lets an answer be enough for the others", async () => {
    const { service } = fakeService({ books: {}, papers: {} });
    const chosen = [{ collection: "papers", field: "other", vector: [1, 2, 3], limit: 3, filter: "id > 4", same: 2 }];
    const { answers } = await takeSnapshot(service, chosen, quiet);
    expect(answers.map(({ query }) => [query.collection, query.same])).to.deep.equal([
      ["papers", 2],
      ["books", 0],
    ]);
    expect(answers[0]?.query).to.include({ field: "other", limit: 3, filter: "id > 4" });
  });

  it("keeps three digits of a vector, so that many fit", async () => {
    const { service } = fakeService({ books: {} });
    const sampled = { ...service, sampleVector: () => Promise.resolve([0.123456789, -1234.56789]) };
    expect((await takeSnapshot(sampled, [], quiet)).answers[0]?.query.vector).to.deep.equal([0.123, -1230]);
  });

  it("takes a vector of its own, always the same, where no row can be had", async () => {
    const vector = async () =>
      (await takeSnapshot(fakeService({ books: {} }).service, [{ collection: "books", field: "other" }], quiet))
        .answers[0]?.query.vector;
    expect(await vector()).to.have.length(3);
    expect(await vector()).to.deep.equal(await vector());
  });

  for (const [chosen, words] of [
    [{ collection: "nowhere" }, /milvus:verifyQueries asks the collection nowhere, which does not exist/],
    [{ collection: "books", field: "title" }, /books has no field title of float vectors/],
  ] as const) {
    it(`refuses a query that cannot be asked: ${words.source}`, async () => {
      const failure = await takeSnapshot(fakeService().service, [chosen], quiet).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(ServiceError);
      expect((failure as Error).message).to.match(words);
    });
  }
});

describe("taking it again after the upgrade", () => {
  const earlier = () => takeSnapshot(fakeService({ books: {} }).service, [], quiet);

  it("gives a loaded collection time to answer", async () => {
    const { service, asked } = fakeService({ books: { failures: 1 } });
    const { answers } = await repeatSnapshot(
      service,
      await earlier(),
      { answers: 3000, reload: false, pause: 2 },
      quiet,
    );
    expect(answers[0]).to.not.have.property("error");
    expect(asked).to.deep.equal(["search books", "search books"]);
  });

  it("has one time for all collections together: a server loads them side by side", async () => {
    const mute = () => ({ books: { failures: 9999 }, pens: { failures: 9999 }, papers: { failures: 9999 } });
    const before = await takeSnapshot(fakeService({ books: {}, pens: {}, papers: {} }).service, [], quiet);
    const { service, asked } = fakeService(mute());
    const { answers } = await repeatSnapshot(service, before, { answers: 100, reload: false, pause: 10 }, quiet);
    expect(answers.map(({ error }) => error)).to.deep.equal(Array(3).fill("collection not loaded"));
    expect(asked.filter((it) => it === "search pens")).to.have.length(1);
    expect(asked.filter((it) => it === "search books").length).to.be.above(1);
  });

  it("never loads again unless told to, and keeps the server's words", async () => {
    const { service, asked } = fakeService({ books: { failures: 99, healedByReload: true } });
    const { answers } = await repeatSnapshot(service, await earlier(), AT_ONCE, quiet);
    expect(answers[0]?.error).to.equal("collection not loaded");
    expect(asked).to.not.include("reload books");
  });

  it("loads again what still does not answer, when told to, and says so", async () => {
    const { service, asked } = fakeService({ books: { failures: 99, healedByReload: true } });
    const said: string[] = [];
    const { answers } = await repeatSnapshot(service, await earlier(), { answers: 0, reload: true }, (it) =>
      said.push(it),
    );
    expect(answers[0]).to.not.have.property("error");
    expect(asked).to.deep.equal(["search books", "reload books", "search books"]);
    expect(said.join()).to.match(/books does not answer \(collection not loaded\): releasing and loading it again/);
  });

  it("does not load what was not loaded", async () => {
    const { service, asked } = fakeService({ books: { loadState: "not loaded", failures: 99 } });
    await repeatSnapshot(service, await earlier(), { answers: 5000, reload: true }, quiet);
    expect(asked).to.deep.equal(["search books"]);
  });

  it("asks nothing of a collection that is gone", async () => {
    const { service, asked } = fakeService({ pens: {} });
    expect((await repeatSnapshot(service, await earlier(), AT_ONCE, quiet)).answers).to.deep.equal([]);
    expect(asked).to.deep.equal([]);
  });
});
