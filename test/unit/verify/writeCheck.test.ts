import { expect } from "chai";
import { type Collections, REFUSAL, startStandInService } from "../../../sandbox/milvus/standInService";
import { WRITE_CHECK_PREFIX, WRITTEN_ROWS } from "../../../upgrade/verification";
import { openService } from "../../../verify/client";
import { ServiceError, type WritableService } from "../../../verify/service";
import { takeSnapshot } from "../../../verify/takeSnapshot";
import { checkWrites } from "../../../verify/writeCheck";

const quiet = () => undefined;
const SHORT = { limit: 100, pause: 20 };
const inDefault = (name: string) => ({ database: "default", name });

describe("the write check, by the official client", () => {
  let collections: Collections;
  let refuses: boolean;
  let service: WritableService;
  let close: () => Promise<void> | void;

  beforeEach(async () => {
    collections = new Map();
    refuses = false;
    const stood = await startStandInService({ version: "v2.6.6", collections, refusesWrites: () => refuses });
    close = () => stood.close();
    service = await openService({ address: `127.0.0.1:${stood.port}`, timeout: 5000, loadTimeout: 5000 });
    close = async () => {
      await service.close();
      stood.close();
    };
  });
  afterEach(() => close());

  it("makes a collection, finds again what it has inserted, and leaves nothing", async () => {
    const done: string[] = [];
    const told = new Proxy(service, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          done.push(String(name));
          return Reflect.apply(value, target, args);
        };
      },
    });
    const check = await checkWrites(told, SHORT, quiet);
    expect(check).to.deep.equal({ problems: [], rows: WRITTEN_ROWS });
    expect(done).to.deep.equal(["collections", "create", "insert", "flush", "load", "search", "drop"]);
    expect([...collections.keys()]).to.deep.equal([]);
  });

  it("fails where searches are answered and inserts are refused, says so, and drops its collection", async () => {
    await service.create(inDefault("books"), "", 8);
    await service.insert(inDefault("books"), [{ id: 1, vector: Array<number>(8).fill(1) }]);
    await service.load(inDefault("books"));
    refuses = true;
    const snapshot = await takeSnapshot(service, [], quiet);
    expect(snapshot.answers.map(({ hits, error }) => [hits.map(({ id }) => id), error])).to.deep.equal([
      [["1"], undefined],
    ]);
    const { problems, rows } = await checkWrites(service, SHORT, quiet);
    expect(rows).to.equal(undefined);
    expect(problems).to.have.length(1);
    expect(problems[0])
      .to.match(/^Milvus does not take writes: to insert failed for 0 s/)
      .and.to.include(REFUSAL);
    expect([...collections.keys()]).to.deep.equal(["books"]);
  });

  it("waits for a channel that gets ready within the limit", async () => {
    refuses = true;
    setTimeout(() => {
      refuses = false;
    }, 60);
    expect((await checkWrites(service, { limit: 5000, pause: 20 }, quiet)).problems).to.deep.equal([]);
  });

  it("drops what a killed check has left, by name and description, and no collection of a user's", async () => {
    refuses = true;
    // A killed check drops nothing.
    const killed = new Proxy(service, {
      get: (target, name): unknown => {
        if (name === "drop") return () => Promise.reject(new Error("killed"));
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await checkWrites(killed, SHORT, quiet).catch(quiet);
    const [left = ""] = collections.keys();
    expect(left).to.match(new RegExp(`^${WRITE_CHECK_PREFIX}[0-9a-f]{8}$`));
    const users = `${WRITE_CHECK_PREFIX}mine`;
    await service.create(inDefault(users), "ours, by hand", 8);
    await service.create(inDefault("books"), "milvus-upgrade/write-check is what this one is called", 8);
    refuses = false;

    const { collections: seen } = await takeSnapshot(service, [], quiet);
    expect(
      seen.map(({ name }) => name),
      "what was left is no data",
    ).to.have.members(["books", users]);
    const lines: string[] = [];
    expect((await checkWrites(service, SHORT, (line) => lines.push(line))).problems).to.deep.equal([]);
    expect(lines[0]).to.equal(`dropped ${left}, which a write check that was killed had left`);
    expect([...collections.keys()]).to.have.members(["books", users]);
  });
});

describe("the write check", () => {
  interface Failure {
    readonly at: keyof WritableService;
    readonly reason: string;
  }
  /** Takes everything, but for one call. */
  function failing({ at, reason }: Failure): WritableService {
    const call = (name: keyof WritableService, value: unknown) => () =>
      name === at
        ? Promise.reject(new ServiceError(`Milvus does not ${name}: ${reason}`, reason))
        : Promise.resolve(value);
    return {
      collections: call("collections", []),
      create: call("create", undefined),
      insert: call("insert", undefined),
      flush: call("flush", undefined),
      load: call("load", undefined),
      search: call("search", { query: {}, hits: [{ id: "17", distance: 0 }] }),
      drop: call("drop", undefined),
    } as unknown as WritableService;
  }

  const table: (Failure & { readonly says: RegExp; readonly waits: boolean })[] = [
    { at: "create", reason: "no quota", says: /to create a collection failed for \d+ s \(no quota\)/, waits: true },
    { at: "flush", reason: "flush timeout", says: /to flush failed for \d+ s \(flush timeout\)/, waits: true },
    { at: "load", reason: "no resource", says: /to index and load failed for \d+ s \(no resource\)/, waits: true },
    {
      at: "insert",
      reason: "PrivilegeInsert: permission deny to verifier",
      says: /^The write check may not insert \(PrivilegeInsert: permission deny to verifier\)\. Give the user of milvus:credentials/,
      waits: false,
    },
    {
      at: "drop",
      reason: "ddl queue is full",
      says: /^The collection milvus_upgrade_write_check_\w+ of the write check is still there: /,
      waits: true,
    },
  ];
  for (const { at, reason, says, waits } of table) {
    it(`says that it failed at ${at} (${reason})${waits ? "" : ", at once: time gives no rights"}`, async () => {
      const started = Date.now();
      const { problems } = await checkWrites(failing({ at, reason }), { limit: 200, pause: 50 }, quiet);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(says);
      expect(Date.now() - started >= 100).to.equal(waits);
    });
  }

  it("does not take another row for the one that was looked for", async () => {
    const service = { ...failing({ at: "close", reason: "" }), search: () => Promise.resolve({ query: {}, hits: [] }) };
    const { problems } = await checkWrites(service as unknown as WritableService, { limit: 100, pause: 50 }, quiet);
    expect(problems[0]).to.match(/to find what was inserted failed .*finds nothing/);
  });
});
