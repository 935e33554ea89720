import * as pulumi from "@pulumi/pulumi";
import type { ClusterState } from "../upgrade/model";

/** What earlier runs of this stack have left. */
export interface Previous {
  /** `namespace/name` of the release that the stack manages. */
  readonly release?: string;
  readonly lastUpgrade?: unknown;
  /** The state has a Release, though Helm may know of none that was ever deployed: an install that failed is kept there. */
  readonly hasRelease: boolean;
  /** Of the namespace in which the last run worked, also of one that failed; missing where it may not be read. */
  readonly namespaceUid?: string;
}

const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";
const PROVIDER_TYPE = "pulumi:providers:kubernetes";

/**
 * Nothing for a new stack, and for one whose state cannot be read, which is said: the Release is protected in any case, but whether
 * it is that of the cluster upgraded last cannot be told then.
 *
 * @param warn default: Pulumi's log
 */
export async function readPrevious(
  warn: (text: string) => Promise<unknown> = (text) => pulumi.log.warn(text),
): Promise<Previous> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const [outputs, resources] = await Promise.all([
    readState("pulumi:pulumi:readStackOutputs", { name }, warn),
    readState("pulumi:pulumi:readStackResourceOutputs", { stackName: name }, warn),
  ]);
  const { release, lastUpgrade } = outputs;
  const types = new Map(Object.entries(resources).map(([urn, of]) => [urn.split("::")[2]?.split("$").at(-1), of]));
  const provider = types.get(PROVIDER_TYPE) as
    | { readonly outputs?: { readonly clusterIdentifier?: unknown } }
    | undefined;
  const clusterIdentifier = provider?.outputs?.clusterIdentifier;
  return {
    ...(typeof release === "string" && { release }),
    ...(lastUpgrade !== undefined && { lastUpgrade }),
    hasRelease: types.has(RELEASE_TYPE),
    ...(typeof clusterIdentifier === "string" && { namespaceUid: clusterIdentifier }),
  };
}

async function readState(
  token: string,
  request: Readonly<Record<string, string>>,
  warn: (text: string) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  try {
    const result = (await pulumi.runtime.invoke(token, request)) as { outputs?: Record<string, unknown> };
    return result.outputs ?? {};
  } catch (error) {
    await warn(
      `What earlier runs of this stack have left cannot be read (${token}: ${error instanceof Error ? error.message : String(error)}). So this run cannot tell whether this is the cluster that the stack upgraded last. Compare the cluster of the kubeconfig with the one you mean (kubectl config current-context) before you go on.`,
    );
    return {};
  }
}

/**
 * Refuses another release name or namespace than before. Helm cannot rename a release: Pulumi would install a second
 * Milvus and uninstall this one.
 *
 * @param previous as given by `readPrevious`
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
 * @param previous as given by `readPrevious`
 * @throws RunError
 */
export function refuseOtherCluster(
  { namespaceUid: before }: Pick<Previous, "namespaceUid">,
  { release, namespaceUid }: Pick<ClusterState, "release" | "namespaceUid">,
  { context, server }: Whereabouts,
): void {
  if (release === undefined || before === undefined || namespaceUid === undefined || before === namespaceUid) return;
  const { name, namespace } = release;
  throw new pulumi.RunError(
    [
      `Refused (the-cluster-is-another-one): the release ${namespace}/${name} at ${server} (context ${context}) is not the one that this stack upgraded last: its namespace has the uid ${namespaceUid}, and had ${before}.`,
      "Version and values of this stack would be written over another Milvus. Where it is the wrong cluster, set the right one, as the kubeconfig was given:",
      "  pulumi config set kubernetes:context NAME, or kubernetes:kubeconfig, or KUBECONFIG",
      "Where it is the same Milvus, in a cluster or namespace that was made anew, let another stack take it over:",
      `  pulumi stack init NAME && npm run adopt -- --release ${name} --namespace ${namespace} --context ${context} --stack NAME`,
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
