import { expect } from "chai";
import fc from "fast-check";
import { EXIT, type Outcome, type Site, type Verb } from "./support/bench";
import {
  type Collection,
  exampleCollection,
  metadata21,
  readCatalogue,
  records21,
  records22,
} from "./support/catalogue";
import { Killer } from "./support/killing";
import { IS_FULL, SEED, saysHalfMigrated } from "./support/state";
import { useBench } from "./support/useBench";

/** Something that happens to one run of the script; `number` counts the moments of that kind. */
interface Fault {
  readonly kind: "none" | "kill at a statement" | "kill within the tool" | "kill the tool alone" | "etcd fails";
  readonly number: number;
}

/** One thing a user, or fate, does. What does not fit the moment is passed over. */
type Event =
  | { readonly kind: "write" }
  | { readonly kind: "restart" }
  | { readonly kind: "upgrade"; readonly backup: Fault; readonly migrate: Fault }
  | { readonly kind: "give up"; readonly fault: Fault }
  | { readonly kind: "roll back"; readonly fault: Fault }
  | { readonly kind: "upgrade under an old attempt's name"; readonly which: number };

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom(
    "none",
    "none",
    "kill at a statement",
    "kill within the tool",
    "kill the tool alone",
    "etcd fails",
  ),
  number: fc.integer({ min: 1, max: 75 }),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("write" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("upgrade" as const), backup: fault, migrate: fault }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("give up" as const), fault }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("roll back" as const), fault }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("upgrade under an old attempt's name" as const), which: fc.nat(9) }),
  },
);

/** A cluster with its acknowledged metadata, as its users know it, and the upgrade program's part around the script. */
class Cluster {
  private acknowledged: Collection[] = [1, 2].map(exampleCollection);
  private version: "2.1" | "2.2" = "2.1";
  private isRunning = true;
  /** Goes up with every start, as the Helm revision does: a new attempt for what has run. */
  private revision = 1;
  private nextId = 3;
  /** The attempts so far, with what was acknowledged at their backup. */
  private readonly attempts = new Map<string, readonly Collection[]>();
  /** The attempt that led to the 2.2 that runs. */
  private finished: string | undefined;
  private isRollingBack = false;

  constructor(
    private readonly site: Site,
    private readonly killer: Killer,
  ) {}

  async install(): Promise<void> {
    await this.site.seed(metadata21(this.acknowledged));
  }

  async happens(event: Event): Promise<void> {
    switch (event.kind) {
      case "write":
        return this.isRunning ? this.write() : undefined;
      case "restart":
        return this.isRunning ? this.start(this.version) : undefined;
      case "upgrade":
        return this.version === "2.1" && !this.isRollingBack ? this.upgrade(event.backup, event.migrate) : undefined;
      case "give up":
        return !this.isRunning && !this.isRollingBack ? this.giveUp(event.fault) : undefined;
      case "roll back":
        return this.version === "2.2" ? this.rollBack(event.fault) : undefined;
      case "upgrade under an old attempt's name":
        return this.isRunning ? this.upgradeUnderOldName(event.which) : undefined;
    }
  }

  /** Ends what is under way, without further faults, and starts Milvus. */
  async settle(): Promise<void> {
    const none: Fault = { kind: "none", number: 0 };
    if (this.isRollingBack) {
      await this.rollBack(none);
    } else if (!this.isRunning) {
      await this.upgrade(none, none);
    }
    expect(this.isRunning, "the cluster runs in the end").to.equal(true);
  }

  private get attempt(): string {
    return `2.1.4-to-2.2.9-r${this.revision}`;
  }

  private async write(): Promise<void> {
    const example = exampleCollection(this.nextId);
    this.nextId += 1;
    const plain = { ...example, indexed: false, loaded: false, segments: example.segments.map(({ id }) => ({ id })) };
    const collection = this.version === "2.1" ? example : plain;
    for (const [key, value] of this.version === "2.1" ? records21([collection]) : records22(collection)) {
      await this.site.bench.etcd.put(this.site.prefix + key, value);
    }
    this.acknowledged.push(collection);
  }

  /** Milvus starts and must find everything that was ever acknowledged, and nothing else. */
  private async start(version: "2.1" | "2.2"): Promise<void> {
    await this.mustHold(version, `Milvus ${version} starts`);
    await this.site.startMilvus();
    this.version = version;
    this.isRunning = true;
    this.isRollingBack = false;
    this.revision += 1;
  }

  private async mustHold(version: "2.1" | "2.2", when: string): Promise<void> {
    expect(readCatalogue(await this.site.metadata(), version), when).to.deep.equal(this.acknowledged);
  }

  private async run(verb: Verb, attempt: string, fault: Fault): Promise<Outcome> {
    const outcome = await this.runWith(verb, attempt, fault);
    await this.site.expireLeases();
    return outcome;
  }

  private runWith(verb: Verb, attempt: string, { kind, number }: Fault): Promise<Outcome> {
    const point = { number, name: "" };
    switch (kind) {
      case "none":
        return this.site.run(verb, { attempt });
      case "kill at a statement":
        return this.killer.killAt(this.site, verb, { ...point, kind: "script" }, { attempt });
      case "kill within the tool":
        return this.killer.killAt(this.site, verb, { ...point, kind: "tool" }, { attempt });
      case "kill the tool alone":
        return this.killer.faultAt(this.site, verb, number, "kill", { attempt });
      case "etcd fails":
        return this.killer.faultAt(this.site, verb, number, "fail", { attempt });
    }
  }

  /** A run that ended by itself and without success says that the metadata is as before, unless it says that it is not. */
  private async mustBeAsBefore(outcome: Outcome, version: "2.1" | "2.2", attempt: string): Promise<void> {
    if (outcome.code === null || outcome.code === EXIT.restoreFailed) {
      return;
    }
    if (!saysHalfMigrated(this.site.attemptFolder(attempt))) {
      await this.mustHold(version, `after: ${outcome.reason}\n${outcome.log}`);
    }
  }

  private async upgrade(backupFault: Fault, migrateFault: Fault): Promise<void> {
    const { attempt } = this;
    this.isRunning = false;
    const backup = await this.run("backup", attempt, backupFault);
    if (backup.code !== 0) {
      return;
    }
    this.attempts.set(attempt, [...this.acknowledged]);
    const migrate = await this.run("migrate", attempt, migrateFault);
    if (migrate.code === 0) {
      this.finished = attempt;
      await this.start("2.2");
    } else {
      await this.mustBeAsBefore(migrate, this.site.has("migrate.done", attempt) ? "2.2" : "2.1", attempt);
    }
  }

  private async giveUp(fault: Fault): Promise<void> {
    const { attempt } = this;
    const restore = await this.run("restore", attempt, fault);
    if (restore.code === 0) {
      await this.start("2.1");
    } else if (restore.code === EXIT.alreadyMigrated) {
      // Killed after its end mark: the way back is a rollback, the way on is the upgrade.
      await this.mustHold("2.2", restore.reason);
    } else {
      await this.mustBeAsBefore(restore, "2.1", attempt);
    }
  }

  private async rollBack(fault: Fault): Promise<void> {
    const attempt = this.finished;
    if (attempt === undefined) {
      return;
    }
    this.isRunning = false;
    this.isRollingBack = true;
    const rollback = await this.run("rollback", attempt, fault);
    if (rollback.code === 0) {
      // Asked for: what was written since the migration is given up.
      this.acknowledged = [...(this.attempts.get(attempt) ?? [])];
      await this.start("2.1");
    }
  }

  /** Somebody runs the Jobs of an earlier attempt once more, although Milvus has run since. */
  private async upgradeUnderOldName(which: number): Promise<void> {
    const old = [...this.attempts.keys()].filter((attempt) => attempt !== this.finished);
    const attempt = old[which % Math.max(1, old.length)];
    if (attempt === undefined) {
      return;
    }
    const none: Fault = { kind: "none", number: 0 };
    const backup = await this.run("backup", attempt, none);
    if (backup.code === 0) {
      // Of 2.1, as it is now: an outdated backup was replaced.
      this.attempts.set(attempt, [...this.acknowledged]);
    }
    const { code, log } = await this.run("migrate", attempt, none);
    if (code === 0 && this.version === "2.1") {
      // Nothing was written in the meantime: the old backup is true.
      this.finished = attempt;
      return this.start("2.2");
    }
    expect(code, log).to.equal(EXIT.metadataChanged);
    const restore = await this.run("restore", attempt, none);
    expect(restore.code, restore.log).to.equal(this.version === "2.1" ? 0 : EXIT.metadataChanged);
    await this.mustHold(this.version, `after the refusal of ${attempt}`);
  }
}

describe("whatever the order of upgrades, failures, kills, retries, giving up, restarts and writes", function () {
  this.timeout(20 * 60 * 1000);
  const bench = useBench();

  it("no metadata that a running Milvus had acknowledged is lost", async () => {
    const numRuns = Number(process.env.SCRIPT_TESTS_HISTORIES ?? (IS_FULL ? 150 : 12));
    process.stdout.write(`      SCRIPT_TESTS_SEED=${SEED}, ${numRuns} histories\n`);
    const killer = new Killer(bench());
    const counts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 12, size: "max" }), async (events) => {
        const cluster = new Cluster(bench().site(), killer);
        await cluster.install();
        for (const event of events) {
          counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
          await cluster.happens(event);
        }
        await cluster.settle();
      }),
      { seed: SEED, numRuns },
    );
    process.stdout.write(`      ${[...counts].map(([kind, count]) => `${kind}: ${count}`).join(", ")}\n`);
  });
});
