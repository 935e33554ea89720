import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type { AttemptPhase, MigrationPlan, StepKind } from "../upgrade/model";
import { upgradeLabels } from "./access";
import type { After, StepContext } from "./context";
import { type Command, declareJob, kubectl } from "./jobs";
import { jobName } from "./names";
import { attemptLabel } from "./outputs";

type MetadataStep = Extract<StepKind, "backup" | "migrate" | "restore">;

/** Annotation of the backup claim: how far the attempt has come. Missing: stopped. */
const PHASE_ANNOTATION = "milvus-upgrade/phase";
const SCRIPT = "metadata.sh";
/** Where the script and the tool find their things; the script is told by its environment. */
const PATHS = { scripts: "/milvus/scripts", data: "/milvus/data", work: "/milvus/work" } as const;
const TOOL = "/milvus/bin/meta-migration";

/** What the claim says before and after a step; missing before: the step changes nothing that would have to be said. */
const PHASES = {
  backup: { after: "backedUp" },
  migrate: { before: "migrating", after: "migrated" },
  restore: { after: "restored" },
} as const satisfies Record<MetadataStep, { before?: AttemptPhase; after: AttemptPhase }>;

/**
 * The claim that keeps the backup. It is created after the stop has finished, so that its existence says so, and is
 * kept in the cluster when it is no longer declared and on `pulumi destroy`: nothing but a person deletes a backup.
 * The phase is set by the Jobs and not declared here, so that Pulumi never sets it back.
 */
export function declareBackupClaim(context: StepContext, after: After): k8s.core.v1.PersistentVolumeClaim {
  const { attempt, claimName } = migrationOf(context);
  const { size, storageClass } = context.settings.backup;
  return new k8s.core.v1.PersistentVolumeClaim(
    claimName,
    {
      metadata: {
        name: claimName,
        namespace: context.namespace,
        labels: {
          ...upgradeLabels(context.releaseName),
          "milvus-upgrade/from": attempt.from,
          "milvus-upgrade/to": attempt.to,
          "milvus-upgrade/revision": String(attempt.revision),
          "milvus-upgrade/ordinal": String(attempt.ordinal),
        },
        // A class that binds on first use binds only when the backup's pod is there.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: size } },
        ...(storageClass !== undefined && { storageClassName: storageClass }),
      },
    },
    { ...context.options, dependsOn: [...after], retainOnDelete: true, ignoreChanges: ["spec"] },
  );
}

/** The script that the metadata Jobs run. */
export function declareScript(context: StepContext): k8s.core.v1.ConfigMap {
  const { claimName } = migrationOf(context);
  const data = { [SCRIPT]: readFileSync(join(__dirname, "scripts", SCRIPT), "utf8") };
  return new k8s.core.v1.ConfigMap(
    `${context.releaseName}-meta-script`,
    {
      metadata: {
        name: scriptName(claimName),
        namespace: context.namespace,
        labels: upgradeLabels(context.releaseName),
      },
      data,
    },
    { ...context.options, deleteBeforeReplace: true },
  );
}

/**
 * One step of the migration. Its Kubernetes name is fixed for the attempt: two Jobs that work on the same metadata can
 * never exist side by side, and one that outlived a killed run is found and awaited.
 */
export function declareMetadataJob(context: StepContext, step: MetadataStep, after: After): k8s.batch.v1.Job {
  const { claimName } = migrationOf(context);
  const { timeouts } = context.settings;
  const phases: { before?: AttemptPhase; after: AttemptPhase } = PHASES[step];
  const commands = [
    ...(phases.before === undefined ? [] : [setPhase(context, phases.before)]),
    runScript(context, step),
    setPhase(context, phases.after),
  ];
  const volumes = [
    { name: "scripts", configMap: { name: scriptName(claimName), defaultMode: 0o555 } },
    { name: "data", persistentVolumeClaim: { claimName } },
    { name: "work", emptyDir: {} },
  ];
  const limit = timeouts.session + (step === "backup" ? timeouts.backup : timeouts.migrate);
  return declareJob(context, { step, name: jobName(claimName, step), commands, volumes, limit }, after);
}

function runScript(context: StepContext, step: MetadataStep): Command {
  const { attempt, sourceVersion, targetVersion, store } = migrationOf(context);
  return {
    name: step,
    image: context.settings.metaMigrationImage,
    command: ["/bin/sh", `${PATHS.scripts}/${SCRIPT}`, step],
    env: {
      META_MIGRATION: TOOL,
      DATA_DIR: PATHS.data,
      WORK_DIR: PATHS.work,
      ATTEMPT: attemptLabel(attempt),
      SOURCE_VERSION: sourceVersion,
      TARGET_VERSION: targetVersion,
      ETCD_ENDPOINTS: store.endpoints.join(","),
      ETCD_ROOT_PATH: store.rootPath,
      ETCD_META_SUB_PATH: store.metaSubPath,
      ETCD_KV_SUB_PATH: store.kvSubPath,
      SESSION_TIMEOUT: String(context.settings.timeouts.session),
      TERMINATION_LOG: "/dev/termination-log",
    },
    mounts: Object.entries(PATHS).map(([name, mountPath]) => ({ name, mountPath })),
  };
}

function setPhase(context: StepContext, phase: AttemptPhase): Command {
  const claim = `persistentvolumeclaim/${migrationOf(context).claimName}`;
  return kubectl(
    context,
    `record-${phase.toLowerCase()}`,
    "annotate",
    "--overwrite",
    claim,
    `${PHASE_ANNOTATION}=${phase}`,
  );
}

function scriptName(claimName: string): string {
  return `${claimName}-script`;
}

function migrationOf({ plan }: StepContext): MigrationPlan {
  if (plan.migration === undefined) {
    throw new Error(
      `The plan (${plan.kind}) has a step on the metadata, but names no attempt. This is a bug: please report it.`,
    );
  }
  return plan.migration;
}
