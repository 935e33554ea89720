import type { ClusterState, HelmRelease, HelmValues, Wanted } from "../model";
import { list, refuse } from "../refusal";
import { getValue, isMap } from "../values/tree";
import { afterItsEnd } from "../words/endingNamespace";

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
      rule: "the_namespace_is_being_deleted",
      reason: `The namespace ${wanted.namespace} is being deleted: nothing can be created in it, and what is there goes.`,
      remedy: afterItsEnd(wanted.namespace),
    });
  }
  if (state.operatorResource !== undefined) refuseOwner(state.operatorResource, wanted.releaseName);
  const managed = state.components.find(({ managedBy }) => managedBy !== undefined);
  if (managed?.managedBy !== undefined) refuseOwner(managed.managedBy, managed.name);
  const { release } = state;
  if (release) refuseOtherChart(release);
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
      remedy: `If Helm installed it, its records are gone or lie in another namespace (kubectl get secrets --all-namespaces -l owner=helm,name=${wanted.releaseName}): name that one. Argo CD, Pulumi's Chart and \`helm template\` render a chart without a record: change the chart version there.`,
    });
  }
}

/** Charts of several projects are called milvus, and Milvus can be a part of a chart of another name. */
function refuseOtherChart(release: HelmRelease): void {
  const { name, namespace, chartName, chartVersion, chartValues, userValues } = release;
  const what = `The Helm release ${name} in namespace ${namespace}`;
  const part = milvusPart(chartValues) ?? milvusPart(userValues);
  if (chartName !== "milvus" && part !== undefined) {
    refuse({
      rule: "the_release_must_be_milvus",
      reason: `${what} is of chart ${chartName}, which brings Milvus as its dependency ${part}: version and values of Milvus belong to that chart, and Pulumi would put Milvus' chart in the place of everything else in it.`,
      remedy: `Upgrade it there: in Chart.yaml of ${chartName} the version of the dependency ${part}, in its values ${part}.image.all.tag. The hops and the values of each are those of docs/upgrade-rules.md; this program cannot go them. For a 2.1 the metadata has to be migrated by hand.`,
    });
  }
  if (chartName !== "milvus") {
    refuse({
      rule: "the_release_must_be_milvus",
      reason: `${what} is of chart ${chartName}, not milvus.`,
      remedy: `Name the release of Milvus (helm list -n ${namespace}): pulumi config set milvus:release NAME`,
    });
  }
  const other = otherProject(release);
  if (other === undefined) return;
  refuse({
    rule: "the_release_must_be_milvus",
    reason: `${what} is of a chart milvus ${chartVersion} that is not that of the Milvus project, but ${other}: its numbers mean other versions of Milvus, and its values are called otherwise. Put under the chart of the Milvus project, all its objects would be replaced by new ones without data.`,
    remedy:
      "Upgrade it with the chart that it is from. To change over, install the chart of the Milvus project as a release of another name, and copy the data (milvus-backup).",
    source: "home, sources and values.yaml of the charts milvus of zilliztech/milvus-helm and bitnami/charts",
  });
}

/** The chart of the Milvus project has these maps in its values, in every release from 3.0.0 on, and so has a fork of it. */
function hasOwnShape(values: HelmValues): boolean {
  return [["image", "all"], ["cluster"], ["standalone"], ["etcd"]].every((keys) => isMap(getValue(values, keys)));
}

/** Values of bitnami's chart, which calls Milvus' own image and parts otherwise. */
function hasShapeOfBitnami(values: HelmValues): boolean {
  return ["milvus", "dataCoord", "rootCoord", "queryCoord"].every((key) => isMap(values[key]));
}

/** Whose chart it is, for a sentence; undefined: Milvus' own or a fork of it, or nothing says another. */
function otherProject({ chartValues, chartOrigins = [] }: HelmRelease): string | undefined {
  if (hasOwnShape(chartValues)) return undefined;
  const isBitnami = hasShapeOfBitnami(chartValues) || chartOrigins.some((origin) => /bitnami/i.test(origin));
  if (isBitnami) return "bitnami's";
  const isOwn = chartOrigins.some((origin) => /milvus\.io|milvus-io|zilliztech/i.test(origin));
  // A record without values and origins tells nothing.
  const tells = Object.keys(chartValues).length > 0 && chartOrigins.length > 0;
  return tells && !isOwn ? `one from ${list(chartOrigins)}` : undefined;
}

/** The key of a dependency that is Milvus' chart, by the values that it gets. */
function milvusPart(values: HelmValues): string | undefined {
  return Object.entries(values).find(
    ([key, value]) =>
      isMap(value) && (hasOwnShape(value) || (/milvus/i.test(key) && isMap(getValue(value, ["image", "all"])))),
  )?.[0];
}

function refuseOwner(owner: string, what: string): never {
  const known = OWNERS.find(({ pattern }) => pattern.test(owner));
  return refuse({
    rule: "only_one_manager",
    reason: `${what} is managed by ${owner}${known && !owner.includes(known.name) ? ` (${known.name})` : ""}, which would undo what Pulumi changes.`,
    remedy: known?.remedy ?? "Upgrade it there, or take it out of that manager first.",
  });
}
