import type { Step, UpgradePlan } from "../model";
import { stepName } from "../steps/steps";

/**
 * `9/11 querynode: 1 of 3 pods at 2.2.16; 25 s of at most 30 min`: what changes comes first, since Pulumi cuts the line off at the end of a
 * terminal's row, often after 20 characters.
 */
export function terminalLine({ steps }: Pick<UpgradePlan, "steps">, step: Step, text: string): string {
  const head = `${step.kind === "resume" ? step.component : stepName(step)}: `;
  return `${steps.indexOf(step) + 1}/${steps.length} ${text.startsWith(head) ? text : `${head}${text}`}`;
}
