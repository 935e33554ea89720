import type { CommonChange } from "../../manifests/common";
import type { ObjectChange } from "../../manifests/diff";
import type { Drift } from "../../manifests/drift";
import type { DryRun } from "../../manifests/dryRun";
import type { ApprovalPart } from "../../upgrade/approval";
import type { AddedValue, Plan, Refusal, UpgradePlan, Warning } from "../../upgrade/model";
import type { StepOutlook } from "../../upgrade/steps/outlook";
import { describeStep, outlookOf } from "../../upgrade/steps/steps";

/** Of the JSON: another number where a key changes its meaning or goes (docs/plan.schema.json). */
export const PLAN_FORMAT = 1;

/** What `plan` tells, as `--format json` prints it. Holds no Helm values but those that rules add, and no passwords. */
export interface PlanReport {
  readonly format: typeof PLAN_FORMAT;
  readonly stack: string;
  /** `namespace/name`. */
  readonly release: string;
  readonly outcome: Outcome;
  /** What the plan was made from: the outputs of the last run are a guess. */
  readonly basis: "cluster" | "last outputs";
  /** Who is at work on the release now, and what was begun and has not ended; missing where there is neither. */
  readonly open?: readonly string[];
  readonly plan?: PlanPart;
  readonly refusal?: Refusal;
  /** As things are now `up` would be refused for that reason, which time mends; missing where it would not. */
  readonly notNow?: Refusal;
  readonly manifests?: ManifestReport;
  /** How the cluster differs from what Helm has left there. Missing unless asked for. */
  readonly drift?: Drift;
  /** Missing unless asked for. */
  readonly images?: ImageReport;
}

export const OUTCOMES = ["nothing", "changes", "refused"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Of the process: drift counts as changes, since somebody has to look. */
export function exitCodeOf({ outcome, drift }: PlanReport): number {
  const hasDrifted = drift !== undefined && drift.objects.length + drift.unknown.length > 0;
  return EXIT_CODES[outcome === "nothing" && hasDrifted ? "changes" : outcome];
}

/** 1 is also the end of everything that goes wrong. */
const EXIT_CODES = { nothing: 0, changes: 2, refused: 1 } as const satisfies Record<Outcome, number>;

export interface PlanPart
  extends Pick<UpgradePlan, "kind" | "from" | "to" | "chart" | "reason" | "interruption" | "reversibility"> {
  readonly title: string;
  /** To be set as milvus:approvedPlan; missing when nothing is to be done. */
  readonly hash?: string;
  /** By which a program tells what has moved between two plans; missing when nothing is to be done. */
  readonly hashParts?: Readonly<Record<ApprovalPart, string>>;
  /** The hash with what milvus:approvedPlan makes of it. */
  readonly approval: readonly string[];
  /** What must hold before it may be begun: windows, and what another stack has proved. Missing where nothing is asked for. */
  readonly conditions?: readonly string[];
  readonly steps: readonly StepReport[];
  /** In words; missing when nothing is to be done. */
  readonly expected?: string;
  /** The number that `expected` says, and that milvus:maxDowntime is compared with. */
  readonly expectedSeconds: number;
  /** Seconds that are not in it, because images are pulled before; missing where none are. */
  readonly savedSeconds?: number;
  /** What is pulled onto which nodes before anything is taken away, a line each; missing where nothing is. */
  readonly pulls?: readonly string[];
  readonly added: readonly ShownValue[];
  readonly warnings: readonly Warning[];
  /** What will be looked at once it is done, and what is written for that. */
  readonly verification: readonly string[];
  /** Name of the migration attempt, and the claim that keeps its backup. */
  readonly attempt?: string;
  readonly backupClaim?: string;
}

export interface StepReport extends StepOutlook {
  readonly step: string;
}

/** The steps of a plan in words, each with its way back. */
export function stepReports(plan: UpgradePlan): StepReport[] {
  return plan.steps.map((step) => ({ step: describeStep(step), ...outlookOf(step, plan) }));
}

/** A value that a rule adds; a password is masked. */
export interface ShownValue extends Omit<AddedValue, "value"> {
  readonly shown: string;
}

export type ManifestReport =
  | {
      readonly compared: true;
      /** Revision whose manifest is the old one; missing for an install. */
      readonly revision?: number;
      readonly common: readonly CommonChange[];
      readonly objects: readonly ObjectChange[];
      readonly dryRun: DryRun;
    }
  | { readonly compared: false; readonly why: string };

export interface ImageReport {
  readonly list: readonly ImageUse[];
  /** Images that are not below milvus:imageRegistry: a subchart's value that the rules do not know, or the user's own. */
  readonly outside: readonly string[];
  /** Why the chart's own images are not in the list. */
  readonly incomplete?: string;
}

export interface ImageUse {
  readonly image: string;
  /** `Deployment/my-release-milvus-proxy`, or the upgrade's own `Job`s. */
  readonly users: readonly string[];
}

export function outcomeOf(plan: Plan): Outcome {
  if (plan.kind === "refused") return "refused";
  return plan.kind === "nothing" ? "nothing" : "changes";
}
