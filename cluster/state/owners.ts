import type { ObjectMeta } from "../json";

/** Labels and annotations by which GitOps controllers mark what they manage, with the controller's name. */
const GITOPS_MARKS: readonly { readonly key: string; readonly controller: string }[] = [
  { key: "argocd.argoproj.io/instance", controller: "Argo CD Application" },
  { key: "argocd.argoproj.io/tracking-id", controller: "Argo CD Application" },
  { key: "helm.toolkit.fluxcd.io/name", controller: "Flux HelmRelease" },
  { key: "kustomize.toolkit.fluxcd.io/name", controller: "Flux Kustomization" },
];

const MILVUS_GROUP = "milvus.io/";

/** Who manages an object besides Helm, in words for a refusal: `Argo CD Application milvus`, `Milvus my-release`. */
export function managerOf(metadata: ObjectMeta | undefined): string | undefined {
  const [owner] = metadata?.ownerReferences ?? [];
  if (owner !== undefined) {
    return `${owner.kind} ${owner.name}`;
  }
  const marks = { ...metadata?.annotations, ...metadata?.labels };
  const found = GITOPS_MARKS.find(({ key }) => marks[key] !== undefined);
  // A tracking id is NAME:GROUP/KIND:NAMESPACE/NAME.
  return found === undefined ? undefined : `${found.controller} ${marks[found.key]?.split(":")[0] ?? ""}`;
}

/**
 * The custom resource of the Milvus Operator behind a release name: one of that name, or the owner of the objects
 * that carry the name; undefined when the operator has nothing to do with it.
 */
export function operatorResourceOf(
  releaseName: string,
  customResources: readonly { readonly metadata?: ObjectMeta }[],
  objects: readonly { readonly metadata?: ObjectMeta }[],
): string | undefined {
  const named = customResources.find(({ metadata }) => metadata?.name === releaseName);
  if (named !== undefined) {
    return `Milvus ${releaseName}`;
  }
  const owner = objects
    .flatMap(({ metadata }) => metadata?.ownerReferences ?? [])
    .find(({ apiVersion }) => apiVersion.startsWith(MILVUS_GROUP));
  return owner === undefined ? undefined : `${owner.kind} ${owner.name}`;
}
