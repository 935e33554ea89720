import type { HopReport, WayReport } from "../walk/wayReport";
import type { FleetLimits, Place } from "./waves";

/** Of the JSON: another number where a key changes its meaning or goes (docs/fleet.schema.json). */
export const FLEET_FORMAT = 1;

/** What a stack needs, seen before anything is begun. */
export interface Outlook {
  readonly stack: string;
  /** `refused`: no run can get there; `unreadable`: its config, cluster or release could not be read. */
  readonly kind: "nothing" | "hops" | "refused" | "unreadable";
  /** Missing where it could not be read. */
  readonly way?: WayReport;
  /** Milvus runs it now; missing where that could not be read. */
  readonly from?: string;
  /** Why it is refused or unreadable, a line each. */
  readonly why: readonly string[];
  /** After the upgrade something looks whether Milvus is well. */
  readonly isVerified: boolean;
  /** By then a walk has ended by the limits of its steps. */
  readonly limitSeconds: number;
}

/** How the walk of a stack ended. */
export interface StackEnd {
  readonly outcome: "arrived" | "failed" | "refused" | "locked" | "interrupted";
  /** Version that Milvus is at; of a walk that arrived. */
  readonly version?: string;
  /** Titles of the runs that were made to their end. */
  readonly done: readonly string[];
  /** Why it has not arrived, or who was waited for, a line each. */
  readonly why: readonly string[];
}

/** A stack on its way through a fleet. */
export interface Progress {
  readonly outlook: Outlook;
  readonly isCanary: boolean;
  place: Place;
  /** Title of the `pulumi up` that is under way. */
  run?: string;
  /** Milliseconds since 1970. */
  startedAt?: number;
  seconds?: number;
  end?: StackEnd;
}

export const STACK_OUTCOMES = [
  "arrived",
  "nothing to do",
  "failed",
  "refused",
  "could not be opened",
  "locked",
  "interrupted",
  "not begun",
] as const;
export type StackOutcome = (typeof STACK_OUTCOMES)[number];
export const FLEET_ENDS = ["planned", "declined", "done", "failed", "locked", "interrupted"] as const;

export interface StackReport {
  readonly stack: string;
  readonly isCanary: boolean;
  readonly outcome: StackOutcome;
  /** `namespace/name`. */
  readonly release?: string;
  readonly from?: string;
  /** Where it is now, as far as this fleet knows. */
  readonly to?: string;
  /** As they were foreseen. */
  readonly hops: readonly HopReport[];
  /** Of all hops. */
  readonly expectedSeconds: number;
  /** Titles of the runs that were made. */
  readonly done: readonly string[];
  readonly seconds?: number;
  /** Why it has not arrived, or who was waited for, a line each. */
  readonly why: readonly string[];
  /** File with all that was said. */
  readonly log?: string;
}

/** What was asked for. */
export interface FleetRequest {
  readonly patterns: readonly string[];
  /** Missing: each stack's own milvus:version. */
  readonly to?: string;
  readonly limits: FleetLimits;
  /** Folder of the project, as the user gave it; missing: this one. */
  readonly folder?: string;
}

/** What `upgrade --stacks --format json` prints, and `--report FILE` writes. */
export interface FleetReport extends Omit<FleetRequest, "folder"> {
  readonly format: typeof FLEET_FORMAT;
  /** `planned`: nothing was to be begun (--dry-run); `declined`: somebody said no; `locked`: none has failed, and others hold some. */
  readonly end: (typeof FLEET_ENDS)[number];
  /** ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  readonly stacks: readonly StackReport[];
  /** Why not all stacks were begun. */
  readonly stopped?: string;
  /** What to type now, a line each. */
  readonly next: readonly string[];
}
