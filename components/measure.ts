import * as pulumi from "@pulumi/pulumi";
import type { OpenUpgrade, UpgradePlan } from "../upgrade/model";
import { describeExpected, duration } from "../upgrade/plan/interruption";
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
  /** From the first step to the end, over all runs that it took. */
  readonly seconds: number;
  /** How many runs it took: more than one where it was interrupted or failed on the way. Missing: known to be none but the last. */
  readonly runs?: number;
  /** Of the run that ended it, in the plan's order. */
  readonly steps: StepDuration[];
  /**
   * From the first step of any run that took Milvus away to the Release that has it ready again; missing for a roll, which keeps
   * serving, and where no pod restarts.
   */
  readonly interruptedAtMostSeconds?: number;
}

/**
 * Figures of this run, known when its last step is done; those of the upgrade before when nothing is to be done, a step was
 * left out, or this is a preview.
 *
 * @param started milliseconds
 * @param ends the resource that each step ends with, in the plan's order
 * @param previous from the outputs of the last run
 * @param begun what all runs together have taken, asked for once the last step is done
 */
export async function measure(
  plan: UpgradePlan,
  started: number,
  ends: readonly pulumi.Resource[],
  previous: unknown,
  begun: () => OpenUpgrade | undefined = () => undefined,
): Promise<LastUpgrade | undefined> {
  const last = isLastUpgrade(previous) ? previous : undefined;
  if (plan.kind === "nothing" || pulumi.runtime.isDryRun()) return last;
  const times = ends.map(({ urn }) => urn.apply(() => Date.now()));
  const measured: pulumi.Output<LastUpgrade | undefined> = pulumi
    .all(times)
    .apply((finished) => figures(plan, started, finished, begun()));
  return settled(unlessLeftOut(measured, last));
}

/** `2.2.14 → 2.2.16 (rolling) in 34.1 s, finished 2026-11-29T10:00:00.000Z`. */
export function describeLastUpgrade(upgrade: LastUpgrade): string {
  const { kind, from, to, seconds: took, finishedAt, interruptedAtMostSeconds: away } = upgrade;
  const versions = from === undefined || from === to ? to : `${from} → ${to}`;
  const interrupted = away === undefined ? "" : `, interrupted for at most ${away} s`;
  return `${versions} (${kind}) in ${took} s${interrupted}, finished ${finishedAt}`;
}

/** For the end of a run: the total, what each step took, and the interruption beside what was expected; a line each. */
export function endTable(
  plan: UpgradePlan,
  { seconds: took, runs = 1, steps, interruptedAtMostSeconds: away }: LastUpgrade,
): string[] {
  const width = Math.max(...steps.map(({ step }) => step.length));
  const expected =
    plan.expected === undefined ? "" : `; expected was ${describeExpected({ ...plan.expected, parts: [] })}`;
  return [
    `done in ${whole(took)} from the first change to the last${runs > 1 ? `, over ${runs} runs; the steps of this one:` : ":"}`,
    ...steps.map(({ step, seconds: each }) => `  ${step.padEnd(width)}  ${each.toFixed(1).padStart(7)} s`),
    `interruption: ${away === undefined ? "no step took all of Milvus away" : `at most ${whole(away)}`}${expected}`,
  ];
}

function whole(seconds: number): string {
  return duration(Math.round(seconds));
}

/** From the times at which the steps were done. */
export function figures(
  plan: UpgradePlan,
  started: number,
  finished: readonly number[],
  begun?: OpenUpgrade,
): LastUpgrade {
  const begin = (index: number) => finished[index - 1] ?? started;
  const end = finished.at(-1) ?? started;
  const away = plan.steps.findIndex((step) => factsOf(step).interrupts);
  const back = plan.steps.findIndex(({ kind }) => kind === "release");
  const isInterrupted = plan.kind !== "rolling" && plan.kind !== "install" && plan.expected?.kind !== "none";
  const first = begun === undefined ? started : Math.min(Date.parse(begun.startedAt), started);
  const stopped = begun?.stoppedAt === undefined ? begin(away) : Math.min(Date.parse(begun.stoppedAt), begin(away));
  return {
    kind: plan.kind,
    ...(plan.from !== undefined && { from: plan.from }),
    to: plan.to,
    finishedAt: new Date(end).toISOString(),
    seconds: secondsBetween(first, end),
    ...(begun && { runs: begun.runs ?? 1 }),
    steps: plan.steps.map((step, index) => ({
      step: stepName(step),
      seconds: secondsBetween(begin(index), finished[index] ?? end),
    })),
    ...(isInterrupted && { interruptedAtMostSeconds: secondsBetween(stopped, finished[back] ?? end) }),
  };
}

/** Between two times in milliseconds, to a tenth. */
export function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 100) / 10);
}

function isLastUpgrade(value: unknown): value is LastUpgrade {
  return typeof value === "object" && value !== null && "finishedAt" in value;
}
