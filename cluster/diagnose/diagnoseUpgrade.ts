import type { V1Job } from "@kubernetes/client-node";
import { STEP_LABEL } from "../../upgrade/marks";
import type { UpgradePlan } from "../../upgrade/model";
import { ownJobOf } from "../../upgrade/steps/ownJobs";
import { ownJobFailed } from "../../upgrade/words/ownJobs";
import type { ClusterClient } from "../api/client";
import { hasCode } from "../errors";
import type { Json } from "../json";
import type { Deployment } from "../state/workloads";
import { type Explained, explainFailure } from "./diagnoseFailure";
import type { Subject } from "./evidence";
import { describeStartedAgain, startedAgain } from "./startedAgain";

export interface FailedUpgrade {
  readonly failed: Subject;
  readonly plan: UpgradePlan;
  readonly releaseName: string;
  /** Texts that must not appear. */
  readonly hide: readonly string[];
}

/** Why a step did not get on: what of Milvus explains it, and what its own object shows. */
export async function diagnoseUpgrade(client: ClusterClient, upgrade: FailedUpgrade): Promise<string | undefined> {
  const { failed, hide } = upgrade;
  const own = await explainFailure(client, failed, hide);
  if (failed.kind !== "Job") return own?.text;
  const job = await readJob(client, failed);
  const ofUser = ownJobOf(job?.metadata?.labels?.[STEP_LABEL] ?? "");
  // Milvus has no part in it.
  if (ofUser !== undefined) return joined(own?.text, ownJobFailed(ofUser, failed.namespace));
  const milvus = await stuckMilvus(client, upgrade, own);
  // A Job that waits for a pod of Milvus knows no more than its time limit.
  const ofJob = milvus !== undefined && onlyWaited(own) ? waitedLine(failed, own) : own?.text;
  const again = await whatStartsAgain(client, upgrade, job);
  return joined(milvus, ofJob, again);
}

function joined(...texts: readonly (string | undefined)[]): string | undefined {
  return texts.filter((text) => text !== undefined).join("\n\n") || undefined;
}

/** Of what the Job waited for. */
async function stuckMilvus(
  client: ClusterClient,
  { failed: { namespace }, plan, releaseName, hide }: FailedUpgrade,
  own: Explained | undefined,
): Promise<string | undefined> {
  if (plan.kind !== "rolling" && !onlyWaited(own)) return undefined;
  return (await explainFailure(client, { kind: "Release", name: releaseName, namespace }, hide))?.text;
}

function onlyWaited(own: Explained | undefined): boolean {
  const { container = "", cause } = own?.diagnosis ?? {};
  return container.startsWith("await-") || cause === "deadlineExceeded";
}

function waitedLine({ name, namespace }: Subject, own: Explained | undefined): string {
  const { container, exitCode } = own?.diagnosis ?? {};
  const how =
    container === undefined ? "its time is over" : `its command ${container} ended with exit code ${exitCode ?? 1}`;
  return `Job ${namespace}/${name} only waited for that: ${how}.`;
}

async function whatStartsAgain(
  client: ClusterClient,
  { failed, plan, releaseName }: FailedUpgrade,
  job: Json<V1Job> | undefined,
): Promise<string | undefined> {
  const { namespace } = failed;
  if (!plan.steps.some(({ kind }) => kind === "stop")) return undefined;
  const { items = [] } = (await client.read({
    api: "apps/v1",
    resource: "deployments",
    namespace,
    labelSelector: `app.kubernetes.io/instance=${releaseName}`,
  })) as { readonly items?: readonly Deployment[] };
  return describeStartedAgain(startedAgain(items, stopBegan(job)), namespace);
}

/** When the Job that failed is the stop itself. */
function stopBegan(job: Json<V1Job> | undefined): string | undefined {
  return job?.metadata?.labels?.[STEP_LABEL] === "stop" ? job.status?.startTime : undefined;
}

async function readJob(client: ClusterClient, { name, namespace }: Subject): Promise<Json<V1Job> | undefined> {
  try {
    return (await client.read({ api: "batch/v1", resource: "jobs", namespace, name })) as Json<V1Job>;
  } catch (error) {
    if (hasCode(error, "notFound")) return undefined;
    throw error;
  }
}
