import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type ClusterAccess, connect } from "./cluster/access";
import { diagnoseFailure } from "./cluster/diagnoseFailure";
import { ClusterError } from "./cluster/errors";
import { failedRecordOf } from "./cluster/failedRecord";
import { preflight } from "./cluster/preflight";
import { readCluster } from "./cluster/readCluster";
import type { FailedResource } from "./components/context";
import { MilvusCluster } from "./components/milvusCluster";
import type { MilvusOutputs } from "./components/outputs";
import { GONE_RELEASE, readPreviousOutputs, refuseMovedRelease, stateHasRelease } from "./components/previousRelease";
import { ConfigError } from "./config/configError";
import { readStackConfig } from "./config/stackConfig";
import {
  approvalHash,
  approvalLines,
  CONFIRMED_PLAN_VARIABLE,
  refusalOfUnapproved,
  refusalOfUnconfirmed,
} from "./upgrade/approval";
import { describePlan } from "./upgrade/describe";
import type { ClusterState } from "./upgrade/model";
import { planUpgrade } from "./upgrade/plan";
import { sensitiveTexts } from "./upgrade/values/sensitive";
import { describeFailed, describePassed, describeVerification } from "./verify/describe";
import { ServiceError } from "./verify/service";
import { openVerification, snapshotBefore, verifyUpgrade } from "./verify/verify";

/** What is wanted + what is there → plan → resources. A refusal ends the program before anything is declared. */
async function upgradeMilvus(): Promise<MilvusOutputs> {
  const config = readStackConfig();
  const { releaseName, namespace } = config.wanted;
  const previous = await readPreviousOutputs();
  refuseMovedRelease(previous.release, namespace, releaseName);

  const access = connect(config.access);
  const state = await readCluster(access, { releaseName, namespace });
  const planned = planUpgrade(config.wanted, state);
  const plan = await preflight(access, config.wanted, planned, state, config);
  const description = describePlan(plan).join("\n");
  if (planned.kind === "refused" || plan.kind === "refused") {
    throw new pulumi.RunError(description);
  }
  // What the preflight warns of may come and go; what was approved is the plan.
  const hash = approvalHash({ wanted: config.wanted, settings: config.settings, state, plan: planned });
  const approval = plan.kind === "nothing" ? [] : approvalLines(config.approvedPlan, hash);
  const { verification } = config;
  const verified = describeVerification(verification, plan, openVerification(plan, state));
  await pulumi.log.info([description, ...verified, ...approval].join("\n"));
  const unconfirmed = refusalOfUnconfirmed(process.env[CONFIRMED_PLAN_VARIABLE], hash, plan);
  const unapproved = unconfirmed ?? refusalOfUnapproved(config.approvedPlan, hash, plan);
  if (unapproved !== undefined && !pulumi.runtime.isDryRun()) {
    throw new pulumi.RunError(unapproved);
  }

  const failedRecord = plan.kind === "install" ? await goOnFromDeadInstall(access, state, namespace) : undefined;
  const target = { access, accessSettings: config.access, releaseName, namespace };
  const say = (line: string) => void pulumi.log.info(`verification: ${line}`);
  const isPreview = pulumi.runtime.isDryRun();
  const record = isPreview ? undefined : await snapshotBefore(target, verification, plan, state, say);

  const { kubeconfig, ...cluster } = config.access;
  const provider = new k8s.Provider("kubernetes", {
    ...cluster,
    ...(kubeconfig !== undefined && { kubeconfig: pulumi.secret(kubeconfig) }),
    // A killed run leaves objects that the state does not know: the next run takes them over.
    upsertExistingObjects: true,
  });
  const hide = sensitiveTexts(plan.values);
  const diagnose = async (failed: FailedResource) => {
    const own = await diagnoseFailure(access, failed, hide);
    if (failed.kind === "Release" || plan.kind !== "rolling") return own;
    // What holds up a roll is a component's pod; the Job that waits for it knows no more than its time limit.
    const pods = await diagnoseFailure(access, { kind: "Release", name: releaseName, namespace }, hide);
    return [own, pods].filter((text) => text !== undefined).join("\n\n") || undefined;
  };
  const milvus = new MilvusCluster(
    "milvus",
    {
      plan,
      planHash: hash,
      lastUpgrade: previous.lastUpgrade,
      state,
      releaseName,
      namespace,
      settings: config.settings,
      valuesAreSecret: config.valuesAreSecret,
      ...(failedRecord !== undefined && { failedRecord }),
      diagnose,
    },
    { provider },
  );
  if (isPreview || verification.mode === "off") return milvus.outputs;
  // Not a hook: those after a resource only warn. A failure here fails the run with everything in place.
  const outcome = milvus.done.apply(async () => {
    const result = await verifyUpgrade(target, verification, plan, record, say);
    if (result.status === "failed") throw new pulumi.RunError(describeFailed(result, plan));
    const passed = describePassed(result);
    say(passed);
    return passed;
  });
  return { ...milvus.outputs, verification: outcome };
}

/** Pulumi upgrades a Release that its state has, and Helm upgrades only what has a record. */
async function goOnFromDeadInstall(
  access: ClusterAccess,
  { release }: ClusterState,
  namespace: string,
): Promise<string | undefined> {
  if (!(await stateHasRelease())) return undefined;
  if (release === undefined) throw new pulumi.RunError(GONE_RELEASE);
  return failedRecordOf(access, { namespace, recordName: release.recordName });
}

/** Pulumi calls the exported function, and so does an inline program of the Automation API. */
async function program(): Promise<MilvusOutputs> {
  try {
    return await upgradeMilvus();
  } catch (error) {
    // Messages for people: without this, Pulumi would print a stack trace around them.
    const isForPeople = [ConfigError, ClusterError, ServiceError].some((Kind) => error instanceof Kind);
    throw isForPeople ? new pulumi.RunError((error as Error).message) : error;
  }
}

export = program;
