import { attemptName } from "./attempt";
import { parseImage } from "./images";
import { currentAttempts, migrationPlan, stoppedDeployments } from "./migration";
import { isDown } from "./milvusComponents";
import type { AttemptState, ClusterState, ComponentState, Step, UpgradePlan } from "./model";
import { baseFor, type Facts } from "./planBase";
import { configLine, list, refuse } from "./refusal";
import type { ResolvedVersion } from "./versionRequest";
import { compareVersions, minorOf } from "./versions";

/**
 * Back to 2.1, or on with it after a migration was given up. Undefined when no migration is in the way: then 2.1 is
 * planned for like any other version.
 */
export function planGoingBack(facts: Facts, resolved: ResolvedVersion): UpgradePlan | undefined {
  const { observed } = facts;
  if (minorOf(observed.newest) === "2.2") return planRollback(facts, resolved);
  if (minorOf(observed.newest) !== "2.1" || compareVersions(resolved.version, observed.version) < 0) return undefined;
  return planGiveUp(facts, resolved);
}

/** 2.2 runs, or its images are in place: what it wrote is lost, so this must be asked for. */
function planRollback(facts: Facts, { version: to, variant, warnings }: ResolvedVersion): UpgradePlan | undefined {
  const { wanted, state, observed } = facts;
  const finished = lastAttempt(state);
  // Restored already, by a rollback that died before its Release: the same chain ends it.
  const isUndone = finished?.phase === "restored" && !observed.components.some(runs2_2);
  // Without a migration of ours the hop rules say what the way back would need.
  if (finished === undefined || (finished.phase !== "migrated" && !isUndone)) return undefined;
  if (finished.id.from !== to) {
    return refuse({
      rule: "a_rollback_goes_to_the_version_of_the_backup",
      reason: `The backup ${finished.claimName} is of Milvus ${finished.id.from}, and ${to} is wanted.`,
      remedy: `Go back to ${finished.id.from} first: ${configLine("version", finished.id.from)}`,
      source: "fact 6.8: a rollback needs the versions of the migration",
    });
  }
  if (!wanted.rollback) {
    return refuse({
      rule: "back_to_2_1_only_from_the_backup",
      reason: `Milvus ${observed.newest} is in place on migrated metadata. Going back to ${to} restores the backup of ${finished.createdAt}: everything written since is lost.`,
      remedy: `To do that: ${configLine("rollback", "true")}. To stay: ${configLine("version", observed.newest)}`,
      source: "milvus deployments/migrate-meta/README.md, step 6",
    });
  }
  return undo(facts, finished, {
    kind: "rollback",
    to,
    variant,
    reason: `milvus:rollback asks for it; restores the backup of ${finished.createdAt} from ${finished.claimName}`,
    warnings: [
      ...warnings,
      {
        rule: "a_rollback_loses_what_was_written_since",
        message: `Everything written since the backup of ${finished.createdAt} is lost: collections, partitions, indexes, users and data known only to the metadata of ${observed.newest}.`,
      },
    ],
  });
}

/** Every image is of 2.1. Where it is down and a migration was begun, the metadata is put back first. */
function planGiveUp(facts: Facts, { version: to, variant, warnings }: ResolvedVersion): UpgradePlan | undefined {
  const { state, release, observed, clear } = facts;
  const last = currentAttempts(state, release, observed.version).at(-1);
  const begun = last && (last.phase === "backedUp" || last.phase === "migrating" || last.phase === "migrated");
  if (!observed.components.every(isDown)) {
    if (last && (last.phase === "migrating" || last.phase === "migrated")) refuseRunning(facts, last);
    return undefined;
  }
  if (begun) {
    // 2.2 has never run, so nothing was written that going back over a finished migration could lose.
    return undo(facts, last, {
      kind: last.phase === "migrated" || facts.wanted.rollback ? "rollback" : "giveUp",
      to,
      variant,
      reason: `the migration ${attemptName(last.id)} (${last.phase}) is given up; Milvus 2.2 has never run, so nothing is lost`,
      warnings,
    });
  }
  const wasStopped = last !== undefined || observed.components.some(({ rememberedReplicas }) => rememberedReplicas);
  if (!wasStopped) return undefined;
  const { common } = baseFor(facts, { version: to, variant }, warnings);
  // Nothing is left to stop; the step leaves nothing paused, which would start its old pods.
  const isPaused = observed.components.some(({ paused }) => paused);
  const stop: readonly Step[] = isPaused ? [stopOf(observed)] : [];
  return {
    ...common,
    kind: "giveUp",
    from: observed.version,
    steps: [...clear, ...stop, { kind: "release", awaitReady: true }],
    reason: "the upgrade is given up before it touched the metadata; the Release starts what was stopped",
    interruption: "Nothing runs now.",
    reversibility: "reversible",
  };
}

interface Undo extends Pick<UpgradePlan, "kind" | "to" | "reason" | "warnings"> {
  readonly variant: string;
}

/** stop → restore → release of the old version, with its chart. */
function undo(facts: Facts, attempt: AttemptState, plan: Undo): UpgradePlan {
  const { state, release, observed, wanted, clear } = facts;
  const target = { version: plan.to, variant: plan.variant, goesBack: observed.newest !== plan.to };
  const { common } = baseFor(facts, target, plan.warnings);
  return {
    ...common,
    kind: plan.kind,
    from: observed.newest,
    steps: [...clear, stopOf(observed), { kind: "restore" }, { kind: "release", awaitReady: true }],
    reason: plan.reason,
    interruption: `An outage until Milvus ${plan.to} is ready.`,
    reversibility: plan.kind === "rollback" ? "one way" : "reversible",
    migration: migrationPlan({ state, release, observed, wanted }, attempt.id),
  };
}

function stopOf({ components }: Facts["observed"]): Step {
  return { kind: "stop", deployments: stoppedDeployments(components) };
}

function refuseRunning({ observed, wanted }: Facts, attempt: AttemptState): never {
  const names = observed.components.filter((component) => !isDown(component)).map(({ name }) => name);
  return refuse({
    rule:
      attempt.phase === "migrated"
        ? "old_milvus_must_not_run_on_migrated_metadata"
        : "old_milvus_must_not_run_on_half_migrated_metadata",
    reason: `The migration ${attempt.claimName} is ${attempt.phase}, and Milvus ${attempt.id.from} runs on what it left: ${list(names)}.`,
    remedy: `Stop it: kubectl -n ${wanted.namespace} scale deployment ${names.join(" ")} --replicas=0. Then pulumi up restores the backup and starts ${attempt.id.from} again.`,
    source: "facts 6.7 and 6.8",
  });
}

/** The newest attempt of all, whatever has been deployed since. */
function lastAttempt(state: ClusterState): AttemptState | undefined {
  return state.attempts.toSorted((a, b) => a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal).at(-1);
}

function runs2_2(component: ComponentState): boolean {
  const { version } = parseImage(component.image);
  return !isDown(component) && version !== undefined && minorOf(version) === "2.2";
}

/**
 * Images of 2.2 that are down over metadata of 2.1, because a rollback died half way or somebody patched the images:
 * started, they would show an empty Milvus.
 */
export function refuseStartOnOldMetadata({ state, observed, wanted }: Facts): void {
  const last = lastAttempt(state);
  if (last === undefined || last.phase === "migrated" || minorOf(observed.version) !== "2.2" || !observed.stopped)
    return;
  refuse({
    rule: "2_2_must_not_run_on_metadata_of_2_1",
    reason: `Every component has an image of Milvus ${observed.version} and is at 0, and the last migration (${last.claimName}) is ${last.phase}: the metadata is that of ${last.id.from}.`,
    remedy: `Go back first: ${configLine("version", last.id.from)}, ${configLine("rollback", "true")}, pulumi up. Then upgrade again. Was the metadata migrated by other means, take the label off the claim: kubectl -n ${wanted.namespace} label pvc ${last.claimName} milvus-upgrade/release-`,
    source: "milvus issues 20324 and 19708",
  });
}
