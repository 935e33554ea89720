import type { ClusterClient } from "../cluster/api/client";
import { hasServiceAccount, readPullFacts, runningWorkloads } from "../cluster/pulls/facts";
import type { Config } from "../config/schema";
import type { ManifestObject } from "../manifests/objects";
import type { ClusterState, UpgradePlan } from "../upgrade/model";
import type { Workload } from "../upgrade/prepull/groups";
import { choosePulls, type Pulls } from "../upgrade/prepull/pulls";
import { needsRoom } from "../upgrade/prepull/room";
import { filledText, getValue, isMap } from "../upgrade/values/tree";
import type { Rendering } from "./rendering";

/**
 * What the plan's pulls are, and onto which nodes; undefined where it has none. Nothing is written.
 *
 * @throws ClusterError when the API server does not answer
 */
export async function findPulls(
  client: ClusterClient,
  { wanted, settings }: Config,
  plan: UpgradePlan,
  { release, components }: Pick<ClusterState, "release" | "components">,
  rendering: Promise<Rendering> | undefined,
): Promise<Pulls | undefined> {
  if (!plan.steps.some(({ kind }) => kind === "prepull")) return undefined;
  const create = { verb: "create", group: "batch", resource: "jobs", namespace: wanted.namespace };
  // Read while Helm renders.
  const [found, facts, mayCreate] = await Promise.all([
    rendering,
    readPullFacts(client, wanted, needsRoom(plan)),
    client.review(create),
  ]);
  const rendered = found?.kind === "compared" ? workloadsOf(found.objects) : undefined;
  const workloads = rendered ?? (await runningWorkloads(client, wanted, plan, release?.chartValues));
  const known = await Promise.all((workloads ?? []).map((workload) => withAccount(client, wanted.namespace, workload)));
  const chosen = choosePulls(plan, { ...facts, components, workloads: known }, settings);
  const notAllowed = mayCreate ? [] : [NOT_ALLOWED];
  const pulls = { ...chosen, notes: [...chosen.notes, ...notAllowed] };
  if (rendered !== undefined) return pulls;
  const why =
    workloads === undefined
      ? "The image of Milvus is not known here: only those of the Jobs are pulled."
      : "What the chart renders is not known here: of the chart's images Milvus' own is pulled, and those that run.";
  return { ...pulls, notes: [...pulls.notes, why] };
}

const NOT_ALLOWED =
  "Jobs may not be created with these credentials: with them, up would say so, pull nothing before, and go on.";

function workloadsOf(objects: readonly ManifestObject[]): Workload[] {
  return objects.flatMap(({ kind, name, content }): Workload[] => {
    const podSpec = getValue(content, ["spec", "template", "spec"]);
    if (!KINDS.includes(kind) || !isMap(podSpec)) return [];
    const replicas = getValue(content, ["spec", "replicas"]);
    const component = filledText(getValue(content, ["metadata", "labels", "component"])) ?? "";
    const recreates = getValue(content, ["spec", "strategy", "type"]) === "Recreate";
    return [{ name, component, replicas: typeof replicas === "number" ? replicas : 1, recreates, podSpec }];
  });
}

const KINDS: readonly string[] = ["Deployment", "StatefulSet"];

/** An account that the release makes is not there yet: its pods could not be made. */
async function withAccount(client: ClusterClient, namespace: string, workload: Workload): Promise<Workload> {
  const account = filledText(workload.podSpec.serviceAccountName);
  if (account === undefined || account === "default" || (await hasServiceAccount(client, namespace, account))) {
    return workload;
  }
  const podSpec = Object.fromEntries(Object.entries(workload.podSpec).filter(([key]) => key !== "serviceAccountName"));
  return { ...workload, podSpec };
}
