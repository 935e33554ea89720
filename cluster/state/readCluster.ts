import type { V1ConfigMap } from "@kubernetes/client-node";
import { OWN_DESCRIPTION } from "../../upgrade/marks";
import { attemptSelector } from "../../upgrade/metadata/attempt";
import { installationOf } from "../../upgrade/metadata/installation";
import type { ClusterState, HelmRelease } from "../../upgrade/model";
import { endedReceipt, openReceipt, openUpgrade } from "../../upgrade/receipt/make";
import { VERIFICATION_MARK } from "../../upgrade/verification";
import type { ClusterClient } from "../api/client";
import { readGroupNames } from "../api/discovery";
import type { ApiRequest } from "../api/request";
import { ClusterError, hasCode } from "../errors";
import { decodeRelease, type RecordObject, recordsRequest } from "../helm/record";
import type { Json, ObjectMeta } from "../json";
import { readReceipts } from "../kept/receipts";
import { verificationStates } from "../kept/verifications";
import type { ReleaseAddress } from "../releaseAddress";
import { attemptStates, type Claim, takenClaimNames } from "./attempts";
import { leftoversOf } from "./leftovers";
import { operatorResourceOf } from "./owners";
import { readStrangers } from "./strangers";
import { activeJobs, type Job, upgradeJobsRequest } from "./upgradeJobs";
import {
  type Autoscaler,
  componentStates,
  DEFAULT_NAME_LABEL,
  type Deployment,
  type Pod,
  type ScaledObject,
} from "./workloads";

/**
 * Served by OpenShift, whose security context constraint restricted-v2 takes no user, group or fsGroup outside the range of the
 * namespace, and fills in those that are left out. https://docs.openshift.com, Managing security context constraints
 */
const USER_ASSIGNING_GROUP = "security.openshift.io";

/**
 * Reads everything the planner needs, in about fifteen calls at once. Nothing is written.
 *
 * @throws ClusterError when the cluster, the release records, the Deployments, pods or, of a Milvus that is there, backup claims cannot be read.
 * What only sharpens the picture (autoscalers, custom resources) becomes a note when it is forbidden.
 */
export async function readCluster(client: ClusterClient, address: ReleaseAddress): Promise<ClusterState> {
  const { releaseName, namespace } = address;
  const notes: string[] = [];
  const list = listIn(client, namespace);
  const optional = optionalListIn(client, namespace, notes);
  const groups = readGroups(client);
  const custom = async <T>(api: string, resource: string): Promise<readonly T[]> => {
    const known = await groups;
    // Asking for a kind nobody installed answers "forbidden" to all but administrators.
    return known === undefined || known.has(api.split("/")[0] ?? api) ? await optional<T>({ api, resource }) : [];
  };
  const instance = `app.kubernetes.io/instance=${releaseName}`;

  const [
    kubernetesVersion,
    foundNamespace,
    release,
    deployments,
    pods,
    claimsRead,
    autoscalers,
    scaledObjects,
    customs,
    verifications,
    jobs,
    strangers,
    receipts,
  ] = await allOrFirstError([
    readVersion(client),
    readNamespace(client, namespace, notes),
    readRelease(client, address, notes),
    list<Deployment>({ api: "apps/v1", resource: "deployments", labelSelector: instance }),
    list<Pod>({ api: "v1", resource: "pods", labelSelector: instance }),
    // All of them: a new attempt must not take over a claim that a person has let go of, or made.
    unlessForbidden(list<Claim>({ api: "v1", resource: "persistentvolumeclaims" })),
    optional<Autoscaler>({ api: "autoscaling/v2", resource: "horizontalpodautoscalers" }),
    custom<ScaledObject>("keda.sh/v1alpha1", "scaledobjects"),
    custom<{ readonly metadata?: ObjectMeta }>("milvus.io/v1beta1", "milvuses"),
    optional<Json<V1ConfigMap>>({
      api: "v1",
      resource: "configmaps",
      labelSelector: `${attemptSelector(releaseName)},${VERIFICATION_MARK}`,
    }),
    optional<Job>(upgradeJobsRequest(releaseName)),
    readStrangers(client, address),
    unlessForbidden(readReceipts(client, address)),
  ]);

  const isThere = release !== undefined || deployments.length > 0;
  const elsewhere = isThere ? [] : await otherNamespaces(client, address, notes);
  const claims = claimsRead instanceof ClusterError ? claimsOrNote(claimsRead, isThere, address, notes) : claimsRead;
  const leftovers = isThere ? [] : leftoversOf(claims, releaseName);
  const installation = installationOf({ ...foundNamespace, ...(release && { release }) });
  const verified = verificationStates(verifications, installation);
  const active = activeJobs(jobs);
  const since = release?.firstDeployedAt;
  const kept = receipts instanceof ClusterError ? [] : receipts;
  const [open, ended] = [openReceipt(kept, since), endedReceipt(kept, since)];
  const verification = verified.at(-1);
  const passed = verified.filter(({ status }) => status === "passed").map(({ configMap }) => configMap);
  const assignsUsers = (await groups)?.has(USER_ASSIGNING_GROUP) === true;
  const operatorResource = operatorResourceOf(releaseName, customs, [...deployments, ...pods]);
  const observedAt = new Date().toISOString();
  return {
    kubernetesVersion,
    observedAt,
    ...foundNamespace,
    ...(assignsUsers && { assignsUsers }),
    ...(release === undefined ? {} : { release }),
    components: componentStates({ deployments, pods, autoscalers, scaledObjects }, observedAt, nameLabelOf(release)),
    attempts: attemptStates(claims, releaseName, installation),
    ...(leftovers.length > 0 && { leftovers }),
    takenClaimNames: takenClaimNames(claims, releaseName),
    ...(strangers.length > 0 && { strangers }),
    ...(active.length > 0 && { activeJobs: active.map(({ name }) => name) }),
    ...(verification === undefined ? {} : { verification }),
    ...(open && { openUpgrade: openUpgrade(open) }),
    ...(ended && { lastReceipt: ended }),
    ...(passed.length > 0 && { passedVerifications: passed }),
    ...(operatorResource === undefined ? {} : { operatorResource }),
    notes,
    ...(elsewhere.length > 0 && { otherNamespaces: elsewhere }),
  };
}

async function unlessForbidden<T>(reading: Promise<T>): Promise<T | ClusterError> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ClusterError && hasCode(error, "forbidden")) return error;
    throw error;
  }
}

/** Whose backups they are must be known before anything that is there is changed; an install can do without. */
function claimsOrNote(
  forbidden: ClusterError,
  isThere: boolean,
  { releaseName, namespace }: ReleaseAddress,
  notes: string[],
): readonly Claim[] {
  if (isThere) throw forbidden;
  notes.push(
    `persistentvolumeclaims in the namespace ${namespace} may not be listed: whether an earlier Milvus ${releaseName} has left data there, with which the new one would start, is not known. With the right to list them: kubectl -n ${namespace} get pvc`,
  );
  return [];
}

/**
 * Namespaces with a Milvus of that name: whoever forgot milvus:namespace would install a second one beside it. Those that this
 * program made are only noted: several clusters of one program may have one name. That they may not be seen is no news.
 */
async function otherNamespaces(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
  notes: string[],
): Promise<string[]> {
  const labelSelector = `app.kubernetes.io/instance=${releaseName},app.kubernetes.io/name=${DEFAULT_NAME_LABEL}`;
  try {
    const { items = [] } = (await client.read({
      api: "apps/v1",
      resource: "deployments",
      labelSelector,
      once: true,
    })) as { readonly items?: readonly Deployment[] };
    const others = [...new Set(items.map(({ metadata }) => metadata?.namespace ?? ""))];
    const isOwn = await Promise.all(others.map((other) => isOwnRelease(client, { releaseName, namespace: other })));
    notes.push(
      ...others
        .filter((_, index) => isOwn[index] === true)
        .map(
          (other) =>
            `A Milvus ${releaseName} runs in namespace ${other}, and none in ${namespace}. If that is the one meant: pulumi config set milvus:namespace ${other}`,
        ),
    );
    return others.filter((_, index) => isOwn[index] !== true);
  } catch (error) {
    if (error instanceof ClusterError) return [];
    throw error;
  }
}

async function isOwnRelease(client: ClusterClient, address: ReleaseAddress): Promise<boolean> {
  try {
    const release = decodeRelease(await listIn(client, address.namespace)<RecordObject>(recordsRequest(address)));
    return release?.description.startsWith(OWN_DESCRIPTION) ?? false;
  } catch (error) {
    if (error instanceof ClusterError) return false;
    throw error;
  }
}

/** The first error in the order of the list, not the first in time: the same trouble always gives the same message. */
async function allOrFirstError<T extends readonly unknown[]>(reads: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const outcomes = await Promise.allSettled(reads as readonly Promise<unknown>[]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") {
      throw outcome.reason;
    }
  }
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

async function readVersion(client: ClusterClient): Promise<string> {
  const { gitVersion } = (await client.read({ api: "version" })) as { readonly gitVersion: string };
  // v1.29.4-gke.1043002, v1.31.2+k3s1: what follows is the vendor's.
  return /^v?(\d+\.\d+\.\d+)/.exec(gitVersion)?.[1] ?? gitVersion;
}

/** Names of the API groups the cluster serves; undefined when that may not be read. */
async function readGroups(client: ClusterClient): Promise<ReadonlySet<string> | undefined> {
  try {
    return await readGroupNames(client);
  } catch (error) {
    if (hasCode(error, "forbidden")) {
      return undefined;
    }
    throw error;
  }
}

async function readNamespace(
  client: ClusterClient,
  namespace: string,
  notes: string[],
): Promise<Pick<ClusterState, "namespaceExists" | "namespaceUid" | "namespaceEnds">> {
  try {
    const found = (await client.read({ api: "v1", resource: "namespaces", name: namespace })) as {
      readonly metadata?: ObjectMeta;
    };
    const { uid, deletionTimestamp } = found.metadata ?? {};
    return {
      namespaceExists: true,
      ...(uid !== undefined && { namespaceUid: uid }),
      ...(deletionTimestamp !== undefined && { namespaceEnds: true }),
    };
  } catch (error) {
    if (hasCode(error, "notFound")) {
      return { namespaceExists: false };
    }
    if (hasCode(error, "forbidden")) {
      // Whoever works in one namespace only may often not get it; the lists below tell whether it can be worked in.
      notes.push(
        `These credentials may not read whether the namespace ${namespace} exists. The plan assumes that it exists.`,
      );
      return { namespaceExists: true };
    }
    throw error;
  }
}

async function readRelease(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
  notes: string[],
): Promise<HelmRelease | undefined> {
  const records = recordsRequest({ releaseName, namespace });
  const { labelSelector } = records;
  const secrets = await listIn(client, namespace)<RecordObject>(records);
  const release = decodeRelease(secrets);
  if (release !== undefined) {
    return release;
  }
  const configMaps = await optionalListIn(
    client,
    namespace,
    notes,
  )<RecordObject>({
    api: "v1",
    resource: "configmaps",
    labelSelector,
  });
  const [foreign] = configMaps;
  if (foreign !== undefined) {
    throw new ClusterError(
      "unsupportedStorage",
      `The release ${releaseName} keeps its records in ConfigMaps (${foreign.metadata?.name ?? ""}): it was installed with HELM_DRIVER=configmap, and the Pulumi provider reads and writes Secrets only.`,
      "Move the records to Secrets first (the same labels and data, type helm.sh/release.v1), then remove the ConfigMaps.",
    );
  }
  return undefined;
}

/** Charts from 4.2.1 on take the label app.kubernetes.io/name from the value nameOverride. */
export function nameLabelOf(release: HelmRelease | undefined): string {
  const override = release?.userValues.nameOverride;
  return typeof override === "string" && override !== "" ? override : DEFAULT_NAME_LABEL;
}

function listIn(client: ClusterClient, namespace: string) {
  return async <T>(request: Omit<ApiRequest, "namespace">): Promise<readonly T[]> => {
    const { items } = (await client.read({ ...request, namespace })) as { readonly items?: readonly T[] };
    return items ?? [];
  };
}

/** A kind that the cluster may not know, and that one may not be allowed to see. */
function optionalListIn(client: ClusterClient, namespace: string, notes: string[]) {
  return async <T>(request: Omit<ApiRequest, "namespace">): Promise<readonly T[]> => {
    try {
      return await listIn(client, namespace)<T>(request);
    } catch (error) {
      if (hasCode(error, "notFound")) {
        return [];
      }
      if (hasCode(error, "forbidden")) {
        notes.push(
          `${request.resource ?? request.api} in the namespace ${namespace} may not be listed with these credentials. The plan assumes that there are none.`,
        );
        return [];
      }
      throw error;
    }
  };
}
