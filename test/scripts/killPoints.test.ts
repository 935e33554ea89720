import { expect } from "chai";
import { EXIT, type Site, type Verb } from "./support/bench";
import type { Entries } from "./support/etcd";
import { inParallel, Killer, type KillPoint } from "./support/killing";
import {
  convertedByTool,
  formatOf,
  IS_FULL,
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

/** A state from which a verb starts, how it is reached, and what the runs after a kill must end with. */
interface Scenario {
  readonly title: string;
  readonly verb: Verb;
  readonly prepare: (site: Site, killer: Killer) => Promise<void>;
  /** Take one of so many moments, unless all are asked for. */
  readonly every: number;
  /** Ways to go on after the kill. Each ends with the metadata in this format. */
  readonly ways: readonly { readonly verbs: readonly Verb[]; readonly ends: "old" | "new" }[];
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
    process.stdout.write(`    SCRIPT_TESTS_SEED=${SEED}${IS_FULL ? " SCRIPT_TESTS=full" : ""}\n`);
    killer = new Killer(bench());
    converted = await convertedByTool(bench().site(), OLD);
  });

  const check = async (site: Site, where: string): Promise<void> => {
    const format = await formatOf(site, OLD, converted);
    if (!saysHalfMigrated(site.attemptFolder())) {
      expect(format, `${where}: the marks say that the metadata is whole`).to.equal(isFinished(site) ? "new" : "old");
    }
  };

  for (const scenario of SCENARIOS) {
    it(`${scenario.title}: run again, nothing is lost`, async () => {
      const first = bench().site();
      await scenario.prepare(first, killer);
      const { outcome, points: all } = await killer.points(first, scenario.verb);
      expect(outcome.code, outcome.log).to.equal(0);
      const points = IS_FULL ? all : all.filter((_, index) => (index + SEED) % scenario.every === 0);

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
        const { signal, log } = await killer.killAt(site, scenario.verb, point, { shell });
        expect(signal, `${where}: not reached\n${log}`).to.equal("SIGKILL");
        killed += 1;
        // One in ten waits for the killed tool's session to end by itself.
        if (index % 10 !== 0) {
          await site.expireLeases();
        }
        await check(site, where);
        const wasFinished = isFinished(site);
        const ways = IS_FULL ? scenario.ways : [scenario.ways[index % scenario.ways.length]];
        const after = ways.length > 1 ? await save(site, "killed") : undefined;
        for (const way of ways) {
          if (!way) {
            continue;
          }
          if (after && way !== ways[0]) {
            await load(site, after);
          }
          for (const verb of way.verbs) {
            const outcome = await site.run(verb, { shell });
            const expected = verb === "restore" && wasFinished ? EXIT.alreadyMigrated : 0;
            expect(outcome.code, `${where}, then ${verb}\n${log}\n---\n${outcome.log}`).to.equal(expected);
            await check(site, `${where}, then ${verb}`);
          }
          const ends = way.verbs.includes("restore") && wasFinished ? "new" : way.ends;
          expect(await formatOf(site, OLD, converted), `${where}, then ${way.verbs.join(", ")}`).to.equal(ends);
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
      expect(total).to.be.at.least(200);
    }
  });

  it("twice at random moments: run again, nothing is lost", async () => {
    const pairs = Number(process.env.SCRIPT_TESTS_PAIRS ?? (IS_FULL ? 200 : 20));
    process.stdout.write(`      ${pairs} pairs\n`);
    const random = generator(SEED);
    const verbs = ["migrate", "restore", "migrate"] as const;
    const plans = Array.from({ length: pairs }, () => ({
      first: randomPoint(random),
      verb: verbs[Math.floor(random() * verbs.length)] ?? "migrate",
      second: randomPoint(random),
      last: verbs[Math.floor(random() * verbs.length)] ?? "migrate",
    }));
    await inParallel(bench(), plans, WORKERS, async ({ first, verb, second, last }, site) => {
      const where = `migrate killed ${first.name}, ${verb} killed ${second.name}, then ${last}`;
      site.clearVolume();
      await backUp(site);
      await killer.killAt(site, "migrate", first);
      await site.expireLeases();
      await check(site, where);
      // The run may be shorter than the random number: then it ends by itself, which is a case as well.
      await killer.killAt(site, verb, second);
      await site.expireLeases();
      await check(site, where);
      const wasFinished = isFinished(site);
      const outcome = await site.run(last);
      const expected = last === "restore" && wasFinished ? EXIT.alreadyMigrated : 0;
      expect(outcome.code, `${where}\n${outcome.log}`).to.equal(expected);
      const ends = last === "migrate" || wasFinished ? "new" : "old";
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
