import { claimName } from "./attempt";
import { parseImage } from "./images";
import { metaStoreOf } from "./metaStore";
import { isDown } from "./milvusComponents";
import type {
  AttemptId,
  AttemptState,
  ClusterState,
  ComponentState,
  HelmRelease,
  HelmValues,
  MigrationPlan,
  StoppedDeployment,
  Wanted,
} from "./model";
import type { Observed } from "./observed";
import { configLine, list, refuse, valueLine } from "./refusal";
import { getValue } from "./values/tree";
import { minorOf } from "./versions";

/** Attempts that were begun from this version and since which nothing was deployed: their backups are still true. */
export function currentAttempts(state: ClusterState, release: HelmRelease, from: string): readonly AttemptState[] {
  const least = release.status === "deployed" ? release.revision : (release.lastDeployed?.revision ?? release.revision);
  return state.attempts
    .filter(({ id }) => id.from === from && id.revision >= least && id.revision <= release.revision)
    .toSorted((a, b) => a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal);
}

export interface MigrationRequest {
  readonly state: ClusterState;
  readonly release: HelmRelease;
  readonly observed: Observed;
  readonly wanted: Wanted;
  readonly to: string;
}

/**
 * The attempt that a migration goes on with, or a new one. While the cluster stays down the backup of the last attempt
 * is still true; once it has run again a new attempt takes a new one, so that an old backup never goes over newer
 * metadata (issue 5).
 */
export function attemptFor(request: MigrationRequest): AttemptId {
  const { state, release, observed, to } = request;
  const from = observed.version;
  const attempts = currentAttempts(state, release, from);
  const last = attempts.at(-1);
  const fresh = { from, to, revision: release.revision, ordinal: nextOrdinal(attempts, release.revision) };
  if (last === undefined) return fresh;
  // What runs the old version now may have written since the backup; what is down, or is of 2.2, cannot have.
  const running = observed.components.filter((component) => !isDown(component) && isOfMinor(component, from));
  if (running.length === 0) return last.phase === "restored" ? fresh : last.id;
  if (last.phase === "migrating" || last.phase === "migrated") return refuseRunningOld(last, running, request);
  return last.phase === "stopped" ? last.id : fresh;
}

function nextOrdinal(attempts: readonly AttemptState[], revision: number): number {
  return Math.max(0, ...attempts.filter(({ id }) => id.revision === revision).map(({ id }) => id.ordinal)) + 1;
}

function isOfMinor(component: ComponentState, version: string): boolean {
  const images = component.podImages ?? [component.image];
  return images.some((image) => {
    const found = parseImage(image).version;
    // An image without a version was told to be the old one.
    return found === undefined || minorOf(found) === minorOf(version);
  });
}

function refuseRunningOld(
  attempt: AttemptState,
  running: readonly ComponentState[],
  { wanted, to }: MigrationRequest,
): never {
  const names = list(running.map(({ name }) => name));
  const isDone = attempt.phase === "migrated";
  return refuse({
    rule: isDone ? "old_milvus_must_not_run_on_migrated_metadata" : "old_milvus_must_not_run_on_half_migrated_metadata",
    reason: `The migration ${attempt.claimName} ${isDone ? "is finished" : "was begun and neither finished nor undone"}, and Milvus ${attempt.id.from} runs: ${names}. It may see ${isDone ? "no" : "only a part of the"} metadata.`,
    remedy: `Stop it: kubectl -n ${wanted.namespace} scale deployment ${running.map(({ name }) => name).join(" ")} --replicas=0. Then pulumi up goes on to ${to}${isDone ? "" : ", restoring the backup first"}. To go back to ${attempt.id.from} instead: ${configLine("version", attempt.id.from)}, then pulumi up.`,
    source: "facts 6.7 and 6.8",
  });
}

/** What the Jobs of an attempt are told. The tool's target is the attempt's own: its backup belongs to these versions. */
export function migrationPlan(request: Omit<MigrationRequest, "to">, attempt: AttemptId): MigrationPlan {
  const { wanted, observed } = request;
  return {
    attempt,
    claimName: claimName(wanted.releaseName, attempt),
    store: metaStoreOf(observed.inForce, wanted.releaseName, wanted.namespace),
    sourceVersion: attempt.from,
    targetVersion: attempt.to,
  };
}

/** Every Milvus Deployment, with the replicas to remember: those it had before it was stopped. */
export function stoppedDeployments(components: readonly ComponentState[]): StoppedDeployment[] {
  return components.map(({ name, component, replicas, rememberedReplicas, paused }) => ({
    name,
    component,
    replicas: replicas > 0 ? replicas : (rememberedReplicas ?? 0),
    ...(paused && { paused }),
  }));
}

/** Stopping for a migration is only safe when nothing else starts Milvus again. */
export function refuseUnsafeStop(
  { observed, wanted }: Pick<MigrationRequest, "observed" | "wanted">,
  values: HelmValues,
): void {
  const { components, unknown } = observed;
  if (unknown.length > 0) {
    refuse({
      rule: "an_unknown_deployment_is_not_stopped",
      reason: `These Deployments carry the release's labels and are no component we know: ${list(unknown.map(({ name }) => name))}. The migration stops every Milvus, and cannot tell whether they are one.`,
      remedy: `Take the label app.kubernetes.io/name=milvus off what is not Milvus: kubectl -n ${wanted.namespace} label deployment NAME app.kubernetes.io/name-`,
      source: "milvus issue 20756",
    });
  }
  const scaled = components.filter(({ autoscaler }) => autoscaler !== undefined);
  if (scaled.length > 0) {
    refuse({
      rule: "no_autoscaler_during_a_migration",
      reason: `An autoscaler sets the replicas of ${list(scaled.map(({ name, autoscaler }) => `${name} (${autoscaler ?? ""})`))}: it would start Milvus in the middle of the migration, or leave it at 0 after.`,
      remedy:
        "For this upgrade take it away (hpa.enabled: false in milvus:values, or delete the object) and set the component's replicas to a number.",
      source: "fact 7.6",
    });
  }
  const omitted = Object.keys(values).filter((key) => Number(getValue(values, [key, "replicas"])) < 0);
  if (omitted.length > 0) {
    refuse({
      rule: "no_autoscaler_during_a_migration",
      reason: `milvus:values leaves the replicas to an autoscaler (-1): ${list(omitted.map((key) => `${key}.replicas`))}. The chart then omits them, and after the migration they would stay at 0.`,
      remedy: `For this upgrade set a number: ${valueLine(`${omitted[0] ?? ""}.replicas`, "3")}`,
      source: "fact 7.6",
    });
  }
}
