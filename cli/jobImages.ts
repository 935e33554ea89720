import type { Config } from "../config/schema";
import type { StepKind, UpgradePlan } from "../upgrade/model";

/** Which images the Job of a step runs. */
const IMAGES = {
  probe: ["metaMigrationImage"],
  clearPendingRelease: ["kubectlImage"],
  stop: ["kubectlImage"],
  backup: ["kubectlImage", "metaMigrationImage"],
  migrate: ["kubectlImage", "metaMigrationImage"],
  restore: ["kubectlImage", "metaMigrationImage"],
  pause: ["kubectlImage"],
  release: [],
  resume: ["kubectlImage"],
} as const satisfies Record<StepKind, readonly ("kubectlImage" | "metaMigrationImage")[]>;

/** Images of the upgrade's own Jobs, with the Jobs that use each. */
export function jobImages(plan: UpgradePlan, settings: Config["settings"]): Map<string, readonly string[]> {
  const images = new Map<string, readonly string[]>();
  for (const { kind } of plan.kind === "nothing" ? [] : plan.steps) {
    for (const name of IMAGES[kind]) {
      const image = settings[name];
      images.set(image, [...new Set([...(images.get(image) ?? []), `Job/${kind}`])]);
    }
  }
  return images;
}
