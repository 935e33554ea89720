import type { ClusterState, Refusal, Wanted } from "../model";
import { configLine } from "../refusal";

/** What the state of the stack and the cluster say of each other: a stack goes on with the Milvus that it upgraded last. */

/** The release that a stack's state has. */
export interface StackRelease {
  /** `namespace/name` of the release that the stack manages. */
  readonly release?: string;
  /** The state has a Release, though Helm may know of none that was ever deployed: an install that failed is kept there. */
  readonly hasRelease: boolean;
  /** Of the namespace in which the last run worked, also of one that failed; missing where it may not be read. */
  readonly namespaceUid?: string;
  /** Releases of the state that have this one's name and namespace, and belong to other components. */
  readonly others?: readonly OtherRelease[];
}

/** A Release that another component of the program has declared. */
export interface OtherRelease {
  /** Name of the component. */
  readonly component: string;
  readonly urn: string;
  /** As of {@link StackRelease}. */
  readonly namespaceUid?: string;
}

/** Where the program looks: said wherever it may be the wrong cluster. */
export interface Whereabouts {
  readonly context: string;
  readonly server: string;
}

/**
 * Another release name or namespace than before. Helm cannot rename a release: Pulumi would install a second Milvus and
 * uninstall this one.
 *
 * @param previous `namespace/name` of the release that the stack manages
 */
export function refusalOfMovedRelease(
  previous: string | undefined,
  { namespace, releaseName }: Pick<Wanted, "namespace" | "releaseName">,
): Refusal | undefined {
  const wanted = `${namespace}/${releaseName}`;
  if (previous === undefined || previous === wanted) return undefined;
  const [oldNamespace = "", oldName = ""] = previous.split("/");
  return {
    kind: "refused",
    rule: "a_release_cannot_be_renamed",
    reason: `this stack manages the release ${previous}, the config says ${wanted}. Helm cannot rename or move a release: Pulumi would install a second, empty Milvus and uninstall the one that runs.`,
    remedy: [
      "To go on with the release that runs:",
      `  ${configLine("release", oldName)}`,
      `  ${configLine("namespace", oldNamespace)}`,
      "For another Milvus beside it, use another stack: pulumi stack init NAME",
    ].join("\n"),
  };
}

/**
 * A release that is there, of that name, and not the one that this stack has upgraded before: its namespace is another
 * one. Pulumi would write version and values of one Milvus over another.
 *
 * @param previousUid of the namespace in which the last run worked; missing where it is not known
 */
export function refusalOfOtherCluster(
  previousUid: string | undefined,
  { release, namespaceUid }: Pick<ClusterState, "release" | "namespaceUid">,
  { context, server }: Whereabouts,
): Refusal | undefined {
  if (release === undefined || previousUid === undefined || namespaceUid === undefined) return undefined;
  if (previousUid === namespaceUid) return undefined;
  const { name, namespace } = release;
  return {
    kind: "refused",
    rule: "the_cluster_is_another_one",
    reason: `the release ${namespace}/${name} at ${server} (context ${context}) is not the one that this stack upgraded last: its namespace has the uid ${namespaceUid}, and had ${previousUid}. Version and values of this stack would be written over another Milvus.`,
    remedy: [
      "If this is the wrong cluster, select the right one, in the way in which you gave the kubeconfig:",
      "  pulumi config set kubernetes:context NAME, or kubernetes:kubeconfig, or KUBECONFIG.",
      "If this is the same Milvus, in a new cluster or namespace, let another stack take it over:",
      `  pulumi stack init NAME && npm run adopt -- --release ${name} --namespace ${namespace} --context ${context} --stack NAME`,
    ].join("\n"),
  };
}

/**
 * A release that another component of the program has in the state: most often the same one under its old name. Pulumi would take
 * it over a second time, and uninstall it as what is no longer declared.
 */
export function refusalOfSecondComponent(
  others: readonly OtherRelease[] | undefined,
  { namespaceUid }: Pick<ClusterState, "namespaceUid">,
  { namespace, releaseName }: Pick<Wanted, "namespace" | "releaseName">,
): Refusal | undefined {
  // In another cluster there may be one of the same name.
  const other = others?.find((it) => it.namespaceUid !== undefined && it.namespaceUid === namespaceUid);
  if (other === undefined) return undefined;
  const { component, urn } = other;
  return {
    kind: "refused",
    rule: "a_release_has_one_component",
    reason: `the state of this stack has the release ${namespace}/${releaseName} already, as that of the component "${component}". Pulumi would take it over a second time, and uninstall it as what "${component}" no longer declares.`,
    remedy: [
      `Where the component was renamed, say so in its options: aliases: [{ name: "${component}" }]; or give it its old name again.`,
      "Where the program declares both, remove one. Do not remove the protection from either: Pulumi would uninstall Milvus.",
      `Where "${component}" is gone from the program for good, let the state forget its Release, which runs on:`,
      `  pulumi state delete --force '${urn}'`,
    ].join("\n"),
  };
}

/** The state has a Release of which the cluster knows nothing: somebody has uninstalled it, or deleted its records. */
export function refusalOfGoneRelease({ context, server }: Whereabouts): Refusal {
  return {
    kind: "refused",
    rule: "the_state_has_a_release_that_is_gone",
    reason: `the state of this stack has the Release, and the cluster has no record of it. Pulumi would upgrade what is not there, and fail. Is it the right cluster? This is ${server} (context ${context}).`,
    remedy: [
      "For another cluster: pulumi config set kubernetes:context NAME",
      "If Milvus is gone on purpose, let the state see it, then install anew:",
      "  pulumi refresh --yes && pulumi up",
      "If it is not, its records are: look for them (kubectl get secrets --all-namespaces -l owner=helm) before anything else.",
    ].join("\n"),
  };
}
