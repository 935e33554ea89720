import type { ClusterState, Refusal } from "./model";

/** The release that a stack's state has. */
export interface StackRelease {
  /** `namespace/name` of the release that the stack manages. */
  readonly release?: string;
  /** The state has a Release, though Helm may know of none that was ever deployed: an install that failed is kept there. */
  readonly hasRelease: boolean;
  /** Of the namespace in which the last run worked, also of one that failed; missing where it may not be read. */
  readonly namespaceUid?: string;
}

/** Where the program looks: said wherever it may be the wrong cluster. */
export interface Whereabouts {
  readonly context: string;
  readonly server: string;
}

export function refusalOfMovedRelease(
  previous: string | undefined,
  { namespace, releaseName }: { readonly namespace: string; readonly releaseName: string },
): Refusal | undefined {
  const wanted = `${namespace}/${releaseName}`;
  if (previous === undefined || previous === wanted) return undefined;
  const [oldNamespace = "", oldName = ""] = previous.split("/");
  return {
    kind: "refused",
    rule: "a_release_cannot_be_renamed",
    reason: `This stack manages the release ${previous}, and the config says ${wanted}. Helm cannot rename or move a release: Pulumi would install a second, empty Milvus and uninstall the one that runs.`,
    remedy: [
      "To go on with the release that runs:",
      `  pulumi config set milvus:release ${oldName}`,
      `  pulumi config set milvus:namespace ${oldNamespace}`,
      "For another Milvus beside it, use another stack: pulumi stack init NAME",
    ].join("\n"),
  };
}

export function refusalOfOtherCluster(
  before: string | undefined,
  { release, namespaceUid }: Pick<ClusterState, "release" | "namespaceUid">,
  { context, server }: Whereabouts,
): Refusal | undefined {
  if (release === undefined || before === undefined || namespaceUid === undefined || before === namespaceUid) {
    return undefined;
  }
  const { name, namespace } = release;
  return {
    kind: "refused",
    rule: "the_cluster_is_another_one",
    reason: `the release ${namespace}/${name} at ${server} (context ${context}) is not the one that this stack upgraded last: its namespace has the uid ${namespaceUid}, and had ${before}.`,
    remedy: `pulumi config set kubernetes:context NAME`,
  };
}

export function refusalOfGoneRelease({ context, server }: Whereabouts): Refusal {
  return {
    kind: "refused",
    rule: "the_state_has_a_release_that_is_gone",
    reason: `the cluster has no record of it: ${server} (context ${context})`,
    remedy: "pulumi refresh --yes && pulumi up",
  };
}
