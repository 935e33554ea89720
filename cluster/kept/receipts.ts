import type { V1ConfigMap } from "@kubernetes/client-node";
import { receiptsName, upgradeLabels } from "../../upgrade/marks";
import { asReceipt, type Receipt, shortened } from "../../upgrade/receipt/receipt";
import type { ClusterClient } from "../api/client";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";
import { changeConfigMap, readConfigMap } from "./configMaps";

/** The newest ones are kept. */
export const KEPT_RECEIPTS = 20;
/** Others write at the same time: each try reads anew. */
const PAUSES_MS = [50, 150, 400, 800, 1500, 2500];
const PURPOSE = {
  need: "The receipts of the upgrades need that name. Nothing was written to it.",
  keeps: "The receipts of the upgrades are kept in it.",
  role: "milvus-upgrade-receipts",
} as const;

/**
 * The receipts of a release's upgrades, the oldest first; those that are none, or of a schema that this program does not know,
 * are passed over.
 *
 * @throws ClusterError
 */
export async function readReceipts(client: ClusterClient, address: ReleaseAddress): Promise<Receipt[]> {
  return receiptsIn(await readConfigMap(client, placeOf(address)));
}

/**
 * Changes the receipts. Two runs that do so at once lose none of each other's.
 *
 * @param change what is to be written, of what is there: receipts whose id is there already replace it
 * @throws ClusterError
 */
export async function changeReceipts(
  client: ClusterClient,
  address: ReleaseAddress,
  change: (kept: readonly Receipt[]) => readonly Receipt[],
): Promise<void> {
  await changeConfigMap(client, placeOf(address), PURPOSE, PAUSES_MS, (found) => {
    const changed = change(receiptsIn(found));
    if (changed.length === 0) return undefined;
    const data = new Map(Object.entries(found?.data ?? {}));
    for (const receipt of changed) data.set(keyOf(receipt), JSON.stringify(shortened(receipt)));
    // What somebody else has put there counts as well: a ConfigMap holds 1 MiB.
    const newest = [...data].sort(([a], [b]) => (a < b ? -1 : 1)).slice(-KEPT_RECEIPTS);
    return {
      ...placeOf(address),
      labels: upgradeLabels(address.releaseName),
      annotations: {},
      data: Object.fromEntries(newest),
      binaryData: {},
    };
  });
}

function placeOf({ releaseName, namespace }: ReleaseAddress) {
  return { name: receiptsName(releaseName), namespace };
}

/** Sorted as text it is sorted by time: `20261129T084512Z-1a2b3c4d.json`. */
function keyOf({ startedAt, id }: Receipt): string {
  const time = startedAt.replace(/[-:]|\.\d+/g, "");
  return `${time}-${id.replace(/[^\w-]/g, "")}.json`;
}

function receiptsIn(found: Json<V1ConfigMap> | undefined): Receipt[] {
  return Object.entries(found?.data ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, text]) => asReceipt(parsed(text)) ?? []);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
