import type { V1ConfigMap } from "@kubernetes/client-node";
import { isOurs, upgradeLabels } from "../../upgrade/marks";
import { installationAnnotations, isForeign } from "../../upgrade/metadata/installation";
import type { BegunUpgrade, Installation } from "../../upgrade/model";
import type { ClusterClient } from "../api/client";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";
import { applyConfigMap, CONFIG_MAPS, deleteConfigMap } from "./configMaps";

/** Name of the ConfigMap that is there from the first step of an upgrade until its last one is done. */
export function begunName(releaseName: string): string {
  return `${releaseName}-upgrade-begun`;
}

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Undefined where there is none, where it is another installation's, and where it may not be read or makes no sense. */
export async function readBegun(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
): Promise<((installation: Installation) => BegunUpgrade | undefined) | undefined> {
  try {
    const found = (await client.read({ ...CONFIG_MAPS, namespace, name: begunName(releaseName) })) as Json<V1ConfigMap>;
    return (installation) => begunOf(found, installation);
  } catch {
    // It tells how long an upgrade took: nothing depends on it.
    return undefined;
  }
}

function begunOf({ metadata, data = {} }: Json<V1ConfigMap>, installation: Installation): BegunUpgrade | undefined {
  const marked = { annotations: metadata?.annotations ?? {}, createdAt: metadata?.creationTimestamp ?? "" };
  const { from = "", to = "", startedAt = "", stoppedAt = "", runs = "" } = data;
  if (!isOurs(metadata?.labels) || isForeign(marked, installation)) return undefined;
  if (from === "" || to === "" || !TIME.test(startedAt) || !/^\d{1,4}$/.test(runs)) return undefined;
  return { from, to, startedAt, runs: Number(runs), ...(TIME.test(stoppedAt) && { stoppedAt }) };
}

/** @throws ClusterError */
export function writeBegun(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
  { runs, ...begun }: BegunUpgrade,
  installation: Installation,
): Promise<void> {
  return applyConfigMap(client, {
    name: begunName(releaseName),
    namespace,
    labels: upgradeLabels(releaseName),
    annotations: installationAnnotations(installation),
    data: { ...begun, runs: String(runs) },
    binaryData: {},
  });
}

/** Once the upgrade has ended; why it could not be deleted, where it could not. */
export function forgetBegun(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
): Promise<string | undefined> {
  return deleteConfigMap(client, { name: begunName(releaseName), namespace });
}
