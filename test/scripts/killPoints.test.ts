import { expect } from "chai";
import { EXIT, type Site, type Verb } from "./support/bench";
import { exampleCollection, metadata21, records22 } from "./support/catalogue";
import type { Entries } from "./support/etcd";
import { inParallel, Killer, type KillPoint } from "./support/killing";
import {
  COLLECTIONS,
  convertedByTool,
  equal,
  formatOf,
  IS_FULL,
  IS_SAMPLE,
  load,
  OLD,
  type Saved,
  SEED,
  save,
  saysHalfMigrated,
  WORKERS,
} from "./support/state";
import { halfMigrate, mustEnd } from "./support/steps";
import { findProgram } from "./support/tools";
import { useBench } from "./support/useBench";

/** What the metadata may be, once no mark says that it is half migrated. */
interface Formats {
  readonly old: Entries;
  readonly new: Entries;
  /** What the verb finds, where that is neither. */
  readonly found?: Entries;
}

/** A state from which a verb starts, how it is reached, and what the runs after a kill must end with. */
interface Scenario {
  readonly title: string;
  readonly verb: Verb;
  readonly env?: Readonly<Record<string, string>>;
  readonly prepare: (site: Site, killer: Killer) => Promise<void>;
  readonly formats?: (converted: Entries) => Formats;
  /** Take one of so many moments, unless all are asked for. */
  readonly every: number;
  /** Ways to go on after the kill. Each ends with the metadata in this format. */
  readonly ways: readonly Way[];
}

interface Way {
  readonly verbs: readonly Verb[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ends: "old" | "new";
  /** The code of the last verb where the killed run had not begun: then what was found stays. Default: as if it had. */
  readonly untouched?: number;
}

async function backUp(site: Site): Promise<void> {
  await site.seed(OLD);
  await mustEnd(site, "backup");
}

async function migrate(site: Site): Promise<void> {
  await backUp(site);
  await mustEnd(site, "migrate");
}

async function halfWay(site: Site): Promise<void> {
  await backUp(site);
  await halfMigrate(site);
}

/** Milvus 2.1 has run since the backup was taken. */
async function backUpEarlier(site: Site): Promise<void> {
  await site.seed(metadata21(COLLECTIONS.slice(0, 3)));
  await mustEnd(site, "backup");
  await site.seed(OLD, (await site.counter()) + 8);
}

/** Made by 2.1 after the backup, with everything a collection can have. */
const LATER_21 = metadata21([...COLLECTIONS, exampleCollection(8)]);

async function backUpAndGoOn(site: Site): Promise<void> {
  await backUp(site);
  await site.seed(LATER_21, (await site.counter()) + 8);
}

const LATER_22 = records22(exampleCollection(77));

async function migrateAndGoOn(site: Site): Promise<void> {
  await migrate(site);
  await site.startMilvus();
  await site.write(LATER_22);
}

/** The records with those of the others that the tool does not remove when it puts a backup back. */
function withLeftOvers(records: Entries, others: Entries): Entries {
  const kept = [...others].filter(([key]) => /^(datacoord-meta|queryCoord-collectionMeta)\//.test(key));
  return new Map([...kept, ...records]);
}

const OVERWRITE = { OVERWRITE: "yes" };

const SCENARIOS: readonly Scenario[] = [
  {
    title: "backup of a stopped 2.1 cluster",
    every: 1,
    verb: "backup",
    prepare: (site) => site.seed(OLD),
    ways: [
      { verbs: ["backup", "migrate"], ends: "new" },
      { verbs: ["restore"], ends: "old" },
    ],
  },
  {
    title: "migrate after the backup",
    every: 1,
    verb: "migrate",
    prepare: backUp,
    ways: [
      { verbs: ["backup", "migrate"], ends: "new" },
      { verbs: ["restore"], ends: "old" },
    ],
  },
  {
    title: "migrate again after a kill within the tool's saving",
    every: 8,
    verb: "migrate",
    prepare: halfWay,
    ways: [
      { verbs: ["backup", "migrate"], ends: "new" },
      { verbs: ["restore"], ends: "old" },
    ],
  },
  {
    title: "restore after a kill within the tool's saving",
    every: 5,
    verb: "restore",
    prepare: halfWay,
    ways: [
      { verbs: ["restore"], ends: "old" },
      { verbs: ["backup", "migrate"], ends: "new" },
    ],
  },
  {
    title: "rollback of a finished migration",
    every: 3,
    verb: "rollback",
    prepare: migrate,
    ways: [
      { verbs: ["rollback"], ends: "old" },
      { verbs: ["migrate"], ends: "new" },
    ],
  },
  {
    title: "backup over an outdated backup",
    every: 1,
    verb: "backup",
    prepare: backUpEarlier,
    ways: [
      { verbs: ["backup", "migrate"], ends: "new" },
      { verbs: ["restore"], ends: "old" },
    ],
  },
  {
    title: "migrate with OVERWRITE, over what 2.1 has written since the backup",
    every: 4,
    verb: "migrate",
    env: OVERWRITE,
    prepare: backUpAndGoOn,
    formats: (converted) => ({
      old: withLeftOvers(OLD, LATER_21),
      new: withLeftOvers(converted, LATER_21),
      found: LATER_21,
    }),
    ways: [
      { verbs: ["migrate"], env: OVERWRITE, ends: "new" },
      { verbs: ["restore"], ends: "old", untouched: 0 },
    ],
  },
  {
    title: "rollback of a migration that 2.2 has written after",
    every: 5,
    verb: "rollback",
    prepare: migrateAndGoOn,
    formats: (converted) => ({
      old: withLeftOvers(OLD, LATER_22),
      new: converted,
      found: new Map([...converted, ...LATER_22]),
    }),
    ways: [
      { verbs: ["rollback"], ends: "old" },
      { verbs: ["restore"], ends: "old", untouched: EXIT.alreadyMigrated },
    ],
  },
  {
    title: "migrate once more after its end",
    every: 1,
    verb: "migrate",
    prepare: migrate,
    ways: [
      { verbs: ["migrate"], ends: "new" },
      { verbs: ["restore"], ends: "old" },
    ],
  },
];

/** Every moment of every verb, found by reading the script and by asking the tool's stand-in: killed there, and run again. */
describe("metadata.sh, killed at any moment", function () {
  this.timeout(20 * 60 * 1000);
  const bench = useBench();
  const shells = [["sh"], ...(findProgram("busybox") ? [["busybox", "sh"]] : [])];
  let killer: Killer;
  let converted: Entries;
  let total = 0;

  before(async () => {
    process.stdout.write(
      `    SCRIPT_TESTS_SEED=${SEED}${IS_FULL ? " SCRIPT_TESTS=full" : ""}${IS_SAMPLE ? " SCRIPT_TESTS=sample" : ""}\n`,
    );
    killer = new Killer(bench());
    converted = await convertedByTool(bench().site(), OLD);
  });

  /** Whether the metadata is as it was found, where that is neither of the two formats. */
  const check = async (site: Site, where: string, formats: Formats): Promise<boolean> => {
    if (saysHalfMigrated(site.attemptFolder())) {
      return false;
    }
    const isFound = formats.found !== undefined && equal(await site.metadata(), formats.found);
    if (!isFound) {
      const format = await formatOf(site, formats.old, formats.new);
      expect(format, `${where}: the marks say that the metadata is whole`).to.equal(isFinished(site) ? "new" : "old");
    }
    return isFound;
  };

  for (const scenario of SCENARIOS) {
    it(`${scenario.title}: run again, nothing is lost`, async () => {
      const first = bench().site();
      await scenario.prepare(first, killer);
      const { env = {} } = scenario;
      const { outcome, points: all } = await killer.points(first, scenario.verb, { env });
      expect(outcome.code, outcome.log).to.equal(0);
      const formats = scenario.formats?.(converted) ?? { old: OLD, new: converted };
      const every = scenario.every * (IS_SAMPLE ? 3 : 1);
      const points = IS_FULL ? all : all.filter((_, index) => (index + SEED) % every === 0);

      const prepared = new Map<Site, Saved>();
      let killed = 0;
      await inParallel(bench(), points, WORKERS, async (point: KillPoint, site, index) => {
        const where = `${scenario.verb}, killed ${point.name} (${point.kind} point ${point.number})`;
        const start = prepared.get(site);
        if (start) {
          await load(site, start);
        } else {
          await scenario.prepare(site, killer);
          prepared.set(site, await save(site, "start"));
        }
        const shell = shells[index % shells.length] ?? ["sh"];
        const { signal, log } = await killer.killAt(site, scenario.verb, point, { shell, env });
        expect(signal, `${where}: not reached\n${log}`).to.equal("SIGKILL");
        killed += 1;
        // One in ten waits for the killed tool's session to end by itself.
        if (index % 10 !== 0) {
          await site.expireLeases();
        }
        const isFound = await check(site, where, formats);
        const ways = IS_FULL ? scenario.ways : [scenario.ways[index % scenario.ways.length]];
        const after = ways.length > 1 ? await save(site, "killed") : undefined;
        for (const way of ways) {
          if (!way) {
            continue;
          }
          if (after && way !== ways[0]) {
            await load(site, after);
          }
          const stays = isFound && way.untouched !== undefined;
          for (const verb of way.verbs) {
            const outcome = await site.run(verb, { shell, ...(way.env ? { env: way.env } : {}) });
            const expected = stays ? way.untouched : 0;
            expect(outcome.code, `${where}, then ${verb}\n${log}\n---\n${outcome.log}`).to.equal(expected);
            await check(site, `${where}, then ${verb}`, formats);
          }
          const now = await site.metadata();
          const ends = stays ? formats.found : formats[way.ends];
          expect(ends !== undefined && equal(now, ends), `${where}, then ${way.verbs.join(", ")}`).to.equal(true);
        }
      });
      total += killed;
      process.stdout.write(`      killed at ${killed} points\n`);
    });
  }

  after(() => {
    if (total > 0) {
      process.stdout.write(
        `    ${total} kill points, ${killer.statements} statements of the script that change something\n`,
      );
      expect(total).to.be.at.least(IS_SAMPLE ? 60 : 200);
    }
  });

  it("twice at random moments: run again, nothing is lost", async () => {
    const pairs = Number(process.env.SCRIPT_TESTS_PAIRS ?? (IS_FULL ? 200 : IS_SAMPLE ? 7 : 20));
    process.stdout.write(`      ${pairs} pairs\n`);
    const random = generator(SEED);
    const verbs = ["migrate", "restore", "migrate"] as const;
    const plans = Array.from({ length: pairs }, () => ({
      first: randomPoint(random),
      verb: verbs[Math.floor(random() * verbs.length)] ?? "migrate",
      second: randomPoint(random),
      last: verbs[Math.floor(random() * verbs.length)] ?? "migrate",
    }));
    const plain = { old: OLD, new: converted };
    await inParallel(bench(), plans, WORKERS, async ({ first, verb, second, last }, site) => {
      const where = `migrate killed ${first.name}, ${verb} killed ${second.name}, then ${last}`;
      site.clearVolume();
      await backUp(site);
      await killer.killAt(site, "migrate", first);
      await site.expireLeases();
      await check(site, where, plain);
      // The run may be shorter than the random number: then it ends by itself, which is a case as well.
      await killer.killAt(site, verb, second);
      await site.expireLeases();
      await check(site, where, plain);
      const outcome = await site.run(last);
      expect(outcome.code, `${where}\n${outcome.log}`).to.equal(0);
      const ends = last === "migrate" ? "new" : "old";
      expect(await formatOf(site, OLD, converted), where).to.equal(ends);
    });
  });
});

/** Do the marks say that the metadata is migrated? */
function isFinished(site: Site): boolean {
  return site.has("migrate.done") && !site.has("restore.started");
}

function randomPoint(random: () => number): KillPoint {
  const kind = random() < 0.5 ? "script" : "tool";
  const number = 1 + Math.floor(random() * 90);
  return { kind, number, name: `at ${kind} point ${number}` };
}

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
