import { RELEASE_LABEL } from "../marks";
import { isDown } from "../milvusComponents";
import type {
  AttemptId,
  AttemptPhase,
  AttemptState,
  ClusterState,
  ComponentState,
  HelmRelease,
  HelmValues,
  MigrationPlan,
  StoppedDeployment,
  Wanted,
  Warning,
} from "../model";
import type { Observed } from "../plan/observed";
import { configLine, list, refuse, valueLine } from "../refusal";
import { getValue } from "../values/tree";
import { parseImage } from "../versions/images";
import { minorOf } from "../versions/versions";
import { claimName } from "./attempt";
import { installationOf } from "./installation";
import { metaStoreOf, unseenTlsWarnings } from "./metaStore";

/** The attempts of this installation, the oldest first. Those of another one are never gone on with, restored or rolled back. */
export function ownAttempts({ attempts }: Pick<ClusterState, "attempts">): readonly AttemptState[] {
  return attempts
    .filter((attempt) => attempt.isForeign !== true)
    .toSorted(
      (a, b) =>
        // Not by revision alone: that of a pending record is free again once the record is cleared.
        a.createdAt.localeCompare(b.createdAt) || a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal,
    );
}

/** What etcd holds is what this attempt left: the one that binds, or else the newest. */
export function lastAttempt(state: Pick<ClusterState, "attempts">): AttemptState | undefined {
  return bindingAttempt(state) ?? ownAttempts(state).at(-1);
}

/** From the begin of a migration until it is undone. */
const BINDING: readonly AttemptPhase[] = ["migrating", "migrated", "restoring"];

/**
 * The attempt whose migration was begun and not undone: what etcd holds is what it left, whatever was deployed since and
 * whatever patch the images are of. It binds until it is restored, or a person takes its label off.
 */
export function bindingAttempt(state: Pick<ClusterState, "attempts">): AttemptState | undefined {
  return ownAttempts(state).findLast(({ phase }) => BINDING.includes(phase));
}

/** The attempt that a cluster of 2.1 is in the middle of; undefined when there is none, or it was restored. */
export function attemptUnderWay(state: ClusterState, release: HelmRelease, from: string): AttemptState | undefined {
  if (minorOf(from) !== "2.1") return undefined;
  const attempt = lastOpenAttempt(state, release, from);
  return attempt?.phase === "restored" ? undefined : attempt;
}

/** Attempts that were begun from this version and since which nothing was deployed: their backups may still be true. */
function currentAttempts(state: ClusterState, release: HelmRelease, from: string): readonly AttemptState[] {
  const least = release.status === "deployed" ? release.revision : (release.lastDeployed?.revision ?? release.revision);
  return ownAttempts(state).filter(
    ({ id }) => id.from === from && id.revision >= least && id.revision <= release.revision,
  );
}

/** The last attempt that may be gone on with, or given up. */
export function lastOpenAttempt(state: ClusterState, release: HelmRelease, from: string): AttemptState | undefined {
  return bindingAttempt(state) ?? currentAttempts(state, release, from).at(-1);
}

export interface MigrationRequest {
  readonly state: ClusterState;
  readonly release: HelmRelease;
  readonly observed: Observed;
  readonly wanted: Wanted;
  readonly to: string;
}

/**
 * The attempt that a migration goes on with, or a new one. One that binds is gone on with. Otherwise, while the cluster stays
 * down the backup of the last attempt may still be true (the script compares it with etcd); once it has run again a
 * new attempt takes a new one.
 */
export function attemptFor(request: MigrationRequest): AttemptId {
  const { state, release, observed } = request;
  const from = observed.version;
  const running = runningOld(observed);
  const binding = bindingAttempt(state);
  if (binding !== undefined) {
    return running.length > 0 ? refuseRunningOld(binding, running, request.wanted) : binding.id;
  }
  const last = currentAttempts(state, release, from).at(-1);
  if (last?.phase === "prepared") return last.id;
  if (last?.phase === "backedUp" && running.length === 0) return last.id;
  return freshAttempt(request);
}

/** What runs 2.1 may have written since a backup; what is down, or is of 2.2, cannot have. */
export function runningOld({ components }: Observed): readonly ComponentState[] {
  return components.filter((component) => !isDown(component) && isOfMinor(component, "2.1"));
}

/** After all others of this revision, and with a claim that is not there yet, whoever's that would be. */
function freshAttempt({ state, release, observed, wanted, to }: MigrationRequest): AttemptId {
  const taken = new Set([...(state.takenClaimNames ?? []), ...state.attempts.map((attempt) => attempt.claimName)]);
  const { revision } = release;
  const ordinals = state.attempts.filter(({ id }) => id.revision === revision).map(({ id }) => id.ordinal);
  for (let ordinal = Math.max(0, ...ordinals) + 1; ; ordinal += 1) {
    const id = { from: observed.version, to, revision, ordinal };
    if (!taken.has(claimName(wanted.releaseName, id))) return id;
  }
}

function isOfMinor(component: ComponentState, minor: string): boolean {
  const images = component.podImages ?? [component.image];
  return images.some((image) => {
    const found = parseImage(image).version;
    // An image without a version was told to be the old one.
    return found === undefined || minorOf(found) === minor;
  });
}

/** The command after which a claim is never used again: without its label it belongs to no attempt. It stays, with its backup. */
export function letGoLine(namespace: string, claim: string): string {
  return `kubectl -n ${namespace} label pvc ${claim} ${RELEASE_LABEL}-`;
}

/**
 * Milvus 2.1 runs, and the last thing known of the metadata is that a migration was begun on it. Either somebody has put it
 * back, and then the attempt must be let go of; or Milvus runs on a part of it.
 */
export function refuseRunningOld(attempt: AttemptState, running: readonly ComponentState[], wanted: Wanted): never {
  const names = running.map(({ name }) => name);
  const isDone = attempt.phase === "migrated";
  const { namespace } = wanted;
  return refuse({
    rule: isDone ? "old_milvus_must_not_run_on_migrated_metadata" : "old_milvus_must_not_run_on_half_migrated_metadata",
    reason: `Milvus 2.1 runs (${list(names)}), and the migration ${attempt.claimName} ${isDone ? "is finished" : "was begun, and neither finished nor undone"}. If nobody has put the metadata back, this Milvus sees ${isDone ? "none" : "only a part"} of it.`,
    remedy: [
      `Look whether your collections are there. If they are, somebody has put the metadata back: forget the attempt (${letGoLine(namespace, attempt.claimName)}), then pulumi up plans anew and takes a new backup. This loses nothing; the old backup stays on the claim.`,
      `If they are not, stop Milvus (kubectl -n ${namespace} scale deployment ${names.join(" ")} --replicas=0), then pulumi up.`,
      `It compares etcd with what the migration has left. If Milvus has written nothing since, it ${isDone ? `goes on to ${attempt.id.to}` : "puts the backup back and goes on"}, or back to ${attempt.id.from} with ${configLine("version", attempt.id.from)}. If Milvus has written something, it changes nothing and says what.`,
    ].join(" "),
    source: "docs/upgrade-facts.md 6.7 and 6.8",
  });
}

/** What the Jobs of an attempt are told. The tool's target is the attempt's own: its backup belongs to these versions. */
export function migrationPlan(request: Omit<MigrationRequest, "to">, attempt: AttemptId): MigrationPlan {
  const { state, wanted, observed } = request;
  const { firstDeployedAt } = installationOf(state);
  const claim = claimName(wanted.releaseName, attempt);
  return {
    attempt,
    claimName: claim,
    store: metaStoreOf(observed.inForce, wanted),
    sourceVersion: attempt.from,
    targetVersion: attempt.to,
    ...(firstDeployedAt !== undefined && { installation: firstDeployedAt }),
    ...(wanted.overwriteMetadata === claim && { overwrite: true }),
  };
}

/** What is said of every plan that touches the metadata. */
export function migrationWarnings(
  { state: { attempts }, observed, wanted: { overwriteMetadata } }: Omit<MigrationRequest, "to">,
  { claimName: claim, overwrite, store }: MigrationPlan,
): Warning[] {
  const foreign = attempts.filter(({ isForeign }) => isForeign === true).map(({ claimName: name }) => name);
  return [
    ...(foreign.length > 0
      ? [
          {
            rule: "an_attempt_of_another_installation" as const,
            message: `Backup claims of an earlier installation of this release, or of another cluster, are not used: ${list(foreign)}.`,
          },
        ]
      : []),
    ...(overwrite === true
      ? [
          {
            rule: "overwriting_loses_what_was_written_since" as const,
            message: `milvus:overwriteMetadata allows it: where etcd holds something else than the backup of ${claim} and its migration can have left, that is first saved on the claim (replaced-1.bak), then replaced by the backup. Milvus loses everything written since the backup.`,
          },
        ]
      : []),
    ...(overwriteMetadata !== undefined && overwrite !== true
      ? [
          {
            rule: "overwriting_is_allowed_for_one_claim" as const,
            message: `milvus:overwriteMetadata names ${overwriteMetadata}, and this plan uses ${claim}: it allows nothing here.`,
          },
        ]
      : []),
    ...unseenTlsWarnings(observed.inForce, store),
  ];
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
      reason: `These Deployments carry the release's labels and are not a component that this program knows: ${list(unknown.map(({ name }) => name))}. The migration stops every Milvus, and it is not known whether they are one.`,
      remedy: `Remove the label app.kubernetes.io/name=milvus from what is not Milvus: kubectl -n ${wanted.namespace} label deployment NAME app.kubernetes.io/name-`,
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
      source: "docs/upgrade-facts.md 7.6",
    });
  }
  const omitted = Object.keys(values).filter((key) => Number(getValue(values, [key, "replicas"])) < 0);
  if (omitted.length > 0) {
    refuse({
      rule: "no_autoscaler_during_a_migration",
      reason: `milvus:values leaves the replicas to an autoscaler (-1): ${list(omitted.map((key) => `${key}.replicas`))}. The chart then omits them, and after the migration they would stay at 0.`,
      remedy: `For this upgrade set a number: ${valueLine(`${omitted[0] ?? ""}.replicas`, "3")}`,
      source: "docs/upgrade-facts.md 7.6",
    });
  }
}
