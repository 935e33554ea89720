import type { Etcd } from "./etcd";
import { ConversionError, convertLoaded, type Entries } from "./records";

/** Something that happens to one run of the script; `number` counts the moments of that kind, from 1. */
export interface Fault {
  readonly how: "none" | "kill at a statement" | "kill within the tool" | "kill the tool alone" | "etcd fails";
  readonly number: number;
}

export const NO_FAULT: Fault = { how: "none", number: 0 };

/** A moment at which everything can be killed. */
export interface Point {
  readonly kind: "script" | "tool";
  readonly name: string;
}

export type Problem = "none" | "sessions" | "etcd" | "unknown";

export type Command = "backup" | "run" | "rollback";

interface Backed {
  readonly entries: Entries;
  readonly counter: number;
}

export interface ToolResult {
  /** It has begun to remove what is there. */
  readonly touched: boolean;
  readonly problem: Problem;
  /** What `backup` wrote: whole listing, the session counter apart. */
  readonly file?: Backed;
}

export interface ToolSite {
  readonly etcd: Etcd;
  readonly root: string;
  readonly sessions: () => readonly string[];
}

const SNAPSHOTS = "snapshots";
const COMMON = ["root-coord/dd-msg-send", "root-coord/dd-operation"];
/** Removed in this order; the keys of collection-alias go with those of collection. */
export const CLEANED: Readonly<Record<"2.1" | "2.2", readonly string[]>> = {
  "2.1": [
    ...["root-coord/collection", "root-coord/collection-alias"].flatMap((it) => [it, `${SNAPSHOTS}/${it}`]),
    "root-coord/segment-index",
    "root-coord/index",
    "indexes",
    ...COMMON.flatMap((it) => [it, `${SNAPSHOTS}/${it}`]),
  ],
  "2.2": [
    "root-coord/collection",
    "root-coord/partitions",
    "root-coord/fields",
    "root-coord/aliases",
    SNAPSHOTS,
    "field-index",
    "segment-index",
    "querycoord-collection-loadinfo",
    "querycoord-partition-loadinfo",
  ],
};

class ToolEnds extends Error {
  constructor(readonly problem: Problem) {
    super(problem);
  }
}

/** The migration tool in its dangerous order: load, remove prefix by prefix, save key by key. */
export class Tool {
  /** Points passed in all calls so far. */
  private passed = 0;
  private touched = false;

  constructor(
    private readonly site: ToolSite,
    private readonly fault: Fault,
  ) {}

  *call(command: Command, backup?: Backed): Generator<Point, ToolResult> {
    const { etcd, root, sessions } = this.site;
    this.touched = false;
    etcd.register(root);
    try {
      yield* this.point("start", "passes");
      if (sessions().length > 0) return { touched: false, problem: "sessions" };
      yield* this.point("after-register", "passes");
      if (command === "backup") return yield* this.backup();
      yield* command === "run" ? this.migrate() : this.rollback(backup);
      yield* this.point("before-stop", "passes");
      return { touched: this.touched, problem: "none" };
    } catch (error) {
      if (error instanceof ToolEnds) return { touched: this.touched, problem: error.problem };
      if (error instanceof ConversionError) return { touched: this.touched, problem: "unknown" };
      throw error;
    }
  }

  private *point(name: string, onFailure: "ends" | "passes" = "ends"): Generator<Point, void> {
    yield { kind: "tool", name };
    this.passed += 1;
    if (this.passed !== this.fault.number) return;
    if (this.fault.how === "kill the tool alone") throw new ToolEnds("unknown");
    if (this.fault.how === "etcd fails" && onFailure === "ends") throw new ToolEnds("etcd");
  }

  private *backup(): Generator<Point, ToolResult> {
    const { etcd, root } = this.site;
    const file = { entries: etcd.metadata(root), counter: etcd.counter(root) };
    for (const name of ["before-write", "mid-backup:0", "mid-backup:1", "mid-backup:2", "mid-backup:3"]) {
      yield* this.point(name);
    }
    yield* this.point("after-backup");
    yield* this.point("before-stop", "passes");
    return { touched: false, problem: "none", file };
  }

  private *migrate(): Generator<Point, void> {
    const { etcd, root } = this.site;
    const loaded = etcd.metadata(root);
    yield* this.point("after-load");
    yield* this.clean("2.1", "mid-clean");
    yield* this.point("after-clean");
    const sorted = [...loaded].sort(([a], [b]) => (a < b ? -1 : 1));
    const pairs = convertLoaded((prefix) => sorted.filter(([key]) => key.startsWith(prefix)));
    for (const [index, pair] of pairs.entries()) {
      etcd.put(root, [pair]);
      yield* this.point(`mid-save:${index + 1}`);
    }
    yield* this.point("after-save");
  }

  private *rollback(backup: Backed = { entries: new Map(), counter: 0 }): Generator<Point, void> {
    const { etcd, root } = this.site;
    yield* this.clean("2.1", "mid-clean-source");
    yield* this.clean("2.2", "mid-clean-target");
    yield* this.point("before-restore");
    const entries: [string, string][] = [...backup.entries, ["session/id", String(backup.counter)]];
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [index, entry] of entries.entries()) {
      etcd.put(root, [entry]);
      yield* this.point(`mid-restore:${index + 1}`);
    }
    yield* this.point("after-restore");
  }

  private *clean(minor: "2.1" | "2.2", point: string): Generator<Point, void> {
    const { etcd, root } = this.site;
    for (const [index, prefix] of CLEANED[minor].entries()) {
      etcd.remove(root, (key) => key.startsWith(prefix));
      this.touched = true;
      yield* this.point(`${point}:${index + 1}`);
    }
  }
}
