import type { V1Job } from "@kubernetes/client-node";
import { STEP_LABEL } from "../../upgrade/marks";
import type { UpgradePlan } from "../../upgrade/model";
import type { ClusterClient } from "../api/client";
import type { Json } from "../json";
import type { Deployment } from "../state/workloads";
import { diagnoseFailure } from "./diagnoseFailure";
import type { Subject } from "./evidence";
import { describeStartedAgain, startedAgain } from "./startedAgain";

export interface FailedUpgrade {
  readonly failed: Subject;
  readonly plan: UpgradePlan;
  readonly releaseName: string;
  /** Texts that must not appear. */
  readonly hide: readonly string[];
}

/** Why a step did not get on: what its own object shows, and what of Milvus explains it. */
export async function diagnoseUpgrade(client: ClusterClient, upgrade: FailedUpgrade): Promise<string | undefined> {
  const { failed, hide } = upgrade;
  const own = await diagnoseFailure(client, failed, hide);
  const behind = failed.kind === "Job" ? await whatIsBehind(client, upgrade) : undefined;
  return [own, behind].filter((text) => text !== undefined).join("\n\n") || undefined;
}

async function whatIsBehind(
  client: ClusterClient,
  { failed, plan, releaseName, hide }: FailedUpgrade,
): Promise<string | undefined> {
  const { namespace } = failed;
  if (plan.kind === "rolling") {
    // What holds up a roll is a component's pod; the Job that waits for it knows no more than its time limit.
    return diagnoseFailure(client, { kind: "Release", name: releaseName, namespace }, hide);
  }
  if (!plan.steps.some(({ kind }) => kind === "stop")) return undefined;
  const deployments = client.read({
    api: "apps/v1",
    resource: "deployments",
    namespace,
    labelSelector: `app.kubernetes.io/instance=${releaseName}`,
  }) as Promise<{ readonly items?: readonly Deployment[] }>;
  const [{ items = [] }, since] = await Promise.all([deployments, stopBegan(client, failed)]);
  return describeStartedAgain(startedAgain(items, since), namespace);
}

/** When the Job that failed is the stop itself. */
async function stopBegan(client: ClusterClient, { name, namespace }: Subject): Promise<string | undefined> {
  const job = (await client.read({ api: "batch/v1", resource: "jobs", namespace, name })) as Json<V1Job>;
  return job.metadata?.labels?.[STEP_LABEL] === "stop" ? job.status?.startTime : undefined;
}
