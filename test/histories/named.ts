import type { StepKind } from "../../upgrade/model";
import type { Event } from "./events";
import type { Trouble, UpResult } from "./run";

/** A history that went wrong once, or would have. */
export interface NamedHistory {
  readonly name: string;
  readonly events: readonly Event[];
  /** How the last run must end; else nothing but the invariants must hold. */
  readonly ends?: UpResult["kind"];
}

function up(to: string, over: Partial<Extract<Event, { kind: "up" }>> = {}): Event {
  return { kind: "up", to, trouble: { kind: "none" }, without: [], overlaps: false, ...over };
}

/** Killed at the nth moment of the tool within this step: the first nine are those of a look at etcd. */
function killed(step: StepKind, number: number): { trouble: Trouble } {
  return { trouble: { kind: "job", step, fault: { how: "kill within the tool", number } } };
}

const created: Event = { kind: "write", what: "create", which: 0 };
const obeyed: Event = { kind: "follow the remedy", which: 0 };
const reinstalled = (newEtcd: boolean): Event => ({ kind: "reinstall", version: "2.1.4", newEtcd });
/** After the first removal. */
const DIES = killed("migrate", 13);

/** A rollback that died after its stop, and then the migration's look at etcd. */
const DIED_LOOKING: readonly Event[] = [
  up("2.2.9"),
  created,
  up("2.1.4", { rollback: true, trouble: { kind: "engine", at: 4 } }),
  up("2.2.9", killed("migrate", 3)),
];

export const NAMED: readonly NamedHistory[] = [
  {
    name: "an old backup is not written over what 2.1 wrote after a repair by hand",
    events: [up("2.2.9", DIES), { kind: "repair by hand" }, created, up("2.2.9"), obeyed, up("2.2.9")],
  },
  {
    name: "nor on the way back",
    events: [up("2.2.9", DIES), { kind: "repair by hand" }, created, up("2.1.4"), obeyed, up("2.1.4")],
  },
  {
    name: "a kill between a mark and the call that follows it",
    events: [
      up("2.2.9", DIES),
      up("2.2.9", { trouble: { kind: "job", step: "migrate", fault: { how: "kill at a statement", number: 40 } } }),
    ],
  },
  {
    name: "the claim of an installation before is no attempt of this one, with a new etcd",
    events: [up("2.2.9", DIES), reinstalled(true), created, up("2.2.9"), obeyed, up("2.2.9")],
  },
  {
    name: "nor with the etcd that was there",
    events: [up("2.2.9", DIES), reinstalled(false), created, up("2.2.9"), obeyed, up("2.2.9")],
  },
  {
    name: "nor is one that had finished, on the way back",
    events: [up("2.2.9"), reinstalled(true), created, up("2.1.4"), obeyed, up("2.1.4")],
  },
  {
    name: "migrated already, but 2.1 was installed anew on a new etcd",
    events: [up("2.2.9"), reinstalled(true), created, up("2.2.9"), obeyed, up("2.2.9")],
  },
  {
    name: "migrated already, but 2.1 has run on it since",
    events: [up("2.2.9"), reinstalled(false), created, up("2.2.9"), obeyed, up("2.2.9")],
  },
  {
    name: "migrated already, but an etcd snapshot of 2.1 was put back",
    events: [
      { kind: "take snapshot" },
      up("2.2.9", { trouble: { kind: "engine", at: 10 } }),
      { kind: "put snapshot back" },
      up("2.2.9"),
    ],
  },
  {
    name: "an attempt binds after helm rollback",
    events: [up("2.2.9", DIES), { kind: "helm rollback" }, created, up("2.2.9"), obeyed, up("2.2.9")],
  },
  {
    name: "an attempt binds when another patch of 2.1 is put in place",
    events: [up("2.2.9", DIES), { kind: "set image", version: "2.1.2", all: true }, up("2.2.9")],
  },
  {
    name: "an attempt binds when another patch of 2.1 is asked for",
    events: [up("2.2.9", DIES), up("2.1.2", { rollback: true })],
  },
  {
    name: "an attempt of a revision whose pending record was cleared binds",
    events: [
      up("2.1.4", { trouble: { kind: "engine", at: 2 } }),
      up("2.2.9", { trouble: { kind: "engine", at: 10 } }),
      up("2.1.4"),
    ],
  },
  {
    name: "a migration of nothing under a wrong root path is no success",
    events: [{ kind: "root path", wrong: true, where: "both", restarts: false }, up("2.2.9")],
  },
  {
    name: "an attempt is not given up under another root path than its backup's",
    events: [
      up("2.2.9", killed("migrate", 3)),
      { kind: "root path", wrong: true, where: "both", restarts: false },
      up("2.1.4"),
    ],
    ends: "failed",
  },
  { name: "a migration left out by --exclude is no success", events: [up("2.2.9", { without: ["migrate"] })] },
  {
    name: "nor is one that was left out of a Release that did not get ready",
    events: [up("2.2.9", { without: ["migrate"], trouble: { kind: "not ready" } }), up("2.2.9")],
  },
  {
    name: "a restore left out by --exclude is no success",
    events: [up("2.2.9"), created, up("2.1.4", { rollback: true, without: ["restore"] })],
  },
  {
    name: "a migrated etcd that 2.1 has written to is not migrated",
    events: [
      up("2.2.9"),
      { kind: "set image", version: "2.1.4", all: true },
      created,
      { kind: "scale", replicas: 0, all: true },
      up("2.2.9"),
    ],
  },
  {
    name: "a rollback that died, and 2.2 after all",
    events: [up("2.2.9"), up("2.1.4", { rollback: true, ...killed("restore", 25) }), up("2.2.9", { rollback: false })],
  },
  {
    name: "no roll leads from 2.2 to 2.1",
    events: [
      { kind: "reinstall", version: "2.2.9", newEtcd: true },
      created,
      { kind: "set image", version: "2.1.4", all: false },
      up("2.1.4", { rollback: true }),
    ],
  },
  {
    name: "nor does it when everything is at 0",
    events: [
      { kind: "reinstall", version: "2.2.9", newEtcd: true },
      created,
      { kind: "set image", version: "2.1.4", all: false },
      { kind: "scale", replicas: 0, all: true },
      up("2.1.4"),
    ],
  },
  {
    name: "an attempt that was only prepared does not stand before one that was finished",
    events: [
      up("2.1.4", { trouble: { kind: "engine", at: 3 } }),
      up("2.2.9", { trouble: { kind: "engine", at: 3 } }),
      up("2.2.9"),
      up("2.2.9"),
    ],
    ends: "nothing",
  },
  {
    name: "a look that died before 2.2 was started again is no dead end",
    events: [...DIED_LOOKING, up("2.2.9")],
    ends: "succeeded",
  },
  {
    name: "nor on the way back that was asked for",
    events: [...DIED_LOOKING, up("2.1.4", { rollback: true })],
    ends: "succeeded",
  },
  {
    name: "an upgrade, a rollback and an upgrade again",
    events: [up("2.2.9"), created, up("2.1.4", { rollback: true }), created, up("2.2.9", { rollback: false })],
    ends: "succeeded",
  },
  {
    name: "an overwrite that was asked for by name goes through",
    events: [
      up("2.2.9", DIES),
      { kind: "helm rollback" },
      created,
      { kind: "scale", replicas: 0, all: true },
      up("2.2.9"),
      obeyed,
      up("2.2.9"),
    ],
    ends: "succeeded",
  },
  {
    name: "2.2 has served: its images being gone is no consent",
    events: [
      up("2.2.9", { trouble: { kind: "not ready" } }),
      created,
      { kind: "scale", replicas: 0, all: true },
      { kind: "set image", version: "2.1.4", all: true },
      up("2.1.4"),
    ],
  },
  {
    name: "a migration that died, and then the restore in its middle, are ended by the next run",
    events: [up("2.2.0", killed("migrate", 16)), up("2.2.0", killed("migrate", 47)), up("2.2.0")],
    ends: "succeeded",
  },
];
