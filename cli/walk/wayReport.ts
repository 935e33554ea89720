import type { PlanKind, Refusal, Reversibility, UpgradePlan, Wanted, Warning } from "../../upgrade/model";
import { describeExpected } from "../../upgrade/plan/interruption";
import type { Forecast } from "../../upgrade/walk/nextMove";
import { planTitle } from "../../upgrade/words/describe";
import { type StepReport, stepReports } from "../plan/report";

/** The way to a version, as `upgrade --format json` prints it. */
export interface WayReport {
  readonly stack: string;
  /** `namespace/name`. */
  readonly release: string;
  /** As asked for: `2.6`. */
  readonly asked: string;
  readonly hops: readonly HopReport[];
  /** Of all hops. */
  readonly expectedSeconds: number;
  /** What is in the way behind the last hop; missing when the way leads to the version asked for. */
  readonly refusal?: Refusal;
  /** The last hop is in place, and its verification, or a Job of runAfter, is open. */
  readonly unverified?: string;
}

export interface HopReport {
  readonly title: string;
  readonly kind: PlanKind;
  readonly from?: string;
  readonly to: string;
  readonly chart: string;
  readonly steps: readonly StepReport[];
  /** In words. */
  readonly expected: string;
  readonly expectedSeconds: number;
  readonly wayBack: Reversibility;
  readonly warnings: readonly Warning[];
  /** A part of it is done already. */
  readonly isBegun: boolean;
}

export function wayReport(stack: string, wanted: Wanted, { hops, end }: Forecast): WayReport {
  const reports = hops.map(({ plan, isBegun }) => hopReport(plan, isBegun));
  return {
    stack,
    release: `${wanted.namespace}/${wanted.releaseName}`,
    asked: wanted.version,
    hops: reports,
    expectedSeconds: reports.reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0),
    ...(end.kind === "refused" || end.kind === "wait" ? { refusal: end.refusal } : {}),
    ...(end.kind === "verify" && { unverified: end.summary }),
  };
}

function hopReport(plan: UpgradePlan, isBegun: boolean): HopReport {
  const { kind, from, to, chart, expected, reversibility, warnings } = plan;
  return {
    title: planTitle(plan),
    kind,
    ...(from !== undefined && { from }),
    to,
    chart: chart.version,
    steps: stepReports(plan),
    expected: expected ? describeExpected(expected) : plan.interruption,
    expectedSeconds: expected?.seconds ?? 0,
    wayBack: reversibility,
    warnings,
    isBegun,
  };
}
