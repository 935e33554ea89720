import type { ClusterState, Wanted } from "../model";
import { list, refuse } from "../refusal";

/** Who else may own the cluster, and what to change there instead. */
const OWNERS: readonly { readonly pattern: RegExp; readonly name: string; readonly remedy: string }[] = [
  {
    pattern: /^(?:Milvus|MilvusCluster|MilvusUpgrade)\b/,
    name: "the Milvus Operator",
    remedy:
      "Upgrade it there: set spec.components.image of the Milvus resource (and spec.components.imageUpdateMode: rollingUpgrade for an ordered roll); for 2.1 to 2.2 create a MilvusUpgrade.",
  },
  {
    pattern: /argo/i,
    name: "Argo CD",
    remedy:
      "Change the chart version and image tag in the Application's source, or take the release out of Argo CD (argocd app delete NAME --cascade=false) before Pulumi manages it.",
  },
  {
    pattern: /flux|helmrelease|kustomization/i,
    name: "Flux",
    remedy:
      "Change the chart version in the HelmRelease, or suspend and delete it without uninstalling (flux suspend helmrelease NAME) before Pulumi manages it.",
  },
];

/** Refuses a cluster that somebody else manages: two managers undo each other's work. */
export function refuseForeign(state: ClusterState, wanted: Wanted): void {
  if (state.namespaceEnds === true) {
    refuse({
      rule: "a_namespace_that_is_deleted_is_left_alone",
      reason: `The namespace ${wanted.namespace} is being deleted: nothing can be created in it, and what is there goes.`,
      remedy: `See what holds it up, and whether it was meant: kubectl get namespace ${wanted.namespace} -o yaml. Afterwards run pulumi up again.`,
    });
  }
  if (state.operatorResource !== undefined) refuseOwner(state.operatorResource, wanted.releaseName);
  const managed = state.components.find(({ managedBy }) => managedBy !== undefined);
  if (managed?.managedBy !== undefined) refuseOwner(managed.managedBy, managed.name);
  const { release } = state;
  if (release && release.chartName !== "milvus") {
    refuse({
      rule: "the_release_must_be_milvus",
      reason: `The Helm release ${release.name} in namespace ${release.namespace} is of chart ${release.chartName}, not milvus.`,
      remedy: `Name the release of Milvus (helm list -n ${release.namespace}): pulumi config set milvus:release NAME`,
    });
  }
  if (release?.status === "uninstalling" || release?.status === "uninstalled") {
    refuse({
      rule: "an_uninstalled_release_is_not_upgraded",
      reason: `The Helm release ${release.name} is ${release.status} (revision ${release.revision}).`,
      remedy: `Finish it (helm uninstall ${release.name} -n ${release.namespace}) and install again, or bring it back: helm rollback ${release.name} ${release.lastDeployed?.revision ?? "REVISION"} -n ${release.namespace}`,
    });
  }
  if (!release && state.components.length > 0) {
    refuse({
      rule: "deployments_need_their_release",
      reason: `There is no Helm release ${wanted.releaseName} in namespace ${wanted.namespace}, but its Deployments are there: ${list(state.components.map(({ name }) => name))}.`,
      remedy:
        "If Helm installed it, its records are gone or lie in another namespace (helm list --all-namespaces --all): name that one. Argo CD, Pulumi's Chart and `helm template` render a chart without a record: change the chart version there.",
    });
  }
}

function refuseOwner(owner: string, what: string): never {
  const known = OWNERS.find(({ pattern }) => pattern.test(owner));
  return refuse({
    rule: "only_one_manager",
    reason: `${what} is managed by ${owner}${known && !owner.includes(known.name) ? ` (${known.name})` : ""}, which would undo what Pulumi changes.`,
    remedy: known?.remedy ?? "Upgrade it there, or take it out of that manager first.",
  });
}
