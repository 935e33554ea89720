import type { Reversibility, Step, StepKind, UpgradePlan } from "./model";
import { minorOf } from "./versions";

/** How far a step can be undone once it is done. */
export interface StepOutlook {
  readonly reversibility: Reversibility;
  /** What takes it back, or why nothing does. */
  readonly why: string;
  readonly source: string;
}

const FIXED = {
  clearPendingRelease: {
    reversibility: "one way",
    why: "the record of a revision that never finished is deleted; nothing that runs depends on it",
    source: "helm issues 8987 and 4558",
  },
  probe: {
    reversibility: "reversible",
    why: "Milvus runs on, and nothing is changed but the backup claim that is made",
    source: "milvus cmd/tools/migration/migration/runner.go: it refuses while sessions live",
  },
  stop: {
    reversibility: "reversible",
    why: "the replicas are remembered, and milvus:version set back starts them again",
    source: "fact 6.5: milvus deployments/migrate-meta/migrate.sh",
  },
  backup: { reversibility: "reversible", why: "the metadata is only read", source: "fact 6.7" },
  migrate: {
    reversibility: "restore only",
    why: "the old metadata is deleted before the new is written; the backup brings it back",
    source: "facts 6.7 and 6.8: milvus cmd/tools/migration/migration/runner.go",
  },
  restore: {
    reversibility: "one way",
    why: "what was written since the backup is lost",
    source: "fact 6.8: milvus deployments/migrate-meta/README.md, step 6",
  },
  pause: {
    reversibility: "reversible",
    why: "a paused Deployment serves on, and is resumed by the next run",
    source: "Kubernetes, Deployments: pausing and resuming a rollout",
  },
} as const satisfies Partial<Record<StepKind, StepOutlook>>;

/** Of one step in its plan: sending the new version depends on where it comes from. */
export function outlookOf(step: Step, plan: UpgradePlan): StepOutlook {
  if (step.kind !== "release" && step.kind !== "resume") {
    // 2.2 has never run, so nothing was written that the backup does not have.
    const isGivenUp = step.kind === "restore" && plan.kind === "giveUp";
    return isGivenUp
      ? { ...FIXED.restore, reversibility: "reversible", why: "nothing ran since the backup" }
      : FIXED[step.kind];
  }
  switch (plan.kind) {
    case "install":
      return { reversibility: "reversible", why: "nothing was there before", source: "helm uninstall" };
    case "migration":
      return {
        reversibility: "restore only",
        why: "milvus:rollback restores the backup; what the new version has written until then is lost",
        source: "fact 6.8: milvus deployments/migrate-meta/README.md, step 6",
      };
    case "rollback":
      return { ...FIXED.restore };
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
