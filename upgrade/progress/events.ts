import type { PlanKind } from "../model";

/** Environment variable with a file: a run appends its events to it, one line of JSON each. */
export const EVENTS_VARIABLE = "MILVUS_UPGRADE_EVENTS";
/** Environment variable with the hash of a plan that was just shown: the run does not print that plan again. */
export const SHOWN_PLAN_VARIABLE = "MILVUS_SHOWN_PLAN";

export const STEP_RESULTS = ["done", "failed", "interrupted"] as const;
export type StepResult = (typeof STEP_RESULTS)[number];

/** Of which upgrade an event is. */
interface OfUpgrade {
  /** ISO 8601. */
  readonly time: string;
  /** `namespace/name`. */
  readonly release: string;
  readonly plan: PlanKind;
  /** Milvus version before; missing for an install. */
  readonly from?: string;
  readonly to: string;
}

interface OfStep extends OfUpgrade {
  /** As the outputs name it: `resume querynode`. */
  readonly step: string;
  /** What it does, for people. */
  readonly title: string;
  /** The first is 1. */
  readonly number: number;
  /** How many steps the plan has. */
  readonly of: number;
}

/** A line of a run that is of no step: the lock that it waits for, the verification. */
export interface Said extends Pick<OfUpgrade, "time" | "release"> {
  readonly event: "said";
  readonly text: string;
}

/** A run that has touched nothing, and why. */
export interface Refused extends Pick<OfUpgrade, "time" | "release"> {
  readonly event: "refused";
  /** Name of the rule, as the message has it. */
  readonly rule: string;
  readonly text: string;
}

/** What a run tells while it is at work. */
export type RunEvent =
  | Said
  | Refused
  | (OfUpgrade & { readonly event: "planned"; readonly hash?: string; readonly lines: readonly string[] })
  | (OfStep & { readonly event: "stepStarted" })
  | (OfStep & { readonly event: "stepProgress" | "stepStuck"; readonly text: string })
  | (OfStep & { readonly event: "stepEnded"; readonly seconds: number; readonly result: StepResult })
  | (OfUpgrade & {
      readonly event: "finished";
      readonly seconds: number;
      readonly verification: string;
      readonly lines: readonly string[];
    });

/** The same without what is the same in all events of a run. */
export type Told =
  Exclude<RunEvent, Said | Refused> extends infer Event
    ? Event extends unknown
      ? Omit<Event, keyof OfUpgrade>
      : never
    : never;

/** What `npm run upgrade -- --json` tells beside that, of the whole way. */
export type WalkEvent =
  | {
      readonly time: string;
      readonly event: "hopStarted";
      readonly title: string;
      /** The first is 1. */
      readonly number: number;
      readonly of: number;
    }
  | {
      readonly time: string;
      readonly event: "hopEnded";
      readonly title: string;
      readonly number: number;
      readonly of: number;
      readonly seconds: number;
      /** `busy`: it was not begun, since another run is at work. */
      readonly result: StepResult | "busy";
    }
  | {
      readonly time: string;
      readonly event: "ended";
      readonly result: "arrived" | "refused" | "unapproved" | "declined" | "failed" | "busy" | "interrupted";
      /** Titles of the plans that were run to their end. */
      readonly done: readonly string[];
    };
