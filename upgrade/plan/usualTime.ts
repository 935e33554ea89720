import type { Step, UpgradePlan } from "../model";
import { factsOf, PODS_END, runsAsJob } from "../steps/steps";
import { untilReady } from "./interruption";

/** Seconds that a Job takes to be placed and begun, and a step at the least. */
const JOB_START = 10;
const SHORTEST = 5;
/** Pods have settled, and the service has answered. */
const VERIFICATION = 60;

/** Seconds that a plan usually takes from its begin to the end of its verification, where nothing is out of the ordinary. */
export function usualTime({ steps, values, kind }: UpgradePlan): number {
  if (kind === "nothing") return 0;
  const ready = untilReady(values);
  const ofStep = (step: Step) => {
    const rolls = step.kind === "resume" || (step.kind === "release" && step.awaitReady);
    const outage = factsOf(step).outage.reduce((sum, { seconds }) => sum + seconds, 0);
    return Math.max(SHORTEST, outage) + (runsAsJob(step) ? JOB_START : 0) + (rolls ? ready + PODS_END.seconds : 0);
  };
  return steps.reduce((sum, step) => sum + ofStep(step), VERIFICATION);
}
