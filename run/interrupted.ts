import type { ClusterClient } from "../cluster/api/client";
import { readCluster } from "../cluster/state/readCluster";
import type { Wanted } from "../upgrade/model";
import { describeOpen } from "../upgrade/words/openUpgrade";
import { describeStanding } from "../upgrade/words/standing";
import { oneLine } from "../upgrade/words/visible";

/**
 * For whoever pressed Ctrl-C: how things stand now, and what to type.
 *
 * @throws ClusterError
 */
export async function describeInterrupted(client: ClusterClient, wanted: Wanted): Promise<string> {
  const state = await readCluster(client, wanted);
  const open = describeOpen(wanted, state);
  return [
    "stopped: interrupted. A Job that is under way in the cluster comes to its end by itself.",
    "the cluster:",
    ...describeStanding(wanted, state).map((line) => `  ${oneLine(line)}`),
    ...(open.length > 0 ? open.slice(1) : ["go on: pulumi up"]).map(oneLine),
  ].join("\n");
}
