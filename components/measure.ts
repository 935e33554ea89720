import * as pulumi from "@pulumi/pulumi";
import type { UpgradePlan } from "../upgrade/model";
import { factsOf, stepName } from "../upgrade/steps/steps";
import { settled } from "./engine/resolve";
import { unlessLeftOut } from "./engine/stepGate";

export interface StepDuration {
  /** Its name, as the plan has it. */
  readonly step: string;
  /** Of the clock, not of work. */
  readonly seconds: number;
}

/** What an upgrade really took, by the clock of the machine that ran it. */
export interface LastUpgrade {
  /** As the plan's. */
  readonly kind: string;
  /** Milvus version before; missing for an install. */
  readonly from?: string;
  /** Milvus version after. */
  readonly to: string;
  /** ISO 8601. */
  readonly finishedAt: string;
  /** All steps together. */
  readonly seconds: number;
  /** In the plan's order. */
  readonly steps: StepDuration[];
  /** Between the first step that takes Milvus away and the Release that has it ready again; missing for a roll, which keeps serving. */
  readonly interruptedAtMostSeconds?: number;
}

/**
 * Figures of this run, known when its last step is done; those of the upgrade before when nothing is to be done, a step was
 * left out, or this is a preview.
 *
 * @param started milliseconds
 * @param ends the resource that each step ends with, in the plan's order
 * @param previous from the outputs of the last run
 */
export async function measure(
  plan: UpgradePlan,
  started: number,
  ends: readonly pulumi.Resource[],
  previous: unknown,
): Promise<LastUpgrade | undefined> {
  const last = isLastUpgrade(previous) ? previous : undefined;
  if (plan.kind === "nothing" || pulumi.runtime.isDryRun()) return last;
  const times = ends.map(({ urn }) => urn.apply(() => Date.now()));
  const measured: pulumi.Output<LastUpgrade | undefined> = pulumi
    .all(times)
    .apply((finished) => figures(plan, started, finished));
  return settled(unlessLeftOut(measured, last));
}

/** `2.2.14 → 2.2.16 (rolling) in 34.1 s, finished 2026-11-29T10:00:00.000Z`. */
export function describeLastUpgrade(upgrade: LastUpgrade): string {
  const { kind, from, to, seconds: took, finishedAt, interruptedAtMostSeconds: away } = upgrade;
  const versions = from === undefined || from === to ? to : `${from} → ${to}`;
  const interrupted = away === undefined ? "" : `, interrupted for at most ${away} s`;
  return `${versions} (${kind}) in ${took} s${interrupted}, finished ${finishedAt}`;
}

/** From the times at which the steps were done. */
export function figures(plan: UpgradePlan, started: number, finished: readonly number[]): LastUpgrade {
  const begin = (index: number) => finished[index - 1] ?? started;
  const end = finished.at(-1) ?? started;
  const away = plan.steps.findIndex((step) => factsOf(step).interrupts);
  const back = plan.steps.findIndex(({ kind }) => kind === "release");
  const isInterrupted = plan.kind !== "rolling" && plan.kind !== "install";
  return {
    kind: plan.kind,
    ...(plan.from !== undefined && { from: plan.from }),
    to: plan.to,
    finishedAt: new Date(end).toISOString(),
    seconds: seconds(started, end),
    steps: plan.steps.map((step, index) => ({
      step: stepName(step),
      seconds: seconds(begin(index), finished[index] ?? end),
    })),
    ...(isInterrupted && { interruptedAtMostSeconds: seconds(begin(away), finished[back] ?? end) }),
  };
}

function seconds(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 100) / 10);
}

function isLastUpgrade(value: unknown): value is LastUpgrade {
  return typeof value === "object" && value !== null && "finishedAt" in value;
}
