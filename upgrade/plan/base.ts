import { chartReference, chooseChart } from "../charts/choice";
import { OWN_DESCRIPTION } from "../marks";
import type { ClusterState, HelmRelease, HelmValues, StackFacts, Step, UpgradePlan, Wanted, Warning } from "../model";
import { list } from "../refusal";
import { composeValues } from "../values/compose";
import { droppedValues, refuseDroppedValues } from "../values/droppedValues";
import { changedDependencies } from "../values/rules/dependencyImages";
import { nameOfQueue } from "../values/rules/messageQueue";
import { getValue, path } from "../values/tree";
import { parseTag } from "../versions/images";
import type { Observed } from "./observed";
import { describeVersions } from "./observed";
import { observedTopology, type Topology } from "./topology";

/** Everything a plan for a release that is there is made from. */
export interface Facts {
  readonly wanted: Wanted;
  readonly state: ClusterState;
  readonly stack: StackFacts;
  readonly release: HelmRelease;
  readonly observed: Observed;
  /** Steps that must come before all others. */
  readonly clear: readonly Step[];
}

/** Chart and values for a version, with what every plan says of them. */
export interface Base {
  readonly common: Pick<UpgradePlan, "chart" | "values" | "added" | "warnings" | "adopt" | "to">;
  readonly topology: Topology;
}

export interface Target {
  readonly version: string;
  /** `-gpu` when the request names one. */
  readonly variant: string;
  /** Back to what ran before. */
  readonly goesBack?: boolean;
}

export function baseFor(facts: Facts, target: Target, warnings: readonly Warning[]): Base {
  const { wanted, state, observed, release } = facts;
  const { inForce } = observed;
  const topology = observedTopology(observed, wanted);
  const chosen = chooseChart({
    version: target.version,
    running: { chart: release.lastDeployed?.chartVersion ?? release.chartVersion, version: observed.version },
    source: wanted.chartSource,
    goesBack: target.goesBack === true,
    ...(wanted.chartVersion !== undefined && { explicit: wanted.chartVersion }),
  });
  const composed = composeValues({
    given: wanted.values,
    to: target.version,
    chart: chosen.version,
    variant: target.variant === "" ? observed.variant : target.variant,
    kubernetesVersion: state.kubernetesVersion,
    releaseName: wanted.releaseName,
    ...(wanted.imageRegistry !== undefined && { imageRegistry: wanted.imageRegistry }),
    ...(wanted.dependencyImages !== undefined && { dependencyImages: wanted.dependencyImages }),
    now: {
      version: observed.version,
      chart: inForce.chart,
      topology,
      components: observed.components,
      values: inForce.userValues,
      defaults: inForce.chartValues,
    },
  });
  // A key that left the config after our own revision was taken out on purpose.
  if (!release.description.startsWith(OWN_DESCRIPTION)) {
    refuseDroppedValues(droppedValues(inForce, composed, wanted.dropValues));
  }
  const common = {
    to: target.version,
    chart: chartReference(chosen.version, wanted.chartSource),
    values: composed.values,
    added: composed.added,
    adopt: release.lastDeployed !== undefined || !release.status.startsWith("pending-"),
    warnings: [
      ...warnings,
      ...chosen.warnings,
      ...composed.warnings,
      ...recordWarnings(facts),
      ...leftQueueWarnings(topology),
      ...dependencyWarnings(inForce.chart, chosen.version, composed.values, topology),
    ],
  };
  return { common, topology };
}

/** What the record says that is not, or no longer, so. */
function recordWarnings({ release, observed }: Facts): Warning[] {
  const tag = getValue(observed.inForce.userValues, path("image.all.tag"));
  const recorded = typeof tag === "string" ? parseTag(tag).version : undefined;
  const said = recorded ?? (tag === undefined ? release.appVersion.replace(/^v/, "") : undefined);
  const warnings: Warning[] = [];
  if (release.status === "failed" || release.status === "pending-rollback" || release.status === "pending-upgrade") {
    const chart = `chart ${release.chartVersion}, Milvus ${release.appVersion}`;
    warnings.push({
      rule: "a_helm_revision_did_not_finish",
      message: `Revision ${release.revision} of ${release.name} (${chart}) is ${release.status}; helm history ${release.name} says why.`,
    });
  }
  if (
    observed.versions.length > 1 ||
    (said !== undefined && said !== observed.version && release.status === "deployed")
  ) {
    warnings.push({
      rule: "what_runs_counts_not_the_record",
      message: `The record of ${release.name} says Milvus ${said ?? "?"}; what runs is ${describeVersions(observed)}. The plan starts from what runs.`,
    });
  }
  const paused = observed.components.filter((component) => component.paused);
  if (paused.length > 0) {
    const names = list(paused.map(({ component }) => component));
    warnings.push({
      rule: "deployments_are_paused",
      message: `Paused, so that their pods stay as they are whatever is sent: ${names}. This plan leaves none of them paused.`,
    });
  }
  if (observed.unknown.length > 0) {
    warnings.push({
      rule: "an_unknown_deployment_is_not_changed",
      message: `Under the release's labels there are Deployments that are not a Milvus component: ${observed.unknown.map(({ name }) => name).join(", ")}. They are not touched.`,
    });
  }
  return warnings;
}

function leftQueueWarnings({ queue, leftQueue }: Topology): Warning[] {
  if (leftQueue === undefined) return [];
  return [
    {
      rule: "the_message_queue_was_switched",
      message: `milvus:values leave ${nameOfQueue(leftQueue)} for ${nameOfQueue(queue)}, as milvus:messageQueue says that Milvus does. Where the old one is bundled, its pods go with this plan and its claims stay: first make sure that nothing reads it any more (metric milvus_wal_active_readers).`,
    },
  ];
}

function dependencyWarnings(from: string, to: string, values: HelmValues, { queue }: Topology): Warning[] {
  return changedDependencies(from, to, values, queue).map((message) => ({
    rule: "a_dependency_restarts_with_the_chart",
    message,
  }));
}
