import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type ClusterAccess, connect } from "./cluster/access";
import { diagnoseUpgrade } from "./cluster/diagnoseUpgrade";
import { ClusterError } from "./cluster/errors";
import { failedRecordOf } from "./cluster/failedRecord";
import type { RunLock } from "./cluster/runLock";
import type { FailedResource } from "./components/context";
import { MilvusCluster } from "./components/milvusCluster";
import type { MilvusOutputs } from "./components/outputs";
import { goneRelease, type Previous, readPrevious } from "./components/previousRelease";
import { ConfigError } from "./config/configError";
import type { Config } from "./config/schema";
import { readStackConfig } from "./config/stackConfig";
import { endDeadRuns } from "./program/deadRuns";
import { lockRelease, warnOfOtherRun } from "./program/lockRelease";
import { type Look, lookAndPlan } from "./program/lookAndPlan";
import { sensitiveTexts } from "./upgrade/values/sensitive";
import { describeFailed, describePassed } from "./verify/describe";
import { ServiceError } from "./verify/service";
import { snapshotBefore, verifyUpgrade } from "./verify/verify";

/** What is wanted + what is there → plan → resources. A refusal ends the program before anything is declared. */
async function upgradeMilvus(): Promise<MilvusOutputs> {
  const config = readStackConfig();
  const access = connect(config.access);
  // The engine takes as long to read its state as the cluster to be looked at.
  const reading = readPrevious();
  const [looked, warned] = await Promise.allSettled([
    lookAndPlan(access, config, reading),
    warnOfOtherRun(access, config),
  ]);
  if (looked.status === "rejected") throw looked.reason;
  if (warned.status === "rejected") throw warned.reason;
  const look = looked.value;
  const previous = await reading;
  if (pulumi.runtime.isDryRun()) {
    return carryOut(access, config, previous, look);
  }
  // What is refused has touched nothing by now, not even the lock.
  const lock = await lockRelease(access, config);
  try {
    await endDeadRuns(access, config);
    // Looked at again: until the lock was taken another run may have been at work.
    return await carryOut(access, config, previous, await lookAndPlan(access, config, reading), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Declares the plan. The lock is given back once the last step is done and verified, or one has failed. */
async function carryOut(
  access: ClusterAccess,
  config: Config,
  previous: Previous,
  { state, plan, hash, lines }: Look,
  lock?: RunLock,
): Promise<MilvusOutputs> {
  const { releaseName, namespace } = config.wanted;
  const { verification } = config;
  await pulumi.log.info(lines.join("\n"));
  if (previous.hasRelease && state.release === undefined) throw goneRelease(access);
  const marked = plan.steps.find((step) => step.kind === "markFailed");
  const failedRecord = marked && (await failedRecordOf(access, { namespace, recordName: marked.recordName }));
  const target = { access, accessSettings: config.access, releaseName, namespace };
  const say = (line: string) => void pulumi.log.info(`verification: ${line}`);
  const isPreview = pulumi.runtime.isDryRun();
  const record = isPreview ? undefined : await snapshotBefore(target, verification, plan, state, say);

  const { kubeconfig, ...cluster } = config.access;
  const provider = new k8s.Provider("kubernetes", {
    ...cluster,
    ...(kubeconfig !== undefined && { kubeconfig: pulumi.secret(kubeconfig) }),
    // By another address, or with a new certificate, it is still the same cluster, and the provider would replace everything.
    // `refuseOtherCluster` finds it in the state, where it is also after a run that failed.
    ...(state.namespaceUid !== undefined && { clusterIdentifier: state.namespaceUid }),
    // A killed run leaves objects that the state does not know: the next run takes them over.
    upsertExistingObjects: true,
  });
  const hide = sensitiveTexts(plan.values);
  const diagnose = (failed: FailedResource) => diagnoseUpgrade(access, { failed, plan, releaseName, hide });
  const milvus = new MilvusCluster(
    "milvus",
    {
      plan,
      ...(hash !== undefined && { planHash: hash }),
      lastUpgrade: previous.lastUpgrade,
      state,
      releaseName,
      namespace,
      settings: config.settings,
      valuesAreSecret: config.valuesAreSecret,
      ...(failedRecord !== undefined && { failedRecord }),
      diagnose,
      ...(lock !== undefined && { guard: lock }),
    },
    { provider },
  );
  if (isPreview) return milvus.outputs;
  const verify = async (): Promise<string> => {
    if (verification.mode === "off") return "off";
    const result = await verifyUpgrade(target, verification, plan, record, say);
    if (result.status === "failed") throw new pulumi.RunError(describeFailed(result, plan));
    const passed = describePassed(result);
    say(passed);
    return passed;
  };
  // Not a hook: those after a resource only warn. A failure here fails the run with everything in place.
  const outcome = milvus.done.apply((isDone) =>
    (isDone ? verify() : Promise.resolve("not made: a step was left out"))
      .catch(failForPeople)
      .finally(() => lock?.release()),
  );
  return { ...milvus.outputs, verification: outcome };
}

/** Pulumi calls the exported function, and so does an inline program of the Automation API. */
async function program(): Promise<MilvusOutputs> {
  try {
    return await upgradeMilvus();
  } catch (error) {
    return failForPeople(error);
  }
}

/** Messages for people: without this, Pulumi would print a stack trace around them. */
function failForPeople(error: unknown): never {
  const isForPeople = [ConfigError, ClusterError, ServiceError].some((Kind) => error instanceof Kind);
  throw isForPeople ? new pulumi.RunError((error as Error).message) : error;
}

export = program;
