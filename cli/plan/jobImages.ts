import type { Config } from "../../config/schema";
import type { UpgradePlan } from "../../upgrade/model";
import { factsOf } from "../../upgrade/steps/steps";

/** Images of the upgrade's own Jobs, with the Jobs that use each. */
export function jobImages(plan: UpgradePlan, settings: Config["settings"]): Map<string, readonly string[]> {
  const images = new Map<string, readonly string[]>();
  for (const step of plan.kind === "nothing" ? [] : plan.steps) {
    for (const name of factsOf(step).images) {
      const image = settings[name];
      images.set(image, [...new Set([...(images.get(image) ?? []), `Job/${step.kind}`])]);
    }
  }
  return images;
}
