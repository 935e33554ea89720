import type { UpgradePlan } from "../model";
import { list } from "../refusal";
import { runsAsJob } from "../steps/steps";

/**
 * What a run takes away of the upgrade before, as Pulumi shows it: a list of deletions, which looks like more than it is. Empty where it
 * takes nothing away.
 *
 * @param jobs how many the stack's state has
 * @param claims names of those with backups, which stay
 */
export function describeClearUp({ steps }: UpgradePlan, jobs: number, claims: readonly string[]): string[] {
  if (jobs === 0 || steps.some(runsAsJob)) return [];
  const kept =
    claims.length === 0
      ? ""
      : `; ${claims.length === 1 ? "the backup claim" : "the backup claims"} ${list(claims)} ${claims.length === 1 ? "stays" : "stay"} in the cluster`;
  return [
    `clears up: ${jobs} ended ${jobs === 1 ? "Job" : "Jobs"} of the upgrade before, their script and their rights; nothing of Milvus is deleted${kept}`,
  ];
}
