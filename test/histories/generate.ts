import fc from "fast-check";
import type { StepKind } from "../../upgrade/model";
import type { Event } from "./events";
import type { Trouble, UpOptions } from "./run";
import type { Fault } from "./tool";

/** Shrinks to the first of the choices. */
const CROSS = { withCrossShrink: true };

const version = fc.oneof(
  CROSS,
  { weight: 4, arbitrary: fc.constant("2.2.9") },
  { weight: 3, arbitrary: fc.constant("2.1.4") },
  { weight: 1, arbitrary: fc.constantFrom("2.1.2", "2.2.0", "2.2.14") },
);

const fault: fc.Arbitrary<Fault> = fc.record({
  how: fc.constantFrom(
    "kill within the tool",
    "kill within the tool",
    "kill at a statement",
    "kill the tool alone",
    "etcd fails",
  ),
  // Of a migration the tool's own moments begin with those of a look at etcd.
  number: fc.oneof(CROSS, fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 60 })),
});

const jobStep = fc.constantFrom<StepKind>(
  "probe",
  "stop",
  "backup",
  "migrate",
  "migrate",
  "migrate",
  "restore",
  "restore",
);

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  CROSS,
  { weight: 5, arbitrary: fc.constant<Trouble>({ kind: "none" }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("engine" as const), at: fc.integer({ min: 1, max: 14 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("job" as const),
      step: jobStep,
      fault: fc.oneof(
        CROSS,
        { weight: 4, arbitrary: fault },
        { weight: 1, arbitrary: fc.constantFrom("before the script" as const, "after the script" as const) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Trouble>({ kind: "not ready" }) },
);

const without: fc.Arbitrary<readonly StepKind[]> = fc.oneof(
  CROSS,
  { weight: 7, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.subarray<StepKind>(["probe", "stop", "backup", "migrate", "restore", "release"], { minLength: 1 }),
  },
);

const options: fc.Arbitrary<UpOptions> = fc.record({
  trouble,
  without,
  overlaps: fc.oneof(CROSS, { weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const up: fc.Arbitrary<Event> = fc
  .tuple(
    options,
    fc.option(version, { nil: undefined, freq: 3 }),
    fc.constantFrom(undefined, undefined, undefined, true, false),
  )
  .map(([chosen, to, rollback]) => ({
    kind: "up" as const,
    ...chosen,
    ...(to !== undefined && { to }),
    ...(rollback !== undefined && { rollback }),
  }));

const some = <T extends Event>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

const write: fc.Arbitrary<Event> = fc.record({
  kind: fc.constant("write" as const),
  what: fc.constantFrom("create" as const, "create" as const, "drop" as const, "index" as const, "flush" as const),
  which: fc.nat(3),
});

const event: fc.Arbitrary<Event> = fc.oneof(
  CROSS,
  some(5, write),
  some(14, up),
  some(5, fc.record({ kind: fc.constant("follow the remedy" as const), which: fc.nat(2) })),
  some(2, fc.record({ kind: fc.constant("reinstall" as const), version, newEtcd: fc.boolean() })),
  some(1, fc.record({ kind: fc.constant("uninstall" as const) })),
  some(1, fc.record({ kind: fc.constant("left by 0.1" as const) })),
  some(2, fc.record({ kind: fc.constant("helm rollback" as const) })),
  some(
    2,
    fc.record({
      kind: fc.constant("scale" as const),
      replicas: fc.constantFrom(0 as const, 1 as const),
      all: fc.boolean(),
    }),
  ),
  some(2, fc.record({ kind: fc.constant("set image" as const), version, all: fc.boolean() })),
  some(1, fc.record({ kind: fc.constant("take snapshot" as const) })),
  some(1, fc.record({ kind: fc.constant("put snapshot back" as const) })),
  some(
    1,
    fc.record({
      kind: fc.constant("root path" as const),
      wrong: fc.boolean(),
      where: fc.constantFrom("config" as const, "helm" as const, "both" as const),
      restarts: fc.boolean(),
    }),
  ),
  some(2, fc.record({ kind: fc.constant("repair by hand" as const) })),
);

const plain: UpOptions = { trouble: { kind: "none" }, without: [], overlaps: false };
const migrateTo = (to: string): Event => ({ kind: "up", ...plain, to });
const retry: Event = { kind: "up", ...plain };

/** Killed after the tool has begun to remove. */
const halfMigrated = fc.integer({ min: 14, max: 40 }).map(
  (number): Event => ({
    kind: "up",
    to: "2.2.9",
    without: [],
    overlaps: false,
    trouble: { kind: "job", step: "migrate", fault: { how: "kill within the tool", number } },
  }),
);

/** Does as the program says, and tries again. */
const obeyed = fc.tuple(up, fc.nat(2), fc.boolean()).map(([first, which, isTwice]): Event[] => {
  const obey: Event = { kind: "follow the remedy", which };
  return isTwice ? [first, obey, retry, obey, retry] : [first, obey, retry];
});

/** What people did in the middle of a migration before they came back to it. */
const interlude = fc.constantFrom<Event>(
  { kind: "helm rollback" },
  { kind: "repair by hand" },
  { kind: "left by 0.1" },
  { kind: "reinstall", version: "2.1.4", newEtcd: false },
  { kind: "reinstall", version: "2.1.4", newEtcd: true },
  { kind: "set image", version: "2.1.2", all: true },
  { kind: "set image", version: "2.1.4", all: true },
  { kind: "scale", replicas: 1, all: true },
  { kind: "put snapshot back" },
);
const written: Event = { kind: "write", what: "create", which: 0 };
const resumed = fc
  .tuple(
    fc.oneof(CROSS, fc.constant(migrateTo("2.2.9")), halfMigrated),
    fc.array(interlude, { minLength: 1, maxLength: 2 }),
    fc.boolean(),
    obeyed,
  )
  .map(([first, between, writes, last]): Event[] => [first, ...between, ...(writes ? [written] : []), ...last]);

const single = event.map((it): Event[] => [it]);
const part = fc.oneof(CROSS, { weight: 8, arbitrary: single }, { weight: 1, arbitrary: obeyed });
const parts = (minLength: number, maxLength: number) =>
  fc.array(part, { minLength, maxLength, size: "max" }).map((all) => all.flat());

/** Most histories begin with an upgrade that something happens to: the rest is about what it leaves. */
const begun = up.map((it): Event[] => [{ kind: "take snapshot" }, it.kind === "up" ? { ...it, to: "2.2.9" } : it]);

const killedUp = fc
  .tuple(trouble, fc.constantFrom("2.2.9", "2.2.9", "2.1.4"), fc.boolean())
  .map(([chosen, to, overlaps]): Event => ({ kind: "up", to, rollback: true, trouble: chosen, without: [], overlaps }));

/** Upgrades and ways back that die again and again, and nobody who does anything past the program. */
export const interruptedRuns: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.oneof(CROSS, { weight: 1, arbitrary: write }, { weight: 3, arbitrary: killedUp }),
  { minLength: 1, maxLength: 8, size: "max" },
);

/** What people do to one cluster, in order. */
export const histories: fc.Arbitrary<readonly Event[]> = fc.oneof(
  CROSS,
  { weight: 1, arbitrary: parts(1, 12) },
  { weight: 2, arbitrary: fc.tuple(parts(0, 2), begun, parts(1, 10)).map((all) => all.flat()) },
  { weight: 2, arbitrary: fc.tuple(parts(0, 2), resumed, parts(0, 4)).map((all) => all.flat()) },
);
