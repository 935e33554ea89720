import * as pulumi from "@pulumi/pulumi";
import type { ClusterState } from "../upgrade/model";

/** What this stack's last run has left in its outputs. */
export interface PreviousOutputs {
  /** `namespace/name` of the release that the stack manages. */
  readonly release?: string;
  readonly namespaceUid?: string;
  readonly lastUpgrade?: unknown;
}

/**
 * Empty for a new stack or one whose outputs cannot be read. They are only asked for a clear message and for figures:
 * the Release is protected in any case.
 */
export async function readPreviousOutputs(): Promise<PreviousOutputs> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  try {
    const result = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
      outputs?: { release?: unknown; namespaceUid?: unknown; lastUpgrade?: unknown };
    };
    const { release, namespaceUid, lastUpgrade } = result.outputs ?? {};
    return {
      ...(typeof release === "string" && { release }),
      ...(typeof namespaceUid === "string" && { namespaceUid }),
      ...(lastUpgrade !== undefined && { lastUpgrade }),
    };
  } catch (error) {
    await pulumi.log.debug(`The outputs of ${name} cannot be read: ${String(error)}`);
    return {};
  }
}

/**
 * Refuses another release name or namespace than before. Helm cannot rename a release: Pulumi would install a second
 * Milvus and uninstall this one.
 *
 * @param previous as given by `readPreviousOutputs`
 * @throws RunError
 */
export function refuseMovedRelease(previous: string | undefined, namespace: string, releaseName: string): void {
  const wanted = `${namespace}/${releaseName}`;
  if (previous === undefined || previous === wanted) {
    return;
  }
  const [oldNamespace = "", oldName = ""] = previous.split("/");
  throw new pulumi.RunError(
    [
      `Refused (release-cannot-be-renamed): this stack manages the release ${previous}, the config says ${wanted}.`,
      "Helm cannot rename or move a release: Pulumi would install a second, empty Milvus and uninstall the one that runs.",
      "To go on with the release that runs:",
      `  pulumi config set milvus:release ${oldName}`,
      `  pulumi config set milvus:namespace ${oldNamespace}`,
      "For another Milvus beside it, use another stack: pulumi stack init NAME",
    ].join("\n"),
  );
}

/** Where the program looks: said wherever it may be the wrong cluster. */
export interface Whereabouts {
  readonly context: string;
  readonly server: string;
}

/**
 * Refuses a release that is there, of that name, and not the one that this stack has upgraded before: its namespace is
 * another one. Pulumi would write version and values of one Milvus over another.
 *
 * @param previous as given by `readPreviousOutputs`
 * @throws RunError
 */
export function refuseOtherCluster(
  { release: managed, namespaceUid: before }: PreviousOutputs,
  { release, namespaceUid }: Pick<ClusterState, "release" | "namespaceUid">,
  { context, server }: Whereabouts,
): void {
  if (release === undefined || before === undefined || namespaceUid === undefined || before === namespaceUid) return;
  const { name, namespace } = release;
  throw new pulumi.RunError(
    [
      `Refused (the-cluster-is-another-one): the release ${managed ?? `${namespace}/${name}`} at ${server} (context ${context}) is not the one that this stack upgraded last: its namespace has the uid ${namespaceUid}, and had ${before}.`,
      "Version and values of this stack would be written over another Milvus. Where it is the wrong cluster:",
      "  pulumi config set kubernetes:context NAME",
      "Where it is the same Milvus, in a cluster or namespace that was made anew, let another stack take it over:",
      `  pulumi stack init NAME && npm run adopt -- --release ${name} --namespace ${namespace} --stack NAME`,
    ].join("\n"),
  );
}

/** The state has a Release of which the cluster knows nothing: somebody has uninstalled it, or deleted its records. */
export function goneRelease({ context, server }: Whereabouts): pulumi.RunError {
  return new pulumi.RunError(
    [
      "Refused (the-state-has-a-release-that-is-gone): the state of this stack has the Release, and the cluster has no record of it.",
      `Is it the right cluster? This is ${server} (context ${context}). Another one: pulumi config set kubernetes:context NAME`,
      "Pulumi would upgrade what is not there, and fail. If Milvus is gone on purpose, let the state see it, then install anew:",
      "  pulumi refresh --yes && pulumi up",
      "If it is not, its records are: look for them (helm list --all-namespaces --all) before anything else.",
    ].join("\n"),
  );
}

const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";

/**
 * True when the state has a Release, though Helm may know of none that was ever deployed: an install that failed is
 * kept in the state, and Pulumi would upgrade it and not install it again.
 */
export async function stateHasRelease(): Promise<boolean> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  try {
    const result = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as {
      outputs?: Record<string, unknown>;
    };
    return Object.keys(result.outputs ?? {}).some((urn) => urn.split("::")[2]?.split("$").at(-1) === RELEASE_TYPE);
  } catch (error) {
    await pulumi.log.debug(`The resources of ${stackName} cannot be read: ${String(error)}`);
    return false;
  }
}
