import * as pulumi from "@pulumi/pulumi";
import type { ClusterState, Refusal } from "../upgrade/model";
import { describeRefusal } from "../upgrade/refusal";
import {
  refusalOfGoneRelease,
  refusalOfMovedRelease,
  refusalOfOtherCluster,
  type Whereabouts,
} from "../upgrade/stackGuard";

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
 * @param previous as given by `readPrevious`
 * @throws RunError
 */
export function refuseMovedRelease(previous: string | undefined, namespace: string, releaseName: string): void {
  throwIfRefused(refusalOfMovedRelease(previous, { namespace, releaseName }));
}

/**
 * @param previous as given by `readPrevious`
 * @throws RunError
 */
export function refuseOtherCluster(
  { namespaceUid }: Pick<Previous, "namespaceUid">,
  found: Pick<ClusterState, "release" | "namespaceUid">,
  whereabouts: Whereabouts,
): void {
  throwIfRefused(refusalOfOtherCluster(namespaceUid, found, whereabouts));
}

export function goneRelease(whereabouts: Whereabouts): pulumi.RunError {
  return asRunError(refusalOfGoneRelease(whereabouts));
}

function throwIfRefused(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw asRunError(refusal);
}

function asRunError(refusal: Refusal): pulumi.RunError {
  return new pulumi.RunError(describeRefusal(refusal).join("\n"));
}
