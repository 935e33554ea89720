import { isMilvusComponent } from "../milvusComponents";
import type { HelmValue, HelmValues, UpgradePlan } from "../model";
import { factsOf } from "../steps/steps";
import { filledText, isMap } from "../values/tree";

/** Where the pods of a workload may be, and as whom their node pulls: fields of a pod, as Kubernetes has them. */
export interface Placement {
  readonly nodeSelector: HelmValues;
  /** `nodeSelectorTerms` that a node must meet, one of them; missing: none. */
  readonly nodeTerms?: readonly HelmValue[];
  readonly tolerations: readonly HelmValue[];
  readonly pullSecrets: readonly string[];
  /** Its own pull secrets count; missing: that of the namespace. */
  readonly serviceAccount?: string;
  readonly runtimeClass?: string;
  readonly scheduler?: string;
}

export interface PulledImage {
  readonly image: string;
  readonly policy: string;
  /** `querynode`, `Job/stop`. */
  readonly users: readonly string[];
}

/** What is pulled onto the nodes of one placement. */
export interface PullGroup {
  readonly placement: Placement;
  readonly images: readonly PulledImage[];
}

/** A workload whose pods come: as the chart renders it, or as it runs with its image exchanged. */
export interface Workload {
  readonly name: string;
  /** Label `component`. */
  readonly component: string;
  readonly replicas: number;
  /** Its old pods go before the new ones come. */
  readonly recreates?: boolean;
  /** `spec.template.spec`. */
  readonly podSpec: HelmValues;
}

/** How the Jobs are run, as far as it says where. */
export interface JobPlacement {
  readonly kubectlImage: string;
  readonly metaMigrationImage: string;
  readonly imagePullSecrets: readonly string[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly object[];
}

/**
 * What has to be on which kind of node: every image of Milvus' own workloads, of others those that do not run yet, and those of
 * the plan's Jobs. Workloads that are placed alike are one group.
 *
 * @param inUse images that pods of the release have
 */
export function pullGroups(
  plan: UpgradePlan,
  workloads: readonly Workload[],
  inUse: ReadonlySet<string>,
  jobs: JobPlacement,
): PullGroup[] {
  const uses = [
    ...workloads.filter(({ replicas }) => replicas !== 0).flatMap((workload) => usesOf(workload, inUse)),
    ...jobUses(plan, jobs),
  ];
  const groups = new Map<string, { placement: Placement; images: Map<string, PulledImage> }>();
  for (const { placement, image, policy, user } of uses) {
    const key = JSON.stringify(placement);
    const group = groups.get(key) ?? { placement, images: new Map<string, PulledImage>() };
    const users = group.images.get(image)?.users ?? [];
    group.images.set(image, { image, policy, users: [...new Set([...users, user])] });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ placement, images }) => ({
    placement,
    images: [...images.values()].sort((a, b) => a.image.localeCompare(b.image)),
  }));
}

interface Use {
  readonly placement: Placement;
  readonly image: string;
  readonly policy: string;
  readonly user: string;
}

function usesOf({ name, component, podSpec }: Workload, inUse: ReadonlySet<string>): Use[] {
  const isOurs = isMilvusComponent(component);
  const placement = placementOf(podSpec);
  return containersOf(podSpec)
    .filter(({ image, policy }) => policy !== "Never" && (isOurs || !inUse.has(image)))
    .map((container) => ({ ...container, placement, user: isOurs ? component : name }));
}

/** Init containers among them. */
function containersOf(podSpec: HelmValues): { readonly image: string; readonly policy: string }[] {
  const all = [podSpec.initContainers, podSpec.containers].flatMap((list) => (Array.isArray(list) ? list : []));
  return all.flatMap((container) => {
    const image = isMap(container) ? filledText(container.image) : undefined;
    if (!isMap(container) || image === undefined) return [];
    return [{ image, policy: filledText(container.imagePullPolicy) ?? "IfNotPresent" }];
  });
}

function jobUses(plan: UpgradePlan, jobs: JobPlacement): Use[] {
  const placement: Placement = {
    nodeSelector: sorted(jobs.nodeSelector),
    tolerations: jobs.tolerations as readonly HelmValue[],
    pullSecrets: [...jobs.imagePullSecrets].sort(),
  };
  return plan.steps.flatMap((step) =>
    factsOf(step).images.map((name) => ({
      placement,
      image: jobs[name],
      policy: "IfNotPresent",
      user: `Job/${step.kind}`,
    })),
  );
}

/** Alike pods have the same, whatever the order in which it is written. */
export function placementOf(podSpec: HelmValues): Placement {
  const { nodeSelector, tolerations, imagePullSecrets, affinity } = podSpec;
  const required = isMap(affinity) && isMap(affinity.nodeAffinity) ? affinity.nodeAffinity[REQUIRED] : undefined;
  const terms = isMap(required) && Array.isArray(required.nodeSelectorTerms) ? required.nodeSelectorTerms : [];
  const secrets = (Array.isArray(imagePullSecrets) ? imagePullSecrets : []).flatMap((secret) =>
    isMap(secret) ? (filledText(secret.name) ?? []) : [],
  );
  const serviceAccount = filledText(podSpec.serviceAccountName);
  const runtimeClass = filledText(podSpec.runtimeClassName);
  const scheduler = filledText(podSpec.schedulerName);
  return {
    nodeSelector: sorted(isMap(nodeSelector) ? nodeSelector : {}),
    ...(terms.length > 0 && { nodeTerms: terms }),
    tolerations: Array.isArray(tolerations) ? tolerations : [],
    pullSecrets: secrets.sort(),
    ...(serviceAccount !== undefined && serviceAccount !== "default" && { serviceAccount }),
    ...(runtimeClass !== undefined && { runtimeClass }),
    ...(scheduler !== undefined && scheduler !== "default-scheduler" && { scheduler }),
  };
}

/** As pods write it. */
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

function sorted(map: Readonly<Record<string, HelmValue>>): HelmValues {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => a.localeCompare(b)));
}
