import type { Reversibility, UpgradePlan } from "../model";
import { minorOf } from "../versions/versions";

/** How far a step can be undone once it is done. */
export interface StepOutlook {
  readonly reversibility: Reversibility;
  /** What takes it back, or why nothing does. */
  readonly why: string;
  readonly source: string;
}

const RESTORE = {
  reversibility: "one way",
  why: "what was written since the backup is lost",
  source: "docs/upgrade-facts.md 3.5 and 6.8: milvus deployments/migrate-meta/README.md, step 6",
} as const satisfies StepOutlook;

/** Of putting the backup back. */
export function restoreOutlook({ kind }: UpgradePlan): StepOutlook {
  // 2.2 has never run, so nothing was written that the backup does not have.
  return kind === "giveUp" ? { ...RESTORE, reversibility: "reversible", why: "nothing ran since the backup" } : RESTORE;
}

/** Of sending the wanted version: it depends on where it comes from. */
export function sendOutlook(plan: UpgradePlan): StepOutlook {
  switch (plan.kind) {
    case "install":
      return { reversibility: "reversible", why: "nothing was there before", source: "helm uninstall" };
    case "migration":
      return {
        reversibility: "restore only",
        why: "milvus:rollback restores the backup; what the new version has written until then is lost",
        source: "docs/upgrade-facts.md 3.5 and 6.8: milvus deployments/migrate-meta/README.md, step 6",
      };
    case "rollback":
      return RESTORE;
    default:
      return ofNewVersion(plan);
  }
}

function ofNewVersion({ from, to }: UpgradePlan): StepOutlook {
  if (from === undefined || from === to) {
    return {
      reversibility: "reversible",
      why: "the version stays; the old values can be sent again",
      source: "helm rollback",
    };
  }
  if (minorOf(from) === minorOf(to)) {
    return {
      reversibility: "reversible",
      why: "milvus:rollback goes back within the minor; an older patch is not promised to read everything",
      source: "milvus-operator docs/administration/upgrade.md: rollingDowngrade",
    };
  }
  return {
    reversibility: "one way",
    why: `Milvus ${minorOf(from)} cannot be expected to read what ${minorOf(to)} has written`,
    source: "milvus issues 33242, 28008, 50694 and 51788",
  };
}
