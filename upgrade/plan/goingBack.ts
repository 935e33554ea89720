import { attemptName, phaseWords } from "../metadata/attempt";
import {
  bindingAttempt,
  lastAttempt,
  lastOpenAttempt,
  letGoLine,
  migrationPlan,
  migrationWarnings,
  refuseRunningOld,
  runningOld,
  stoppedDeployments,
} from "../metadata/migration";
import type { AttemptState, HelmRelease, Step, UpgradePlan } from "../model";
import { configLine, refuse } from "../refusal";
import type { ResolvedVersion } from "../versions/request";
import { compareVersions, minorOf } from "../versions/versions";
import { baseFor, type Facts } from "./base";

/**
 * Back to 2.1, or on with it after a migration was given up. Undefined when no migration is in the way: then 2.1 is
 * planned for like any other version.
 */
export function planGoingBack(facts: Facts, resolved: ResolvedVersion): UpgradePlan | undefined {
  const { observed, state } = facts;
  const binding = bindingAttempt(state);
  // What binds is put back as it was: an older patch than that of the backup was never there.
  if (binding !== undefined && compareVersions(resolved.version, binding.id.from) < 0)
    refuseOtherSource(binding, resolved.version);
  if (minorOf(observed.newest) === "2.2") return planRollback(facts, resolved);
  if (minorOf(observed.newest) !== "2.1" || compareVersions(resolved.version, observed.version) < 0) return undefined;
  return planGiveUp(facts, resolved);
}

/** 2.2 runs, or its images are in place: what it wrote is lost, so this must be asked for. */
function planRollback(facts: Facts, resolved: ResolvedVersion): UpgradePlan | undefined {
  const { state, observed } = facts;
  const { version: to, variant, warnings } = resolved;
  const last = lastAttempt(state);
  // Without a migration of ours the hop rules say what the way back would need.
  if (last === undefined) return undefined;
  refuseOtherSource(last, to);
  const running = runningOld(observed);
  if (running.length > 0 && bindingAttempt(state) !== undefined) refuseRunningOld(last, running, facts.wanted);
  // Where it is only half migrated, going back loses nothing: the script knows by its marks.
  if (facts.wanted.rollback && bindingAttempt(state) !== undefined) return rollBack(facts, last, resolved);
  if (isMigrated(last)) {
    const situation = `Milvus ${observed.newest} is in place on migrated metadata.`;
    return refuseUnasked(last, to, situation, observed.newest);
  }
  // A rollback that died before its Release, or images of 2.2 that somebody has put over metadata of 2.1. What etcd holds the
  // script finds before it puts anything back.
  return undo(facts, last, {
    kind: "giveUp",
    to,
    variant,
    reason: `of the migration ${attemptName(last.id)} is known: ${phaseWords(last)}. So Milvus ${observed.newest} has no metadata that it can read`,
    warnings,
  });
}

function refuseOtherSource(attempt: AttemptState, to: string): void {
  if (attempt.id.from === to) return;
  refuse({
    rule: "a_rollback_goes_to_the_version_of_the_backup",
    reason: `The backup ${attempt.claimName} is of Milvus ${attempt.id.from}, and ${to} is wanted.`,
    remedy: `Go back to ${attempt.id.from} first: ${configLine("version", attempt.id.from)}`,
    source: "docs/upgrade-facts.md 6.8: a rollback needs the versions of the migration",
  });
}

function refuseUnasked(attempt: AttemptState, to: string, situation: string, stay: string): never {
  return refuse({
    rule: "back_to_2_1_only_from_the_backup",
    reason: `${situation} Going back to ${to} restores the backup of ${attempt.createdAt}: everything written since is lost.`,
    remedy: `To do that: ${configLine("rollback", "true")}. To stay: ${configLine("version", stay)}`,
    source: "milvus deployments/migrate-meta/README.md, step 6",
  });
}

function rollBack(
  facts: Facts,
  attempt: AttemptState,
  { version: to, variant, warnings }: ResolvedVersion,
): UpgradePlan {
  return undo(facts, attempt, {
    kind: "rollback",
    to,
    variant,
    reason: `milvus:rollback asks for it; restores the backup of ${attempt.createdAt} from ${attempt.claimName}`,
    warnings: [
      ...warnings,
      {
        rule: "a_rollback_loses_what_was_written_since",
        message: `Everything written since the backup of ${attempt.createdAt} is lost: collections, partitions, indexes, users and data known only to the metadata of 2.2. What etcd holds before is saved on the claim (replaced-1.bak).`,
      },
    ],
  });
}

/** Every image is of 2.1. Where it is down and a migration was begun, the metadata is put back first. */
function planGiveUp(facts: Facts, resolved: ResolvedVersion): UpgradePlan | undefined {
  const { state, release, observed, wanted, clear } = facts;
  const { version: to, variant, warnings } = resolved;
  const binding = bindingAttempt(state);
  const running = runningOld(observed);
  if (running.length > 0) return binding === undefined ? undefined : refuseRunningOld(binding, running, wanted);
  const last = lastOpenAttempt(state, release, observed.version);
  if (last && isMigrated(last) && hasServedSince(release, last)) {
    if (!wanted.rollback) {
      refuseUnasked(
        last,
        to,
        `The migration ${last.claimName} is finished, and Helm has deployed revision ${deployedRevision(release)} since: Milvus ${last.id.to} may have served on the new metadata, though the images are of ${observed.version} now.`,
        last.id.to,
      );
    }
    return rollBack(facts, last, resolved);
  }
  if (last && isMigrated(last) && wanted.rollback) return rollBack(facts, last, resolved);
  if (last && last.phase !== "prepared" && last.phase !== "restored") {
    return undo(facts, last, {
      kind: "giveUp",
      to,
      variant,
      reason: `the migration ${attemptName(last.id)} (${phaseWords(last)}) is given up before Milvus ${last.id.to} was deployed`,
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
  const migration = migrationPlan({ state, release, observed, wanted }, attempt.id);
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
    warnings: [...common.warnings, ...migrationWarnings({ state, release, observed, wanted }, migration)],
    migration,
  };
}

/** Its migration is finished; perhaps a rollback has begun to undo it. */
function isMigrated({ phase }: AttemptState): boolean {
  return phase === "migrated" || phase === "restoring";
}

/** The last revision that Helm calls deployed. */
function deployedRevision({ status, revision, lastDeployed }: HelmRelease): number {
  return status === "deployed" ? revision : (lastDeployed?.revision ?? 0);
}

/**
 * Has 2.2 served since the migration, as far as Helm knows? A revision that failed or was killed may have started it for a
 * moment: that the script finds, by the session counter in etcd.
 */
function hasServedSince(release: HelmRelease, { id }: AttemptState): boolean {
  return deployedRevision(release) > id.revision;
}

function stopOf({ components }: Facts["observed"]): Step {
  return { kind: "stop", deployments: stoppedDeployments(components) };
}

/**
 * Images of 2.2 over metadata that is not known to be of 2.2: a rollback died half way, or somebody patched the images. They
 * would show an empty Milvus.
 */
export function refuseUnmigrated({ state, observed, wanted }: Facts): void {
  const last = lastAttempt(state);
  if (last === undefined || last.phase === "migrated" || minorOf(observed.version) !== "2.2") return;
  const { from } = last.id;
  refuse({
    rule: "2_2_must_not_run_on_metadata_of_2_1",
    reason: `Every component has an image of Milvus ${observed.version}${observed.stopped ? " and is at 0" : ""}, and of the last migration (${last.claimName}) is known: ${phaseWords(last)}. The metadata is that of ${from}, or only half migrated.`,
    remedy: [
      `Go back first: ${configLine("version", from)}, then pulumi up. It compares etcd with the backup, and changes nothing where Milvus has written since. Then upgrade again.`,
      `Only if the metadata was migrated by other means and your collections are there, forget the attempt instead: ${letGoLine(wanted.namespace, last.claimName)}. From then on this program takes etcd as it is.`,
    ].join(" "),
    source: "milvus issues 20324 and 19708",
  });
}
